"""A center and many values of its inputs -> the value of every draw against both baselines, in whole cents by month.

Grain: one draw. The formulas are those of `infusion_center`, `chairs`, `worlds` and `cash_flow`, on arrays with one place a draw:
line items are summed over the patient groups and rounded half up once, so that a draw at the likely values returns what
`cash_flow` returns, to the cent. Patients with the same fate are one pool, and months in which the ramp and the pools' fates are
alike are computed once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from roi.engine.cash_flow import BASELINES
from roi.engine.center_fields import FIELDS, MONEY, NUMBER, PERCENT, SHARES, WHOLE
from roi.engine.cents import discount_factors
from roi.engine.infusion_center import HALF_YEAR, Center, costs_of, groups_of, month_number, outlays_of, read_value
from roi.engine.inputs import PatientGroup, at
from roi.engine.levels import RAMP, cell_at, delayed
from roi.engine.market import Cell
from roi.engine.worlds import DO_NOTHING, SCENARIO, TODAY

_TIE_GUARD = 1e-6  # a half that floats show as 0.4999999 is the half that it is
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
    groups = []
    for number, cell in enumerate(center.market.cells):
        moved = cell_at(_in_floats(cell), drawn)
        if volumes is not None:
            moved = replace(moved, infusions_per_month=moved.infusions_per_month * volumes[number])
        groups += groups_of(moved, value)
    calendar = _Calendar(value, drawn, opens, size)
    pools = _pools(groups, opens)
    flows, full = _flows(calendar, pools, value)
    factors = _factors(drawn.get("rate"), center, value["horizon"])
    return Draws(flows, {name: _whole((flow * factors).sum(axis=0)) for name, flow in flows.items()}, full)


def likely_values(center: Center) -> dict:
    """Every answer as a float (or what it is, where it is no number)."""
    values = {key: read_value(key, center.answers[key].text) for key in FIELDS}
    for key, field_ in FIELDS.items():
        if field_.kind in (MONEY, PERCENT, NUMBER):
            values[key] = float(values[key])
        elif field_.kind == SHARES:
            values[key] = tuple(float(share) for share in values[key])
        elif field_.kind == WHOLE and key != "horizon":
            values[key] = float(values[key])
    return values


def _in_floats(cell: Cell) -> Cell:
    return replace(cell, **{name: float(value) for name, value in vars(cell).items() if isinstance(value, Decimal)})


def _factors(rates: np.ndarray | None, center: Center, horizon: int) -> np.ndarray:
    """(1 + r)^(−m/12) as a column, or by draw where the rate is drawn."""
    if rates is None:
        exact = discount_factors(read_value("rate", center.answers["rate"].text), horizon)
        return np.array([float(factor) for factor in exact])[:, None]
    return (1 + rates) ** (-np.arange(horizon + 1)[:, None] / 12)


@dataclass
class _Pool:
    """Patients with the same fate, summed over groups: all of them (`here`), and those who would come at full ramp (`come`)."""

    is_new: bool
    leave_month: int | None
    here: dict[str, Number] = field(default_factory=dict)
    come: dict[str, Number] = field(default_factory=dict)

    def add(self, group: PatientGroup, share: Number) -> None:
        coming = group.infusions * share
        for sums, number in ((self.here, group.infusions), (self.come, coming)):
            if not self.is_new:
                _add(sums, "hospital", number * group.hospital.margin)
                _add(sums, "hospital_340b", number * group.hospital.benefit_340b)
                _add(sums, "hospital_bought", number * group.hospital.purchases)
        _add(self.come, "infusions", coming)
        _add(self.come, "minutes", coming * group.chair_minutes)
        _add(self.come, "site", coming * group.site.margin)
        _add(self.come, "site_340b", coming * group.site.benefit_340b)
        _add(self.come, "site_bought", coming * group.site.purchases)

    def has_left(self, month: int) -> bool:
        return self.leave_month is not None and month >= self.leave_month


def _add(sums: dict, key: str, amount: Number) -> None:
    sums[key] = sums.get(key, 0.0) + amount


def _pools(groups: list[PatientGroup], opens: int) -> list[_Pool]:
    pools: dict[tuple, _Pool] = {}
    for group in groups:
        pool = pools.setdefault((group.is_new, group.leave_month), _Pool(group.is_new, group.leave_month))
        gone_before = group.leave_month is not None and group.leave_month < opens
        pool.add(group, group.recapture if gone_before else group.capture)
    return list(pools.values())


class _Calendar:
    """Which months are alike, and the ramp in each."""

    def __init__(self, value: Mapping, drawn: Mapping, opens: int, size: int):
        self.size, self.opens, self.horizon = size, opens, value["horizon"]
        self.ramp = delayed(value["ramp"], drawn[RAMP]) if RAMP in drawn else value["ramp"]

    def stage(self, month: int) -> int | None:
        """The half-year since opening whose share of full volume counts; None before."""
        return None if month < self.opens else min((month - self.opens) // HALF_YEAR, len(self.ramp) - 1)


def _flows(calendar: _Calendar, pools: list[_Pool], value: Mapping) -> tuple[dict[str, np.ndarray], np.ndarray]:
    size, horizon = calendar.size, calendar.horizon
    flows = {baseline: np.zeros((horizon + 1, size)) for baseline in BASELINES}
    spent = sum((_whole(outlay.cents) for outlay in outlays_of(value)), start=np.zeros(size))
    for flow in flows.values():
        flow[0] = -spent
    full = np.zeros(size, dtype=bool)
    net_days = value["receivable_days"] + value["stock_days"] - value["supplier_days"]

    def tied_up(bought: Number) -> Number:
        return _whole(bought * 12 / 365 * net_days)

    first = tied_up(sum(pool.here["hospital_bought"] for pool in pools if not pool.is_new))
    before = dict.fromkeys((SCENARIO, DO_NOTHING, TODAY), first)
    alike: dict[tuple, _Month] = {}
    for month in range(1, horizon + 1):
        kind = (calendar.stage(month), tuple(pool.has_left(month) for pool in pools))
        if kind not in alike:
            alike[kind] = _month(calendar, pools, value, month, tied_up)
        made = alike[kind]
        if made.full is not None:
            full |= made.full
        for baseline in BASELINES:
            flows[baseline][month] = made.flow[baseline] + (before[SCENARIO] - made.tied_up[SCENARIO])
            flows[baseline][month] -= before[baseline] - made.tied_up[baseline]
        before = made.tied_up
    if value["release"]:
        for baseline in BASELINES:
            flows[baseline][horizon] += before[SCENARIO] - before[baseline]
    return flows, full


@dataclass(frozen=True)
class _Month:
    """A month's flow by baseline without working capital, and the money tied up in each world."""

    flow: dict[str, Number]
    tied_up: dict[str, Number]
    full: np.ndarray | None


def _month(calendar: _Calendar, pools: list[_Pool], value: Mapping, month: int, tied_up) -> _Month:
    stage = calendar.stage(month)
    here = [pool for pool in pools if not pool.is_new and not pool.has_left(month)]
    gone = [pool for pool in pools if not pool.is_new and pool.has_left(month)]
    new = [pool for pool in pools if pool.is_new]
    moving = [pool for pool in here if pool.leave_month is None]
    sources = [*moving, *gone, *new] if stage is not None else []

    given, full = 0.0, None
    if stage is not None:
        ramp = calendar.ramp[stage]
        chair_minutes = value["open_hours"] * 52 / 12 * 60 * value["target_use"]
        needed = ramp * _sum(sources, "come", "minutes") / chair_minutes
        full = np.broadcast_to(needed >= value["chairs"] * (1 - 1e-12), calendar.size)
        given = ramp * np.minimum(1.0, value["chairs"] / np.maximum(needed, 1e-300))

    at_hospital = {kind: _sum(here, "here", kind) for kind in ("hospital", "hospital_340b", "hospital_bought")}
    kept_there = {kind: at_hospital[kind] - given * _sum(moving, "come", kind) for kind in at_hospital}
    scenario = _whole(kept_there["hospital"]) + _whole(kept_there["hospital_340b"])
    scenario += _whole(given * _sum(sources, "come", "site_340b"))
    for group in (moving, gone, new):
        scenario += _whole(given * _sum(group, "come", "site"))
    infusions = given * _sum(sources, "come", "infusions")
    for cost in costs_of({**value, "horizon": 1}, 1 if stage is not None else 2):
        scenario -= _whole(_number(at(cost.per_month, 1)) + _number(cost.per_infusion) * infusions)

    nothing = _whole(at_hospital["hospital"]) + _whole(at_hospital["hospital_340b"])
    policies = _whole(_sum(gone, "here", "hospital")) + _whole(_sum(gone, "here", "hospital_340b"))
    bought = at_hospital["hospital_bought"]
    balances = {
        SCENARIO: tied_up(kept_there["hospital_bought"] + given * _sum(sources, "come", "site_bought")),
        DO_NOTHING: tied_up(bought),
        TODAY: tied_up(bought + _sum(gone, "here", "hospital_bought")),
    }
    return _Month({DO_NOTHING: scenario - nothing, TODAY: scenario - nothing - policies}, balances, full)


def _sum(pools: list[_Pool], part: str, kind: str) -> Number:
    return sum((getattr(pool, part)[kind] for pool in pools), start=0.0)


def _number(amount: Decimal | Number) -> Number:
    return float(amount) if isinstance(amount, Decimal) else amount


def _whole(cents: Number) -> Number:
    """Half up, away from zero, as `cents.round_half_up`."""
    return np.copysign(np.floor(np.abs(cents) + 0.5 + _TIE_GUARD), cents)
