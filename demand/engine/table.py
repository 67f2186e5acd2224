"""A file as it was sent -> a table: recognised, unpacked, its column names read. Grain: one Table per file; no row is read yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine.encodings import ENCODINGS
from demand.engine.header import read_header
from demand.engine.mapping import ReadAs, quoted
from demand.engine.refusal import RefusedFile, shown_name
from demand.engine.staged import SourceFile
from demand.engine.unpack import Limits, unpack
from demand.engine.workbook import Sheet, open_sheet


@dataclass(frozen=True)
class Table:
    """A file recognised and unpacked, its column names read; none of its rows yet."""

    shown: str
    path: Path
    form: str
    packed_as: str | None
    names: list[str]
    read_as: ReadAs
    header_line: int = 1
    delimiter: str = ""
    sheet: Sheet | None = None
    types: tuple[str, ...] = ()  # of a Parquet file's columns
    records: int = 0  # of a Parquet file

    @property
    def notes(self) -> tuple[str, ...]:
        told = [f"Read in the encoding {ENCODINGS[self.read_as.encoding]}."] if self.read_as.encoding not in ("", "utf-8") else []
        return (*told, *(self.sheet.notes if self.sheet else ()))


def open_table(
    source: SourceFile, number: int, work: Path, connection: duckdb.DuckDBPyConnection, limits: Limits, read_as: ReadAs
) -> Table:
    """Recognise and unpack a file under `work` and read its header. RefusedFile names the file and the remedy."""
    shown = shown_name(source.display_name)
    encoding = "" if read_as.encoding == "utf-8" else read_as.encoding
    unpacked = unpack(source.path, shown, work, number, limits, encoding)
    if unpacked.form == "parquet":
        return _parquet_table(unpacked.path, shown, connection, limits, read_as)
    if unpacked.form == "workbook":
        sheet = open_sheet(unpacked.path, shown, read_as.sheet, limits)
        line, names = next(((line, cells) for line, _, cells in sheet.records() if any(cell.strip() for cell in cells)), (0, []))
        while names and not names[-1].strip():  # a sheet is as wide as its widest row
            names = names[:-1]
        _refuse_wide(len(names), shown, limits)
        return Table(shown, unpacked.path, "workbook", None, names, read_as, line, "", sheet)
    line, names, delimiter = read_header(unpacked.path, shown, limits, read_as.delimiter)
    return Table(shown, unpacked.path, "text", unpacked.packed_as, names, read_as, line, delimiter)


def _parquet_table(path: Path, shown: str, connection: duckdb.DuckDBPyConnection, limits: Limits, read_as: ReadAs) -> Table:
    scan = parquet_scan(path)
    try:
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {scan}").fetchall()
        records = connection.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    except duckdb.Error:
        raise damaged_parquet(shown) from None
    if records > limits.max_rows:
        raise too_many_rows(shown, records, limits)
    _refuse_wide(len(described), shown, limits)
    names, types = [row[0] for row in described], tuple(str(row[1]) for row in described)
    return Table(shown, path, "parquet", None, names, read_as, types=types, records=records)


def parquet_scan(path: Path) -> str:
    return f"read_parquet({quoted(str(path))}, file_row_number=true, hive_partitioning=false, binary_as_string=true)"


def damaged_parquet(shown: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} cannot be read as Parquet: it is damaged or cut off. Write it again and send it once more.", "PARQUET_DAMAGED"
    )


def _refuse_wide(width: int, shown: str, limits: Limits) -> None:
    if width > limits.max_columns:
        raise RefusedFile(
            f"{shown} has {width:,} columns; at most {limits.max_columns} are read. Export only the columns needed.",
            "TOO_MANY_COLUMNS",
        )


def too_many_rows(shown: str, rows: int, limits: Limits) -> RefusedFile:
    return RefusedFile(
        f"{shown} has {rows:,} rows; at most {limits.max_rows:,} are read at once. Send it in parts.", "TOO_MANY_ROWS"
    )
