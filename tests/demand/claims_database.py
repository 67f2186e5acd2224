"""Claims files put into a PostgreSQL database as a warehouse would hold them: typed columns, and people who never were infused."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

PASSWORD = "tell-nobody-7531"
TABLES = {"medical_claim": "medical", "pharmacy_claim": "pharmacy", "eligibility": "eligibility"}


def type_of(column: str, values: list[str]) -> str:
    """The narrowest type that every value of the column has: a rehearsal's files hold some dates and amounts that are none."""
    if column.endswith("_date") and all(is_a(date.fromisoformat, value) for value in values):
        return "date"
    if column.endswith(("_amount", "quantity")) and all(is_a(Decimal, value) for value in values):
        return "numeric(14,4)"
    return "integer" if column in ("claim_line_number", "days_supply") and all(is_a(int, value) for value in values) else "text"


def is_a(kind, value: str) -> bool:
    try:
        return not value or kind(value) is not None
    except (ValueError, ArithmeticError):
        return False


def fill_database(url: str, folder: Path) -> None:
    """A schema `claims` with the three tables of `folder` in it, and a sign-in `reader` that may read them."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA claims")
        cursor = connection.connection.cursor()
        for table in TABLES:
            with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
                names, *rows = csv.reader(stream)
                values = zip(*(row for row in rows if len(row) == len(names)), strict=True)
                columns = ", ".join(f"{name} {type_of(name, column)}" for name, column in zip(names, values, strict=True))
                connection.exec_driver_sql(f"CREATE TABLE claims.{table} ({columns})")
                stream.seek(0)
                cursor.copy_expert(f"COPY claims.{table} FROM STDIN (FORMAT csv, HEADER)", stream)
        cursor.execute("SELECT FROM pg_roles WHERE rolname = 'reader'")
        if not cursor.fetchall():
            cursor.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        cursor.execute("GRANT USAGE ON SCHEMA claims TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA claims TO reader")
    engine.dispose()


def add_people_without_infusions(folder: Path, people: int) -> None:
    """Office visits, tablets and enrolment of people who never were infused, appended to the files."""
    rows = {
        "medical_claim": {"claim_line_number": "1", "claim_type": "professional", "hcpcs_code": "99213", "place_of_service_code": "11",
                          "claim_start_date": "2025-03-03", "paid_date": "2025-03-20", "paid_amount": "80.00"},
        "pharmacy_claim": {"claim_line_number": "1", "dispensing_date": "2025-03-04", "ndc_code": "11111222233", "paid_amount": "9.00"},
        "eligibility": {"enrollment_start_date": "2024-01-01", "payer_type": "commercial"},
    }  # fmt: skip
    for table, defaults in rows.items():
        path = folder / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            names, source = reader.fieldnames, next(reader)["data_source"]
        with path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
            for number in range(people):
                own = {"person_id": f"WELL{number:05d}", "data_source": source, "payer": "Medicare"}
                if "claim_id" in names:
                    own["claim_id"] = f"{table}-{number}"
                writer.writerow(defaults | own)
