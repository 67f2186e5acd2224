"""One raw file and its kind -> staged rows, all text, and what the file is like. Grain: one staged row per record of the file.

records = staged rows + structural rejects; blank lines are counted apart. A file that cannot be trusted as a whole raises
RefusedFile. The fast path lets DuckDB read the file as it lies (strict, no sniffing, every column text); whatever that
reader could misread goes through `normalise`. Staged rows are a SELECT over files with generated names, not yet a copy:
they are read once more when they are typed, and a copy of text columns would cost more than everything else together.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from demand.engine.columns import AS_WRITTEN, Kind, canonical
from demand.engine.header import DELIMITERS, match_columns, read_header
from demand.engine.normalise import Normalised, StructuralReject, normalise
from demand.engine.refusal import RefusedFile, not_utf8, shown_name
from demand.engine.survey import Survey, survey
from demand.engine.unpack import Limits, unpack

__all__ = ["Limits", "RefusedFile", "SourceFile", "StagedFile", "read_file"]

_BLANKS = "' \t\r\n'"
_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
)


@dataclass(frozen=True)
class SourceFile:
    """A file to load: kind is medical, pharmacy or eligibility; `display_name` is what its sender calls it."""

    kind: str
    path: Path
    display_name: str


@dataclass(frozen=True)
class StagedFile:
    """`relation` is SQL: the kind's canonical columns as text (blank is NULL), physical_line and given_reject, in file order.

    `records` counts the rows of the relation. A NULL physical_line means: the record's place in the file + `first_line`.
    """

    number: int
    kind: str
    shown: str
    relation: str
    records: int
    first_line: int
    form: str
    packed_as: str | None
    delimiter: str | None
    present: tuple[str, ...]
    extra: tuple[str, ...]
    blank_lines: int = 0
    rejects: list[StructuralReject] = field(default_factory=list)
    samples: tuple[tuple[int, str], ...] = ()  # (place among the records from 0, person_id): their order is checked by these
    notes: tuple[str, ...] = ()
    fallback: Callable[[], StagedFile] | None = None

    @property
    def rows_read(self) -> int:
        return self.records + len(self.rejects)


def read_file(
    source: SourceFile,
    number: int,
    work: Path,
    connection: duckdb.DuckDBPyConnection,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    progress: Callable[[float], None] = lambda share: None,
) -> StagedFile:
    """Stage one file under `work`, with names made from `number`. RefusedFile names the file and the remedy."""
    shown = shown_name(source.display_name)
    unpacked = unpack(source.path, shown, work, number, limits)
    if unpacked.form == "parquet":
        return _read_parquet(unpacked.path, source.kind, shown, number, connection, limits)
    line_number, names, delimiter = read_header(unpacked.path, shown, limits)
    kind, present, extra = match_columns(names, source.kind, shown)
    facts = survey(unpacked.path, delimiter, progress)
    _refuse_bytes(facts, unpacked.path, shown, limits)
    staged = StagedFile(
        number=number, kind=kind.name, shown=shown, relation="", records=facts.records - 1, first_line=2,
        form="text", packed_as=unpacked.packed_as, delimiter=DELIMITERS[delimiter],
        present=tuple(name for _, name in present), extra=extra,
    )  # fmt: skip

    def slowly() -> StagedFile:
        return _normalised(staged, unpacked.path, work, delimiter, line_number, names, present, kind, limits, facts, progress)

    simple = (
        line_number == 1 and facts.newline and not facts.quoted_newlines and not facts.blank_lines and not facts.control
        and facts.longest_line < limits.max_field_chars
    )  # fmt: skip
    if not simple:
        return _not_empty(slowly())
    cells = {name: f"c{place}" for place, name in present}
    scan = _csv_scan(unpacked.path, len(names), delimiter, facts)
    person = next(place for place, name in present if name == "person_id")
    samples = tuple((line - 2, cell) for line, cell in _cells(facts, delimiter, person, len(names)) if line > 1)
    return _not_empty(
        _with(staged, relation=_relation(kind, cells, scan, facts.edge_blanks, facts.quotes > 0), fallback=slowly, samples=samples)
    )


def _cells(facts: Survey, delimiter: str, place: int, width: int) -> Iterator[tuple[int, str]]:
    """(line, cell) of the sampled lines that are sound rows."""
    for line, raw in facts.samples:
        try:
            row = next(csv.reader([raw.decode().rstrip("\r")], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        if len(row) == width:
            yield line, row[place]


def _with(staged: StagedFile, **changes: object) -> StagedFile:
    return StagedFile(**{**staged.__dict__, **changes})


def _not_empty(staged: StagedFile) -> StagedFile:
    if staged.rows_read == 0:
        raise RefusedFile(
            f"{staged.shown} has a header but no rows, so there is nothing to load. Export it again with its rows.", "NO_ROWS"
        )
    return staged


# The bytes


def _refuse_bytes(facts: Survey, path: Path, shown: str, limits: Limits) -> None:
    if facts.nul_at is not None:
        raise RefusedFile(
            f"{shown} has a NUL byte on line {_line_of(path, facts.nul_at):,}: it is binary or damaged. "
            "Export it again as CSV in UTF-8.",
            "NUL_BYTE",
        )
    if facts.invalid_utf8_at is not None:
        raise not_utf8(shown, _line_of(path, facts.invalid_utf8_at), facts.invalid_utf8_at)
    if facts.longest_line > limits.max_line_bytes:
        raise RefusedFile(
            f"{shown} has a line of {facts.longest_line:,} bytes (line {facts.longest_line_number:,}); at most "
            f"{limits.max_line_bytes:,} are read. Check its line ends and quotes and export it again.",
            "LINE_TOO_LONG",
        )
    if facts.records - 1 > limits.max_rows:
        raise _too_many_rows(shown, facts.records - 1, limits)


def _too_many_rows(shown: str, rows: int, limits: Limits) -> RefusedFile:
    return RefusedFile(
        f"{shown} has {rows:,} rows; at most {limits.max_rows:,} are read at once. Send it in parts.", "TOO_MANY_ROWS"
    )


def _line_of(path: Path, offset: int) -> int:
    lines, done = 1, 0
    with path.open("rb") as stream:
        while done < offset and (block := stream.read(min(1 << 22, offset - done))):
            lines += block.count(b"\n")
            done += len(block)
    return lines


# The relations


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _csv_scan(path: Path, width: int, delimiter: str, facts: Survey) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    # Told that lines end in CR LF, DuckDB 2.0.0 returns no row and no error; told nothing, it reads them.
    newline = r", new_line='\n'" if facts.newline == "\n" else ""
    return (
        f"read_csv({_quoted(path)}, delim={_quoted(delimiter)}, quote='\"', escape='\"', header=true, columns={{{columns}}}, "
        f"auto_detect=false, strict_mode=true, store_rejects=true{newline}, max_line_size={max(facts.longest_line * 2, 65536)})"
    )


def _relation(
    kind: Kind,
    cells: dict[str, str],
    scan: str,
    trim: bool,
    quoted: bool,
    line: str = "NULL::BIGINT",
    reject: str = "NULL::VARCHAR",
) -> str:
    """SELECT of the canonical columns. `trim` where a blank stands at a cell's edge somewhere; `quoted` where "" may stand for a blank."""
    parts = []
    for column in kind.columns:
        cell = cells.get(column)
        if cell is None:
            text = "NULL::VARCHAR"
        elif trim and column in AS_WRITTEN:
            text = f"CASE WHEN trim({cell}, {_BLANKS}) = '' THEN NULL ELSE {cell} END"
        elif trim:
            text = f"nullif(trim({cell}, {_BLANKS}), '')"
        else:
            text = f"nullif({cell}, '')" if quoted else cell
        parts.append(f"{text} AS {column}")
    return f"SELECT {', '.join(parts)}, {line} AS physical_line, {reject} AS given_reject FROM {scan}"


def _normalised(
    staged: StagedFile, path: Path, work: Path, delimiter: str, line_number: int, names: list[str],
    present: list[tuple[int, str]], kind: Kind, limits: Limits, facts: Survey, progress: Callable[[float], None],
) -> StagedFile:  # fmt: skip
    header = [canonical(name) or f"column {place + 1}" for place, name in enumerate(names)]
    suspicious = facts.control or facts.quoted_newlines or facts.longest_line >= limits.max_field_chars
    target = work / f"{staged.number}.normal.csv"
    done = normalise(path, target, staged.shown, delimiter, line_number, header, present, limits, suspicious, progress)
    trim = facts.edge_blanks or facts.quoted_newlines or facts.newline is None
    relation = _read_normalised(done, kind, [name for _, name in present], trim)
    return _with(
        staged, relation=relation, records=done.rows, blank_lines=done.blank_lines, rejects=done.rejects, fallback=None, samples=()
    )


def _read_normalised(done: Normalised, kind: Kind, present: list[str], trim: bool) -> str:
    """The relation of a file that `normalise` wrote. Where its cells hold line ends, one thread reads it."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in ["physical_line", *present])
    scan = (
        f"read_csv({_quoted(done.path)}, delim=',', quote='\"', escape='\"', header=true, columns={{{columns}}}, auto_detect=false, "
        f"strict_mode=true, new_line='\\n', parallel={str(done.one_line_each).lower()}, max_line_size={max(4 * done.longest, 65536)})"
    )
    return _relation(kind, {name: name for name in present}, scan, trim, True, line="CAST(physical_line AS BIGINT)")


# Parquet


def _read_parquet(
    path: Path, wanted_kind: str, shown: str, number: int, connection: duckdb.DuckDBPyConnection, limits: Limits
) -> StagedFile:
    """Columns of any flat type become text; numbers in code columns are said aloud, for their leading zeros are gone."""
    scan = f"read_parquet({_quoted(path)}, file_row_number=true, hive_partitioning=false, binary_as_string=true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {scan}").fetchall()
        records = connection.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    except duckdb.Error:
        raise RefusedFile(
            f"{shown} cannot be read as Parquet: it is damaged or cut off. Write it again and send it once more.", "PARQUET_DAMAGED"
        ) from None
    if records > limits.max_rows:
        raise _too_many_rows(shown, records, limits)
    names = [row[0] for row in described]
    types = {row[0]: str(row[1]) for row in described}
    if len(names) > limits.max_columns:
        raise RefusedFile(
            f"{shown} has {len(names):,} columns; at most {limits.max_columns} are read. Export only the columns needed.",
            "TOO_MANY_COLUMNS",
        )
    kind, present, extra = match_columns(names, wanted_kind, shown)
    cells, notes, numeric_codes = {}, [], []
    for place, column in present:
        name, type_name = names[place], types[names[place]]
        if any(mark in type_name for mark in ("[", "STRUCT", "MAP", "UNION", "BLOB", "LIST", "VARIANT")):
            raise RefusedFile(
                f"{shown} has the column {column} as {type_name.split('(')[0].lower()}, not as plain text. "
                "Write one text value a row and send it again.",
                "NESTED_COLUMN",
            )
        cells[column] = _parquet_cell('"' + name.replace('"', '""') + '"', type_name)
        if type_name.startswith(_NUMERIC) and not column.endswith(("_amount", "quantity", "_line_number", "days_supply")):
            numeric_codes.append(column)
    if numeric_codes:
        notes.append(f"Stored as numbers, so leading zeros are lost: {', '.join(numeric_codes)}.")
    everything = ", ".join(f"{cell}" for cell in cells.values())
    reject = (
        f"CASE WHEN regexp_matches(concat_ws('', {everything}), '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]') THEN 'CONTROL_CHAR' END"
    )
    relation = _relation(kind, cells, scan, True, True, line="file_row_number + 1", reject=reject)
    staged = StagedFile(
        number=number, kind=kind.name, shown=shown, relation=relation, records=records, first_line=1, form="parquet",
        packed_as=None, delimiter=None, present=tuple(name for _, name in present), extra=extra, notes=tuple(notes),
    )  # fmt: skip
    try:  # a page that is damaged shows only when it is read
        connection.execute(f"SELECT count(*) FROM ({relation}) WHERE given_reject IS NULL").fetchall()[0]
    except duckdb.Error:
        raise RefusedFile(
            f"{shown} cannot be read as Parquet: it is damaged or cut off. Write it again and send it once more.", "PARQUET_DAMAGED"
        ) from None
    return _not_empty(staged)


def _parquet_cell(name: str, type_name: str) -> str:
    if type_name in ("FLOAT", "DOUBLE"):  # 123.0 in a column that had blanks was 123
        whole = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN {name} = floor({name}) AND abs({name}) < 1e15 THEN {whole} ELSE CAST({name} AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"
