"""Price books and infusions with valid defaults; a test names only what it is about. Limits are CMS's of Q4 2025."""

import datetime as dt
from decimal import Decimal as D

from payers.engine.average_sales_price import Limit
from payers.engine.medicare_rules import shipped_rules
from payers.engine.price_book import BilledUnits, DrugUnit, Fee, Infusion, PriceBook
from payers.engine.rates import Rate

Q4 = dt.date(2025, 10, 1)
LIMITS = {"J1745": "31.090", "Q5103": "19.990", "J3380": "21.311"}
UNITS = {"J1745": ("infliximab", 10), "Q5103": ("infliximab", 10), "J3380": ("vedolizumab", 1)}


def book(*rates: Rate, **fields) -> PriceBook:
    defaults = {
        "rates": rates,
        "limits": {code: [Limit(Q4, D(amount), "CMS, October 2025")] for code, amount in LIMITS.items()},
        "units": {code: [DrugUnit(code, dt.date(2016, 1, 1), None, family, D(mg))] for code, (family, mg) in UNITS.items()},
        "fees": {"96413": [Fee(Q4, D("119.36"), "CMS fee schedule")], "96379": [Fee(Q4, D("0.00"), "CMS fee schedule")]},
        "home_services": frozenset({"S9379", "S9338", "99601"}),
        "rules": shipped_rules(),
    }
    return PriceBook(**(defaults | fields))


def rate(**fields) -> Rate:
    defaults = {
        "payer": "Plan A",
        "plan": "",
        "site_class": "hopd_on_campus",
        "hcpcs_code": "",
        "basis": "percent_of_asp",
        "rate": D(220),
        "effective_from": dt.date(2025, 1, 1),
        "effective_to": None,
        "source": "contract of Plan A",
    }
    return Rate(**(defaults | fields))


def infusion(code: str = "J1745", units: int = 40, services: tuple[str, ...] = ("96413",), **fields) -> Infusion:
    """400 mg of infliximab on campus for Plan A, in November 2025."""
    defaults = {
        "drugs": (BilledUnits(code, D(units)),),
        "services": tuple(BilledUnits(service) for service in services),
        "payer": "Plan A",
        "line_of_business": "commercial",
        "site_class": "hopd_on_campus",
        "service_date": dt.date(2025, 11, 15),
    }
    return Infusion(**(defaults | fields))


def medicare(*arguments, **fields) -> Infusion:
    return infusion(*arguments, **({"payer": "Medicare", "line_of_business": "medicare"} | fields))
