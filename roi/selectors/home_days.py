"""Per-diem adequacy as the page and the brief show it: one therapy by payer, or one payer by therapy, at today's prices on file."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from demand.models import LeakageCell, Run
from payers.engine.price_book import PriceBook
from payers.models import DrugCode, DrugFamily
from payers.selectors.prices import ORIGINAL_MEDICARE, price_book, register_payers, usual_dose
from roi.engine.home_day import HomeDay, Therapy, home_day
from roi.engine.home_fields import USUAL_MINUTES

INFUSED_FIRST = {"iv": 0, "": 1}


@dataclass(frozen=True)
class HomeRow:
    therapy: Therapy
    day: HomeDay

    @property
    def sources(self) -> list[str]:
        """Where its payments come from, each once, with its date."""
        named = (
            f"{part.source}, {part.source_date:%Y-%m-%d}" if part.source_date else part.source for part in self.day.price.parts
        )
        return list(dict.fromkeys(named))


@dataclass(frozen=True)
class HomeDays:
    """Rows with a gap first, the widest shortfall before the others; those without a price at the end."""

    on: dt.date
    rows: tuple[HomeRow, ...]

    @property
    def known(self) -> tuple[HomeRow, ...]:
        return tuple(row for row in self.rows if row.day.service_gap is not None)

    @property
    def short(self) -> tuple[HomeRow, ...]:
        return tuple(row for row in self.known if row.day.service_gap < 0)


def home_families() -> list[DrugFamily]:
    """Drugs that have a code, by name."""
    return list(DrugFamily.objects.filter(codes__isnull=False).distinct().order_by("family"))


def home_payers() -> list[tuple[str, str]]:
    """Payers and plans of the rate register, and original Medicare once, by its own rule."""
    return [(ORIGINAL_MEDICARE, ""), *register_payers()]


def therapies_of(run: Run | None) -> list[DrugFamily]:
    """The drugs that people of a run are treated with."""
    families = set(LeakageCell.objects.filter(run=run).order_by().values_list("family", flat=True).distinct())
    return [family for family in home_families() if family.family in families]


def home_days(family: DrugFamily, on: dt.date, value: Mapping, dose: Decimal | None = None) -> HomeDays:
    """One therapy, every payer."""
    book = price_book()
    therapy = _therapy(family, _codes([family], on, book), on, book, dose)
    return _ordered(
        on, [HomeRow(therapy, _day(therapy, payer, plan, value, book, on)) for payer, plan in home_payers()] if therapy else []
    )


def home_days_of(payer: str, families: list[DrugFamily], on: dt.date, value: Mapping) -> HomeDays:
    """One payer, every therapy at its usual dose."""
    book = price_book()
    therapies = priced_therapies(families, on, book)
    plans = [plan for name, plan in home_payers() if name == payer]
    days = [HomeRow(each, _day(each, payer, plan, value, book, on)) for each in therapies for plan in plans]
    return _ordered(on, _alike_once(days))


def _codes(families: list[DrugFamily], on: dt.date, book: PriceBook) -> dict[str, DrugCode]:
    """A code in force for each family: one with a payment limit before others, infused before injected."""
    found = DrugCode.objects.filter(family__in=families, effective_from__lte=on).exclude(effective_to__lte=on)
    order = sorted(found, key=lambda one: (one.hcpcs_code not in book.limits, INFUSED_FIRST.get(one.route, 2), one.hcpcs_code))
    return {code.family_id: code for code in reversed(order)}


def _therapy(
    family: DrugFamily, codes: Mapping[str, DrugCode], on: dt.date, book: PriceBook, dose: Decimal | None = None
) -> Therapy | None:
    """None where the drug has no code on the day, or no usual dose. A visit is as long as the chair would be taken."""
    dose, code = dose or usual_dose(family), codes.get(family.pk)
    if code is None or not dose:
        return None
    units = dose / Decimal(str(code.unit_amount))
    asp = book.asp(code.hcpcs_code, on)
    hours = Decimal(family.chair_minutes or USUAL_MINUTES) / 60
    return Therapy(family.family, code.hcpcs_code, units, hours, asp.average_sales_price * 100 * units if asp else None)


def _day(therapy: Therapy, payer: str, plan: str, value: Mapping, book: PriceBook, on: dt.date) -> HomeDay:
    return home_day(therapy, payer, plan, payer == ORIGINAL_MEDICARE, value, book, on)


def priced_therapies(families: list[DrugFamily], on: dt.date, book: PriceBook) -> list[Therapy]:
    """Each drug at its usual dose; those without a code on the day, or a usual dose, are left out."""
    codes = _codes(families, on, book)
    return [therapy for family in families if (therapy := _therapy(family, codes, on, book))]


def _alike_once(rows: list[HomeRow]) -> list[HomeRow]:
    """Plans that pay alike for a therapy in one row, with their names."""
    groups: dict[tuple, list[HomeRow]] = {}
    for row in rows:
        groups.setdefault((row.therapy.family, row.day.price), []).append(row)
    return [
        replace(first, day=replace(first.day, plan=", ".join(row.day.plan for row in (first, *rest) if row.day.plan)))
        for first, *rest in groups.values()
    ]


def _ordered(on: dt.date, rows: list[HomeRow]) -> HomeDays:
    def worst_first(row: HomeRow):
        gap = row.day.service_gap
        return (gap is None, gap or 0, row.day.payer, row.day.plan, row.therapy.family)

    return HomeDays(on, tuple(sorted(rows, key=worst_first)))
