"""Claims rows with valid defaults, written as files and loaded by the real intake: a test names only what it is about."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from demand.engine.lines import LoadOptions, LoadResult, SourceFile, load_extract
from demand.engine.outcomes import candidates_sql

KEY = b"a key for tests, 32 bytes long.."
SHARED = Path(__file__).resolve().parents[2].parent / "shared"

MEDICAL = {
    "claim_id": "C1",
    "claim_line_number": "1",
    "claim_type": "professional",
    "person_id": "P1",
    "payer": "Acme Health",
    "plan": "Acme PPO",
    "claim_start_date": "2026-01-05",
    "claim_end_date": "2026-01-05",
    "claim_line_start_date": "2026-01-05",
    "place_of_service_code": "11",
    "bill_type_code": "",
    "revenue_center_code": "",
    "service_unit_quantity": "40",
    "hcpcs_code": "J1745",
    "hcpcs_modifier_1": "",
    "rendering_npi": "1234567893",
    "billing_npi": "1245319599",
    "facility_npi": "",
    "paid_date": "2026-01-20",
    "paid_amount": "100.25",
    "allowed_amount": "120.00",
    "charge_amount": "400.00",
    "diagnosis_code_1": "K5090",
    "data_source": "acme",
}
PHARMACY = {
    "claim_id": "R1",
    "claim_line_number": "1",
    "person_id": "P1",
    "payer": "Acme Health",
    "plan": "Acme PPO",
    "prescribing_provider_npi": "1234567893",
    "dispensing_provider_npi": "1245319599",
    "dispensing_date": "2026-01-03",
    "ndc_code": "57894003001",
    "quantity": "1",
    "days_supply": "56",
    "paid_date": "2026-01-20",
    "paid_amount": "900.10",
    "allowed_amount": "950.00",
    "data_source": "acme",
}
ELIGIBILITY = {
    "person_id": "P1",
    "gender": "female",
    "birth_date": "1961-05-06",
    "enrollment_start_date": "2024-01-01",
    "enrollment_end_date": "2026-12-31",
    "payer": "Acme Health",
    "payer_type": "commercial",
    "plan": "Acme PPO",
    "state": "MA",
    "zip_code": "02139",
    "data_source": "acme",
}


def medical(**changes: object) -> dict[str, str]:
    return _row(MEDICAL, changes)


def institutional(**changes: object) -> dict[str, str]:
    """A hospital outpatient line: bill type and revenue code instead of a place of service."""
    hospital = {"claim_type": "institutional", "place_of_service_code": "", "bill_type_code": "0131", "revenue_center_code": "0636"}
    return _row(MEDICAL | hospital, changes)


def pharmacy(**changes: object) -> dict[str, str]:
    return _row(PHARMACY, changes)


def eligibility(**changes: object) -> dict[str, str]:
    return _row(ELIGIBILITY, changes)


def _row(defaults: Mapping[str, str], changes: Mapping[str, object]) -> dict[str, str]:
    return {**defaults, **{name: "" if value is None else str(value) for name, value in changes.items()}}


def reversal(row: Mapping[str, str], **changes: object) -> dict[str, str]:
    """The row that takes `row` back: units and amounts negative."""
    amounts = ("service_unit_quantity", "quantity", "paid_amount", "allowed_amount", "charge_amount")
    return _row(row, {name: f"-{row[name]}" for name in amounts if row.get(name)} | changes)


def write_rows(path: Path, rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> Path:
    """Rows as a delimited file; the header is every name that occurs, in order."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="", delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@dataclass(frozen=True)
class Loaded:
    folder: Path
    result: LoadResult

    def counts(self, kind: str = "medical") -> tuple[int, int, int, int]:
        """accepted, rejected, duplicate, superseded"""
        found = self.result.kinds[kind]
        return found.accepted, found.rejected, found.duplicate, found.superseded

    def rejects(self) -> list[dict]:
        return rows_of(f"SELECT * FROM read_parquet('{self.folder}/rejects.parquet') ORDER BY kind, file_no, row_number")

    def candidates(self, kind: str = "medical") -> list[dict]:
        return rows_of(f"{candidates_sql(self.folder, kind)} ORDER BY file_no, row_number")


@cache
def reader() -> duckdb.DuckDBPyConnection:
    """One connection for all that only reads files: a new one costs as much as the question. It keeps nothing of a file."""
    connection = duckdb.connect()
    connection.execute("SET enable_external_file_cache = false")
    return connection


def rows_of(sql: str, connection: duckdb.DuckDBPyConnection | None = None) -> list[dict]:
    cursor = (connection or reader()).execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def load(
    folder: Path, earlier: Iterable[Loaded] = (), name: str = "one", options: Mapping[str, object] | None = None, **rows: list
) -> Loaded:
    """Load rows (medical=[…], pharmacy=[…], eligibility=[…]; each kind one file) into `folder/name`."""
    sent = folder / "sent" / name
    sent.mkdir(parents=True)
    files = [SourceFile(kind, write_rows(sent / f"{kind}.csv", listed), f"{kind}.csv") for kind, listed in rows.items()]
    return load_files(folder, files, earlier, name, options)


def load_files(
    folder: Path,
    files: list[SourceFile],
    earlier: Iterable[Loaded] = (),
    name: str = "one",
    options: Mapping[str, object] | None = None,
) -> Loaded:
    out = folder / name
    settings = LoadOptions(**({"pseudonym_key": KEY, "name": name} | dict(options or {})))
    return Loaded(out, load_extract(files, [load.folder for load in earlier], out, settings))
