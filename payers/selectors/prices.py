"""Every dated price on file as the engine's `PriceBook`, and the price list of one drug on one day."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from payers import words
from payers.engine.average_sales_price import AspOn, Limit
from payers.engine.medicare_rules import shipped_rules
from payers.engine.price_book import BilledUnits, DrugUnit, Fee, Infusion, Period340B, PriceBook
from payers.engine.prices import MEDICARE, Price, price
from payers.engine.rates import Rate as ContractRate
from payers.models import AdministrationFee, AspLimit, DrugCode, DrugFamily, Rate, ServiceCode, SitePeriod340B
from sites.models import Site
from sites.selectors import merged_ids

ORIGINAL_MEDICARE = "Medicare, by its own rule"
SITE_CLASSES = (
    "hopd_on_campus",
    "hopd_off_campus",
    "infusion_center",
    "physician_office",
    "infusion_suite",
    "home_infusion",
    "surgery_center",
)
HOME = ("infusion_suite", "home_infusion")
NOT_STATED = "site class not stated"


def price_book(proposed: Iterable[str] = ()) -> PriceBook:
    """Everything on file. A site without a 340B period has what the register's mark says, undated."""
    limits, units, fees = defaultdict(list), defaultdict(list), defaultdict(list)
    for code, start, amount, source in AspLimit.objects.values_list("hcpcs_code", "quarter_start", "payment_limit", "source"):
        limits[code].append(Limit(start, amount, source))
    for code, start, end, family, amount in DrugCode.objects.values_list(
        "hcpcs_code", "effective_from", "effective_to", "family", "unit_amount"
    ):
        units[code].append(DrugUnit(code, start, end, family, Decimal(str(amount))))
    for code, start, amount, source in AdministrationFee.objects.values_list("hcpcs_code", "effective_from", "amount", "source"):
        fees[code].append(Fee(start, amount, source))
    return PriceBook(
        rates=contract_rates(),
        limits=dict(limits),
        units=dict(units),
        fees=dict(fees),
        home_services=frozenset(ServiceCode.objects.filter(role="home_service").values_list("hcpcs_code", flat=True)),
        periods_340b=periods_340b(),
        rules=shipped_rules(),
        proposed=frozenset(proposed),
    )


def contract_rates() -> list[ContractRate]:
    columns = "payer plan site_class hcpcs_code basis rate effective_from effective_to source site_id".split()
    now = merged_ids()
    return [ContractRate(*row, now.get(site_id, site_id)) for *row, site_id in Rate.objects.values_list(*columns)]


def periods_340b() -> list[Period340B]:
    now = merged_ids()
    dated = [
        Period340B(now.get(site_id, site_id), *row)
        for site_id, *row in SitePeriod340B.objects.values_list("site_id", "starts_on", "ends_on", "source")
    ]
    known = {period.site_id for period in dated}
    marked = Site.objects.on_file().filter(is_340b=True).exclude(site_id__in=known).values_list("site_id", flat=True)
    return [*dated, *(Period340B(site_id, None, None, "site register, no date") for site_id in marked)]


@dataclass(frozen=True)
class Question:
    """What a price list is asked for: a family, a day, a dose in the codes' unit, the services billed, and the switches."""

    family: str
    on: dt.date
    dose: Decimal
    code: str = ""
    services: tuple[str, ...] = ()
    home_services: tuple[str, ...] = ()
    modifier: str = ""
    proposed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """One payer at one site class: the price of the infusion in question. `multiple` is the drug in average sales prices."""

    payer: str
    plan: str
    site_class: str
    price: Price
    units: Decimal
    multiple: Decimal | None

    @property
    def site_class_in_words(self) -> str:
        return words.SITE_CLASSES.get(self.site_class, NOT_STATED)

    @property
    def per_unit(self) -> Decimal | None:
        return self.price.drug / self.units if self.price.drug is not None and self.units else None


@dataclass(frozen=True)
class PriceList:
    """The offers of a drug on a day. `code` is the product priced, `asp` what Medicare's file says of it."""

    question: Question
    code: DrugCode
    codes: tuple[DrugCode, ...]
    units: Decimal
    asp: AspOn | None
    offers: tuple[Offer, ...]

    @property
    def priced(self) -> int:
        return sum(offer.price.total is not None for offer in self.offers)

    @property
    def reading(self) -> str:
        """One sentence that says what to see."""
        known = [offer for offer in self.offers if offer.price.total is not None]
        if not known:
            return "None of these has a complete price; the gaps say what is missing."
        least, most = min(known, key=_total), max(known, key=_total)
        said = f"From ${_total(least) / 100:,.0f} ({_named(least)}) to ${_total(most) / 100:,.0f} ({_named(most)}) for the same infusion"
        missing = len(self.offers) - len(known)
        return f"{said}; {missing} of {len(self.offers)} have no complete price." if missing else f"{said}."


def _total(offer: Offer) -> Decimal:
    return offer.price.total


def _named(offer: Offer) -> str:
    return f"{offer.payer}, {offer.site_class_in_words}"


def codes_in_force(family: str, on: dt.date) -> tuple[DrugCode, ...]:
    """Codes of a family on a day, those with a payment limit first, infused before injected."""
    limits = set(AspLimit.objects.values_list("hcpcs_code", flat=True))
    codes = DrugCode.objects.filter(family=family, effective_from__lte=on).exclude(effective_to__lte=on)
    order = {"iv": 0, "": 1}
    return tuple(sorted(codes, key=lambda code: (code.hcpcs_code not in limits, order.get(code.route, 2), code.hcpcs_code)))


def usual_dose(family: DrugFamily) -> Decimal:
    """The middle of the usual doses, rounded to ten where it is more than a hundred; 0 where none is stated."""
    doses = [dose for dose in (family.usual_dose_low, family.usual_dose_high) if dose is not None]
    if not doses:
        return Decimal(0)
    middle = Decimal(str(sum(doses) / len(doses)))
    return round(middle, -1) if middle > 100 else middle


def usual_services(family: DrugFamily) -> tuple[str, ...]:
    """The codes of the hours: antibodies are billed as complex infusions (96413, 96415), others as therapeutic (96365, 96366)."""
    complex_drug = family.family.endswith(("mab", "cept", "mab vedotin")) or family.clinical_line == "oncology"
    first, further = ("96413", "96415") if complex_drug else ("96365", "96366")
    # A further hour counts from its 31st minute (91 minutes).
    return (first, further) if (family.infusion_minutes or 0) > 90 else (first,)


def price_list(question: Question, book: PriceBook | None = None) -> PriceList | None:
    """Every payer and plan of the rate register, and Medicare, at every site class; None where the family has no code that day."""
    codes = codes_in_force(question.family, question.on)
    code = next((each for each in codes if each.hcpcs_code == question.code), codes[0] if codes else None)
    if code is None:
        return None
    book = book or price_book(question.proposed)
    units = question.dose / Decimal(str(code.unit_amount))
    asp = book.asp(code.hcpcs_code, question.on)
    payers = [(ORIGINAL_MEDICARE, ""), *register_payers()]
    offers = []
    for payer, plan in payers:
        for site_class in SITE_CLASSES:
            if payer != ORIGINAL_MEDICARE and not _is_offered(book, payer, plan, site_class, question.on):
                continue
            found = price(_infusion(question, code.hcpcs_code, units, payer, plan, site_class), book)
            offers.append(Offer(payer, plan, site_class, found, units, _multiple(found, asp, units)))
    return PriceList(question, code, codes, units, asp, tuple(offers))


def _infusion(question: Question, code: str, units: Decimal, payer: str, plan: str, site_class: str) -> Infusion:
    services = question.home_services if site_class in HOME else question.services
    return Infusion(
        drugs=(BilledUnits(code, units),),
        services=tuple(BilledUnits(service) for service in services),
        payer=payer,
        plan=plan,
        line_of_business=MEDICARE if payer == ORIGINAL_MEDICARE else "contract",
        site_class=site_class,
        service_date=question.on,
        modifier=question.modifier,
        site_id=_any_340b_site(question) if site_class.startswith("hopd") else "",
    )


def _any_340b_site(question: Question) -> str:
    """With the proposal switched on, a hospital department that buys at 340B prices; else none in particular."""
    if not question.proposed:
        return ""
    return next((period.site_id for period in periods_340b()), "")


def register_payers() -> list[tuple[str, str]]:
    """Payers and plans of the register but Medicare itself, which is priced by its own rule."""
    found = Rate.objects.order_by("payer", "plan").values_list("payer", "plan").distinct()
    return [(payer, plan) for payer, plan in found if not is_original_medicare(payer)]


def is_original_medicare(payer: str) -> bool:
    return payer.strip().lower() in ("medicare", "original medicare", "medicare ffs", "medicare fee-for-service", "cms")


def _is_offered(book: PriceBook, payer: str, plan: str, site_class: str, on: dt.date) -> bool:
    return any(
        rate.payer == payer
        and rate.plan in ("", plan)
        and rate.site_class in ("", site_class)
        and rate.effective_from <= on
        and (rate.effective_to is None or on < rate.effective_to)
        for rate in book.rates
    )


def _multiple(found: Price, asp: AspOn | None, units: Decimal) -> Decimal | None:
    if asp is None or found.drug is None or not units or not asp.average_sales_price:
        return None
    return found.drug / (asp.average_sales_price * 100 * units)
