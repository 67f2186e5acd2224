"""Inputs -> the value of a scenario against two baselines: monthly flows, their parts, NPV, IRR, payback, peak cash.

Value = scenario − baseline, line item by line item in whole cents, so the parts add up to the total exactly. Outlays
fall at month 0, operating flows at the ends of months 1 … horizon; NPV at annual rate r divides by (1 + r)^(m/12).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import accumulate

from roi.engine import worlds
from roi.engine.cents import EXACT, add_up, discount_factors, present_value, round_half_up
from roi.engine.chairs import ChairUse, chair_use
from roi.engine.inputs import Inputs
from roi.engine.irr import Irr, irr

ENGINE_VERSION = "cash_flow 1"
BASELINES = (worlds.DO_NOTHING, worlds.TODAY)

MARGIN_KEPT, MARGIN_GIVEN_UP, EFFECT_340B = "margin_kept", "margin_given_up", "effect_340b"
NEW_VOLUME, COSTS, WORKING_CAPITAL, POLICIES = "new_volume", "costs", "working_capital", "policies"
MARGIN_KEPT_RISK, RISKS = "margin_kept_risk", "risks"
PARTS = (MARGIN_KEPT, MARGIN_KEPT_RISK, MARGIN_GIVEN_UP, EFFECT_340B, NEW_VOLUME, COSTS, WORKING_CAPITAL, POLICIES, RISKS)
# By these parts alone the baselines differ; the others are the same to the cent.
OF_THE_BASELINE = (WORKING_CAPITAL, POLICIES, RISKS)
_PART_OF = {
    worlds.KEPT: MARGIN_KEPT,
    worlds.KEPT_RISK: MARGIN_KEPT_RISK,
    worlds.HOSPITAL: MARGIN_GIVEN_UP,
    worlds.MOVED: MARGIN_GIVEN_UP,
    worlds.HOSPITAL_340B: EFFECT_340B,
    worlds.SITE_340B: EFFECT_340B,
    worlds.NEW: NEW_VOLUME,
    worlds.WORKING_CAPITAL: WORKING_CAPITAL,
    worlds.POLICY: POLICIES,
    worlds.POLICY_340B: POLICIES,
    worlds.RISK: RISKS,
    worlds.RISK_340B: RISKS,
}


@dataclass(frozen=True)
class Value:
    """Scenario less one baseline. Cents; months count from 0; None for a month means not within the horizon."""

    lines: worlds.Lines
    flows: tuple[int, ...]
    total_cents: int
    npv_cents: int
    irr: Irr
    payback_month: int | None
    discounted_payback_month: int | None
    peak_cash_cents: int
    peak_cash_month: int
    parts: dict[str, int]
    parts_npv: dict[str, int]

    def as_json(self) -> dict:
        return {
            "npv_cents": self.npv_cents,
            "irr": self.irr.as_json(),
            "payback_month": self.payback_month,
            "discounted_payback_month": self.discounted_payback_month,
            "peak_cash_cents": self.peak_cash_cents,
            "peak_cash_month": self.peak_cash_month,
            "total_cents": self.total_cents,
            "parts_cents": self.parts,
            "parts_npv_cents": self.parts_npv,
            "monthly_cents": list(self.flows),
            "lines_cents": {line: list(flows) for line, flows in self.lines.items()},
        }


@dataclass(frozen=True)
class CashFlow:
    """A scenario's results: the value against each baseline, the three worlds, and the chairs."""

    values: dict[str, Value]
    worlds: dict[str, worlds.Lines]
    chairs: ChairUse

    def as_json(self) -> dict:
        """The whole result, the value against doing nothing on top; chairs and infusions to four places."""
        needed = self.chairs.needed
        return {
            "engine": ENGINE_VERSION,
            **{key: item for key, item in self.values[worlds.DO_NOTHING].as_json().items() if key in _HEADLINES},
            "baselines": {baseline: value.as_json() for baseline, value in self.values.items()},
            "chairs": {
                "month_full": self.chairs.month_full,
                "month_turned_away": self.chairs.month_turned_away,
                "needed": None if needed is None else [_short(n) for n in needed],
                "infusions_wanted": [_short(n) for n in self.chairs.wanted],
                "infusions_given": [_short(n) for n in self.chairs.given],
            },
            "worlds_cents": {world: {line: list(flows) for line, flows in lines.items()} for world, lines in self.worlds.items()},
        }


_HEADLINES = (
    "npv_cents",
    "irr",
    "payback_month",
    "discounted_payback_month",
    "peak_cash_cents",
    "total_cents",
    "parts_cents",
)


def cash_flow(inputs: Inputs) -> CashFlow:
    """One screen, the whole calculation."""
    use = chair_use(inputs)
    made = {
        worlds.SCENARIO: worlds.scenario(inputs, use),
        worlds.DO_NOTHING: worlds.do_nothing(inputs),
        worlds.TODAY: worlds.today(inputs),
    }
    factors = discount_factors(inputs.rate, inputs.horizon)
    nothing = _value(made[worlds.SCENARIO], made[worlds.DO_NOTHING], factors)
    same = {part: cents for part, cents in nothing.parts_npv.items() if part not in OF_THE_BASELINE}
    today = _value(made[worlds.SCENARIO], made[worlds.TODAY], factors, same)
    return CashFlow({worlds.DO_NOTHING: nothing, worlds.TODAY: today}, made, use)


def part_of(line: str) -> str:
    """The part of the value that a line item belongs to."""
    return COSTS if line.startswith((worlds.COST, worlds.OUTLAY)) else _PART_OF[line]


def payback(cumulative: list[Decimal]) -> int | None:
    """Cumulative flow by month -> first month from which it stays ≥ 0; 0 if never below, None if below at the end."""
    deficits = [month for month, so_far in enumerate(cumulative) if so_far < 0]
    if not deficits:
        return 0
    return None if deficits[-1] == len(cumulative) - 1 else deficits[-1] + 1


def _value(
    scenario: worlds.Lines, baseline: worlds.Lines, factors: tuple[Decimal, ...], same: Mapping[str, int] | None = None
) -> Value:
    """`same`: present values of parts that are rounded already, against another baseline."""
    nothing = (0,) * len(factors)
    lines = {
        line: tuple(a - b for a, b in zip(scenario.get(line, nothing), baseline.get(line, nothing), strict=True))
        for line in sorted(scenario.keys() | baseline.keys())
    }
    lines = {line: flows for line, flows in lines.items() if any(flows)}
    flows = tuple(sum(month) for month in zip(*lines.values(), strict=True)) if lines else nothing
    by_part = {part: [flows for line, flows in lines.items() if part_of(line) == part] for part in PARTS}
    cumulative = list(accumulate(flows))
    deepest = min(cumulative)
    npv = round_half_up(present_value(flows, factors))
    with localcontext(EXACT):
        discounted = list(accumulate(flow * factor for flow, factor in zip(flows, factors, strict=True)))
        exact = {part: sum((present_value(f, factors) for f in group), Decimal(0)) for part, group in by_part.items()}
    return Value(
        lines=lines,
        flows=flows,
        total_cents=cumulative[-1],
        npv_cents=npv,
        irr=irr(flows),
        payback_month=payback(cumulative),
        discounted_payback_month=payback(discounted),
        peak_cash_cents=max(0, -deepest),
        peak_cash_month=cumulative.index(deepest) if deepest < 0 else 0,
        parts={part: sum(map(sum, group)) for part, group in by_part.items()},
        parts_npv=add_up(exact, npv, same),
    )


def _short(number: Decimal) -> float:
    return float(round(number, 4))
