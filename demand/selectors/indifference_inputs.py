"""What the indifference page starts from: for a payer × drug, prices at two site classes and what the run says of moved people."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from demand.models import Run
from demand.selectors.facts import ask_tables
from payers.engine.price_book import BilledUnits, Infusion
from payers.engine.prices import Price, price
from payers.models import DrugFamily
from payers.selectors.prices import HOME, codes_in_force, is_original_medicare, price_book, usual_dose, usual_services

USUAL_HOME = ("S9379", "99601")
CHOICES = """
SELECT payer, family, count(*) AS number
FROM {infusions} WHERE ownership = 'owned' AND payer IS NOT NULL AND family <> 'unknown'
GROUP BY payer, family ORDER BY number DESC
"""
# What is billed most, at our sites: plan, codes and mean dose; and how many infusions a person has in a year.
USUAL = """
WITH latest AS (SELECT max(service_date) AS day FROM {infusions}),
chosen AS (
    SELECT infusion.* FROM {infusions} AS infusion, latest
    WHERE payer = $payer AND family = $family AND service_date > latest.day - to_months(12)
)
SELECT
    (SELECT any_value(line_of_business) FROM chosen),
    (SELECT mode(plan) FROM chosen WHERE site_class = $site_class),
    (SELECT mode(hcpcs_codes) FROM chosen WHERE site_class = $site_class AND channel = 'buy_and_bill'),
    (SELECT median(dose) FROM chosen WHERE site_class = $site_class AND dose > 0),
    (SELECT count(*) / nullif(count(DISTINCT person_no), 0) FROM chosen),
    (SELECT count(DISTINCT person_no) FROM chosen WHERE site_class = $site_class),
    (SELECT mode(hcpcs_codes) FROM chosen WHERE site_class = $elsewhere AND channel = 'buy_and_bill')
"""


@dataclass(frozen=True)
class Side:
    """One side of the comparison: the site class, what is billed there, and its price."""

    site_class: str
    codes: tuple[str, ...]
    price: Price


@dataclass(frozen=True)
class Inputs:
    """Prices of the same infusion at both sides, on `on`; units of `code`; infusions a person has in a year (None: not known)."""

    payer: str
    plan: str
    line_of_business: str
    family: str
    code: str
    units: Decimal
    on: dt.date
    here: Side
    away: Side
    asp_cents: Decimal | None
    infusions_a_year: Decimal | None
    people: int | None


def payers_and_families(run: Run) -> list[tuple[str, str]]:
    """What our sites give, the most frequent pair first. Original Medicare sets its prices and negotiates none with us."""
    return [(payer, family) for payer, family, _ in ask_tables(run, CHOICES) if not is_original_medicare(payer)]


def indifference_inputs(run: Run, payer: str, family: str, here: str, away: str, on: dt.date) -> Inputs | None:
    """None where the drug has no code on the day, or no dose is known."""
    ((line, plan, billed, dose, a_year, people, billed_away),) = ask_tables(
        run, USUAL, payer=payer, family=family, site_class=here, elsewhere=away
    )
    book = price_book()
    known = DrugFamily.objects.filter(family=family).first()
    codes = [code for code in (billed or "").split(";") if code]
    drug = next((code for code in codes if book.unit(code, on)), None) or next(
        (code.hcpcs_code for code in codes_in_force(family, on)), None
    )
    dose = Decimal(str(dose)) if dose else (usual_dose(known) if known else None)
    unit = book.unit(drug, on) if drug else None
    if known is None or unit is None or not dose:
        return None
    units = dose / unit.amount
    services = tuple(code for code in codes if code not in book.units) or usual_services(known)
    if away in HOME or away == "home":
        found = tuple(code for code in (billed_away or "").split(";") if code and code not in book.units)
        elsewhere = found or USUAL_HOME
    else:
        elsewhere = services
    line = "medicare" if is_original_medicare(payer) else (line or "unknown")

    def side(site_class: str, billed: tuple[str, ...]) -> Side:
        case = Infusion(
            drugs=(BilledUnits(drug, units),),
            services=tuple(BilledUnits(code) for code in billed),
            payer=payer,
            plan=plan or "",
            line_of_business=line,
            site_class=site_class,
            service_date=on,
        )
        return Side(site_class, billed, price(case, book))

    asp = book.asp(drug, on)
    return Inputs(
        payer=payer,
        plan=plan or "",
        line_of_business=line,
        family=family,
        code=drug,
        units=units,
        on=on,
        here=side(here, services),
        away=side(away, elsewhere),
        asp_cents=asp.average_sales_price * 100 * units if asp else None,
        infusions_a_year=Decimal(str(a_year)) if a_year else None,
        people=people,
    )
