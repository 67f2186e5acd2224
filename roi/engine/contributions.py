"""A center -> what each payer, therapy and kind of patient contributes to the value against doing nothing; grain: one patient group.

Contribution = present value of infusions at the new site × (its margin, 340B benefit included, less supplies, less what the hospital
earns on those who would still be there). Building, staff, space and working capital belong to no group alone: they are `shared`.
Contributions and what is shared add up to the net present value, to the cent.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine.cash_flow import CashFlow
from roi.engine.cents import EXACT, add_up, discount_factors
from roi.engine.chairs import wanted
from roi.engine.infusion_center import Center, groups_by_month, values_of
from roi.engine.inputs import ZERO, Inputs, PatientGroup, at
from roi.engine.worlds import DO_NOTHING

PAYER, THERAPY, PATIENTS = "payer", "therapy", "patients"
WAYS = (PAYER, THERAPY, PATIENTS)
NEW, LEAVING, LIKELY, STAYING = "new", "leaving", "likely", "staying"
SHARED = "shared"


@dataclass(frozen=True)
class Contribution:
    """`infusions` are those given at the site over all months. `name` is a (payer, line of business), a therapy or a kind of patient."""

    name: tuple[str, ...]
    npv_cents: int
    infusions: float


def contributions(center: Center, inputs: Inputs, result: CashFlow) -> dict[str, list[Contribution]]:
    """By payer, by therapy, by kind of patient: the least first, so that what loses money is read first; what is shared at the end."""
    with localcontext(EXACT):
        value = values_of(center)
        factors = discount_factors(inputs.rate, inputs.horizon)
        supplies = sum((cost.per_infusion for cost in inputs.costs), ZERO)
        npv = result.values[DO_NOTHING].npv_cents
        sums = {way: defaultdict(lambda: [ZERO, ZERO]) for way in WAYS}
        for cell in center.market.cells:
            for group in groups_by_month(cell, value):
                amount, given = _group(inputs, group, result.chairs.fits, factors, supplies)
                if not given:
                    continue
                names = {PAYER: (cell.payer, cell.line_of_business), THERAPY: (cell.family,), PATIENTS: (_kind(group),)}
                for way, name in names.items():
                    sums[way][name][0] += amount
                    sums[way][name][1] += given
        return {way: _in_order(found, npv) for way, found in sums.items()}


def _group(inputs: Inputs, group: PatientGroup, fits, factors, supplies) -> tuple[Decimal, Decimal]:
    amount, given = ZERO, ZERO
    for month in inputs.months():
        moved = wanted(inputs, group, month) * fits[month - 1]
        if not moved:
            continue
        each = at(group.site.margin, month) + at(group.site.benefit_340b, month) - supplies
        if not group.is_new and not group.has_left(month):
            each -= at(group.hospital.margin, month) + at(group.hospital.benefit_340b, month)
        amount += moved * each * factors[month]
        given += moved
    return amount, given


def _kind(group: PatientGroup) -> str:
    if group.is_new:
        return NEW
    return STAYING if group.leave_month is None else LIKELY if group.by_risk else LEAVING


def _in_order(found: dict, npv: int) -> list[Contribution]:
    exact = {name: amount for name, (amount, _) in found.items()}
    exact[(SHARED,)] = Decimal(npv) - sum(exact.values(), ZERO)
    whole = add_up(exact, npv)
    shared = Contribution((SHARED,), whole.pop((SHARED,)), 0.0)
    rows = [Contribution(name, cents, float(round(found[name][1], 1))) for name, cents in whole.items()]
    return [*sorted(rows, key=lambda row: (row.npv_cents, row.name)), shared]
