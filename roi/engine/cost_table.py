"""A CSV of actual costs <-> cents by month and cost line; grain: one month of one cost line.

Columns month (2027-03), cost (a line's name or code, as the download has it) and actual (dollars; blank: not known yet).
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sites.engine.cells import BadCell, cents
from sites.engine.rows import Column, Layout, Table, open_records, typed_table
from sites.engine.text_file import as_text

HEAD = ("month", "cost", "expected", "actual")
LONGEST = 1_000_000  # bytes: ten years of thirty lines are a tenth of it


@dataclass(frozen=True)
class CostRow:
    """`cents` is None where nothing is known yet."""

    month: dt.date
    line: str
    cents: int | None


def read_costs(data: bytes, name: str, names: Mapping[str, str]) -> Table:
    """`names`: name of a cost line -> its code. RefusedTable where it is no such file; what is wrong in a row is a problem of it."""
    header, records = open_records(as_text(data, name), name)
    return typed_table(name, header, records, _layout(names))


def cost_rows(table: Table) -> list[CostRow]:
    return [CostRow(row.values["month"], row.values["cost"], row.values["actual"]) for row in table.rows]


def month(cell: str) -> dt.date:
    if not re.fullmatch(r"(20|21)\d\d-(0[1-9]|1[0-2])", cell, re.ASCII):
        raise BadCell("month", "must be a month written year-month, such as 2027-03")
    return dt.date.fromisoformat(f"{cell}-01")


def _layout(names: Mapping[str, str]) -> Layout:
    known = {name.lower(): code for name, code in names.items()} | {code: code for code in names.values()}

    def line(cell: str) -> str:
        if cell.lower() not in known:
            raise BadCell("cost", f"is no cost of this scenario; it has {', '.join(names)}")
        return known[cell.lower()]

    columns = (Column("month", month, needed=True), Column("cost", line, needed=True), Column("actual", cents, expected=True))
    return Layout(columns, key=("month", "cost"), ignored=frozenset({"expected"}))


def written(rows: Iterable[tuple[dt.date, str, int, int | None]]) -> str:
    """(month, name, expected cents, actual cents) as the CSV that is read again."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEAD)
    for day, name, expected, actual in rows:
        writer.writerow((f"{day:%Y-%m}", name, _dollars(expected), "" if actual is None else _dollars(actual)))
    return stream.getvalue()


def _dollars(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"
