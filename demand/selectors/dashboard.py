"""The strategy brief's figures as one frozen value, which page, CSV and API share.

Everything is about *attributed* infusions by named prescribers, as definitions.md, section 4 says; what the majority rule
attributed and what could not be attributed stand apart. For people without the patient-level right small counts are HIDDEN.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from django.core.cache import cache

from demand.engine.disclosure import HIDDEN, Mark
from demand.filters import DashboardFilters, next_month
from demand.models import Run
from demand.selectors.completed_months import Completed, completed_months, shares_in
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.facts import ask, results_key
from demand.selectors.hidden import Everything, visible_cells

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")
BASE = ("kept", "margin_leak", "site_leak")  # what the leakage rate is of
INSIDE = ("kept", "margin_leak")
Measure = int | Mark | None


@dataclass(frozen=True)
class Slice:
    """Infusions of one cell. allowed_cents sums the amounts that are known; amounts_unknown counts infusions without one."""

    infusions: Measure = 0
    people: Measure = 0
    allowed_cents: Measure = 0
    amounts_unknown: Measure = 0

    @property
    def hidden(self) -> bool:
        return self.infusions is HIDDEN


NOTHING = Slice()
HIDDEN_SLICE = Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN)


@dataclass(frozen=True)
class Rate:
    """A share with both its parts. 0/0 is None; a hidden part hides the share."""

    numerator: Measure
    denominator: Measure

    @property
    def value(self) -> float | Mark | None:
        if self.numerator is HIDDEN or self.denominator is HIDDEN:
            return HIDDEN
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class Line:
    """One row: a payer, a therapy, a month, or everything. `slices` by node: named, an outcome, majority, unattributed …"""

    label: str
    slices: dict[str, Slice] = field(default_factory=dict)

    def at(self, node: str) -> Slice:
        return self.slices.get(node, NOTHING)

    @property
    def leakage_rate(self) -> Rate:
        """site_leak ÷ (kept + margin_leak + site_leak)"""
        return Rate(self.at("site_leak").infusions, self._denominator())

    @property
    def margin_rate(self) -> Rate:
        """margin_leak ÷ (kept + margin_leak + site_leak)"""
        return Rate(self.at("margin_leak").infusions, self._denominator())

    @property
    def unknown_share(self) -> Rate:
        """unknown ÷ all attributed by name"""
        return Rate(self.at("unknown").infusions, self.at("named").infusions)

    @property
    def counted(self) -> Slice:
        """What the row's rate is of: kept, white-bagged and left. Its infusions are the rate's denominator."""
        return self.at("base") if "base" in self.slices else self.at("named")

    @property
    def ordered(self) -> Slice:
        """All that named prescribers ordered; where that may not be shown, what the rate is of."""
        return self.counted if self.at("named").hidden else self.at("named")

    @property
    def stayed(self) -> int:
        """Infusions kept or white-bagged that may not be told apart; 0 where they may, or where their sum is hidden too."""
        return self._rest(self.at("inside").infusions, INSIDE) if "inside" in self.slices else 0

    @property
    def withheld(self) -> int:
        """Infusions of the rate's outcomes that may not be shown one by one; 0 where their sum is hidden too."""
        rest = self._rest(self.counted.infusions, BASE)
        return rest - self.stayed if rest else 0

    def _rest(self, total: Measure, outcomes: tuple[str, ...]) -> int:
        parts = [self.at(outcome).infusions for outcome in outcomes]
        return 0 if total is HIDDEN or HIDDEN not in parts else total - sum(part for part in parts if part is not HIDDEN)

    def _denominator(self) -> Measure:
        if "base" in self.slices:
            return self.at("base").infusions
        return plus(*(self.at(outcome).infusions for outcome in BASE))


@dataclass(frozen=True)
class Month:
    """A month, the share of all its claims that is in (None: the run does not say), and the infusions expected where it is not complete
    (None: not known). Only mature months carry a judgement."""

    day: dt.date
    line: Line
    mature: bool
    completion: float | None = None
    completed: Completed | None = None


@dataclass(frozen=True)
class Place:
    """Attributed infusions of one outcome at one class of site under one owner."""

    outcome: str
    site_class: str
    ownership: str
    owner: str
    payer_affiliation: str
    slice: Slice


@dataclass(frozen=True)
class Dashboard:
    filters: DashboardFilters
    coverage: Coverage
    total: Line
    payers: tuple[Line, ...]
    families: tuple[Line, ...]
    months: tuple[Month, ...]
    places: tuple[Place, ...]
    restricted: bool  # small counts are hidden for this reader
    withheld: str = ""  # why whole figures are hidden, in one sentence
    apart: tuple[
        tuple, ...
    ] = ()  # what no prescriber of ours ordered, (therapy, class of site, *measures); for the patient-level right only

    @property
    def empty(self) -> bool:
        return not self.total.slices


@dataclass(frozen=True)
class Choices:
    """What the filters may be set to in a run, and its first and last month."""

    market: tuple[str, ...] = ()
    payer: tuple[str, ...] = ()
    line_of_business: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    site_owner: tuple[str, ...] = ()
    months: tuple[dt.date, ...] = ()


def plus(*parts: Measure) -> Measure:
    """A sum; hidden where a part is hidden, unknown parts count nothing."""
    if any(part is HIDDEN for part in parts):
        return HIDDEN
    return sum(part or 0 for part in parts)


def dashboard(run: Run, filters: DashboardFilters, see_small: bool) -> Dashboard:
    """The brief of a published run under these filters."""
    key = hashlib.sha256(f"{results_key(run)}|{filters.key()}|{see_small}".encode()).hexdigest()  # names have spaces
    return cache.get_or_set(f"brief|{key}", lambda: _assemble(run, filters, see_small), timeout=24 * 3600)


def choices(run: Run) -> Choices:
    return cache.get_or_set(f"choices|{results_key(run)}", lambda: _choices(run), timeout=24 * 3600)


def _choices(run: Run) -> Choices:
    found = {
        name: tuple(value for (value,) in ask(run, f"SELECT DISTINCT {name} FROM {{facts}} WHERE {name} IS NOT NULL ORDER BY 1"))
        for name in ("market", "payer", "line_of_business", "family")
    }
    places = {
        "site": "CASE WHEN coalesce(site_id, 'unknown') = 'unknown' OR starts_with(site_id, 'npi:') THEN 'unregistered' ELSE site_id END",
        "site_owner": "coalesce(nullif(owner, ''), 'unknown')",
    }
    for name, value in places.items():
        found[name] = tuple(value for (value,) in ask(run, f"SELECT DISTINCT {value} FROM {{facts}} ORDER BY 1"))
    ((first, last),) = ask(run, "SELECT min(month), max(month) FROM {facts}")
    return Choices(**found, months=tuple(_every_month(first, last)))


def _every_month(first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    months = []
    while first and first <= last:
        months.append(first)
        first = next_month(first)
    return months


MARKED = """
WITH marked AS (
    SELECT *,
        CASE WHEN NOT attributed THEN 'unattributed' WHEN attribution_rule = 'majority' THEN 'majority' ELSE 'named' END AS head,
        CASE WHEN head <> 'named' THEN head ELSE coalesce(outcome, 'unknown') END AS node,
        CASE WHEN node IN ('kept', 'margin_leak', 'site_leak') THEN 'base' END AS part
    FROM {facts}
)
"""
MEASURES = "count(*), count(DISTINCT person_no), CAST(sum(allowed_cents) AS BIGINT), count(*) - count(allowed_cents)"
# One row per value and node, one for what the rate is of, and one for all that named prescribers ordered.
BY_VALUE = """
SELECT {value}, CASE WHEN grouping(node) = 0 THEN node WHEN grouping(part) = 0 THEN part ELSE head END, {measures}
FROM marked GROUP BY GROUPING SETS (({value}, node), ({value}, part), ({value}, head))
HAVING grouping(node) = 0 OR part = 'base' OR head = 'named'
"""
BAGGED = """
SELECT 'margin_leak:' || coalesce(channel_confidence, 'probable'), {measures}
FROM marked WHERE node = 'margin_leak' GROUP BY 1
"""
PLACES = """
SELECT node, site_class, ownership, coalesce(owner, ''), coalesce(payer_affiliation, ''), {measures}
FROM marked WHERE head = 'named' GROUP BY ALL ORDER BY 6 DESC, 1, 2, 3, 4, 5
"""

APART = """
SELECT coalesce(family, 'unknown'), coalesce(site_class, 'unknown'), {measures}
FROM marked WHERE head = 'unattributed' GROUP BY ALL ORDER BY 3 DESC, 1, 2
"""


def _assemble(run: Run, filters: DashboardFilters, see_small: bool) -> Dashboard:
    visible = Everything() if see_small else visible_cells(run, filters)
    if filters.places and not see_small:
        # Not even the names of the payers and therapies of a site.
        nodes = ("named", "base", "inside", "majority", "unattributed", *OUTCOMES, "margin_leak:confirmed", "margin_leak:probable")
        total = Line("all", dict.fromkeys(nodes, HIDDEN_SLICE))
        return Dashboard(filters, coverage(run), total, (), (), (), (), restricted=True, withheld=visible.withheld)
    total = _lines(run, filters, "'all'", visible, dimension=None)
    lines = {name: _lines(run, filters, name, visible, name) for name in ("payer", "family", "month")}
    return Dashboard(
        filters=filters,
        coverage=coverage(run),
        total=total[0] if total else Line("all"),
        payers=_by_size(lines["payer"]),
        families=_by_size(lines["family"]),
        months=_months(run, filters, lines["month"], see_small),
        places=_places(run, filters, visible),
        restricted=not see_small,
        withheld=visible.withheld,
        apart=tuple(_ask(run, filters, APART)) if see_small else (),
    )


def _ask(run: Run, filters: DashboardFilters, sql: str, **names) -> list[tuple]:
    for name, text in {"measures": MEASURES, **names}.items():
        sql = sql.replace(f"{{{name}}}", text)
    return ask(run, MARKED + sql, filters)


def _lines(run: Run, filters: DashboardFilters, value: str, visible, dimension: str | None) -> list[Line]:
    found: dict[object, dict[str, Slice]] = {}
    for label, node, *measures in _ask(run, filters, BY_VALUE, value=value):
        found.setdefault(label, {})[node] = Slice(*measures)
    if dimension is None and found:
        found["all"] |= {node: Slice(*measures) for node, *measures in _ask(run, filters, BAGGED)}
    for slices in found.values():
        slices["inside"] = _together(slices, INSIDE)
    return [
        Line(
            label,
            {
                node: cell if visible.shows(node, **({dimension: label} if dimension else {})) else HIDDEN_SLICE
                for node, cell in slices.items()
            },
        )
        for label, slices in found.items()
    ]


def _together(slices: dict[str, Slice], parts: tuple[str, ...]) -> Slice:
    """Several outcomes as one. People are not counted: one person may be in several."""
    cells = [slices[part] for part in parts if part in slices]
    amounts = (plus(*(getattr(cell, name) for cell in cells)) for name in ("infusions", "allowed_cents", "amounts_unknown"))
    infusions, allowed_cents, amounts_unknown = amounts
    return Slice(infusions, None if infusions else 0, allowed_cents, amounts_unknown)


def _by_size(lines: list[Line]) -> tuple[Line, ...]:
    """Most infusions gone first; lines with hidden parts after those that can be compared, by name."""

    def order(line: Line):
        gone, all_of_it = line.at("site_leak").infusions, line.counted.infusions
        hidden = gone is HIDDEN or all_of_it is HIDDEN
        return (hidden, 0 if hidden else -gone, 0 if hidden else -all_of_it, str(line.label))

    return tuple(sorted(lines, key=order))


def _months(run: Run, filters: DashboardFilters, lines: list[Line], see_small: bool) -> tuple[Month, ...]:
    by_day = {line.label: line for line in lines}
    maturity = dict(ask(run, "SELECT month, bool_and(mature) FROM {facts} GROUP BY month"))
    completion, completed = shares_in(run), completed_months(run, filters, see_small)
    days = _every_month(
        max(filter(None, [filters.since, min(maturity, default=None)]), default=None),
        min(filter(None, [filters.through, max(maturity, default=None)]), default=None),
    )
    return tuple(
        Month(day, by_day.get(day, Line(day)), mature, completion.get(day), None if mature else completed.get(day))
        for day, mature in ((day, bool(maturity.get(day, True))) for day in days)
    )


def _places(run: Run, filters: DashboardFilters, visible) -> tuple[Place, ...]:
    rows = _ask(run, filters, PLACES)
    return tuple(
        Place(*place, Slice(*measures) if visible.shows(_place_node(*place)) else HIDDEN_SLICE)
        for place, measures in ((row[:5], row[5:]) for row in rows)
    )


def _place_node(outcome: str, site_class: str, ownership: str, owner: str, payer_affiliation: str) -> str:
    return "/".join((outcome, site_class, ownership, owner, payer_affiliation))
