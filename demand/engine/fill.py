"""Typed Parquet files of a load -> how many rows of each column hold a value. Grain: kind of file x column.

filled = rows - nulls, from the row groups' own null counts: no row is read. Only provider numbers are looked at, because a
placeholder (0000000000) is no number. Rows are all rows that were typed, those a row rule rejected among them; a value that
could not be read counts as none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine.columns import DIAGNOSES, KINDS, MODIFIERS, PROCEDURES

PLACEHOLDER_NPIS = ("0", "0000000000", "1111111111", "9999999999")  # as in the candidate_*.sql files
# Columns of the file -> the typed column that holds them, where the names differ. Several columns become one.
_STORED = {
    "service_unit_quantity": "units",
    "claim_line_start_date": "service_date",
    "paid_amount": "paid_cents",
    "allowed_amount": "allowed_cents",
    "charge_amount": "charge_cents",
    **dict.fromkeys(("coinsurance_amount", "copayment_amount", "deductible_amount"), "patient_cents"),
    **dict.fromkeys(MODIFIERS, "modifiers"),
    **dict.fromkeys(DIAGNOSES, "diagnosis_codes"),
    **dict.fromkeys(PROCEDURES, "procedure_codes"),
}
# What stands for the columns that became one, and how they are called together.
TOGETHER = {
    "copayment_amount": "coinsurance, copayment or deductible",
    "hcpcs_modifier_1": "hcpcs_modifier_1 … 5",
    "diagnosis_code_1": "diagnosis_code_1 … 25",
    "procedure_code_1": "procedure_code_1 … 25",
}
_FIRST = {"patient_cents": "copayment_amount", "modifiers": "hcpcs_modifier_1", "diagnosis_codes": "diagnosis_code_1",
          "procedure_codes": "procedure_code_1"}  # fmt: skip
_TOLD_BY_ANOTHER = frozenset({"claim_line_start_date"})  # filled up from the claim's date: its own blanks are not kept


@dataclass(frozen=True)
class Filled:
    """A column of the file. `rows` are the rows of the kind, `filled` those with a value; `share` is None where there are no rows."""

    kind: str
    column: str
    filled: int
    rows: int

    @property
    def share(self) -> float | None:
        return self.filled / self.rows if self.rows else None

    @property
    def label(self) -> str:
        return TOGETHER.get(self.column, self.column)


def columns_filled(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[Path]], present: Mapping[str, Collection[str]]
) -> tuple[Filled, ...]:
    """`files`: typed Parquet files by kind. `present`: the columns that the sender's files have, by kind (of all its files)."""
    return tuple(found for kind in KINDS if files.get(kind) for found in _kind(connection, kind, files[kind], present[kind]))


def shares(filled: Sequence[Filled]) -> dict[str, dict[str, float]]:
    """As `readiness.Inputs.filled` wants them."""
    found: dict[str, dict[str, float]] = {}
    for column in filled:
        found.setdefault(column.kind, {})
        if column.share is not None:
            found[column.kind][column.column] = column.share
    return found


def _kind(connection: duckdb.DuckDBPyConnection, kind: str, files: Sequence[Path], present: Collection[str]) -> Iterator[Filled]:
    listed = [str(path) for path in files]
    nulls = dict(
        connection.execute(
            "SELECT path_in_schema, sum(stats_null_count)::BIGINT FROM parquet_metadata($files) GROUP BY 1", {"files": listed}
        ).fetchall()
    )
    ((rows,),) = connection.execute("SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata($files)", {"files": listed}).fetchall()
    stored = dict.fromkeys(_STORED.get(column, column) for column in KINDS[kind].columns if _is_told(column, present))
    placeholders = _placeholders(connection, listed, [name for name in stored if name.endswith("_npi")])
    for name in stored:
        empty = nulls.get(name, rows) + placeholders.get(name, 0)
        yield Filled(kind, _source_name(name, kind), (rows or 0) - empty, rows or 0)


def _is_told(column: str, present: Collection[str]) -> bool:
    return column in present and column not in _TOLD_BY_ANOTHER


def _source_name(stored: str, kind: str) -> str:
    if stored in _FIRST:
        return _FIRST[stored]
    return next((source for source, name in _STORED.items() if name == stored), stored)


def _placeholders(connection: duckdb.DuckDBPyConnection, files: list[str], columns: Sequence[str]) -> dict[str, int]:
    if not columns:
        return {}
    counted = ", ".join(f"count(*) FILTER ({column} IN {PLACEHOLDER_NPIS})" for column in columns)
    found = connection.execute(f"SELECT {counted} FROM read_parquet($files)", {"files": files}).fetchall()[0]
    return dict(zip(columns, found, strict=True))
