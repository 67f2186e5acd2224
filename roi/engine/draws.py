"""A center and many values of its inputs -> the value of every draw against both baselines, in whole cents by month.

Grain: one draw. The formulas are those of `infusion_center`, `chairs`, `worlds` and `cash_flow`, on arrays with one place a draw:
line items are summed over the patient groups and rounded half up once, so that a draw at the likely values returns what
`cash_flow` returns, to the cent. Patients with the same fate are one pool, and months in which the ramp, the pools' fates and the
year's levels are alike are computed once. What a pool brings is a straight line of average sales prices: a fixed part and one that
follows them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import groupby

import numpy as np

from roi.engine.cash_flow import BASELINES
from roi.engine.center_costs import costs_of, outlays_of
from roi.engine.center_fields import FIELDS
from roi.engine.cents import discount_factors
from roi.engine.field import MONEY, NUMBER, PERCENT, SHARES, WHOLE
from roi.engine.infusion_center import HALF_YEAR, Center, groups_of, is_nothing, read_value, values_of
from roi.engine.inputs import PatientGroup, Terms
from roi.engine.levels import RAMP, cell_at, delayed
from roi.engine.market import Cell, RateChange
from roi.engine.monthly_prices import cell_in, rate_periods
from roi.engine.worlds import DO_NOTHING, TODAY
from roi.engine.yearly import Yearly, month_number, years

_HALF = 0.5 + 1e-6  # so that a half which floats show as 0.4999999 is the half that it is
Number = float | np.ndarray


@dataclass(frozen=True)
class Draws:
    """By baseline: `flows` (month 0 … horizon × draw) and `npv` (draw), whole cents as floats. `full`: the site was full once."""

    flows: dict[str, np.ndarray]
    npv: dict[str, np.ndarray]
    full: np.ndarray

    @property
    def size(self) -> int:
        return len(self.full)


def draw_values(center: Center, drawn: Mapping[str, np.ndarray], size: int, volumes: Sequence[Number] | None = None) -> Draws:
    """`drawn`: values by input, one a draw; every other input is at its likely value. `volumes`: a factor for each market cell."""
    value = likely_values(center) | {key: values for key, values in drawn.items() if key in FIELDS}
    opens = month_number(value["first_month"], value["opens_in"])
    pools: dict[tuple, _Pool] = {}
    for number, cell in enumerate(center.market.cells):
        moved = cell_at(_in_floats(cell), drawn)
        if volumes is not None:
            moved = replace(moved, infusions_per_month=moved.infusions_per_month * volumes[number])
        for first, last, day in rate_periods(moved, value):
            priced = cell_in(moved, 1, day)
            for group, fixed in zip(groups_of(priced, value), groups_of(priced.at_asp(0.0), value), strict=True):
                fate = (group.is_new, group.leave_month, cell.negotiated_from, group.by_risk, first, last)
                pools.setdefault(fate, _Pool(*fate)).add(group, fixed, opens)
    calendar = _Calendar(value, drawn, opens, size)
    flows, full = _flows(calendar, list(pools.values()), value)
    factors = _factors(drawn.get("rate"), center, value["horizon"])
    return Draws(flows, {name: _whole(_discounted(flow, factors)) for name, flow in flows.items()}, full)


def likely_values(center: Center) -> dict:
    """Every answer as a float (or what it is, where it is no number)."""
    values = values_of(center)
    for key, field_ in FIELDS.items():
        if field_.kind in (MONEY, PERCENT, NUMBER):
            values[key] = float(values[key])
        elif field_.kind == SHARES:
            values[key] = tuple(float(share) for share in values[key])
        elif field_.kind == WHOLE and key != "horizon":
            values[key] = float(values[key])
    return values


def _in_floats(cell: Cell) -> Cell:
    amounts = {name: float(value) for name, value in vars(cell).items() if isinstance(value, Decimal)}
    for name in ("site_changes", "hospital_changes"):
        changes = getattr(cell, name)
        amounts[name] = tuple(RateChange(one.since, float(one.drug), float(one.administration)) for one in changes)
    return replace(cell, risk=tuple(map(float, cell.risk)), **amounts)


def _factors(rates: np.ndarray | None, center: Center, horizon: int) -> np.ndarray:
    """(1 + r)^(−m/12) as a column, or by draw where the rate is drawn."""
    if rates is None:
        exact = discount_factors(read_value("rate", center.answers["rate"].text), horizon)
        return np.array([float(factor) for factor in exact])[:, None]
    return (1 + rates) ** (-np.arange(horizon + 1)[:, None] / 12)


def _discounted(flows: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Σ flow × factor over the months, one month after another: no array of all products is made."""
    total, product = np.zeros(flows.shape[1]), np.empty(flows.shape[1])
    for flow, factor in zip(flows, factors, strict=True):
        total += np.multiply(flow, factor, out=product)
    return total


@dataclass
class _Pool:
    """Patients with the same fate, summed over groups: all of them (`here`), and those who would come at full ramp (`come`), each as
    a pair: what is fixed, and what follows average sales prices. They count from month `first` to `last`: then other rates hold."""

    is_new: bool
    leave_month: int | None
    negotiated_from: dt.date | None
    by_risk: bool
    first: int
    last: int
    here: dict[str, tuple[Number, Number]] = field(default_factory=dict)
    come: dict[str, tuple[Number, Number]] = field(default_factory=dict)

    def add(self, group: PatientGroup, fixed: PatientGroup, opens: int) -> None:
        """`fixed`: the same group where average sales prices are zero."""
        gone_before = group.leave_month is not None and group.leave_month < opens
        coming = group.infusions * (group.recapture if gone_before else group.capture)
        if not self.is_new:
            _add_terms(self.here, "hospital", group.infusions, group.hospital, fixed.hospital)
        if self.can_stay:
            _add_terms(self.come, "hospital", coming, group.hospital, fixed.hospital)
        _add_terms(self.come, "site", coming, group.site, fixed.site)
        _add(self.come, "infusions", coming, 0.0)
        _add(self.come, "minutes", coming * group.chair_minutes, 0.0)

    @property
    def can_stay(self) -> bool:
        """Those who come to the site could be at the hospital; others are new, or come when policies take them from there."""
        return not self.is_new and self.leave_month is None

    def counts(self, month: int) -> bool:
        return self.first <= month <= self.last

    def has_left(self, month: int) -> bool:
        return self.leave_month is not None and month >= self.leave_month


def _add_terms(sums: dict, place: str, number: Number, terms: Terms, fixed: Terms) -> None:
    """Administration and what it costs are fixed; what is bought, and what 340B saves on it, follows average sales prices whole."""
    _add(sums, place, number * fixed.margin, number * (terms.margin - fixed.margin))
    _add(sums, f"{place}_340b", 0.0, number * terms.benefit_340b)
    _add(sums, f"{place}_bought", 0.0, number * terms.purchases)


def _add(sums: dict, key: str, fixed: Number, following: Number) -> None:
    before = sums.get(key, (0.0, 0.0))
    sums[key] = before[0] + fixed, before[1] + following


class _Calendar:
    """Which months are alike, and the ramp in each."""

    def __init__(self, value: Mapping, drawn: Mapping, opens: int, size: int):
        self.size, self.opens, self.horizon = size, opens, value["horizon"]
        self.ramp = delayed(value["ramp"], drawn[RAMP]) if RAMP in drawn else value["ramp"]
        self.yearly = Yearly(value, self.horizon)
        self.levels: dict[tuple, tuple[Number, Number]] = {}
        self.sums: dict[tuple, tuple[Number, Number, Number]] = {}

    def stage(self, month: int) -> int | None:
        """The half-year since opening whose share of full volume counts; None before."""
        return None if month < self.opens else min((month - self.opens) // HALF_YEAR, len(self.ramp) - 1)

    def kind(self, month: int, pools: list[_Pool]) -> tuple:
        """Months of one kind are computed once."""
        year = years(month) if self.changes_by_year else 0
        fates = [
            (pool.counts(month), pool.has_left(month), self.yearly.is_negotiated(month, pool.negotiated_from)) for pool in pools
        ]
        return self.stage(month), year, tuple(fates)

    @property
    def changes_by_year(self) -> bool:
        return any(hasattr(rate, "shape") or rate for rate in (self.yearly.value["growth"], self.yearly.value["asp_erosion"]))

    def total(self, month: int, pools: list[_Pool], part: str, key: str) -> Number:
        """A sum over pools at the month's volumes and prices; what does not change with the year is summed once."""
        negotiated = tuple(self.yearly.is_negotiated(month, pool.negotiated_from) for pool in pools)
        asked = part, key, tuple(map(id, pools)), negotiated
        if asked not in self.sums:
            self.sums[asked] = self._sum(pools, negotiated, part, key)
        fixed, following, at_negotiated = self.sums[asked]
        volume, price = self._levels(month)
        found = fixed if is_nothing(following) else fixed + price * following
        if any(negotiated):
            found = found + price * (1 - self.yearly.value["negotiated_cut"]) * at_negotiated
        return found * volume

    def _sum(self, pools: list[_Pool], negotiated: tuple[bool, ...], part: str, key: str) -> tuple[Number, Number, Number]:
        """What is fixed, what follows average sales prices, and what follows them at Medicare's negotiated price."""
        sums = [0.0, 0.0, 0.0]
        for pool, is_negotiated in zip(pools, negotiated, strict=True):
            fixed, following = getattr(pool, part)[key]
            sums[0] = sums[0] + fixed
            sums[1 + is_negotiated] = sums[1 + is_negotiated] + following
        return tuple(sums)

    def _levels(self, month: int) -> tuple[Number, Number]:
        year = years(month)
        if year not in self.levels:
            self.levels[year] = self.yearly.volume_level(month), self.yearly.price_level(month, None)
        return self.levels[year]


def _flows(calendar: _Calendar, pools: list[_Pool], value: Mapping) -> tuple[dict[str, np.ndarray], np.ndarray]:
    size, horizon = calendar.size, calendar.horizon
    flows = {baseline: np.empty((horizon + 1, size)) for baseline in BASELINES}
    spent = sum((_whole(outlay.cents) for outlay in outlays_of(value)), start=np.zeros(size))
    for flow in flows.values():
        flow[0] = -spent
    full = np.zeros(size, dtype=bool)
    net_days = value["receivable_days"] + value["stock_days"] - value["supplier_days"]

    def tied_up(bought: Number) -> Number:
        return _whole(bought * 12 / 365 * net_days)

    before: dict[str, Number] = dict.fromkeys(BASELINES, 0.0)  # all worlds begin with the same drugs
    costs = _costs(value)
    # Fates, years and the ramp's half-years only ever move on: alike months stand together.
    for _, alike in groupby(range(1, horizon + 1), lambda month: calendar.kind(month, pools)):
        first, *others = alike
        made = _month(calendar, pools, value, costs, first, tied_up)
        if made.full is not None:
            full |= made.full
        for baseline, flow in flows.items():
            flow[first : first + 1 + len(others)] = made.flow[baseline]
            flow[first] += before[baseline] - made.more_tied_up[baseline]
        before = made.more_tied_up
    if value["release"]:
        for baseline in BASELINES:
            flows[baseline][horizon] += before[baseline]
    return flows, full


@dataclass(frozen=True)
class _Costs:
    """Of an open month: the sum of what it costs whatever is given, and each cost of an infusion."""

    by_month: Number
    by_infusion: tuple[Number, ...]


def _costs(value: Mapping) -> _Costs:
    """A cost is either a month's or an infusion's (roi.engine.center_costs)."""
    costs = costs_of({**value, "horizon": 1}, 1)
    monthly = (cost for cost in costs if isinstance(cost.per_month, tuple))
    return _Costs(
        sum(_whole(_number(cost.per_month[0])) for cost in monthly),
        tuple(_number(cost.per_infusion) for cost in costs if not isinstance(cost.per_month, tuple)),
    )


@dataclass(frozen=True)
class _Month:
    """A month's flow by baseline without working capital, and the money tied up in the scenario beyond the baseline's."""

    flow: dict[str, Number]
    more_tied_up: dict[str, Number]
    full: np.ndarray | None


def _month(calendar: _Calendar, pools: list[_Pool], value: Mapping, costs: _Costs, month: int, tied_up) -> _Month:
    stage = calendar.stage(month)
    pools = [pool for pool in pools if pool.counts(month)]
    here = [pool for pool in pools if not pool.is_new and not pool.has_left(month)]
    gone = [pool for pool in pools if not pool.is_new and pool.has_left(month)]
    new = [pool for pool in pools if pool.is_new]
    moving = [pool for pool in pools if pool.can_stay]
    sources = [*moving, *gone, *new] if stage is not None else []
    _sum = partial(calendar.total, month)

    given, full = 0.0, None
    if stage is not None and not value["needs_chairs"]:
        given, full = calendar.ramp[stage], np.zeros(calendar.size, dtype=bool)
    elif stage is not None:
        ramp = calendar.ramp[stage]
        chair_minutes = value["open_hours"] * 52 / 12 * 60 * value["target_use"]
        needed = ramp * _sum(sources, "come", "minutes") / chair_minutes
        full = np.broadcast_to(needed >= value["chairs"] * (1 - 1e-12), calendar.size)
        given = ramp * np.minimum(1.0, value["chairs"] / np.maximum(needed, 1e-300))

    at_hospital = {kind: _sum(here, "here", kind) for kind in ("hospital", "hospital_340b", "hospital_bought")}
    kept_there = {kind: at_hospital[kind] - given * _sum(moving, "come", kind) for kind in at_hospital}
    scenario = _whole(kept_there["hospital"]) + _whole(kept_there["hospital_340b"])
    scenario += _whole(given * _sum(sources, "come", "site_340b"))
    by_policy, by_risk = ([pool for pool in gone if pool.by_risk == is_risk] for is_risk in (False, True))
    for group in (moving, by_policy, by_risk, new):
        scenario += _whole(given * _sum(group, "come", "site"))
    infusions = given * _sum(sources, "come", "infusions")
    if stage is not None:
        scenario -= costs.by_month + sum(_whole(each * infusions) for each in costs.by_infusion)

    nothing = _whole(at_hospital["hospital"]) + _whole(at_hospital["hospital_340b"])
    taken = sum(_whole(_sum(pools, "here", kind)) for pools in (by_policy, by_risk) for kind in ("hospital", "hospital_340b"))
    bought = at_hospital["hospital_bought"]
    ours = tied_up(kept_there["hospital_bought"] + given * _sum(sources, "come", "site_bought"))
    more_tied_up = {
        DO_NOTHING: ours - tied_up(bought),
        TODAY: ours - tied_up(bought + _sum(gone, "here", "hospital_bought")),
    }
    return _Month({DO_NOTHING: scenario - nothing, TODAY: scenario - nothing - taken}, more_tied_up, full)


def _number(amount: Decimal | Number) -> Number:
    return float(amount) if isinstance(amount, Decimal) else amount


def _whole(cents: Number) -> Number:
    """Half up, away from zero, as `cents.round_half_up`."""
    return np.trunc(cents + np.copysign(_HALF, cents))
