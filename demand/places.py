"""What was asked of the pages about places: one frozen object, parsed from an address and written back into one."""

from dataclasses import dataclass, field, fields
from urllib.parse import urlencode

from demand.engine.reach import HOME, OURS, PERMITTED, Thresholds
from demand.filters import LONGEST
from sites.models import Site

MILES = ("urban", "suburban", "rural")
FEWEST_MILES, MOST_MILES = 1, 200
STANDARD = Thresholds()
WORDS = {"market": "Market", "payer": "Payer", "family": "Therapy"}
# What may be in reach, in the order that tables have.
REACHED = {
    PERMITTED: "Any site that their policies permit",
    OURS: "Any of ours that their policies permit",
    **{choice.value: str(choice.label) for choice in Site.SiteClass if choice.value not in (HOME, "specialty_pharmacy")},
    HOME: "Home infusion",
}
FIXED = "Without the right to see single patients distances stay at {urban:g}, {suburban:g} and {rural:g} miles: changing them would give small counts away."
ONE_FILTER = "Two filters at once would give small counts away: {left} was left out."


@dataclass(frozen=True)
class PlaceQuestion:
    """`reached`: a key of REACHED."""

    market: str | None = None
    payer: str | None = None
    family: str | None = None
    reached: str = PERMITTED
    thresholds: Thresholds = field(default_factory=Thresholds)

    @classmethod
    def from_query(cls, query, see_small: bool) -> tuple["PlaceQuestion", tuple[str, ...]]:
        """A query string's mapping -> the question and a sentence for each part that could not be used."""
        problems: list[str] = []
        chosen = {}
        for name, word in WORDS.items():
            value = (query.get(name) or "").strip()
            if len(value) > LONGEST:
                problems.append(f"{word} was left out: the name is longer than any in the data.")
            elif value and chosen and not see_small:
                problems.append(ONE_FILTER.format(left=word))
            elif value:
                chosen[name] = value
        reached = query.get("reached") or PERMITTED
        if reached not in REACHED:
            problems.append("The class of site was left out: choose one of the list.")
            reached = PERMITTED
        thresholds = _thresholds(query, problems)
        if not see_small and thresholds != STANDARD:
            problems.append(FIXED.format(**{name: getattr(STANDARD, name) for name in MILES}))
            thresholds = STANDARD
        return cls(**chosen, reached=reached, thresholds=thresholds), tuple(problems)

    @property
    def chosen(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in WORDS if getattr(self, name)}

    def as_query(self) -> dict[str, str]:
        parts = dict(self.chosen)
        if self.reached != PERMITTED:
            parts["reached"] = self.reached
        return parts | {
            one.name: f"{getattr(self.thresholds, one.name):g}"
            for one in fields(Thresholds)
            if getattr(self.thresholds, one.name) != one.default
        }

    def query_string(self) -> str:
        return urlencode(self.as_query())

    def words(self) -> str:
        parts = [f"{WORDS[name]}: {value}" for name, value in self.chosen.items()]
        return "; ".join([*parts, f"in reach: {self.miles_words()}"])

    def miles_words(self) -> str:
        of = self.thresholds
        return f"{of.urban:g} miles in urban, {of.suburban:g} in suburban, {of.rural:g} in rural areas"


def number(query, name: str, default: float | None, lowest: float, highest: float, problems: list[str], label: str) -> float | None:
    """A number of the address; the default, and a sentence, where it cannot be used."""
    text = (query.get(name) or "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        kept = "it was left out" if default is None else f"{default:g} was used"
        problems.append(f"{label} must be a number from {lowest:g} to {highest:,.0f}; {kept}.")
        return default
    return value


def _thresholds(query, problems: list[str]) -> Thresholds:
    return Thresholds(
        *(
            number(query, name, getattr(STANDARD, name), FEWEST_MILES, MOST_MILES, problems, f"Miles in {name} areas")
            for name in MILES
        )
    )
