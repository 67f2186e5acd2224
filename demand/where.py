"""What was asked of the search for new centers: one frozen object, parsed from an address."""

import re
from dataclasses import dataclass, field

from demand.engine.covering import Limit
from demand.engine.reach import Thresholds
from demand.places import MILES, PlaceQuestion, number
from demand.words import lower_first
from sites.converters import whole_number

MEASURES = {
    "people": "People at risk",
    "infusions": "Infusions a year of people at risk",
    "margin": "Margin a year of people at risk",
}
KINDS = {
    "new": "New centers in ZIP codes where people live",
    "clinic": "Our hospital departments and clinics, as infusion centers",
    "partner": "Partners' sites",
}
MOST = 8
ZIP = re.compile(r"\d{5}", re.ASCII)


@dataclass(frozen=True)
class WhereQuestion:
    """`k` is the answer shown in full; capacity and minimum are infusions a year of one site; margin_share is a percent of allowed.

    The barred_… are limits typed for this search, beside the register's partnerships, of which `waived` are the numbers left out.
    """

    measure: str = "people"
    k: int = 2
    kinds: tuple[str, ...] = tuple(KINDS)
    zips: tuple[str, ...] = ()
    capacity: float | None = None
    minimum: float = 0.0
    margin_share: float | None = None
    affiliated: bool = False
    barred_kinds: tuple[str, ...] = ()
    barred_markets: tuple[str, ...] = ()
    barred_sites: tuple[str, ...] = ()
    waived: tuple[int, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)

    @classmethod
    def from_query(cls, query, see_small: bool) -> tuple["WhereQuestion", tuple[str, ...]]:
        """A query string (QueryDict) -> the question and a sentence for each part that could not be used."""
        place, found = PlaceQuestion.from_query({name: query.get(name, "") for name in MILES}, see_small)
        problems = list(found)
        measure = query.get("measure") or "people"
        if measure not in MEASURES:
            problems.append("What to keep was left out: choose one of the list.")
            measure = "people"
        kinds = tuple(kind for kind in KINDS if kind in query.getlist("kind")) or tuple(KINDS)
        asked = {
            "measure": measure,
            "k": int(number(query, "k", 2, 1, MOST, problems, "The number of centers")),
            "kinds": kinds,
            "affiliated": query.get("affiliated") == "on",
            "barred_kinds": tuple(kind for kind in KINDS if kind in query.getlist("barred_kind")),
            "barred_markets": tuple(market.strip() for market in query.getlist("barred_market") if market.strip()),
            "waived": tuple(sorted({pk for text in query.getlist("waived") if (pk := whole_number(text)) is not None})),
            "thresholds": place.thresholds,
        }
        share = number(query, "margin_share", None, 0.1, 100, problems, "Margin, % of the allowed amount,")
        if measure == "margin" and share is None:
            problems.append("Margin is a share of the allowed amount that you enter; until then infusions are kept.")
            asked["measure"] = "infusions"
        asked["margin_share"] = share
        if see_small:
            written = re.split(r"[\s,;]+", (query.get("zips") or "").strip()) if (query.get("zips") or "").strip() else []
            wrong = [text for text in written if not ZIP.fullmatch(text)]
            if wrong:
                problems.append(f"{len(wrong)} candidate ZIP codes were left out: write five digits, separated by commas.")
            asked |= {
                "zips": tuple(dict.fromkeys(text for text in written if ZIP.fullmatch(text)))[:300],
                "capacity": number(query, "capacity", None, 1, 1_000_000, problems, "Infusions a year that one site can give"),
                "minimum": number(query, "minimum", 0, 0, 1_000_000, problems, "The fewest infusions a year of a site"),
                "barred_sites": tuple(sorted({text for text in re.split(r"[\s,;]+", query.get("barred_sites") or "") if text}))[
                    :300
                ],
            }
        return cls(**asked), tuple(problems)

    def limits(self) -> tuple[Limit, ...]:
        """What the asker forbids besides the register's partnerships, as the search reads it."""
        made = []
        if self.barred_kinds:
            made.append(Limit("a limit on kinds of site", kinds=frozenset(self.barred_kinds)))
        if self.barred_markets:
            made.append(Limit("a limit on markets", markets=frozenset(self.barred_markets)))
        if self.barred_sites:
            made.append(Limit("a limit on single sites", keys=frozenset(self.barred_sites)))
        return tuple(made)

    def words(self) -> str:
        parts = [f"keep: {lower_first(MEASURES[self.measure])}"]
        if self.measure == "margin":
            parts.append(f"margin {self.margin_share:g}% of the allowed amount (guessed)")
        parts.append("; ".join(lower_first(KINDS[kind]) for kind in self.kinds))
        if self.capacity:
            parts.append(f"at most {self.capacity:,.0f} infusions a year at a site")
        if self.minimum:
            parts.append(f"at least {self.minimum:,.0f}")
        parts += [limit.name for limit in self.limits()]
        if self.waived:
            parts.append(f"as if {len(self.waived)} of the register’s partnership limits were waived")
        of = self.thresholds
        return "; ".join(
            [*parts, f"in reach: {of.urban:g} miles in urban, {of.suburban:g} in suburban, {of.rural:g} in rural areas"]
        )
