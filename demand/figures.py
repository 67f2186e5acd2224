"""Every number of the strategy brief as something one can ask about: what it counts, and the question that an address holds.

An address carries a run's number, a figure's slug, the filters and, for one flow of the destinations, the flow's place. Nothing of
a person is ever in it.
"""

from dataclasses import dataclass, fields
from urllib.parse import urlencode

from demand.filters import LONGEST, DashboardFilters
from demand.models.results import OUTCOMES

RATE = "rate"
MEASURES = {
    "infusions": "count",
    "people": "count",
    "allowed": "money",
    "without_amount": "count",
    "share": "percent",
    RATE: "percent",
}


@dataclass(frozen=True)
class FigureKind:
    """`part` are the infusions that it counts (a node of the dashboard), `whole` those that a share is of; `metric` its definition.

    part "place" is one flow of the destinations; part "ordered" is all that named prescribers ordered.
    """

    slug: str
    title: str
    metric: str
    measure: str
    part: str
    whole: str = ""
    formula: str = ""

    @property
    def kind(self) -> str:
        return MEASURES.get(self.measure, "count")

    @property
    def counts(self) -> str:
        """The infusions behind it: those of its denominator where it has one."""
        return self.whole or self.part


def _counted(slug: str, title: str, metric: str, part: str, formula: str = "") -> tuple[FigureKind, ...]:
    return (FigureKind(f"{slug}-infusions", title, metric, "infusions", part, formula=formula),)


_SUM = "sum of the known allowed amounts of these infusions, in cents"
_PEOPLE = "different people among these infusions"
FIGURES = {
    figure.slug: figure
    for figure in (
        FigureKind(
            "leakage-rate", "Leakage rate", "leakage-rate", RATE, "site_leak", "base", "left ÷ (kept + white-bagged + left), in infusions"
        ),
        FigureKind(
            "margin-leakage-rate", "Margin leakage rate (white-bagged)", "margin-leakage-rate", RATE, "margin_leak", "base",
            "white-bagged ÷ (kept + white-bagged + left), in infusions",
        ),
        FigureKind(
            "share-unknown", "Share unknown", "share-unknown", RATE, "unknown", "named",
            "unknown ÷ all infusions that named prescribers of ours ordered",
        ),
        FigureKind("people", "People on infusion therapy", "people", "people", "ordered", formula=_PEOPLE),
        FigureKind("infusions", "Infusions", "infusions", "infusions", "ordered", formula="number of infusions"),
        FigureKind("allowed-left", "Allowed amount that left", "allowed-left", "allowed", "site_leak", formula=_SUM),
        FigureKind("counted-apart", "Infusions counted apart", "counted-apart", "infusions", "unattributed", formula="number of infusions"),
        FigureKind("apart-people", "People counted apart", "counted-apart", "people", "unattributed", formula=_PEOPLE),
        FigureKind("apart-allowed", "Allowed amount counted apart", "counted-apart", "allowed", "unattributed", formula=_SUM),
        FigureKind(
            "apart-without-amount", "Infusions counted apart without an amount", "counted-apart", "without_amount", "unattributed",
            formula="infusions of which no line has an allowed amount",
        ),
        FigureKind("rate-infusions", "Infusions in the rate", "leakage-rate", "infusions", "base", formula="kept + white-bagged + left"),
        FigureKind("rate-people", "People in the rate", "leakage-rate", "people", "base", formula=_PEOPLE),
        *_counted("kept", "Infusions kept", "where-infusions-go", "kept", "at our site, drug bought and billed by us"),
        *_counted("white-bagged", "Infusions white-bagged", "margin-leakage-rate", "margin_leak", "at our site, drug from a pharmacy"),
        *_counted("partner", "Infusions at a partner", "where-infusions-go", "partner", "at a partner's site"),
        *_counted("left", "Infusions that left the system", "leakage-rate", "site_leak", "at a site neither ours nor a partner's"),
        *_counted("unknown", "Infusions whose outcome is unknown", "share-unknown", "unknown", "site, or the drug's channel, not known"),
        FigureKind(
            "when-complete", "Infusions in the rate when the month is complete", "when-complete", "completed", "base",
            formula="infusions seen ÷ share of the month's claims that is in by now",
        ),
        FigureKind("flow-infusions", "Infusions of one flow", "where-infusions-go", "infusions", "place", formula="number of infusions"),
        FigureKind("flow-people", "People of one flow", "where-infusions-go", "people", "place", formula=_PEOPLE),
        FigureKind("flow-allowed", "Allowed amount of one flow", "where-infusions-go", "allowed", "place", formula=_SUM),
        FigureKind(
            "flow-share", "Share of one flow", "where-infusions-go", "share", "place", "named",
            "infusions of the flow ÷ all infusions that named prescribers of ours ordered",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class FlowPlace:
    """A row of the destinations; "" where the data names nothing. Of what stands apart only the class of site is asked for."""

    outcome: str = ""
    site_class: str = ""
    ownership: str = ""
    owner: str = ""
    payer_affiliation: str = ""


@dataclass(frozen=True)
class FigureQuestion:
    """What an address asks: one figure under filters, of one flow or of all."""

    figure: FigureKind
    filters: DashboardFilters
    place: FlowPlace | None = None

    @classmethod
    def from_query(cls, slug: str, query) -> "tuple[FigureQuestion | None, tuple[str, ...]]":
        """A slug and a query string's mapping -> the question (None where there is no such figure) and what could not be used."""
        figure = FIGURES.get(slug)
        if figure is None:
            return None, ()
        filters, problems = DashboardFilters.from_query(query)
        named = {field.name: (query.get(field.name) or "").strip()[:LONGEST] for field in fields(FlowPlace)}
        if figure.part == "place":
            return (cls(figure, filters, FlowPlace(**named)) if named["outcome"] in OUTCOMES else None), problems
        if figure.part == "unattributed" and named["site_class"]:
            return cls(figure, filters, FlowPlace(site_class=named["site_class"])), problems
        return cls(figure, filters), problems

    def as_query(self) -> dict[str, str]:
        return self.filters.as_query() | place_query(self.place)

    def query_string(self) -> str:
        return urlencode(self.as_query())


def place_query(place: FlowPlace | None) -> dict[str, str]:
    return {field.name: value for field in fields(FlowPlace) if (value := getattr(place, field.name))} if place else {}
