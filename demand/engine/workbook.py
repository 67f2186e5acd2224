"""A workbook (XLSX) -> the rows of one sheet as text, with their row numbers. Grain: one record per row of the sheet.

Numbers are written as a spreadsheet shows them (15 digits), dates as YYYY-MM-DD, errors (#REF!) as they stand, so that a row rule
finds them. Formulas are taken by the value the workbook holds; links to other workbooks are never followed.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from demand.engine.refusal import RefusedFile, UnknownLayout
from demand.engine.unpack import BLOCK, Limits

_MARKS = re.compile(rb'\bt="e"|\bhidden="(?:1|true)"|</f></c>|<f[^>]*/></c>|<!DOCTYPE')
_OVERLAP = 4096  # a mark may stand across two blocks


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


def sheet_names(path: Path, shown: str) -> list[str]:
    """The sheets with rows, the visible ones first."""
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
            filled = [sheet for sheet in sheets if book.get_sheet_by_name(sheet.name).height]
    except PasswordError:
        raise RefusedFile(
            f"{shown} is a password-protected workbook. Open it, remove the password, save it, and send that.", "PASSWORD_PROTECTED"
        ) from None
    except (CalamineError, OSError, ValueError):
        raise _damaged(shown) from None
    return [sheet.name for sheet in sorted(filled, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)]


def open_sheet(path: Path, shown: str, wanted: str, limits: Limits) -> Sheet:
    """The sheet to be read: the one named, else the only one with rows. Refused where it is too large, damaged or uncalculated."""
    marks = _scan(path, shown, limits)
    names = sheet_names(path, shown)
    if not names:
        raise RefusedFile(f"{shown} is a workbook whose sheets are all empty, so there is nothing to load.", "EMPTY")
    if wanted and wanted not in names:
        raise UnknownLayout(f"{shown} has no sheet “{wanted}” with rows in it: choose one of its sheets.", "SHEET")
    if not wanted and len(names) > 1:
        raise UnknownLayout(
            f"{shown} is a workbook of {len(names)} sheets with rows, and one is read: choose the sheet, or send a workbook of one.",
            "SHEET",
        )
    name = wanted or names[0]
    part = _part_of(path, name, shown)
    found = marks.get(part, set())
    if b"<!DOCTYPE" in found:
        raise RefusedFile(
            f"{shown} carries declarations that no spreadsheet program writes. Save it again and send that.", "TYPE_MISMATCH"
        )
    if any(mark.endswith(b"</c>") for mark in found):
        raise RefusedFile(
            f"{shown} has formulas without a calculated value. Open it, let it calculate, save it, and send that.", "UNCALCULATED"
        )
    errors, hidden = _errors_and_hidden(path, part) if found else ({}, 0)
    notes = []
    if len(names) > 1:
        notes.append(f"Read from the sheet “{name}”; {len(names) - 1} other sheets with rows were not read.")
    if hidden:
        notes.append(f"{hidden:,} hidden rows were read like all others.")
    return Sheet(name, path, errors, hidden, tuple(notes))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) >= 1e15 or value != int(value) else str(int(value))
    return str(value)


def _damaged(shown: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} cannot be read as a workbook: it is damaged or cut off. Save it again and send it once more.", "ARCHIVE_DAMAGED"
    )


def _scan(path: Path, shown: str, limits: Limits) -> dict[str, set[bytes]]:
    """Marks found in each sheet's XML. Every member is unpacked once, counting: a bomb or a lying size is found before it is read."""
    marks: dict[str, set[bytes]] = {}
    most = min(limits.max_unpacked_bytes, limits.max_workbook_bytes)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > limits.max_members:
                raise _too_large(shown)
            done = 0
            for member in members:
                own, before = 0, b""
                with archive.open(member) as stream:
                    while block := stream.read(BLOCK):
                        own += len(block)
                        done += len(block)
                        if done > most or (own > limits.ratio_from_bytes and own > limits.max_ratio * max(member.compress_size, 1)):
                            raise _too_large(shown)
                        if member.filename.startswith("xl/worksheets/"):
                            marks.setdefault(member.filename, set()).update(_MARKS.findall(before + block))
                            before = block[-_OVERLAP:]
    except (EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise _damaged(shown) from None
    return marks


def _too_large(shown: str) -> RefusedFile:
    return RefusedFile(
        f"{shown} unpacks to far more than a workbook of claims can hold, so its reading was stopped. "
        "Save it as CSV and send that.",
        "ARCHIVE_TOO_LARGE",
    )


def _part_of(path: Path, name: str, shown: str) -> str:
    """The archive member that holds the sheet."""
    sheets, links = {}, {}

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag.rsplit(":", 1)[-1] == "sheet":
            sheets[attributes.get("name", "")] = next((v for k, v in attributes.items() if k.rsplit(":", 1)[-1] == "id"), "")

    def link(tag: str, attributes: dict[str, str]) -> None:
        if tag.rsplit(":", 1)[-1] == "Relationship":
            links[attributes.get("Id", "")] = attributes.get("Target", "")

    try:
        with zipfile.ZipFile(path) as archive:
            _elements(archive.read("xl/workbook.xml"), sheet)
            _elements(archive.read("xl/_rels/workbook.xml.rels"), link)
        target = links[sheets[name]]
    except (KeyError, expat.ExpatError, zipfile.BadZipFile):
        raise _damaged(shown) from None
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _elements(text: bytes, begin) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.Parse(text, True)


def _errors_and_hidden(path: Path, part: str) -> tuple[dict[int, dict[int, str]], int]:
    """Error cells by row and column (from 0), and the number of hidden rows: what the sheet's reader leaves out."""
    errors: dict[int, dict[int, str]] = {}
    row = column = -1
    hidden = 0
    text: list[str] | None = None

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, hidden, text
        tag = tag.rsplit(":", 1)[-1]
        if tag == "row":
            row = int(attributes["r"]) - 1 if "r" in attributes else row + 1
            column = -1
            hidden += attributes.get("hidden") in ("1", "true")
        elif tag == "c":
            column = _column(attributes["r"]) if "r" in attributes else column + 1
            text = [] if attributes.get("t") == "e" else None

    def end(tag: str) -> None:
        nonlocal text
        if tag.rsplit(":", 1)[-1] == "c" and text is not None:
            errors.setdefault(row, {})[column] = "".join(text) or "#ERROR"
            text = None

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = lambda data: text.append(data) if text is not None else None
    with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
        parser.ParseFile(stream)
    return errors, hidden


def _column(reference: str) -> int:
    """'AB12' -> 27."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1
