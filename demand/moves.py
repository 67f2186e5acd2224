"""What was asked of the page of moves: where to, which of ours alone, and what counts how much; parsed from an address and written back."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from demand.engine.ranked_segments import OBJECTIVES
from demand.filters import LONGEST
from demand.places import number

DESTINATIONS = {
    "infusion_center": "an infusion center",
    "hopd_off_campus": "a hospital department off campus",
    "physician_office": "a physician office",
    "infusion_suite": "an infusion suite",
    "home": "home",
}
WHOSE = {"ours": "of ours", "any": "anybody's"}
WEIGHT_WORDS = {
    "access": "Access: miles and what the patient pays",
    "revenue": "Revenue: what is allowed to us",
    "steerage": "Steerage: payers' policies on them",
    "safety": "Safety: hospital visits afterwards",
}
# How finely segments are split, finest first. All tell classes of site apart, so that a move off campus counts the same people.
SPLITS = {
    "payer-market": ("family", "payer", "market", "site_class"),
    "payer": ("family", "payer", "site_class"),
    "market": ("family", "market", "site_class"),
    "drug": ("family", "site_class"),
}
SPLIT_WORDS = {
    "": "as fine as counts allow",
    "payer-market": "drug, payer, market",
    "payer": "drug, payer",
    "market": "drug, market",
    "drug": "drug",
}
STANDARD = dict.fromkeys(OBJECTIVES, 1.0)
MOST = 10
FILTERS = {"family": "Drug", "payer": "Payer", "market": "Market"}
WITH_THE_RIGHT = "Drug, payer, market and how finely to split can be chosen with the patient-level right only: so few people move then that counts would give some away."


@dataclass(frozen=True)
class MoveQuestion:
    """weights: objective -> 0 to 10. by: a key of SPLITS, "" for the finest of them that leaves enough segments of 11 people. family, payer, market: whom the planned move is about; None: everybody at a hospital site."""

    to: str = "infusion_center"
    whose: str = "ours"
    weights: dict[str, float] = field(default_factory=lambda: dict(STANDARD))
    by: str = ""
    family: str | None = None
    payer: str | None = None
    market: str | None = None

    @classmethod
    def from_query(cls, query, see_small: bool) -> tuple["MoveQuestion", tuple[str, ...]]:
        """A query string's mapping -> the question and a sentence for each part that could not be used."""
        problems: list[str] = []
        asked = {}
        for name, known, usual in (("to", DESTINATIONS, cls.to), ("whose", WHOSE, cls.whose)):
            asked[name] = query.get(name) or usual
            if asked[name] not in known:
                problems.append(f"“{asked[name][:40]}” was left out: choose one of the list.")
                asked[name] = usual
        weights = {name: number(query, name, usual, 0, MOST, problems, f"The weight of {name}") for name, usual in STANDARD.items()}
        if not any(weights.values()):
            problems.append("All weights were zero, so nothing could be ranked; equal weights were used.")
            weights = dict(STANDARD)
        chosen = {name: value for name in FILTERS if (value := (query.get(name) or "").strip()[:LONGEST])}
        by = query.get("by", "")
        if by not in SPLIT_WORDS:
            problems.append("How finely to split was left out: choose one of the list.")
            by = ""
        if (chosen or by) and not see_small:
            problems.append(WITH_THE_RIGHT)
            chosen, by = {}, ""
        return cls(weights=weights, by=by, **asked, **chosen), tuple(problems)

    @property
    def chosen(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}

    def query_string(self) -> str:
        weights = {name: f"{value:g}" for name, value in self.weights.items()}
        return urlencode({"to": self.to, "whose": self.whose, "by": self.by, **weights, **self.chosen})

    def words(self) -> str:
        said = [f"{FILTERS[name]}: {value}" for name, value in self.chosen.items()]
        weights = ", ".join(f"{name} {value:g}" for name, value in self.weights.items())
        return "; ".join([*said, f"from hospital sites to {DESTINATIONS[self.to]} ({WHOSE[self.whose]})", f"weights: {weights}"])
