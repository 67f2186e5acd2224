"""What a contract allows for an infusion at a site class on a date -> cents, with the source it rests on.

Order: Medicare's own rule for Medicare; else the contract in the dated rate table; else a planning multiple, marked a guess.
Average sales price is Medicare's payment limit without its add-on, which for a biosimilar is a share of its reference product's
price (payers.engine.average_sales_price). All amounts are Decimal cents.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from payers.engine.prices import HOSPITAL_CLASSES
from payers.engine.rates import PER_UNIT, PER_VISIT, PERCENT_OF_ASP, Rate, rate_in_force
from roi.engine.marks import BORROWED, GUESSED, Source
from roi.engine.terms import MEDICARE_PAID_SHARE, medicare_allowed

ADD_ON = Decimal("1.06")
MEDICARE = "medicare"
# Planning multiples of the average sales price where no contract is on file (office and infusion center, hospital).
DEFAULT_MULTIPLE = {
    "commercial": (Decimal("1.18"), Decimal("2.2")),
    "exchange": (Decimal("1.12"), Decimal("1.65")),
    "medicare_advantage": (Decimal("1.06"), Decimal("1.08")),
    "medicaid": (Decimal("1.00"), Decimal("1.04")),
}
OTHER_MULTIPLE = (Decimal("1.06"), Decimal("1.3"))
GUESSED_MULTIPLE = Source(GUESSED, "Planning multiple of the average sales price; no contract is on file")


@dataclass(frozen=True)
class PriceBook:
    """Dated prices, as of one day. `limits` and `average_sales_prices`: dollars a billing unit by code; `units`: dose in a billing
    unit by code; `fees`: dollars of an administration code under Medicare's physician fee schedule; `quarter` and `fee_year` say
    from when."""

    rates: Sequence[Rate]
    limits: Mapping[str, Decimal]
    units: Mapping[str, Decimal]
    fees: Mapping[str, Decimal]
    quarter: str = ""
    fee_year: str = ""
    average_sales_prices: Mapping[str, Decimal] = field(default_factory=dict)

    def drug_code(self, codes: Sequence[str]) -> str | None:
        """The drug among the codes of an infusion that has a payment limit."""
        return next((code for code in codes if code in self.limits and code in self.units), None)

    def limit(self, codes: Sequence[str], dose: Decimal) -> Decimal | None:
        """Medicare's payment limit, in cents, for a dose; None where no code of the infusion has one."""
        code = self.drug_code(codes)
        return None if code is None else self.limits[code] * 100 * dose / self.units[code]

    def average_sales_price(self, code: str, dose: Decimal) -> Decimal:
        """A dose's average sales price in cents; where none is given, the limit without its 6 %."""
        unit = self.average_sales_prices.get(code)
        return (self.limits[code] / ADD_ON if unit is None else unit) * 100 * dose / self.units[code]


@dataclass(frozen=True)
class Price:
    """What an infusion is paid: its drug and its administration, in cents."""

    drug: Decimal
    administration: Decimal
    source: Source


def contract_price(
    book: PriceBook, payer: str, plan: str, line_of_business: str, site_class: str, codes: Sequence[str], dose: Decimal, on: dt.date
) -> Price | None:
    """The price of one infusion; None where its drug has no payment limit to price by."""
    limit, drug_code = book.limit(codes, dose), book.drug_code(codes)
    if limit is None:
        return None
    services = [code for code in codes if code in book.fees]
    fees = sum((book.fees[code] * 100 for code in services), Decimal(0))
    if line_of_business == MEDICARE:
        return _medicare(book, limit, fees)
    asp, hospital = book.average_sales_price(drug_code, dose), site_class in HOSPITAL_CLASSES
    drug_rate = rate_in_force(book.rates, payer, plan, site_class, drug_code, on, (PERCENT_OF_ASP, PER_UNIT))
    if drug_rate is None:
        multiple = DEFAULT_MULTIPLE.get(line_of_business, OTHER_MULTIPLE)[hospital]
        return Price(asp * multiple, fees, GUESSED_MULTIPLE)
    if drug_rate.basis == PERCENT_OF_ASP:
        drug = asp * drug_rate.rate / 100
    else:
        drug = drug_rate.rate * 100 * dose / book.units[drug_code]
    administration = Decimal(0)
    for code in services:
        rate = rate_in_force(book.rates, payer, plan, site_class, code, on, (PER_UNIT, PER_VISIT))
        administration += (rate.rate if rate else book.fees[code]) * 100
    return Price(drug, administration, Source(BORROWED, drug_rate.source or "rate table", drug_rate.effective_from.isoformat()))


def _medicare(book: PriceBook, limit: Decimal, fees: Decimal) -> Price:
    """The limit and the fee schedule, 80 % less 2 % sequestration and 20 % coinsurance."""
    text = f"CMS ASP payment limits of {book.quarter}, less sequestration" if book.quarter else "CMS ASP payment limits"
    return Price(medicare_allowed(limit), fees * MEDICARE_PAID_SHARE, Source(BORROWED, text, book.quarter))
