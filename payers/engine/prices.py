"""One infusion, dated prices -> what the site is paid for its drug and its administration, part by part; grain: one infusion.

Medicare: drug = payment limit × units, administration = physician fee schedule or hospital outpatient amount (× the share of an
off-campus department), each × (80 % less 2 % sequestration + 20 % coinsurance) = 98.4 %. Every other line of business: the
contract rate in force by payer, plan, site class, site, code and day. What cannot be priced is a `Gap`, never a zero.
All amounts are Decimal cents and not rounded; a part says its source, the date the source is of, and how sure it is.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from payers.engine.medicare_rules import MedicareRules, OutpatientFee
from payers.engine.price_book import BilledUnits, Fee, Infusion, PriceBook
from payers.engine.rates import (
    PER_DIEM,
    PER_UNIT,
    PER_VISIT,
    PERCENT_OF_ASP,
    PERCENT_OF_CHARGE,
    Rate,
    rate_in_force,
)

MEDICARE = "medicare"
# Medicare pays 80 % of what it allows less 2 % sequestration, the patient 20 %: 98.4 % reaches the provider.
MEDICARE_PAID_SHARE = Decimal("0.80") * (1 - Decimal("0.02")) + Decimal("0.20")
PAID_WORDS = "× 98.4 % (80 % less 2 % sequestration, and 20 % coinsurance)"
HOSPITAL_CLASSES = ("hopd_on_campus", "hopd_off_campus")
OFFICE_CLASSES = ("infusion_center", "physician_office")
HOME_CLASSES = ("home_infusion", "infusion_suite")
SUPPLIED = {"white_bag": "a payer's pharmacy supplies and bills the drug", "brown_bag": "the patient brings the drug"}
DRUG, ADMINISTRATION, HOME_SERVICE = "drug", "administration", "home_service"


@dataclass(frozen=True)
class Part:
    """One paid code. `words` say how the amount is made; `proposed` names the proposal it follows, blank where it is law."""

    hcpcs_code: str
    kind: str
    cents: Decimal
    words: str
    source: str
    source_date: dt.date | None
    confidence: str
    proposed: str = ""


@dataclass(frozen=True)
class Gap:
    """What has no price, why, and what would close it."""

    hcpcs_code: str
    kind: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Price:
    """What an infusion is paid, in cents. drug and administration are None where a part of them has no price."""

    drug: Decimal | None
    administration: Decimal | None
    parts: tuple[Part, ...]
    gaps: tuple[Gap, ...]

    @property
    def total(self) -> Decimal | None:
        return None if self.drug is None or self.administration is None else self.drug + self.administration

    @property
    def oldest_source(self) -> dt.date | None:
        return min((part.source_date for part in self.parts if part.source_date), default=None)


def price(infusion: Infusion, book: PriceBook) -> Price:
    """The price of one infusion; see the module's first lines."""
    medicare = infusion.line_of_business == MEDICARE
    found: list[Part | Gap] = []
    if infusion.channel in SUPPLIED:
        found += [_supplied(drug, infusion) for drug in infusion.drugs]
    elif infusion.channel == "clear_bag":
        found += [
            Gap(drug.hcpcs_code, DRUG, "our own pharmacy is paid for the drug", "look at the pharmacy's claim")
            for drug in infusion.drugs
        ]
    else:
        found += [(_medicare_drug if medicare else _contract_drug)(drug, infusion, book) for drug in infusion.drugs]
    if not infusion.drugs and infusion.channel not in (*SUPPLIED, "clear_bag"):
        found.append(Gap("", DRUG, "no drug is billed and nothing tells who supplied it", "look at the claim"))
    for service in infusion.services:
        found.append((_medicare_service if medicare else _contract_service)(service, infusion, book))
    parts = tuple(each for each in found if isinstance(each, Part))
    gaps = tuple(each for each in found if isinstance(each, Gap))
    return Price(_sum(DRUG, parts, gaps), _sum(ADMINISTRATION, parts, gaps), parts, gaps)


def _sum(kind: str, parts: tuple[Part, ...], gaps: tuple[Gap, ...]) -> Decimal | None:
    """Drug, or everything that is no drug; None where a part is missing."""
    if any((gap.kind == DRUG) == (kind == DRUG) for gap in gaps):
        return None
    return sum((part.cents for part in parts if (part.kind == DRUG) == (kind == DRUG)), Decimal(0))


def _supplied(drug: BilledUnits, infusion: Infusion) -> Part:
    words = f"{SUPPLIED[infusion.channel]}: the site is paid for the administration alone"
    return Part(drug.hcpcs_code, DRUG, Decimal(0), words, "channel of the infusion", infusion.service_date, "high")


# Medicare


def _medicare_drug(drug: BilledUnits, infusion: Infusion, book: PriceBook) -> Part | Gap:
    code, on = drug.hcpcs_code, infusion.service_date
    if _rate_class(infusion.site_class) in HOME_CLASSES:
        return _contract_drug(drug, infusion, book) if _has_rate(infusion, book) else _no_home_benefit(code, DRUG)
    unit = book.unit(code, on)
    negotiated = book.rules.negotiated_drug(unit.family, on) if unit else None
    if negotiated:
        reason = f"Medicare pays a negotiated price from {negotiated.effective_from}, which is not known"
        return Gap(code, DRUG, reason, "enter the price when CMS has published it")
    asp = book.asp(code, on)
    if asp is None:
        return _no_limit(code)
    amount, words, proposed, confidence = asp.limit, asp.words, "", asp.confidence
    source, source_date = asp.published.source, asp.published.quarter_start
    rule = book.rules.proposal("340b_drugs", on)
    if rule and rule.key in book.proposed and infusion.site_class in HOSPITAL_CLASSES and book.buys_at_340b(infusion.site_id, on):
        amount = asp.average_sales_price * rule.percent_of_asp / 100
        words = f"proposed: {_plain(rule.percent_of_asp)} % of the average sales price ({asp.words})"
        proposed, confidence, source = rule.title, rule.confidence, rule.source
    cents = amount * 100 * drug.units * MEDICARE_PAID_SHARE
    return Part(
        code, DRUG, cents, f"${amount:.3f} × {drug.units:f} units {PAID_WORDS}; {words}", source, source_date, confidence, proposed
    )


def _medicare_service(service: BilledUnits, infusion: Infusion, book: PriceBook) -> Part | Gap:
    code, on = service.hcpcs_code, infusion.service_date
    if code in book.home_services or _rate_class(infusion.site_class) in HOME_CLASSES:
        kind = HOME_SERVICE
        return _contract_service(service, infusion, book) if _has_rate(infusion, book) else _no_home_benefit(code, kind)
    if infusion.site_class in HOSPITAL_CLASSES:
        return _outpatient_service(service, infusion, book)
    if infusion.site_class not in OFFICE_CLASSES:
        return Gap(code, ADMINISTRATION, "Medicare's amounts for this kind of site are not on file", "price it by hand")
    fee = _newest(book.fees.get(code, ()), on)
    if fee is None or not fee.amount:
        return Gap(code, ADMINISTRATION, "the physician fee schedule has no national amount for it", "ask the Medicare contractor")
    words, confidence = (
        f"${fee.amount:.2f} × {service.units:f} {PAID_WORDS}; physician fee schedule, national, non-facility",
        "high",
    )
    if fee.effective_from.year != on.year:
        words, confidence = f"{words}; the newest amount on file is of {fee.effective_from.year}", "medium"
    cents = fee.amount * 100 * service.units * MEDICARE_PAID_SHARE
    return Part(code, ADMINISTRATION, cents, words, fee.source, fee.effective_from, confidence)


def _outpatient_service(service: BilledUnits, infusion: Infusion, book: PriceBook) -> Part | Gap:
    code, on = service.hcpcs_code, infusion.service_date
    fee = book.rules.outpatient_fee(code, on)
    if fee is None:
        return Gap(code, ADMINISTRATION, "no hospital outpatient amount is on file", "add it from CMS's Addendum B")
    share = _department_share(infusion, book.rules)
    if isinstance(share, Gap):
        return share if not fee.packaged else _packaged(code, fee)
    if fee.packaged:
        return _packaged(code, fee)
    percent, words = share
    said = f"${fee.amount:.2f} × {service.units:f}{words} {PAID_WORDS}; hospital outpatient, national"
    if fee.effective_from.year != on.year:
        said += f"; the newest amount on file is of {fee.effective_from.year}"
    cents = fee.amount * 100 * service.units * percent / 100 * MEDICARE_PAID_SHARE
    return Part(code, ADMINISTRATION, cents, said, fee.source, fee.effective_from, fee.confidence)


def _packaged(code: str, fee: OutpatientFee) -> Part:
    words = "packaged: paid within the amount of another code of the visit"
    return Part(code, ADMINISTRATION, Decimal(0), words, fee.source, fee.effective_from, fee.confidence)


def _department_share(infusion: Infusion, rules: MedicareRules) -> tuple[Decimal, str] | Gap:
    """The percent of the hospital amount that the department is paid. Unknown PO or PN does not matter where both are the same."""
    on = infusion.service_date
    if infusion.site_class == "hopd_on_campus":
        return Decimal(100), ""
    modifiers = (infusion.modifier,) if infusion.modifier else ("PO", "PN")
    shares = [rules.department_share(modifier, on) for modifier in modifiers]
    if None in shares or len({share.percent for share in shares}) > 1:
        return Gap(
            "",
            ADMINISTRATION,
            "whether the off-campus department is excepted (PO) or not (PN) is not known, and they are paid differently on this day",
            "say which of the two the department bills",
        )
    percent = shares[0].percent
    return percent, f" × {_plain(percent)} % (off campus, {' or '.join(modifiers)}, from {shares[0].effective_from})"


def _newest(fees: Sequence[Fee], on: dt.date) -> Fee | None:
    """The newest that was in force by the day, else the first to come."""
    before = [fee for fee in fees if fee.effective_from <= on]
    if before:
        return max(before, key=lambda fee: fee.effective_from)
    return min(fees, key=lambda fee: fee.effective_from, default=None)


def _no_limit(code: str) -> Gap:
    return Gap(code, DRUG, "no Medicare payment limit near the service date is on file", "load CMS's quarterly ASP file")


def _no_home_benefit(code: str, kind: str) -> Gap:
    return Gap(code, kind, "Medicare has no home infusion benefit for this drug", "treat the home as closed to Medicare patients")


# Contracts


def _contract_drug(drug: BilledUnits, infusion: Infusion, book: PriceBook) -> Part | Gap:
    code, on = drug.hcpcs_code, infusion.service_date
    rate = _rate(
        code, infusion, book, (PERCENT_OF_ASP, PER_UNIT, PERCENT_OF_CHARGE, PER_VISIT), (PERCENT_OF_ASP, PERCENT_OF_CHARGE)
    )
    if rate is None:
        return Gap(code, DRUG, "no contract rate covers this payer, site class and day", "add the rate to the register")
    if rate.basis == PERCENT_OF_ASP:
        asp = book.asp(code, on)
        if asp is None:
            return _no_limit(code)
        cents = asp.average_sales_price * 100 * drug.units * rate.rate / 100
        words = (
            f"{_plain(rate.rate)} % of the average sales price ${asp.average_sales_price:.3f} × {drug.units:f} units; {asp.words}"
        )
        return _rated(code, DRUG, cents, words, rate, asp.confidence)
    return _flat(drug, DRUG, rate, "unit")


def _contract_service(service: BilledUnits, infusion: Infusion, book: PriceBook) -> Part | Gap:
    code = service.hcpcs_code
    home = code in book.home_services
    kind = HOME_SERVICE if home else ADMINISTRATION
    # A per diem for any code serves the home's codes; one for any service would price the drug's first hour as a day.
    any_code = (PERCENT_OF_CHARGE, PER_DIEM) if home else (PERCENT_OF_CHARGE,)
    rate = _rate(code, infusion, book, (PER_UNIT, PER_VISIT, PER_DIEM, PERCENT_OF_CHARGE), any_code)
    if rate is None:
        return Gap(code, kind, "no contract rate covers this payer, site class and day", "add the rate to the register")
    return _flat(service, kind, rate, "unit")


def _flat(billed: BilledUnits, kind: str, rate: Rate, word: str) -> Part | Gap:
    if rate.basis == PERCENT_OF_CHARGE:
        if billed.charge_cents is None:
            reason = f"the contract pays {_plain(rate.rate)} % of charges and the charge is not known"
            return Gap(billed.hcpcs_code, kind, reason, "load claims with charge_amount")
        cents, words = (
            billed.charge_cents * rate.rate / 100,
            f"{_plain(rate.rate)} % of the charge ${billed.charge_cents / 100:,.2f}",
        )
    elif rate.basis == PER_VISIT:
        cents, words = rate.rate * 100, f"${_plain(rate.rate)} a visit"
    else:
        unit = "day" if rate.basis == PER_DIEM else word
        cents, words = rate.rate * 100 * billed.units, f"${_plain(rate.rate)} a {unit} × {billed.units:f}"
    return _rated(billed.hcpcs_code, kind, cents, words, rate, "high")


def _rated(code: str, kind: str, cents: Decimal, words: str, rate: Rate, confidence: str) -> Part:
    return Part(code, kind, cents, words, rate.source or "rate register, source not stated", rate.effective_from, confidence)


def _rate(code: str, infusion: Infusion, book: PriceBook, bases: Sequence[str], any_code: Sequence[str]) -> Rate | None:
    return rate_in_force(
        book.rates,
        infusion.payer,
        infusion.plan,
        _rate_class(infusion.site_class),
        code,
        infusion.service_date,
        bases,
        any_code=any_code,
        site_id=infusion.site_id,
    )


def _has_rate(infusion: Infusion, book: PriceBook) -> bool:
    site_class = _rate_class(infusion.site_class)
    return any(rate.payer == infusion.payer and rate.site_class == site_class for rate in book.rates)


def _rate_class(site_class: str) -> str:
    """The site class as rates name it: an infusion at home is given by home infusion."""
    return "home_infusion" if site_class == "home" else site_class


def _plain(number: Decimal) -> str:
    """150.0000 -> 150"""
    return f"{number.normalize():f}"
