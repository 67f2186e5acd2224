"""The candidate rows of a load -> warnings, counted by rule. Grain: one count per rule and kind; a warning rejects nothing.

Rules of one row stand in the row's `flags` (candidate_*.sql); rules that need more than one row, or are cheaper once per value,
are counted here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import duckdb

from demand.engine.columns import ELIGIBILITY, MEDICAL, PHARMACY
from demand.engine.outcomes import candidates_sql
from demand.engine.typed import TypedFile

_NPIS = {
    MEDICAL: ("rendering_npi", "billing_npi", "facility_npi", "ordering_npi"),
    PHARMACY: ("prescribing_provider_npi", "dispensing_provider_npi"),
}


def count_flags(connection: duckdb.DuckDBPyConnection, kind: str, files: Sequence[TypedFile], folder: Path) -> dict[str, int]:
    """Warnings by rule: rows for most, columns for EXTRA_COLUMN, spellings for UNICODE_VARIANTS."""
    rows = candidates_sql(folder, kind)
    flags: dict[str, int] = {}
    for text, count in connection.execute(
        f"SELECT flags, count(*) FROM ({rows}) WHERE flags IS NOT NULL GROUP BY flags"
    ).fetchall():
        for rule in text.split(";"):
            flags[rule] = flags.get(rule, 0) + count
    listed = ", ".join("'" + str(file.path).replace("'", "''") + "'" for file in files)
    typed = f"(SELECT * FROM read_parquet([{listed}]) WHERE reject IS NULL)"
    counted = {
        "EXTRA_COLUMN": sum(len(file.staged.extra) for file in files),
        "HIDDEN_ROWS": sum(file.staged.hidden_rows for file in files),
        "UNICODE_VARIANTS": sum(_spellings(connection, typed, column) for column in ("payer", "plan")),
        "NPI_INVALID": _wrong_npis(connection, typed, _NPIS[kind]) if kind in _NPIS else 0,
        "CLAIM_HEADER_CONFLICT": _header_conflicts(connection, typed, kind) if kind != ELIGIBILITY else 0,
    }
    return flags | {rule: count for rule, count in counted.items() if count}


def _spellings(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> int:
    """How many spellings of one name there are beyond the first: letters composed differently, other blanks, unseen characters."""
    names = [row[0] for row in connection.execute(f"SELECT DISTINCT {column} FROM {rows} WHERE {column} IS NOT NULL").fetchall()]
    if all(name.isascii() for name in names):
        return 0
    return len(names) - len({_plain(name) for name in names})


def _plain(name: str) -> str:
    seen = "".join(character for character in unicodedata.normalize("NFKC", name) if unicodedata.category(character) != "Cf")
    return " ".join(seen.split())


def _wrong_npis(connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str]) -> int:
    """Rows with a provider number that is none. Each number is checked once: there are few."""
    numbers = " UNION ".join(f"SELECT DISTINCT {column} AS npi FROM {rows}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE npi_seen AS {numbers}")  # a table of its own, else every row is checked
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE wrong_npi AS SELECT npi FROM npi_seen WHERE npi IS NOT NULL AND npi_wrong(npi)"
    )
    if not connection.execute("SELECT count(*) FROM wrong_npi").fetchall()[0][0]:
        return 0
    wrong = " OR ".join(f"{column} IN (SELECT npi FROM wrong_npi)" for column in columns)
    return connection.execute(f"SELECT count(*) FROM {rows} WHERE {wrong}").fetchall()[0][0]


def _header_conflicts(connection: duckdb.DuckDBPyConnection, rows: str, kind: str) -> int:
    """Rows of claims whose lines disagree about the person, the claim's first day or its type."""
    also = (
        "OR min(claim_start_date) <> max(claim_start_date) OR min(hash(claim_type)) <> max(hash(claim_type))"
        if kind == MEDICAL
        else ""
    )
    return connection.execute(
        f"SELECT coalesce(sum(lines), 0)::BIGINT FROM (SELECT count(*) AS lines FROM {rows} GROUP BY hash(data_source, claim_id) "
        f"HAVING min(hash(person_id)) <> max(hash(person_id)) {also})"
    ).fetchall()[0][0]
