"""Staged source columns and a mapping -> the kind's columns, written once. Grain: one row per line that the mapping makes of a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from demand.engine.columns import plain
from demand.engine.header import refuse_duplicates, refuse_without_names
from demand.engine.mapping import Mapping, quoted
from demand.engine.refusal import RefusedFile, UnknownLayout, shown_name
from demand.engine.staged import StagedFile
from demand.engine.table import Table

MOST_ROW_NUMBER = 1 << 31  # what a run's line numbers have room for (accepted_line.sql)


def read_through(
    staged: StagedFile, mapping: Mapping, table: Table, work: Path, connection: duckdb.DuckDBPyConnection
) -> StagedFile:
    """A staged table of source columns -> the kind's columns, by the mapping. Written once: built numbers need all rows of a claim."""
    raw = work / f"{staged.number}.raw.parquet"
    if not _written(staged, raw, connection):
        if staged.fallback is None:
            raise AssertionError("a normalised file was read differently than it was written")
        staged = staged.fallback()
        if not _written(staged, raw, connection):
            raise AssertionError("a normalised file was read differently than it was written")
    first = f"coalesce(physical_line, file_row_number + {staged.first_line})"
    rows = f"SELECT * REPLACE ({first} AS physical_line) FROM read_parquet({quoted(str(raw))}, file_row_number=true)"
    _refuse_long(staged, mapping, table)
    place_of = {plain(name): f"c{place}" for place, name in enumerate(table.names)}
    mapped = work / f"{staged.number}.mapped.parquet"
    connection.execute(f"COPY ({mapping.select(rows, place_of)}) TO {quoted(str(mapped))} (FORMAT parquet, COMPRESSION snappy)")
    raw.unlink()
    records = connection.execute(f"SELECT count(*) FROM read_parquet({quoted(str(mapped))})").fetchall()[0][0]
    used = set(mapping.source_names())
    notes = (
        [*staged.notes, f"Read through the mapping “{mapping.name}”, version {mapping.version}."]
        if mapping.name
        else [*staged.notes]
    )
    if mapping.repeat:
        digits = len(str(mapping.row_factor)) - 1
        notes.append(f"{staged.records:,} rows became {records:,} lines: a row holds up to {mapping.repeat} of them.")
        notes.append(
            f"The last {digits} digits of this file's row numbers are the place on the row: {17 * mapping.row_factor + 3} is place 3 of row 17."
        )
    return replace(
        staged, relation=f"SELECT * FROM read_parquet({quoted(str(mapped))})", records=records, fallback=None, samples=(),
        present=tuple(mapping.rules), notes=tuple(notes), mapping=mapping,
        extra=tuple(shown_name(name.replace("/", "∕")) for name in table.names if plain(name) and plain(name) not in used),
    )  # fmt: skip


def _written(staged: StagedFile, target: Path, connection: duckdb.DuckDBPyConnection) -> bool:
    """Copy the staged rows as they lie; whether their number and order are those the survey counted."""
    try:
        connection.execute(f"COPY ({staged.relation}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION snappy)")
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return False
    rows = f"read_parquet({quoted(str(target))}, file_row_number=true)"
    if connection.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0] != staged.records:
        return False
    if not staged.samples:
        return True
    first = connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()[0][0]
    places = ", ".join(f"({place})" for place, _ in staged.samples)
    found = dict(
        connection.execute(
            f"SELECT file_row_number, {first} FROM {rows} SEMI JOIN (VALUES {places}) AS sampled (file_row_number) USING (file_row_number)"
        ).fetchall()
    )
    return found == {place: cell.strip(" \t\r\n") or None for place, cell in staged.samples}


def _refuse_long(staged: StagedFile, mapping: Mapping, table: Table) -> None:
    most = MOST_ROW_NUMBER // mapping.row_factor - 1_000
    if mapping.repeat and staged.records + staged.blank_lines > most:
        raise RefusedFile(
            f"{table.shown} has {staged.records:,} rows that hold several lines each; at most {most:,} are read at once. Send it in parts.",
            "TOO_MANY_ROWS",
        )


def must_fit(mapping: Mapping, table: Table) -> None:
    """UnknownLayout where the header is not the one the mapping was made for."""
    refuse_without_names(table.names, table.shown)
    refuse_duplicates(table.names, table.shown)
    if mapping.fits(table.names):
        return
    now, then = {plain(name) for name in table.names if name.strip()}, {plain(name) for name in mapping.header}
    parts = []
    if gone := sorted(then - now):
        parts.append(f"{_shown_columns(gone)} {'is' if len(gone) == 1 else 'are'} gone")
    if new := sorted(now - then):
        parts.append(f"{_shown_columns(new)} {'is' if len(new) == 1 else 'are'} new")
    raise UnknownLayout(
        f"{table.shown} has another header than the mapping “{mapping.name or 'given'}” was made for: {'; '.join(parts) or 'its columns differ'}. "
        "Look at the mapping again and save a version that fits.",
        "HEADER_CHANGED",
    )


def _shown_columns(names: list[str]) -> str:
    return ", ".join(shown_name(name) for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
