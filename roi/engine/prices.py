"""What an infusion is paid at a class of site on a date -> cents, with the source it rests on; grain: one infusion.

Dated prices come from payers.engine.prices (Medicare's rules, the contract rates of every basis). What has no price there is
filled by a planning price that is marked a guess. None where the drug cannot be given at that class of site: Medicare has no home
benefit for these drugs (pumps and immune globulin for primary immunodeficiency are not told apart here), and only a drug with a form
that patients inject themselves can come from a specialty pharmacy.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from payers.engine import price_book
from payers.engine.price_book import BilledUnits, Infusion
from payers.engine.prices import DRUG, HOME_CLASSES, HOSPITAL_CLASSES, MEDICARE, Price, price
from roi.engine.marks import BORROWED, GUESSED, Source
from roi.engine.options import SPECIALTY_PHARMACY
from roi.engine.terms import MEDICARE_PAID_SHARE

# Planning multiples of the average sales price where no contract is on file: office and infusion center, hospital, home and pharmacy.
DEFAULT_MULTIPLE = {
    "commercial": (Decimal("1.18"), Decimal("2.2"), Decimal("1.08")),
    "exchange": (Decimal("1.12"), Decimal("1.65"), Decimal("1.05")),
    "medicare_advantage": (Decimal("1.06"), Decimal("1.08"), Decimal("1.04")),
    "medicaid": (Decimal("1.00"), Decimal("1.04"), Decimal("1.00")),
}
OTHER_MULTIPLE = (Decimal("1.06"), Decimal("1.3"), Decimal("1.04"))
GUESSED_MULTIPLE = Source(GUESSED, "Planning multiple of the average sales price; no contract is on file")
CHARGED = Decimal(3)  # a contract of a percentage of charges: charges of three times the price list, as hospitals mark up
CHARGED_WORDS = "charges taken as 3 times the average sales price"
HOME_SERVICES = (("S9379", Decimal(15000)), ("99601", Decimal(15000)))  # a day's per diem and a visit of two hours: planning cents
FURTHER_NURSING = ("99602", Decimal(6500))  # each further hour of the visit
FURTHER_HOUR = ("96415", "96366", "96361")
USUAL_MINUTES = 120


@dataclass(frozen=True)
class PriceBook:
    """The dated prices on file, and what they are asked with: minutes of an infusion by family, families that patients can inject
    themselves, the biosimilar that stands for each family, and the quarter of the payment limits in words."""

    dated: price_book.PriceBook
    minutes: Mapping[str, int] = field(default_factory=dict)
    self_injected: frozenset[str] = frozenset()
    biosimilars: Mapping[str, str] = field(default_factory=dict)
    quarter: str = ""

    @cached_property
    def _by_payer(self) -> dict[str, price_book.PriceBook]:
        payers = {rate.payer for rate in self.dated.rates}
        return {
            payer: replace(self.dated, rates=tuple(r for r in self.dated.rates if r.payer == payer and not r.site_id))
            for payer in payers
        }

    def of(self, payer: str) -> price_book.PriceBook:
        """The prices on file with this payer's rates alone: a scenario asks for thousands of them."""
        return self._by_payer.get(payer) or replace(self.dated, rates=())

    def changes(self, payer: str, after: dt.date) -> list[dt.date]:
        """The later days on which a contract rate of the payer begins."""
        return sorted({rate.effective_from for rate in self.of(payer).rates if rate.effective_from > after})

    def as_of(self, day: dt.date, on: dt.date) -> "PriceBook":
        """The rates in force on a later day as if they were on `on`: everything else, average sales prices too, stays that day's."""
        then = [
            rate for rate in self.dated.rates if rate.effective_from <= day and (not rate.effective_to or day < rate.effective_to)
        ]
        newest_first = sorted(then, key=lambda rate: rate.effective_from, reverse=True)
        rates = tuple(replace(rate, effective_from=min(rate.effective_from, on), effective_to=None) for rate in newest_first)
        return replace(self, dated=replace(self.dated, rates=rates))

    def drug_code(self, codes: Sequence[str], on: dt.date) -> str | None:
        """The drug among the codes of an infusion that has a payment limit."""
        return next((code for code in codes if self.dated.asp(code, on) and self.dated.unit(code, on)), None)

    def average_sales_price(self, code: str, dose: Decimal, on: dt.date) -> Decimal:
        """In cents."""
        return self.dated.asp(code, on).average_sales_price * 100 * dose / self.dated.unit(code, on).amount

    def limit(self, code: str, dose: Decimal, on: dt.date) -> Decimal:
        """Medicare's payment limit in cents."""
        return self.dated.asp(code, on).limit * 100 * dose / self.dated.unit(code, on).amount


@dataclass(frozen=True)
class Paid:
    """What an infusion is paid: its drug and its administration, in cents."""

    drug: Decimal
    administration: Decimal
    source: Source


@dataclass(frozen=True)
class Dose:
    """A drug's code and dose with the services billed beside it."""

    code: str
    dose: Decimal
    family: str
    services: tuple[str, ...] = ()


def paid_at(
    book: PriceBook, given: Dose, payer: str, plan: str, line_of_business: str, site_class: str, on: dt.date
) -> Paid | None:
    """The price of one infusion at a class of site; None where it cannot be given there."""
    medicare = line_of_business == MEDICARE
    if site_class == SPECIALTY_PHARMACY and given.family not in book.self_injected:
        return None
    if medicare and site_class in HOME_CLASSES:
        return None
    dated, asp = book.of(payer), book.average_sales_price(given.code, given.dose, on)
    minutes = book.minutes.get(given.family) or USUAL_MINUTES
    services = _services(given, site_class, minutes, dated)
    found = price(
        Infusion(
            drugs=(BilledUnits(given.code, given.dose / dated.unit(given.code, on).amount, asp * CHARGED),),
            services=tuple(BilledUnits(code, units, _listed(code, units, dated) * CHARGED) for code, units, _ in services),
            payer=payer,
            plan=plan,
            # A drug that patients inject themselves is Part D's, which has contracts, not limits.
            line_of_business="part_d" if medicare and site_class == SPECIALTY_PHARMACY else line_of_business,
            site_class=site_class,
            service_date=on,
        ),
        dated,
    )
    drug, source = _drug(book, found, given, line_of_business, site_class, asp, on)
    return Paid(drug, _administration(found, services, dated, medicare), source)


def _services(given: Dose, site_class: str, minutes: int, dated) -> list[tuple[str, Decimal, Decimal]]:
    """(code, units, planning cents a unit): the hours of the infusion by its minutes, a further hour from its 31st minute."""
    further = max(0, (minutes - 31) // 60)
    if site_class == SPECIALTY_PHARMACY:
        return []
    if site_class in HOME_CLASSES:
        found = [(code, Decimal(1), cents) for code, cents in HOME_SERVICES]
        more = max(0, -(-(minutes - 120) // 60))
        return [*found, (FURTHER_NURSING[0], Decimal(more), FURTHER_NURSING[1])] if more else found
    return [
        (code, Decimal(max(1, further) if code in FURTHER_HOUR else 1), _listed(code, Decimal(1), dated))
        for code in given.services
        if code in dated.fees
    ]


def _listed(code: str, units: Decimal, dated) -> Decimal:
    """The physician fee schedule's newest amount in cents; 0 where it has none."""
    fees = dated.fees.get(code, ())
    return max(fees, key=lambda fee: fee.effective_from).amount * 100 * units if fees else Decimal(0)


def _drug(
    book, found: Price, given: Dose, line_of_business: str, site_class: str, asp: Decimal, on: dt.date
) -> tuple[Decimal, Source]:
    if found.drug is not None:
        part = next(part for part in found.parts if part.kind == DRUG)
        if line_of_business == MEDICARE and site_class != SPECIALTY_PHARMACY:
            text = f"CMS ASP payment limits of {book.quarter}, less sequestration" if book.quarter else "CMS ASP payment limits"
            return found.drug, Source(BORROWED, text, book.quarter)
        dated = part.source_date.isoformat() if part.source_date else ""
        if "of the charge" in part.words:
            return found.drug, Source(GUESSED, f"{part.source}; {CHARGED_WORDS}", dated)
        return found.drug, Source(BORROWED, part.source, dated)
    if (
        line_of_business == MEDICARE and site_class != SPECIALTY_PHARMACY
    ):  # from 2028 on a price that nobody knows: see negotiated_from
        return book.limit(given.code, given.dose, on) * MEDICARE_PAID_SHARE, Source(
            GUESSED, "Medicare's limit before its negotiated price"
        )
    place = 1 if site_class in HOSPITAL_CLASSES else 2 if site_class in (*HOME_CLASSES, SPECIALTY_PHARMACY) else 0
    return asp * DEFAULT_MULTIPLE.get(line_of_business, OTHER_MULTIPLE)[place], GUESSED_MULTIPLE


def _administration(found: Price, services, dated, medicare: bool) -> Decimal:
    """What is priced, and of what is not the planning amount: the fee schedule's, at home a usual per diem and visit."""
    total = sum((part.cents for part in found.parts if part.kind != DRUG), Decimal(0))
    missing = {gap.hcpcs_code for gap in found.gaps if gap.kind != DRUG}
    planned = sum((units * cents for code, units, cents in services if code in missing or "" in missing), Decimal(0))
    return total + planned * (MEDICARE_PAID_SHARE if medicare else 1)
