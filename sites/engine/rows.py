"""A register's CSV text and its layout -> typed rows, rejected rows, warnings; grain: one record of the file.

Every record becomes a row or a rejection: records = rows + rejected. A rejection names line, column, value, rule and remedy;
the value of a private column (a person, a claim) is never repeated.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sites.engine.cells import BadCell, Parser
from sites.engine.text_file import RefusedTable, read_text


@dataclass(frozen=True)
class Column:
    """One column: how its cells are read, whether they must be filled (needed) or the column must at least be there (expected),
    and what a blank cell means."""

    name: str
    parse: Parser
    needed: bool = False
    expected: bool = False
    blank: object = None
    private: bool = False


@dataclass(frozen=True)
class Problem:
    """Why one record is not used, or (as a warning) what is odd about it. line is the record's first physical line."""

    line: int
    column: str
    value: str
    rule: str
    message: str

    def sentence(self) -> str:
        shown = f" “{self.value}”" if self.value else ""
        where = f", {self.column}{shown}" if self.column else ""
        return f"line {self.line}{where}: {self.message} ({self.rule})"


@dataclass(frozen=True)
class Row:
    line: int
    values: dict


@dataclass(frozen=True)
class Finding:
    """What a check across cells found: the column to look at, a rule, a message."""

    column: str
    rule: str
    message: str


def _nothing(values: dict) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True)
class Layout:
    """A kind of file: its columns, the columns that make two records the same one, and what must hold across cells.

    `check` findings reject the record, `warn` findings are shown and the record is used. `ignored` columns are expected and unused.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    check: Callable[[dict], Iterable[Finding]] = _nothing
    warn: Callable[[dict], Iterable[Finding]] = _nothing
    ignored: frozenset[str] = field(default_factory=frozenset)

    @property
    def needed(self) -> list[str]:
        """The columns that a file of this kind must have."""
        return [column.name for column in self.columns if column.needed or column.expected]

    @property
    def private(self) -> bool:
        return any(column.private for column in self.columns)


@dataclass(frozen=True)
class Table:
    """A file as read. `unused` are columns that nobody asked for, `absent` those that the file does not have: their values are
    what a blank cell means, good for a new row and no reason to change one on file."""

    name: str
    rows: tuple[Row, ...]
    rejected: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    unused: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()


def read_table(path: Path, layout: Layout, name: str | None = None) -> Table:
    """The CSV file at `path` (CSV or CSV.gz, UTF-8) as a Table. RefusedTable where it is no such file."""
    name = name or Path(path).name
    header, records = open_records(read_text(path, name), name)
    return typed_table(name, header, records, layout)


def open_records(text: str, name: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """CSV text as (column names in lower case, iterator of (first line, cells)); blank lines are passed over."""
    records = csv_records(text, name)
    _, first = next(records, (0, []))
    return [cell.strip().lower() for cell in first], records


def csv_records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """CSV text as (first physical line, cells), blank records passed over. RefusedTable where the quoting is broken."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        what = "a quotation mark is not closed" if "unexpected end" in str(error) else "quotation marks are not as CSV has them"
        raise RefusedTable(f"{name}, record from line {line}: {what}; correct it and load the file again.") from None


def typed_table(name: str, header: list[str], records: Iterable[tuple[int, list[str]]], layout: Layout) -> Table:
    """Records under a header as a Table by the layout. RefusedTable where a needed column is missing or one stands twice."""
    missing = [column for column in layout.needed if column not in header]
    if missing:
        # A file without a header begins with a person: what it begins with is not repeated.
        found = "" if layout.private else f" (found: {', '.join(filter(None, header))[:200] or 'nothing'})"
        raise RefusedTable(f"{name} has no column {', '.join(missing)}; it needs {', '.join(layout.needed)}{found}.")
    doubled = [column for column in header if column and header.count(column) > 1]
    if doubled:
        raise RefusedTable(f"{name} has the column {doubled[0]} twice; keep one of them.")
    place = {column: index for index, column in enumerate(header)}
    rows, rejected, warnings, seen = [], [], [], {}
    for line, cells in records:
        problem, values = _typed(line, cells, header, place, layout)
        if problem is None:
            key = tuple(values[column] for column in layout.key)
            if layout.key and key in seen:
                problem = Problem(line, ", ".join(layout.key), "", "repeated", f"repeats line {seen[key]}; keep one row")
            else:
                seen[key] = line
        if problem is not None:
            rejected.append(problem)
            continue
        warnings += [_problem(line, finding, values, layout) for finding in layout.warn(values)]
        rows.append(Row(line, values))
    if not rows and not rejected:
        raise RefusedTable(f"{name} has a header and no rows; save it again with its rows.")
    known = {column.name for column in layout.columns} | layout.ignored
    unused = tuple(column for column in header if column and column not in known)
    absent = frozenset(column.name for column in layout.columns if column.name not in place)
    return Table(name, tuple(rows), tuple(rejected), tuple(warnings), unused, absent)


def _typed(line: int, cells: list[str], header: list[str], place: dict[str, int], layout: Layout) -> tuple[Problem | None, dict]:
    """One record's typed values, or what is wrong with it first."""
    if len(cells) != len(header):
        message = f"has {len(cells)} cells where the header has {len(header)} columns; look for a missing or unquoted comma"
        return Problem(line, "", "", "cells", message), {}
    values = {}
    for column in layout.columns:
        cell = cells[place[column.name]].strip() if column.name in place else ""
        shown = "" if column.private else cell[:100]
        if not cell:
            if column.needed:
                return Problem(line, column.name, "", "blank", "must not be blank"), {}
            values[column.name] = column.blank
            continue
        try:
            values[column.name] = column.parse(cell)
        except BadCell as bad:
            return Problem(line, column.name, shown, bad.rule, str(bad)), {}
    for finding in layout.check(values):
        return _problem(line, finding, values, layout), {}
    return None, values


def _problem(line: int, finding: Finding, values: dict, layout: Layout) -> Problem:
    private = any(column.private for column in layout.columns if column.name == finding.column)
    value = values.get(finding.column)
    shown = "" if private or value in (None, ()) else str(value)[:100]
    return Problem(line, finding.column, shown, finding.rule, finding.message)


def ends_after_start(values: dict, start: str, end: str) -> Iterator[Finding]:
    """Half-open periods: the first day that no longer counts comes after the first day that counts."""
    if values[start] is not None and values[end] is not None and values[end] <= values[start]:
        yield Finding(end, "period", f"must be after {start} ({values[start]})")
