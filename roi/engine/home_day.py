"""A home infusion's payment and what it costs -> the gap; grain: one payer and plan × therapy, exact cents an infusion.

    payment = drug + per diem × days paid + visit (99601, and 99602 for each hour beyond two)
    service = (pharmacist + technician + nurse on site and on the road + supplies + delivery) × (1 + overhead)
    gap     = payment − drug bought × (1 + waste) − service

The gap of the services leaves the drug out on both sides; divided by the days paid it is the gap a day. A payment that is not on file
is not known, and neither is a gap that needs it. Original Medicare pays for a day only when a professional is in the home, and only
for drugs of its pump benefit, or for immune globulin given for primary immunodeficiency.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil

from payers.engine.price_book import BilledUnits, Infusion, PriceBook
from payers.engine.prices import HOME_SERVICE, MEDICARE, MEDICARE_PAID_SHARE, PAID_WORDS, Gap, Part, Price, price

WEEKS = 52
VISIT, VISIT_HOUR, HOURS_OF_A_VISIT = "99601", "99602", 2
GENERAL_PER_DIEM = "S9379"
PER_DIEMS = {"immune globulin": "S9338", "infliximab": "S9359", "golimumab": "S9359"}
VISIT_HOURS_OF_MEDICARE = 5  # 1 × 96365 + 4 × 96366
IMMUNODEFICIENCY = "paid for primary immunodeficiency alone"
CLOSED = "Medicare has no home infusion benefit for this drug: it pays for pump drugs, and for immune globulin in primary immunodeficiency"


@dataclass(frozen=True)
class Therapy:
    """A drug and its usual dose: `units` of `code`, hours on site, and the average sales price of the dose (None: not on file)."""

    family: str
    code: str
    units: Decimal
    hours: Decimal
    asp_cents: Decimal | None


@dataclass(frozen=True)
class CostLine:
    label: str
    cents: Decimal
    words: str


@dataclass(frozen=True)
class HomeDay:
    """Cents an infusion; None where a part of it has no price. `condition` says for whom alone it is paid."""

    payer: str
    plan: str
    price: Price
    paid_days: Decimal
    drug_cost: Decimal | None
    costs: tuple[CostLine, ...]
    condition: str = ""

    @property
    def service_cost(self) -> Decimal:
        return sum((line.cents for line in self.costs), Decimal(0))

    @property
    def service_gap(self) -> Decimal | None:
        return None if self.price.administration is None else self.price.administration - self.service_cost

    @property
    def gap_a_day(self) -> Decimal | None:
        return None if self.service_gap is None or not self.paid_days else self.service_gap / self.paid_days

    @property
    def drug_gap(self) -> Decimal | None:
        return None if self.price.drug is None or self.drug_cost is None else self.price.drug - self.drug_cost

    @property
    def gap(self) -> Decimal | None:
        return None if self.service_gap is None or self.drug_gap is None else self.service_gap + self.drug_gap


def home_day(therapy: Therapy, payer: str, plan: str, is_medicare: bool, value: Mapping, book: PriceBook, on: dt.date) -> HomeDay:
    """`value`: the home fields read: shares, hours, and cents of a year or an infusion."""
    found, condition = medicare_home(therapy, book, on) if is_medicare else (_contracted(therapy, payer, plan, value, book, on), "")
    drug_cost = None if therapy.asp_cents is None else therapy.asp_cents * value["acquisition"] * (1 + value["waste"])
    days = Decimal(1) if is_medicare else value["paid_days"]
    return HomeDay(payer, plan, found, days, drug_cost, service_costs(therapy, value), condition)


def _contracted(therapy: Therapy, payer: str, plan: str, value: Mapping, book: PriceBook, on: dt.date) -> Price:
    """The therapy's own per diem where the contract has it, else the general one."""
    visit = tuple(BilledUnits(code) for code in visit_hours(therapy.hours))
    case = Infusion((BilledUnits(therapy.code, therapy.units),), visit, payer, "contract", "home_infusion", on, plan)
    found = None
    for per_diem in dict.fromkeys((PER_DIEMS.get(therapy.family, GENERAL_PER_DIEM), GENERAL_PER_DIEM)):
        found = price(replace(case, services=(BilledUnits(per_diem, value["paid_days"]), *visit)), book)
        if found.administration is not None:
            break
    return found


def visit_hours(hours: Decimal) -> tuple[str, ...]:
    """The nurse's codes, once for each time that they are paid: the visit, and every begun hour beyond the second."""
    return (VISIT, *(VISIT_HOUR for _ in range(max(0, ceil(hours) - HOURS_OF_A_VISIT))))


def visit_codes(hours: Decimal) -> tuple[str, ...]:
    """What is billed for a visit at home: the general per diem and the nurse."""
    return (GENERAL_PER_DIEM, *visit_hours(hours))


def medicare_home(therapy: Therapy, book: PriceBook, on: dt.date) -> tuple[Price, str]:
    """What original Medicare pays for the visit and the drug at home, and for whom alone."""
    benefit = book.rules.home_benefit(therapy.family, on)
    if benefit is None:
        return Price(
            None, None, (), (Gap(therapy.code, HOME_SERVICE, CLOSED, "treat the home as closed to Medicare patients"),)
        ), ""
    case = Infusion((BilledUnits(therapy.code, therapy.units),), (), "", MEDICARE, "physician_office", on)
    drug = price(case, book)
    visit = _visit(benefit, book, on)
    condition = IMMUNODEFICIENCY if benefit.rule == "immunodeficiency" else "paid for days on which a professional is in the home"
    if isinstance(visit, Gap):
        return Price(drug.drug, None, drug.parts, (*drug.gaps, visit)), condition
    return Price(drug.drug, visit.cents, (*drug.parts, visit), drug.gaps), condition


def _visit(benefit, book: PriceBook, on: dt.date) -> Part | Gap:
    if benefit.amount is not None:
        dollars, words, stated = benefit.amount, f"${benefit.amount} an administration", benefit.effective_from
    else:
        first, further = (_fee(book, code, on) for code in ("96365", "96366"))
        if first is None or further is None:
            return Gap(
                benefit.hcpcs_code, HOME_SERVICE, "the physician fee schedule's amounts are not on file", "load the fee schedule"
            )
        more = VISIT_HOURS_OF_MEDICARE - 1
        dollars, stated = first.amount + more * further.amount, max(first.effective_from, further.effective_from)
        words = f"${first.amount} + {more} × ${further.amount} (five hours in an office)"
    return Part(
        benefit.hcpcs_code, HOME_SERVICE, dollars * 100 * MEDICARE_PAID_SHARE, f"{words} {PAID_WORDS}", benefit.source, stated,
        benefit.confidence,
    )  # fmt: skip


def _fee(book: PriceBook, code: str, on: dt.date):
    return max(
        (fee for fee in book.fees.get(code, ()) if fee.effective_from <= on), key=lambda fee: fee.effective_from, default=None
    )


def service_costs(therapy: Therapy, value: Mapping) -> tuple[CostLine, ...]:
    """Each line with its formula; the overhead is on all of them."""

    def hours(label: str, number: Decimal, pay: Decimal) -> CostLine:
        an_hour = pay * (1 + value["benefits"]) / (value["full_time_hours"] * WEEKS)
        return CostLine(label, number * an_hour, f"{round(number, 2).normalize():f} hours × ${an_hour / 100:.2f}")

    lines = (
        hours("Pharmacist", value["pharmacist_hours"], value["pharmacist_pay"]),
        hours("Technician", value["technician_hours"], value["technician_pay"]),
        hours("Nurse, on site and on the road", therapy.hours + value["travel_hours"], value["nurse_pay"]),
        CostLine("Supplies and pump", value["supplies"], "as given"),
        CostLine("Delivery", value["delivery"], "as given"),
    )
    direct = sum((line.cents for line in lines), Decimal(0))
    overhead = CostLine("Overhead", direct * value["overhead"], f"{100 * value['overhead']:.0f} % of ${direct / 100:,.2f}")
    return (*lines, overhead)
