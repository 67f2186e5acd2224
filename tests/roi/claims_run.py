"""A small claims run for scenario tests: the two Parquet files that a scenario reads, from plain rows, and the registers."""

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pandas as pd

from payers.engine import price_book as dated_prices
from payers.engine.average_sales_price import Limit
from payers.engine.medicare_rules import shipped_rules
from payers.engine.price_book import DrugUnit, Fee
from payers.engine.rates import Rate
from roi.engine.prices import PriceBook

COLUMNS = {
    "person_no": "BIGINT",
    "service_date": "DATE",
    "payer": "VARCHAR",
    "plan": "VARCHAR",
    "line_of_business": "VARCHAR",
    "funding_type": "VARCHAR",
    "state": "VARCHAR",
    "market": "VARCHAR",
    "family": "VARCHAR",
    "molecule": "VARCHAR",
    "hcpcs_codes": "VARCHAR",
    "dose": "DOUBLE",
    "allowed_cents": "BIGINT",
    "patient_cents": "BIGINT",
    "site_id": "VARCHAR",
    "site_class": "VARCHAR",
    "ownership": "VARCHAR",
    "channel": "VARCHAR",
    "outcome": "VARCHAR",
    "attributed": "BOOLEAN",
}
USUAL = {
    "person_no": 1,
    "service_date": dt.date(2026, 3, 10),
    "payer": "Plan A",
    "plan": "PPO",
    "line_of_business": "commercial",
    "funding_type": "insured",
    "state": "TN",
    "market": "metro",
    "family": "infliximab",
    "molecule": "infliximab",
    "hcpcs_codes": "96413;J1745",
    "dose": 400.0,
    "allowed_cents": 300_000,
    "patient_cents": 30_000,
    "site_id": "OURS",
    "site_class": "hopd_on_campus",
    "ownership": "owned",
    "channel": "buy_and_bill",
    "outcome": "kept",
    "attributed": True,
}
ELSEWHERE = {
    "site_id": "THEIRS",
    "site_class": "infusion_center",
    "ownership": "other",
    "outcome": "site_leak",
    "allowed_cents": 150_000,
}
WHITE_BAG = {"channel": "white_bag", "outcome": "margin_leak", "allowed_cents": 90_000, "dose": None}


def infusion(**fields) -> dict:
    return {**USUAL, **fields}


def everybody(people, months: int = 6, **fields) -> list[dict]:
    """One infusion a month of each person, in the months up to March 2026."""
    dates = [dt.date(2026 - (month > 2), 3 - month if month < 3 else 15 - month, 10) for month in range(months)]
    return [infusion(person_no=person, service_date=date, **fields) for person in people for date in dates]


def write_run(folder: Path, rows: list[dict], immature=(dt.date(2026, 4, 1),)) -> tuple[Path, Path]:
    """infusions.parquet and facts.parquet in a folder; `immature` months are added to the facts."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(object).where(lambda table: table.notna(), None)
    months = sorted({row["service_date"].replace(day=1) for row in rows})
    facts = pd.DataFrame([(month, True) for month in months] + [(month, False) for month in immature], columns=["month", "mature"])
    with duckdb.connect() as connection:
        connection.register("given", frame)
        casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in COLUMNS.items())
        connection.execute(f"COPY (SELECT {casts} FROM given) TO '{folder / 'infusions.parquet'}' (FORMAT parquet)")
        connection.register("months", facts)
        connection.execute(
            f"COPY (SELECT CAST(month AS DATE) AS month, mature FROM months) TO '{folder / 'facts.parquet'}' (FORMAT parquet)"
        )
    return folder / "infusions.parquet", folder / "facts.parquet"


def write_exposure(folder: Path, rows: list[dict]) -> Path:
    """exposure.parquet of people who have to leave; each row says what is special about it."""
    usual = {
        "person_no": 0, "family": "infliximab", "policy_id": "A-SOC-1", "kind": "site_of_care", "status": "announced", "verdict": "exposed",
        "active": True, "exposed_from": dt.date(2026, 7, 1), "expected_from": None, "grace_until": None,
    }  # fmt: skip
    frame = pd.DataFrame([usual | row for row in rows]).astype(object)
    with duckdb.connect() as connection:
        connection.register("given", frame.where(frame.notna(), None))
        dates = ", ".join(f"CAST({name} AS DATE) AS {name}" for name in ("exposed_from", "expected_from", "grace_until"))
        connection.execute(
            f"COPY (SELECT * REPLACE (CAST(person_no AS BIGINT) AS person_no, CAST(active AS BOOLEAN) AS active, {dates}) FROM given) "
            f"TO '{folder / 'exposure.parquet'}' (FORMAT parquet)"
        )
    return folder / "exposure.parquet"


def write_risk(folder: Path, rows: list[dict]) -> Path:
    """risk.parquet: treatments with a chance of 2 % a month to move from April 2026 on; each row says what is special about it."""
    usual = {
        "person_no": 0, "family": "infliximab", "forecast_on": dt.date(2026, 4, 1), "risk": 0.24, "risk_certain": 0.24, "months": [0.02] * 12,
    }  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("given", pd.DataFrame([usual | row for row in rows]))
        connection.execute(
            "COPY (SELECT * REPLACE (CAST(person_no AS BIGINT) AS person_no, CAST(forecast_on AS DATE) AS forecast_on) FROM given) "
            f"TO '{folder / 'risk.parquet'}' (FORMAT parquet)"
        )
    return folder / "risk.parquet"


def rate(**fields) -> Rate:
    defaults = {
        "payer": "Plan A",
        "plan": "",
        "site_class": "infusion_center",
        "hcpcs_code": "",
        "basis": "percent_of_asp",
        "rate": D(120),
        "effective_from": dt.date(2025, 1, 1),
        "effective_to": None,
        "source": "contract of Plan A",
    }
    return Rate(**(defaults | fields))


def price_book(*rates: Rate, **fields) -> PriceBook:
    """J1745 at 53 dollars a unit of 10 mg: 400 mg have a limit of 2,120 dollars, an average sales price of 2,000. Its biosimilar Q5103
    at 26.50; 75 minutes of infusion."""
    since = dt.date(2000, 1, 1)
    units = {"J1745": ("infliximab", 10), "Q5103": ("infliximab", 10), "J3380": ("vedolizumab", 1)}
    limits = {"J1745": "53", "Q5103": "26.5", "J3380": "21.2"}
    dated = dated_prices.PriceBook(
        rates=rates,
        limits={code: (Limit(dt.date(2025, 10, 1), D(amount), "CMS"),) for code, amount in limits.items()},
        units={code: (DrugUnit(code, since, None, family, D(amount)),) for code, (family, amount) in units.items()},
        fees={"96413": (Fee(dt.date(2025, 1, 1), D("119.36")),), "96415": (Fee(dt.date(2025, 1, 1), D("25")),)},
        rules=shipped_rules(),
        home_services=frozenset(("S9379", "99601", "99602")),
    )
    defaults = {"dated": dated, "minutes": {"infliximab": 75}, "quarter": "2025-10-01"}
    return PriceBook(**(defaults | fields))


def policy(**fields) -> dict:
    """A site-of-care policy's document that moves everybody of Plan A on infliximab out of hospitals in July 2026."""
    scope = {"lines_of_business": ["commercial"], "funding": [], "states": [], "plans_in": [], "plans_out": []}
    document = {
        "id": "A-SOC-1",
        "payer": "Plan A",
        "kind": "site_of_care",
        "status": "announced",
        "likelihood": 1.0,
        "source": {"title": "Plan A: infusions outside the hospital", "url": "", "retrieved": "2026-01-15"},
        "scope": scope | fields.pop("scope", {}),
        "effective_from": "2026-07-01",
        "effective_to": None,
        "drugs": {"hcpcs": ["J1745"], "molecules": [], "families": []},
        "excluded_site_classes": ["hopd_on_campus", "hopd_off_campus"],
        "excludes_hospital_affiliated": False,
        "starts": "everyone",
    }
    return document | fields
