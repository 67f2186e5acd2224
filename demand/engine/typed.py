"""Staged files -> typed Parquet files, one each, rows in the order of the file. Grain: one typed row per staged row.

rows typed = rows staged = records counted by bytes; where DuckDB counts otherwise, the file is normalised and read again.
A row that breaks a row rule stays in its place with `reject` set, so that its place gives its line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine.columns import DIAGNOSES, ELIGIBILITY, MEDICAL, MODIFIERS, PROCEDURES
from demand.engine.extract import StagedFile
from demand.engine.pseudonym import BLANKS, pseudonym, pseudonym_sql
from demand.engine.refusal import RefusedFile

SQL_FOLDER = Path(__file__).parent / "sql"
UNNAMED_SOURCE = "unspecified"
_UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)  # what a CSV that is not as surveyed raises
_PARQUET = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440, WRITE_BLOOM_FILTER false"


@dataclass(frozen=True)
class Profile:
    """What one scan of a staged file says before it is typed; dates are the newest of the file."""

    records: int
    sourced: int  # rows with a data_source of their own
    paid_last: dt.date | None
    file_last: dt.date | None


@dataclass(frozen=True)
class TypedFile:
    staged: StagedFile
    path: Path
    rejected: int  # by row rules

    @property
    def kind(self) -> str:
        return self.staged.kind


def profile_files(
    connection: duckdb.DuckDBPyConnection, staged: Sequence[StagedFile], report: Callable[[float], None] = lambda share: None
) -> tuple[list[StagedFile], list[Profile]]:
    """The files as they will be typed (normalised where need be) and their profiles. Makes `person`, the map back."""
    connection.execute("CREATE OR REPLACE TEMP TABLE person_seen (person_id VARCHAR)")
    checked, profiles = [], []
    for place, file in enumerate(staged):
        profile = _scan(connection, file)
        if profile is None or profile.records != file.records:
            if file.fallback is None:
                raise AssertionError("a normalised file was read differently than it was written")
            file = file.fallback()
            profile = _scan(connection, file)
        connection.execute("INSERT INTO person_seen SELECT person_id FROM scanned WHERE person_id IS NOT NULL")
        checked.append(file)
        profiles.append(profile)
        report((place + 1) / len(staged))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE person AS SELECT person_id, {pseudonym_sql('person_id')} AS pseudonym "
        "FROM (SELECT DISTINCT person_id FROM person_seen)"
    )
    connection.execute("DROP TABLE person_seen")
    return checked, profiles


def _scan(connection: duckdb.DuckDBPyConnection, file: StagedFile) -> Profile | None:
    paid = "max(read_day(paid_date))" if file.kind != ELIGIBILITY else "NULL::DATE"
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE scanned AS "
            f"SELECT person_id, count(*) AS records, count(data_source) AS sourced, {paid} AS paid_last, "
            f"max(read_day(file_date)) AS file_last FROM ({file.relation}) GROUP BY person_id"
        )
    except _UNREADABLE:  # what DuckDB cannot read as it lies, the slow path can, or says why not
        return None
    found = connection.execute(
        "SELECT sum(records)::BIGINT, sum(sourced)::BIGINT, max(paid_last), max(file_last) FROM scanned"
    ).fetchall()
    records, sourced, paid_last, file_last = found[0]
    return Profile(records or 0, sourced or 0, paid_last, file_last)


def horizon(profiles: Sequence[Profile], paid_through: dt.date | None, received_on: dt.date | None) -> dt.date | None:
    """The last day that a service can have been on: paid through, else the newest paid or file date, never after the files came."""
    if paid_through:
        return paid_through
    dates = [date for profile in profiles for date in (profile.paid_last, profile.file_last) if date]
    newest = max(dates, default=received_on)
    return min(newest, received_on) if newest and received_on else newest


def type_file(
    connection: duckdb.DuckDBPyConnection, file: StagedFile, profile: Profile, folder: Path, data_source: str, key: bytes
) -> TypedFile:
    """Write `<kind>-<number>.parquet` into the folder. Reads the variables horizon and pseudonym_secret."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {_with_source(file, profile, data_source)}")
    select = typed_select(file.kind, file.present)
    path = folder / f"{file.kind}-{file.number:04d}.parquet"
    target = str(path).replace("'", "''")
    try:
        connection.execute(f"COPY (SELECT {file.number}::INTEGER AS file_no, * FROM ({select})) TO '{target}' ({_PARQUET})")
        rows, rejected = connection.execute(f"SELECT count(*), count(reject) FROM read_parquet('{target}')").fetchall()[0]
    except _UNREADABLE:
        if file.fallback is None:
            raise
        rows = rejected = -1
    if rows != file.records or not _in_order(connection, file, target, key):
        if file.fallback is None:
            raise AssertionError("typing lost, invented or moved rows")
        return type_file(connection, file.fallback(), profile, folder, data_source, key)
    return TypedFile(file, path, rejected)


def typed_select(kind: str, present: Sequence[str]) -> str:
    """SQL over the view `raw`, of which the columns `present` hold something."""
    select = (SQL_FOLDER / f"typed_{kind}.sql").read_text(encoding="utf-8")
    if kind == MEDICAL:
        for name, columns in (("{modifiers}", MODIFIERS), ("{diagnoses}", DIAGNOSES), ("{procedures}", PROCEDURES)):
            select = select.replace(name, ", ".join(column for column in columns if column in present) or "NULL")
    return select.replace("{pseudonym}", pseudonym_sql("person_id"))


def _in_order(connection: duckdb.DuckDBPyConnection, file: StagedFile, target: str, key: bytes) -> bool:
    """Whether rows stand where the survey saw their lines: a row's line number is its place in the file."""
    if not file.samples:
        return True
    places = ", ".join(f"({place})" for place, _ in file.samples)
    found = connection.execute(
        f"SELECT file_row_number, person_id FROM read_parquet('{target}', file_row_number=true) "
        f"SEMI JOIN (VALUES {places}) AS sampled (file_row_number) USING (file_row_number)"
    ).fetchall()
    expected = {place: pseudonym(person_id, key) if person_id.strip(BLANKS) else None for place, person_id in file.samples}
    return dict(found) == expected


def _with_source(file: StagedFile, profile: Profile, data_source: str) -> str:
    """`data_source` fills blanks only. Without it, a file naming none is one unnamed source; a blank among names is rejected."""
    default = data_source.strip() or (UNNAMED_SOURCE if profile.sourced == 0 else "")
    if not default:
        return file.relation
    return (
        f"SELECT * REPLACE (coalesce(data_source, '{default.replace(chr(39), chr(39) * 2)}') AS data_source) FROM ({file.relation})"
    )


_CORRECTIONS = {
    "BAD_DATE": "dates must have the format YYYY-MM-DD, for example 2026-02-14",
    "BAD_NUMBER": "amounts are plain numbers such as 1234.50, without currency signs or thousands separators",
    "BAD_LINE_NUMBER": "line numbers are whole numbers from 1",
    "REQUIRED_EMPTY": "the cell must not be empty",
    "RAGGED": "every row needs as many cells as the header has columns",
    "CONTROL_CHAR": "cells must not hold control characters",
    "TEXT_AFTER_QUOTE": "a quote inside a quoted cell must be doubled",
    "FIELD_TOO_LONG": "a cell may have at most 10,000 characters",
}


def refuse_if_all_fail(connection: duckdb.DuckDBPyConnection, file: TypedFile) -> None:
    """Where every row of a file fails one and the same rule, the file is refused and the rule said once."""
    staged = file.staged
    if file.rejected + len(staged.rejects) < staged.rows_read:
        return
    path = str(file.path).replace("'", "''")
    rules = {row[0] for row in connection.execute(f"SELECT DISTINCT reject FROM read_parquet('{path}')").fetchall()}
    rules |= {f"{reject.rule} {reject.column or ''}".strip() for reject in staged.rejects}
    if len(rules) > 1:
        return
    rule, _, column = rules.pop().partition(" ")
    where = f" in the column {column}" if column else ""
    raise RefusedFile(
        f"{staged.shown} was not loaded: all of its {staged.rows_read:,} rows fail the same rule ({rule}{where}). "
        f"Correct the export ({_CORRECTIONS.get(rule, 'see the rule')}) and send the file again.",
        f"ALL_ROWS_REJECTED {rule}",
    )
