"""Inputs -> the same patients in three worlds, as line items in whole cents by month 0 … horizon.

- `today`: nothing changes, the policies are never there; every patient is infused at the hospital.
- `do_nothing`: the policies take effect as scheduled; affected patients leave and bring nothing. So do those who are likely to leave
  without a policy. New patients in their place would be in every world alike, and so in no difference.
- `scenario`: the new site opens; some of those who would have left come to it, and some of those who would have stayed.
New patients exist in the scenario alone. Each line item is summed over the groups and rounded half up once.
"""

from collections import defaultdict
from decimal import Decimal, localcontext
from itertools import pairwise

from roi.engine.cents import EXACT, round_half_up
from roi.engine.chairs import ChairUse, wanted
from roi.engine.inputs import ZERO, Inputs, PatientGroup, Terms, at

TODAY, DO_NOTHING, SCENARIO = "today", "do_nothing", "scenario"

# Line items of patients, each with the part of the value that it belongs to.
HOSPITAL, HOSPITAL_340B = "hospital_margin", "hospital_340b"  # those who would be at the hospital, there
MOVED = "moved_margin"  # those who would be at the hospital, at the new site
KEPT = "kept_margin"  # those who would have left, at the new site
NEW = "new_patient_margin"
SITE_340B = "site_340b"
KEPT_RISK = "kept_risk_margin"  # those who would have left without a policy, at the new site
POLICY, POLICY_340B = "policy_margin", "policy_340b"  # those whom policies will take, while they are at the hospital
RISK, RISK_340B = "risk_margin", "risk_340b"  # those who will leave without a policy, while they are there
WORKING_CAPITAL = "working_capital"
COST, OUTLAY = "cost_", "outlay_"  # followed by the name

Lines = dict[str, tuple[int, ...]]


class _Ledger:
    """Collects exact amounts by line item and month, and the drugs bought, of one world."""

    def __init__(self, horizon: int):
        self.horizon = horizon
        self.lines: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * (horizon + 1))
        self.purchases = [ZERO] * (horizon + 1)

    def add(self, line: str, month: int, amount: Decimal) -> None:
        self.lines[line][month] += amount

    def give(self, month: int, infusions: Decimal, terms: Terms, margin: str, benefit: str) -> None:
        self.add(margin, month, infusions * at(terms.margin, month))
        self.add(benefit, month, infusions * at(terms.benefit_340b, month))
        self.purchases[month] += infusions * at(terms.purchases, month)

    def closed(self, inputs: Inputs) -> Lines:
        lines = {name: tuple(round_half_up(amount) for amount in amounts) for name, amounts in self.lines.items()}
        lines[WORKING_CAPITAL] = _working_capital(self.purchases, inputs)
        return {name: flows for name, flows in lines.items() if any(flows)}


def today(inputs: Inputs) -> Lines:
    """Everybody at the hospital; what policies will take, and those who leave without one, are line items of their own: the baselines
    differ by them."""
    return _hospital_only(inputs, they_leave=False)


def do_nothing(inputs: Inputs) -> Lines:
    """Those whom the policies take, and those who leave without one, are gone from their month on."""
    return _hospital_only(inputs, they_leave=True)


def _hospital_only(inputs: Inputs, they_leave: bool) -> Lines:
    with localcontext(EXACT):
        ledger = _opened(inputs)
        for group in inputs.groups:
            if group.is_new:
                continue
            for month in inputs.months():
                infusions = at(group.infusions, month)
                if not group.has_left(month):
                    ledger.give(month, infusions, group.hospital, HOSPITAL, HOSPITAL_340B)
                elif not they_leave:
                    ledger.give(month, infusions, group.hospital, *(RISK, RISK_340B) if group.by_risk else (POLICY, POLICY_340B))
        return ledger.closed(inputs)


def scenario(inputs: Inputs, use: ChairUse) -> Lines:
    """The new site beside the hospital, with what it costs."""
    with localcontext(EXACT):
        ledger = _opened(inputs)
        for group in inputs.groups:
            for month in inputs.months():
                moved = wanted(inputs, group, month) * use.fits[month - 1]
                left = group.has_left(month)
                ledger.give(month, moved, group.site, margin_line(group, month), SITE_340B)
                if not group.is_new and not left:
                    ledger.give(month, at(group.infusions, month) - moved, group.hospital, HOSPITAL, HOSPITAL_340B)
        for cost in inputs.costs:
            for month, given in zip(inputs.months(), use.given, strict=True):
                ledger.add(COST + cost.name, month, -at(cost.per_month, month) - at(cost.per_infusion, month) * given)
        for outlay in inputs.outlays:
            ledger.add(OUTLAY + outlay.name, outlay.month, -outlay.cents)
        return ledger.closed(inputs)


def margin_line(group: PatientGroup, month: int) -> str:
    """The line item that a group's margin at the new site belongs to."""
    if group.is_new:
        return NEW
    return MOVED if not group.has_left(month) else KEPT_RISK if group.by_risk else KEPT


def _opened(inputs: Inputs) -> _Ledger:
    """A ledger that begins where all worlds begin: everybody at the hospital, its drugs bought."""
    ledger = _Ledger(inputs.horizon)
    for group in inputs.groups:
        if not group.is_new:
            ledger.purchases[0] += at(group.infusions, 1) * at(group.hospital.purchases, 1)
    return ledger


def _working_capital(purchases: list[Decimal], inputs: Inputs) -> tuple[int, ...]:
    """Drug purchases by month -> the change of the money tied up in them, as a flow (more tied up is negative).

    The balance is rounded, not its change, so that what is released at the end is to the cent what was tied up.
    """
    balances = [round_half_up(bought * 12 / 365 * inputs.days.net) for bought in purchases]
    flows = [0] + [before - after for before, after in pairwise(balances)]
    if inputs.release_working_capital:
        flows[-1] += balances[-1]
    return tuple(flows)
