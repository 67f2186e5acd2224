"""The first line of a delimited file -> its column names, the delimiter, and which column is which. One header per file.

The delimiter is the one by which most cells are columns we know; columns are matched by name alone, never by place.
"""

from __future__ import annotations

import csv
import difflib
import re
from pathlib import Path

from demand.engine.columns import KINDS, LEFT_OUT, SYNONYMS, Kind, canonical, kinds_that_fit, plain
from demand.engine.refusal import RefusedFile, UnknownLayout, not_utf8, shown_name
from demand.engine.unpack import Limits

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}


def read_header(path: Path, shown: str, limits: Limits, delimiter: str = "") -> tuple[int, list[str], str]:
    """(line, cells, delimiter) of the header: the first line that is not blank, cut at `delimiter`.

    Without one, it is cut where most known columns, else most cells come out.
    """
    with path.open("rb") as stream:
        for line_number in range(1, 1001):
            raw = stream.readline(4 * limits.max_header_chars + 16)
            if not raw:
                break
            if raw.strip(b"\xef\xbb\xbf \t\r\n"):
                return line_number, *_header_cells(raw, shown, limits, [delimiter] if delimiter else list(DELIMITERS))
    raise RefusedFile(
        f"{shown} holds only blank lines: no header and no rows. Export it again, with a header line of column names.", "EMPTY"
    )


def _header_cells(raw: bytes, shown: str, limits: Limits, delimiters: list[str]) -> tuple[list[str], str]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(raw) <= 4 * limits.max_header_chars or error.end < len(raw):
            raise not_utf8(shown, 1, error.start) from None
        text = raw[: error.start].decode("utf-8-sig")
    text = text.split("\r", 1)[0].rstrip("\n")
    if len(text) > limits.max_header_chars:
        raise RefusedFile(
            f"{shown} has a header line of {len(text):,} characters or more; at most {limits.max_header_chars:,} are read. "
            "Check that its first line holds the column names.",
            "HEADER_TOO_LONG",
        )
    known = {name for kind in KINDS.values() for name in kind.columns}
    best: tuple[int, int, list[str], str] | None = None
    for delimiter in delimiters:
        try:
            cells = next(csv.reader([text], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        score = (sum(canonical(cell) in known for cell in cells), len(cells))
        if best is None or score > best[:2]:
            best = (*score, cells, delimiter)
    if best is None:
        raise RefusedFile(
            f"{shown} has a quote in its header line that is not closed. Correct the first line and send the file again.",
            "UNCLOSED_QUOTE",
        )
    _, count, cells, delimiter = best
    if count > limits.max_columns:
        raise RefusedFile(
            f"{shown} has {count:,} columns; at most {limits.max_columns} are read. Export only the columns needed.",
            "TOO_MANY_COLUMNS",
        )
    return cells, delimiter


def match_columns(names: list[str], wanted_kind: str, shown: str) -> tuple[Kind, list[tuple[int, str]], tuple[str, ...]]:
    """Cells of the header -> (kind, (place, column) of what we read, columns that we do not know)."""
    kind = KINDS[wanted_kind]
    cleaned = [plain(name) for name in names]
    known = {name for other in KINDS.values() for name in other.columns}
    if not {SYNONYMS.get(name, name) for name in cleaned} & known:  # said first: a row of data must not be quoted as names
        wanted = f"a file of {kind.title} needs {', '.join(_named(column) for column in kind.needed)}"
        if look_like_names(names):
            raise UnknownLayout(
                f"{shown} is in a layout whose column names are not known here; {wanted}. Say in a mapping what its columns are, "
                "or rename them.",
                "UNKNOWN_NAMES",
            )
        raise RefusedFile(
            f"{shown} has no header line: its first line looks like data and not like column names. Send it with a first line "
            f"that names the columns; {wanted}.",
            "NO_HEADER",
        )
    refuse_duplicates(names, shown)
    places: dict[str, int] = {}
    for place, name in enumerate(cleaned):
        column = SYNONYMS.get(name, name)
        if column not in places or name == column:  # person_id wins over patient_id
            places[column] = place
    missing = [column for column in kind.needed if column not in places]
    if missing:
        raise _missing(missing, kind, set(places), cleaned, shown)
    present = [(places[column], column) for column in kind.columns if column in places]
    used = {place for place, _ in present}
    extra = [
        names[place].strip() or f"(column {place + 1} has no name)"
        for place, name in enumerate(cleaned)
        if place not in used and name not in LEFT_OUT[kind.name]
    ]
    return kind, present, tuple(shown_name(name.replace("/", "∕")) for name in extra)


_VALUE = re.compile(r"[\W\d_]+|.*\d{3,}.*|[0-9].*")  # what stands in a row of data rather than in a header


def look_like_names(names: list[str]) -> bool:
    """Whether the cells of a first line are column names and not a row of data, which must never be shown as names."""
    filled = [name.strip() for name in names if name.strip()]
    values = [name for name in filled if _VALUE.fullmatch(name)]
    return len(filled) >= 2 and len(filled) >= 0.8 * len(names) and not values and len(set(filled)) == len(filled)


def refuse_duplicates(names: list[str], shown: str) -> None:
    """A name that stands twice says nothing: which of them is meant?"""
    cleaned = [plain(name) for name in names]
    twice = sorted({name for name in cleaned if name and cleaned.count(name) > 1})
    if twice:
        raise RefusedFile(
            f"{shown} has a duplicate column: {', '.join(twice[:10])} (letter case does not count). "
            "Keep one of each name and send it again.",
            "DUPLICATE_COLUMN",
        )


def refuse_without_names(names: list[str], shown: str) -> None:
    """A first line of data is never taken as a header, nor shown as one: it tells of a person."""
    if not look_like_names(names):
        raise RefusedFile(
            f"{shown} has no header line: its first line does not look like column names. Send it with a first line that names the columns.",
            "NO_HEADER",
        )


def _kind_of_refusal(names: list[str]) -> type[RefusedFile]:
    return UnknownLayout if look_like_names(names) else RefusedFile


def _missing(missing: list[str], kind: Kind, found: set[str], cleaned: list[str], shown: str) -> RefusedFile:
    others = [other for other in kinds_that_fit(found) if other.name != kind.name]
    if others:
        return RefusedFile(
            f"{shown} looks like a file of {others[0].title}, not of {kind.title}: choose it under {others[0].title}, "
            "or send the right file.",
            "WRONG_KIND",
        )
    known = {name for other in KINDS.values() for name in other.columns}
    hints = []
    for column in missing:
        near = difflib.get_close_matches(column, [name for name in cleaned if name and name not in known], n=1, cutoff=0.75)
        if near:
            hints.append(f"'{shown_name(near[0])}' may be {column}")
    hint = f" Perhaps {'; '.join(hints)}: rename it." if hints else ""
    word = "column" if len(missing) == 1 else "columns"
    return _kind_of_refusal(cleaned)(
        f"{shown} lacks the {word} {', '.join(_named(column) for column in missing)}, which every file of {kind.title} needs."
        f"{hint} Add {'it' if len(missing) == 1 else 'them'} to the header and the rows and send the file again.",
        "MISSING_COLUMN",
    )


def _named(column: str) -> str:
    return "person_id (or patient_id)" if column == "person_id" else column
