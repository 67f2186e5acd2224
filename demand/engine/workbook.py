"""A workbook (XLSX) -> the rows of one sheet as text, with their row numbers. Grain: one record per row of the sheet.

Numbers are written as a spreadsheet shows them (15 digits), dates as YYYY-MM-DD, errors (#REF!) as they stand, so that a row rule
finds them. Formulas are taken by the value the workbook holds; links to other workbooks are never followed.
"""

from __future__ import annotations

import datetime as dt
import math
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from python_calamine import CalamineWorkbook

from demand.engine.refusal import RefusedFile, UnknownLayout
from demand.engine.unpack import BLOCK, Limits

MOST_MEMBERS = 1_000  # files inside a workbook
MOST_CELLS = 16_000_000  # rows x columns of a sheet: its reader makes a cell of each, filled or not
MOST_TEXT = 200 << 20  # characters that a sheet's cells point to
_WORKSHEET = "/worksheet"


@dataclass(frozen=True)
class Sheet:
    """A sheet ready to be read. `notes` say what a reader should know of it."""

    name: str
    path: Path
    errors: dict[int, dict[int, str]] = field(default_factory=dict)  # row and column from 0 -> the error's text
    hidden_rows: int = 0
    notes: tuple[str, ...] = ()

    def records(self) -> Iterator[tuple[int, int, list[str]]]:
        """(row number, row number, cells) of every row, counted from 1 as the spreadsheet does."""
        with CalamineWorkbook.from_path(str(self.path)) as book:
            for place, row in enumerate(book.get_sheet_by_name(self.name).iter_rows()):
                cells = [_text(value) for value in row]
                for column, error in self.errors.get(place, {}).items():
                    cells[column] = error
                yield place + 1, place + 1, cells


@dataclass
class _Facts:
    """What a sheet's XML says beyond its cells' values. Rows and columns count from 0."""

    rows: int = 0
    columns: int = 0
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden: int = 0
    uncalculated: int = 0
    long_numbers: int = 0
    text: int = 0
    repeated_row: int | None = None


def sheet_names(path: Path, shown: str, limits: Limits) -> list[str]:
    """The sheets with rows, the visible ones first."""
    _unpack_once(path, shown, limits)
    parts = _parts(path, shown)
    texts = _text_lengths(path, shown)
    return [name for name, part, _ in sorted(parts, key=lambda one: not one[2]) if _facts(path, part, texts, shown).rows]


def open_sheet(path: Path, shown: str, wanted: str, limits: Limits) -> Sheet:
    """The sheet to be read: the one named, else the only one with rows. Refused where it is too large, damaged or uncalculated."""
    names = sheet_names(path, shown, limits)
    if not names:
        raise RefusedFile(f"{shown} is a workbook whose sheets are all empty, so there is nothing to load.", "EMPTY")
    if wanted and wanted not in names:
        raise UnknownLayout(f"{shown} has no sheet of the chosen name with rows in it: choose one of its sheets.", "SHEET")
    if not wanted and len(names) > 1:
        raise UnknownLayout(
            f"{shown} is a workbook of {len(names)} sheets with rows, and one is read: choose the sheet, or send a workbook of one.",
            "SHEET",
        )
    name = wanted or names[0]
    part, visible = next((part, visible) for other, part, visible in _parts(path, shown) if other == name)
    facts = _facts(path, part, _text_lengths(path, shown), shown)
    _refuse(facts, shown)
    notes = []
    if len(names) > 1:
        notes.append(f"Read from one sheet; {len(names) - 1} other sheets with rows were not read.")
    if not visible:
        notes.append("The sheet is hidden in the workbook.")
    if facts.hidden:
        notes.append(f"{facts.hidden:,} hidden rows were read like all others.")
    if facts.long_numbers:
        notes.append(
            f"{facts.long_numbers:,} cells hold numbers of more than 15 digits, whose last digits a spreadsheet changes: check the ids."
        )
    return Sheet(name, path, facts.errors, facts.hidden, tuple(notes))


def _refuse(facts: _Facts, shown: str) -> None:
    if facts.uncalculated:
        raise RefusedFile(
            f"{shown} has formulas without a calculated value. Open it, let it calculate, save it, and send that.", "UNCALCULATED"
        )
    if facts.repeated_row is not None:
        raise RefusedFile(
            f"{shown} holds the row {facts.repeated_row + 1:,} twice, which no spreadsheet program writes. Save it again and send that.",
            "ARCHIVE_DAMAGED",
        )
    if facts.rows * facts.columns > MOST_CELLS or facts.text > MOST_TEXT:
        raise RefusedFile(
            f"{shown} has a sheet of {facts.rows:,} rows and {facts.columns:,} columns, more than can be read from a workbook. "
            "Save it as CSV and send that.",
            "ARCHIVE_TOO_LARGE",
        )


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    return str(value)


def _damaged(shown: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} cannot be read as a workbook: it is damaged or cut off. Save it again and send it once more.", "ARCHIVE_DAMAGED"
    )


def _unpack_once(path: Path, shown: str, limits: Limits) -> None:
    """Every member is unpacked once, counting: a bomb or a lying size is found before anything reads it."""
    most, done = min(limits.max_unpacked_bytes, limits.max_workbook_bytes), 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS or len({member.filename for member in members}) < len(members):
                raise _too_large(shown)
            for member in members:
                own = 0
                with archive.open(member) as stream:
                    while block := stream.read(BLOCK):
                        own += len(block)
                        done += len(block)
                        if done > most or (own > limits.ratio_from_bytes and own > limits.max_ratio * max(member.compress_size, 1)):
                            raise _too_large(shown)
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise _damaged(shown) from None


def _too_large(shown: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} unpacks to far more than a workbook of claims can hold, so its reading was stopped. "
        "Save it as CSV and send that.",
        "ARCHIVE_TOO_LARGE",
    )


def _parts(path: Path, shown: str) -> list[tuple[str, str, bool]]:
    """(name, archive member, visible) of each worksheet, in the workbook's order."""
    sheets: list[tuple[str, str, bool]] = []
    links: dict[str, str] = {}

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            link = next((value for name, value in attributes.items() if _local(name) == "id"), "")
            sheets.append((attributes.get("name", ""), link, attributes.get("state", "visible") == "visible"))

    def link(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship" and attributes.get("Type", "").endswith(_WORKSHEET):
            target = attributes.get("Target", "")
            links[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")

    _read(path, "xl/workbook.xml", shown, sheet)
    _read(path, "xl/_rels/workbook.xml.rels", shown, link)
    return [(name, links[to], visible) for name, to, visible in sheets if to in links]


def _text_lengths(path: Path, shown: str) -> list[int]:
    """Characters of each shared text."""
    lengths: list[int] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            lengths.append(0)

    def data(text: str) -> None:
        if lengths:
            lengths[-1] += len(text)

    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith("/sharedstrings.xml")]
    for name in names:
        _read(path, name, shown, begin, data=data)
    return lengths


def _facts(path: Path, part: str, texts: list[int], shown: str) -> _Facts:
    """Size, errors, hidden rows, formulas without a value and long numbers: what the sheet's reader does not tell."""
    facts = _Facts()
    row = column = -1
    kind, formula, value, inside = "", False, [], False
    seen: set[int] = set()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, kind, formula, value, inside
        if tag == "row":
            row = int(attributes["r"]) - 1 if attributes.get("r", "").isdecimal() else row + 1
            if row in seen:
                facts.repeated_row = row
            seen.add(row)
            column = -1
            facts.hidden += attributes.get("hidden") in ("1", "true")
        elif tag == "c":
            place = attributes.get("r", "")
            column = _column(place) if place else column + 1
            kind, formula, value = attributes.get("t", ""), False, []
            # A cell's own reference wins over its row's: the sheet's reader makes room for it.
            below = int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$") or 0) if place[-1:].isdecimal() else 0
            facts.rows, facts.columns = max(facts.rows, row + 1, below), max(facts.columns, column + 1)
        elif tag == "f":
            formula = True
        inside = tag in ("v", "t")

    def end(tag: str) -> None:
        nonlocal inside
        inside = False
        if tag != "c":
            return
        told = "".join(value)
        if kind == "e":
            facts.errors.setdefault(row, {})[column] = told or "#ERROR"
        elif formula and not told and kind != "str":
            facts.uncalculated += 1
        elif kind == "s":
            facts.text += texts[int(told)] if told.isdecimal() and int(told) < len(texts) else 0
        elif kind in ("", "n") and sum(map(str.isdigit, told.split("E")[0].lstrip("-0."))) > 15 and "." not in told:
            facts.long_numbers += 1

    _read(path, part, shown, begin, end, lambda text: value.append(text) if inside else None)
    return facts


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


def _read(path: Path, part: str, shown: str, begin, end=None, data=None) -> None:
    """Stream a member's XML to handlers that get names without prefixes. Refused where it is none, or declares entities."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: begin(_local(tag), attributes)
    if end:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if data:
        parser.CharacterDataHandler = data

    def declared(*_: object) -> None:
        raise RefusedFile(
            f"{shown} carries declarations that no spreadsheet program writes. Save it again and send that.", "TYPE_MISMATCH"
        )

    parser.StartDoctypeDeclHandler = declared
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
            parser.ParseFile(stream)
    except (KeyError, expat.ExpatError, zipfile.BadZipFile):
        raise _damaged(shown) from None


def _column(reference: str) -> int:
    """'AB12' -> 27."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1
