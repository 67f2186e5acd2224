"""Inputs, a line item and a month -> what that cent amount is made of: one step a patient group, cost, outlay or balance.

Each step has what it is in the scenario and in the baseline; both columns are summed, rounded half up, and the line is their difference,
as roi.engine.worlds makes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine import worlds
from roi.engine.cents import EXACT, round_half_up
from roi.engine.chairs import ChairUse, chair_use, wanted
from roi.engine.inputs import ZERO, Inputs, PatientGroup, at

HOSPITAL_LINES = (worlds.HOSPITAL, worlds.HOSPITAL_340B)
POLICY_LINES, RISK_LINES = (worlds.POLICY, worlds.POLICY_340B), (worlds.RISK, worlds.RISK_340B)
TAKEN_LINES = (*POLICY_LINES, *RISK_LINES)
BOUGHT = "drugs_bought"  # no line item: what working capital is tied up in
AT_HOSPITAL, AT_SITE = ", at the hospital", ", at the site"
BENEFIT_LINES = (worlds.HOSPITAL_340B, worlds.POLICY_340B, worlds.RISK_340B, worlds.SITE_340B)


@dataclass(frozen=True)
class Step:
    """Number × each, in the scenario and in the baseline; `each` in exact cents. A step without numbers is an amount of its own."""

    name: str
    scenario: Decimal
    baseline: Decimal
    each: Decimal | None
    in_scenario: Decimal | None = None
    in_baseline: Decimal | None = None


@dataclass(frozen=True)
class LineMonth:
    line: str
    month: int
    steps: tuple[Step, ...]

    @property
    def scenario_cents(self) -> int:
        return _rounded([step.scenario for step in self.steps])

    @property
    def baseline_cents(self) -> int:
        return _rounded([step.baseline for step in self.steps])

    @property
    def cents(self) -> int:
        return self.scenario_cents - self.baseline_cents


def line_month(inputs: Inputs, line: str, baseline: str, month: int) -> LineMonth:
    """The steps of one line item in one month; steps that are nothing on both sides are left out."""
    with localcontext(EXACT):
        use = chair_use(inputs)
        if line == worlds.WORKING_CAPITAL:
            steps = _balances(inputs, use, baseline, month)
        elif line == BOUGHT:
            steps = _purchases(inputs, use, baseline, month)
        elif line.startswith(worlds.OUTLAY):
            name = line.removeprefix(worlds.OUTLAY)
            steps = [Step(o.name, -o.cents, ZERO, None) for o in inputs.outlays if o.name == name and o.month == month]
        elif month == 0:
            steps = []
        elif line.startswith(worlds.COST):
            steps = _cost(inputs, use, line.removeprefix(worlds.COST), month)
        else:
            steps = [_given(inputs, use, group, line, baseline, month) for group in inputs.groups]
    return LineMonth(line, month, tuple(step for step in steps if step.scenario or step.baseline))


def numbers(inputs: Inputs, use: ChairUse, group: PatientGroup, line: str, baseline: str, month: int) -> tuple[Decimal, Decimal]:
    """Infusions of a group that the line counts, in the scenario and in the baseline."""
    moved = wanted(inputs, group, month) * use.fits[month - 1]
    here, left = (ZERO if group.is_new else at(group.infusions, month)), group.has_left(month)
    if line in HOSPITAL_LINES:
        return (ZERO, ZERO) if group.is_new or left else (here - moved, here)
    if line in TAKEN_LINES:
        counts = left and baseline == worlds.TODAY and group.by_risk == (line in RISK_LINES)
        return ZERO, here if counts else ZERO
    return (moved if line in (worlds.SITE_340B, worlds.margin_line(group, month)) else ZERO), ZERO


def _given(inputs: Inputs, use: ChairUse, group: PatientGroup, line: str, baseline: str, month: int) -> Step:
    terms = group.hospital if line in (*HOSPITAL_LINES, *TAKEN_LINES) else group.site
    each = at(terms.benefit_340b if line in BENEFIT_LINES else terms.margin, month)
    ours, theirs = numbers(inputs, use, group, line, baseline, month)
    return Step(group.name, ours * each, theirs * each, each, ours, theirs)


def _cost(inputs: Inputs, use: ChairUse, name: str, month: int) -> list[Step]:
    steps = []
    for cost in (cost for cost in inputs.costs if cost.name == name):
        given, each = use.given[month - 1], at(cost.per_infusion, month)
        steps.append(Step("a month", -at(cost.per_month, month), ZERO, None))
        steps.append(Step("infusions at the site", -each * given, ZERO, -each, given, ZERO))
    return steps


def _balances(inputs: Inputs, use: ChairUse, baseline: str, month: int) -> list[Step]:
    """Money tied up: drugs bought in the month × 12 ÷ 365 × days, each balance rounded; less of it tied up is money that comes in."""
    if month == 0:
        return []

    def tied(at_month: int, with_site: bool) -> Decimal:
        return Decimal(round_half_up(bought(inputs, use, baseline, at_month, with_site) * 12 / 365 * inputs.days.net))

    before, after = ([tied(at_month, with_site) for with_site in (True, False)] for at_month in (month - 1, month))
    steps = [
        Step(f"tied up at the end of month {month - 1}", *before, None),
        Step(f"tied up at the end of month {month}", -after[0], -after[1], None),
    ]
    if inputs.release_working_capital and month == inputs.horizon:
        steps.append(Step("released in the last month", *after, None))
    return steps


def bought(inputs: Inputs, use: ChairUse, baseline: str, month: int, with_site: bool) -> Decimal:
    """What all groups' drugs of a month cost, with the site or as the baseline has it; 340B prices where they hold."""
    with localcontext(EXACT):
        steps = _purchases(inputs, use, baseline, month)
        return sum((step.scenario if with_site else step.baseline for step in steps), ZERO)


def _purchases(inputs: Inputs, use: ChairUse, baseline: str, month: int) -> list[Step]:
    """By group and place. Month 0 is where all worlds begin: everybody at the hospital."""
    steps = []
    for group in inputs.groups:
        if month == 0:
            ours = theirs = ZERO if group.is_new else at(group.infusions, 1)
            there = ZERO
        else:
            ours, theirs = numbers(inputs, use, group, worlds.HOSPITAL, baseline, month)
            theirs += numbers(inputs, use, group, worlds.RISK if group.by_risk else worlds.POLICY, baseline, month)[1]
            there, _ = numbers(inputs, use, group, worlds.SITE_340B, baseline, month)
        each, each_there = (at(terms.purchases, max(month, 1)) for terms in (group.hospital, group.site))
        steps.append(Step(group.name + AT_HOSPITAL, ours * each, theirs * each, each, ours, theirs))
        steps.append(Step(group.name + AT_SITE, there * each_there, ZERO, each_there, there, ZERO))
    return steps


def _rounded(amounts: Sequence[Decimal]) -> int:
    with localcontext(EXACT):
        return round_half_up(sum(amounts, ZERO))
