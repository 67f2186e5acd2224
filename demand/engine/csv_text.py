"""Rows → CSV text that a spreadsheet shows and never runs. Text that begins like a formula gets a leading apostrophe; numbers stay numbers."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: object) -> object:
    """A cell as it may stand in a CSV: text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def write_csv(stream: TextIO, columns: Sequence[str] | None, rows: Iterable[Sequence[object]]) -> int:
    """Header (None: it was written before) and rows to the stream; empty is empty. Returns the number of rows."""
    writer = csv.writer(stream, lineterminator="\n")
    if columns is not None:
        writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([neutral(value) for value in row])
        count += 1
    return count
