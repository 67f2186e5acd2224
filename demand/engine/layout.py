"""A file of unknown layout -> its column names, sample rows and frequent values, so that a person can say what they are.

Grain: one Layout per file. It holds real cells: it is kept beside the upload, shown only to people with the patient-level right,
and removed with the upload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from demand.engine import encodings, workbook
from demand.engine.columns import plain
from demand.engine.extract import SourceFile, stage_table
from demand.engine.header import refuse_duplicates, refuse_without_names
from demand.engine.mapping import ReadAs
from demand.engine.refusal import UnknownLayout
from demand.engine.table import Table, open_table
from demand.engine.unpack import Limits, unpack

SAMPLE_ROWS = 400
MOST_VALUES = 300  # a column with more distinct values is no list of codes or names
_LIKELY_LIST = 60  # distinct values in the sample beyond which a column is not counted at all


@dataclass(frozen=True)
class Layout:
    """`names` as they stand in the header; `rows` the first records, blank cells as ""; `values` by place: [value, rows], frequent first.

    `sheets` are a workbook's sheets with rows. Where the names could not be read yet (no sheet chosen), `names` is empty.
    """

    read_as: ReadAs
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    records: int = 0
    form: str = "text"
    sheets: tuple[str, ...] = ()

    def place_of(self, name: str) -> int | None:
        """Where a column stands, by its name; letter case and blanks do not count."""
        return next((place for place, written in enumerate(self.names) if plain(written) == plain(name)), None)

    def as_json(self) -> dict:
        return {
            "read_as": vars(self.read_as), "names": self.names, "rows": self.rows, "records": self.records, "form": self.form,
            "values": {str(place): values for place, values in self.values.items()}, "sheets": self.sheets,
        }  # fmt: skip

    @classmethod
    def from_json(cls, told: dict) -> Layout:
        return cls(
            read_as=ReadAs(**told["read_as"]), names=tuple(told["names"]), rows=tuple(map(tuple, told["rows"])),
            values={int(place): [(value, rows) for value, rows in values] for place, values in told["values"].items()},
            records=told["records"], form=told["form"], sheets=tuple(told["sheets"]),
        )  # fmt: skip


def look_at(
    source: SourceFile, work: Path, connection: duckdb.DuckDBPyConnection, limits: Limits, read_as: ReadAs,
    progress: Callable[[float], None] = lambda share: None,
) -> Layout:  # fmt: skip
    """Read a file with every column it has, unpacking it under `work`. RefusedFile where it is no table at all.

    A blank encoding in `read_as` is filled with the one the bytes look like; blank sheet: the first one with rows.
    """
    read_as, sheets = _likely(source, work, limits, read_as)
    table = open_table(source, 0, work, connection, limits, read_as)
    refuse_without_names(table.names, table.shown)
    refuse_duplicates(table.names, table.shown)
    read_as = ReadAs(read_as.encoding, table.delimiter, read_as.sheet)
    wanted = [(place, f"c{place}") for place in range(len(table.names))]
    staged = stage_table(table, source.kind, 0, work, wanted, connection, limits, progress)
    rows = _rows(connection, staged.relation, table)
    if rows is None and staged.fallback:
        staged = staged.fallback()
        rows = _rows(connection, staged.relation, table)
    candidates = [place for place in range(len(table.names)) if len({row[place] for row in rows or ()}) <= _LIKELY_LIST]
    return Layout(
        read_as=read_as, names=tuple(table.names), rows=tuple(rows or ()),
        values=_values(connection, staged.relation, candidates, work / "values.parquet"), records=staged.rows_read, form=table.form, sheets=sheets,
    )  # fmt: skip


def _likely(source: SourceFile, work: Path, limits: Limits, read_as: ReadAs) -> tuple[ReadAs, tuple[str, ...]]:
    """What is blank in `read_as`, filled with the likely: only a person's look at the page makes it more than that."""
    try:
        unpacked = unpack(source.path, source.display_name, work, 1, limits, read_as.encoding)
    except UnknownLayout:  # an encoding that shows in the first bytes
        return ReadAs(encodings.suggest(source.path), read_as.delimiter), ()
    try:
        if unpacked.form == "workbook":
            sheets = tuple(workbook.sheet_names(unpacked.path, source.display_name, limits))
            return ReadAs(sheet=read_as.sheet or (sheets[0] if sheets else "")), sheets
        if unpacked.form == "parquet":
            return ReadAs(), ()
        return ReadAs(read_as.encoding or encodings.suggest(unpacked.path), read_as.delimiter), ()
    finally:
        unpacked.path.unlink()


def _rows(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> list[tuple[str, ...]] | None:
    columns = ", ".join(f"coalesce(c{place}, '')" for place in range(len(table.names)))
    try:
        return connection.execute(f"SELECT {columns} FROM ({relation}) LIMIT {SAMPLE_ROWS}").fetchall()
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None


def _values(
    connection: duckdb.DuckDBPyConnection, relation: str, places: list[int], scratch: Path
) -> dict[int, list[tuple[str, int]]]:
    """The values of each candidate column over the whole file. The columns are copied first: a text file is read only once."""
    if not places:
        return {}
    copied, columns = "'" + str(scratch).replace("'", "''") + "'", ", ".join(f"c{place}" for place in places)
    connection.execute(f"COPY (SELECT {columns} FROM ({relation})) TO {copied} (FORMAT parquet, COMPRESSION snappy)")
    estimates = ", ".join(f"approx_count_distinct(c{place})" for place in places)
    (distinct,) = connection.execute(f"SELECT {estimates} FROM read_parquet({copied})").fetchall()
    values = {}
    for place, about in zip(places, distinct, strict=True):
        if about > 1.2 * MOST_VALUES:
            continue
        counted = connection.execute(
            f"SELECT coalesce(c{place}, '') AS written, count(*) AS lines FROM read_parquet({copied}) GROUP BY ALL ORDER BY lines DESC, written"
        ).fetchall()
        if len(counted) <= MOST_VALUES:
            values[place] = counted
    scratch.unlink()
    return values
