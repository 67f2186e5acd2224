"""A delimited text that DuckDB's strict reader would misread -> the same records, one clean CSV row each. Slow path of intake.

Blank lines, line ends inside quotes, mixed line ends, ragged rows, stray quotes and control characters are handled here by
Python's csv module: every record gets its physical line, a record that is none becomes a structural reject with its rule.
records read = rows written + structural rejects; blank lines are counted apart.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demand.engine.refusal import RefusedFile
from demand.engine.unpack import Limits

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# First line, last line, and the cells or the reader's complaint.
Record = tuple[int, int, list[str] | str]
_MANY_FIELDS = 64 << 20  # what the csv module may hold of one field; our own limit is far below


@dataclass(frozen=True)
class StructuralReject:
    row_number: int
    rule: str
    column: str | None
    message: str
    claim_id: str | None


@dataclass(frozen=True)
class Normalised:
    path: Path
    rows: int
    blank_lines: int
    rejects: list[StructuralReject]
    longest: int  # characters of the longest row written
    one_line_each: bool  # no row written holds a line end


def normalise(
    records: Iterable[Record],
    target: Path,
    shown: str,
    header_line: int,
    header: Sequence[str],
    wanted: Sequence[tuple[int, str]],
    limits: Limits,
    suspicious: bool = True,
    blank_rows: bool = False,
    progress: Callable[[int], None] = lambda written: None,
) -> Normalised:
    """Write physical line and the wanted (position, name) cells of every sound record to `target`, every cell quoted.

    `suspicious`: control characters or long cells may be there, so each cell is looked at. `blank_rows`: a row of blank
    cells is a blank line, as in a workbook. `progress` is told the bytes written.
    """
    width = len(header)
    claim_place = next((place for place, name in wanted if name == "claim_id"), None)
    places = [place for place, _ in wanted]
    rejects: list[StructuralReject] = []
    rows = blanks = longest = 0
    one_line_each = True
    with target.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["physical_line", *(name for _, name in wanted)])
        for line, last_line, record in records:
            if line <= header_line:
                continue
            if len(rejects) > limits.max_broken_rows:
                raise _broken(shown, rejects)
            if isinstance(record, str):
                if last_line > line:
                    raise _unclosed(shown, line)
                rejects.append(StructuralReject(line, *_reader_error(record), None))
                continue
            if not any(cell.strip() for cell in record) and (blank_rows or len(record) <= 1):
                blanks += 1
                continue
            if len(record) != width:
                if last_line > line:
                    raise _unclosed(shown, line)
                # In a row with a cell too many or too few, only the first cell is sure to be what the header says.
                claim_id = record[0].strip()[:300] if claim_place == 0 else None
                message = f"The row has {len(record)} cells where the header has {width}."
                rejects.append(StructuralReject(line, "RAGGED", None, message, claim_id))
                continue
            fault = _fault(record, header, limits) if suspicious else None
            if fault:
                claim_id = record[claim_place].strip()[:300] if claim_place is not None and fault[0] != "FIELD_TOO_LONG" else None
                rejects.append(StructuralReject(line, *fault, _CONTROL.sub("", claim_id) if claim_id else None))
                continue
            longest = max(longest, writer.writerow([line, *(record[place] for place in places)]))
            one_line_each = one_line_each and last_line == line
            rows += 1
            if rows % 20_000 == 0:
                progress(sink.tell())
    return Normalised(target, rows, blanks, rejects, longest, one_line_each)


def records_of_text(path: Path, delimiter: str, shown: str) -> Iterator[Record]:
    """The records of a delimited text in UTF-8, lines counted from 1."""
    previous = csv.field_size_limit(_MANY_FIELDS)
    stream = path.open(encoding="utf-8-sig", newline="")
    try:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        while True:
            first = reader.line_num + 1
            try:
                record: list[str] | str = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                record = str(error)
                if "unexpected end of data" in record:
                    raise _unclosed(shown, first) from None
            yield first, reader.line_num, record
    finally:
        stream.close()
        csv.field_size_limit(previous)


def _reader_error(complaint: str) -> tuple[str, None, str]:
    if "expected after" in complaint:
        return "TEXT_AFTER_QUOTE", None, "Text follows a closing quote; a quote inside a quoted cell must be doubled."
    if "larger than field limit" in complaint:
        return "FIELD_TOO_LONG", None, "A cell is longer than a claims file's cell can be."
    return "MALFORMED", None, "The row cannot be read as CSV."


def _fault(record: list[str], header: Sequence[str], limits: Limits) -> tuple[str, str | None, str] | None:
    for place, cell in enumerate(record):
        if len(cell) > limits.max_field_chars:
            return (
                "FIELD_TOO_LONG",
                header[place],
                f"The cell has {len(cell):,} characters; {limits.max_field_chars:,} are allowed.",
            )
    if _CONTROL.search("".join(record)):
        place = next(place for place, cell in enumerate(record) if _CONTROL.search(cell))
        return "CONTROL_CHAR", header[place], "The cell holds a control character, which no claims value has."
    return None


def _broken(shown: str, rejects: list[StructuralReject]) -> RefusedFile:
    first = rejects[0]
    return RefusedFile(
        f"{shown} has more than {len(rejects) - 1:,} rows that cannot be read; the first is line {first.row_number:,}: {first.message} "
        "Correct the export and send the file again.",
        f"TOO_MANY_BROKEN {first.rule}",
    )


def _unclosed(shown: str, line: int) -> RefusedFile:
    return RefusedFile(
        f"{shown} has a quote that opens on line {line} and is not closed there, so rows would run into each other and get lost. "
        "Close or remove that quote and send the file again.",
        "UNCLOSED_QUOTE",
    )
