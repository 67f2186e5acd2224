"""One raw file and its kind -> staged rows, all text, and what the file is like. Grain: one staged row per record of the file.

records = staged rows + structural rejects; blank lines are counted apart. A file that cannot be trusted as a whole raises
RefusedFile. The fast path lets DuckDB read the file as it lies (strict, no sniffing, every column text); whatever that
reader could misread goes through `normalise`. Staged rows are a SELECT over files with generated names, not yet a copy:
they are read once more when they are typed, and a copy of text columns would cost more than everything else together.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from demand.engine.columns import AS_WRITTEN, Kind, canonical, plain
from demand.engine.header import DELIMITERS, match_columns
from demand.engine.mapped import must_fit, read_through
from demand.engine.mapping import Mapping, ReadAs, quoted
from demand.engine.normalise import normalise, records_of_text
from demand.engine.refusal import RefusedFile, UnknownLayout, not_utf8, shown_name
from demand.engine.staged import SourceFile, StagedFile
from demand.engine.survey import Survey, survey
from demand.engine.table import Table, damaged_parquet, open_table, parquet_scan, too_many_rows
from demand.engine.unpack import Limits

__all__ = ["Limits", "RefusedFile", "SourceFile", "StagedFile", "UnknownLayout", "read_file"]

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


def read_file(
    source: SourceFile,
    number: int,
    work: Path,
    connection: duckdb.DuckDBPyConnection,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    progress: Callable[[float], None] = lambda share: None,
) -> StagedFile:
    """Stage one file under `work`, with names made from `number`. RefusedFile names the file and the remedy.

    UnknownLayout where a mapping could say what the file's columns are.
    """
    table = open_table(source, number, work, connection, limits, source.mapping.read_as if source.mapping else ReadAs())
    mapping = source.mapping or _saved_for(source, table)
    if mapping:
        must_fit(mapping, table)
        places = {plain(name): place for place, name in enumerate(table.names)}
        wanted = [(places[name], f"c{places[name]}") for name in mapping.source_names()]
        staged = stage_table(table, source.kind, number, work, wanted, connection, limits, progress)
        return read_through(staged, mapping, table, work, connection)
    kind, present, extra = match_columns(table.names, source.kind, table.shown)
    staged = stage_table(table, source.kind, number, work, present, connection, limits, progress, kind)
    return replace(staged, present=tuple(name for _, name in present), extra=extra)


def _saved_for(source: SourceFile, table: Table) -> Mapping | None:
    """The saved mapping that was made for this header. Two of them may mean two payers, so nobody but a person can choose."""
    fitting = [mapping for mapping in source.saved if mapping.fits(table.names)]
    if len(fitting) > 1:
        named = " and ".join(f"“{mapping.name}”" for mapping in fitting[:4])
        raise UnknownLayout(
            f"{table.shown} has the header of more than one saved mapping: {named}. Choose one of them for this file, or stop using the others.",
            "SEVERAL_MAPPINGS",
        )
    return fitting[0] if fitting else None


def stage_table(
    table: Table, kind_name: str, number: int, work: Path, wanted: list[tuple[int, str]], connection: duckdb.DuckDBPyConnection,
    limits: Limits, progress: Callable[[float], None], kind: Kind | None = None,
) -> StagedFile:  # fmt: skip
    """The wanted (place, name) columns of a table as a relation of those names; with `kind`, of all the kind's columns."""
    staged = StagedFile(
        number=number, kind=kind_name, shown=table.shown, relation="", records=0, first_line=2, form=table.form,
        packed_as=table.packed_as, delimiter=DELIMITERS.get(table.delimiter), present=(), extra=(), notes=table.notes,
        hidden_rows=table.sheet.hidden_rows if table.sheet else 0,
    )  # fmt: skip
    columns = kind.columns if kind else tuple(name for _, name in wanted)
    if table.form == "parquet":
        return _not_empty(_read_parquet(staged, table, wanted, columns, connection))
    if table.form == "workbook":
        return _not_empty(_normalised(staged, table, work, wanted, columns, limits, None, progress))
    facts = survey(table.path, table.delimiter, progress)
    _refuse_bytes(facts, table.path, table.shown, limits)

    def slowly() -> StagedFile:
        return _normalised(staged, table, work, wanted, columns, limits, facts, progress)

    simple = (
        table.header_line == 1 and facts.newline and not facts.quoted_newlines and not facts.blank_lines and not facts.control
        and facts.longest_line < limits.max_field_chars
    )  # fmt: skip
    if not simple:
        return _not_empty(slowly())
    cells = {name: f"c{place}" for place, name in wanted}
    scan = _csv_scan(table.path, len(table.names), table.delimiter, facts)
    checked = next((place for place, name in wanted if name == "person_id"), wanted[0][0])
    samples = tuple((line - 2, cell) for line, cell in _cells(facts, table.delimiter, checked, len(table.names)) if line > 1)
    relation = _relation(columns, cells, scan, facts.edge_blanks, facts.quotes > 0)
    return _not_empty(replace(staged, relation=relation, records=facts.records - 1, fallback=slowly, samples=samples))


def _cells(facts: Survey, delimiter: str, place: int, width: int) -> Iterator[tuple[int, str]]:
    """(line, cell) of the sampled lines that are sound rows."""
    for line, raw in facts.samples:
        try:
            row = next(csv.reader([raw.decode().rstrip("\r")], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        if len(row) == width:
            yield line, row[place]


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
        raise too_many_rows(shown, facts.records - 1, limits)


def _line_of(path: Path, offset: int) -> int:
    lines, done = 1, 0
    with path.open("rb") as stream:
        while done < offset and (block := stream.read(min(1 << 22, offset - done))):
            lines += block.count(b"\n")
            done += len(block)
    return lines


# The relations


def _csv_scan(path: Path, width: int, delimiter: str, facts: Survey) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    # Told that lines end in CR LF, DuckDB 2.0.0 returns no row and no error; told nothing, it reads them.
    newline = r", new_line='\n'" if facts.newline == "\n" else ""
    return (
        f"read_csv({quoted(str(path))}, delim={quoted(str(delimiter))}, quote='\"', escape='\"', header=true, columns={{{columns}}}, "
        f"auto_detect=false, strict_mode=true, store_rejects=true{newline}, max_line_size={max(facts.longest_line * 2, 65536)})"
    )


def _relation(
    columns: Sequence[str],
    cells: dict[str, str],
    scan: str,
    trim: bool,
    quoted: bool,
    line: str = "NULL::BIGINT",
    reject: str = "NULL::VARCHAR",
) -> str:
    """SELECT of the canonical columns. `trim` where a blank stands at a cell's edge somewhere; `quoted` where "" may stand for a blank."""
    parts = []
    for column in columns:
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
    staged: StagedFile, table: Table, work: Path, wanted: list[tuple[int, str]], columns: Sequence[str], limits: Limits,
    facts: Survey | None, progress: Callable[[float], None],
) -> StagedFile:  # fmt: skip
    """Through Python's reader; `facts` is None for a workbook, whose rows come from its sheet."""
    header = [canonical(name) or f"column {place + 1}" for place, name in enumerate(table.names)]
    target = work / f"{staged.number}.normal.csv"
    if table.sheet:
        records = ((line, last, _as_wide(cells, len(header))) for line, last, cells in table.sheet.records())
        suspicious, trim, size = True, True, table.path.stat().st_size * 10
    else:
        records = records_of_text(table.path, table.delimiter, staged.shown)
        suspicious = facts.control or facts.quoted_newlines or facts.longest_line >= limits.max_field_chars
        trim, size = facts.edge_blanks or facts.quoted_newlines or facts.newline is None, facts.size
    done = normalise(
        records, target, staged.shown, table.header_line, header, wanted, limits, suspicious, table.sheet is not None,
        lambda written: progress(min(1.0, written / size)),
    )  # fmt: skip
    names = ", ".join(f"'{name}': 'VARCHAR'" for name in ["physical_line", *(name for _, name in wanted)])
    # Where cells hold line ends, one thread reads the file.
    scan = (
        f"read_csv({quoted(str(done.path))}, delim=',', quote='\"', escape='\"', header=true, columns={{{names}}}, auto_detect=false, "
        f"strict_mode=true, new_line='\\n', parallel={str(done.one_line_each).lower()}, max_line_size={max(4 * done.longest, 65536)})"
    )
    relation = _relation(columns, {name: name for _, name in wanted}, scan, trim, True, line="CAST(physical_line AS BIGINT)")
    return replace(
        staged, relation=relation, records=done.rows, blank_lines=done.blank_lines, rejects=done.rejects, fallback=None, samples=()
    )


def _as_wide(cells: list[str], width: int) -> list[str]:
    """A sheet's row without the blank cells beyond its header; what is filled there stays and makes the row ragged."""
    return cells[:width] if not any(cell.strip() for cell in cells[width:]) else cells


# Parquet


def _read_parquet(
    staged: StagedFile, table: Table, wanted: list[tuple[int, str]], columns: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> StagedFile:
    """Columns of any flat type become text; numbers in code columns are said aloud, for their leading zeros are gone."""
    shown = table.shown
    cells, notes, numeric_codes = {}, [], []
    for place, column in wanted:
        name, type_name = table.names[place], table.types[place]
        if any(mark in type_name for mark in ("[", "STRUCT", "MAP", "UNION", "BLOB", "LIST", "VARIANT")):
            raise RefusedFile(
                f"{shown} has the column {shown_name(name)} as {type_name.split('(')[0].lower()}, not as plain text. "
                "Write one text value a row and send it again.",
                "NESTED_COLUMN",
            )
        cells[column] = _parquet_cell('"' + name.replace('"', '""') + '"', type_name)
        if type_name.startswith(_NUMERIC) and not column.endswith(("_amount", "quantity", "_line_number", "days_supply")):
            numeric_codes.append(shown_name(name))
    if numeric_codes:
        notes.append(f"Stored as numbers, so leading zeros are lost: {', '.join(numeric_codes)}.")
    everything = ", ".join(f"{cell}" for cell in cells.values())
    reject = (
        f"CASE WHEN regexp_matches(concat_ws('', {everything}), '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]') THEN 'CONTROL_CHAR' END"
    )
    relation = _relation(columns, cells, parquet_scan(table.path), True, True, line="file_row_number + 1", reject=reject)
    try:  # a page that is damaged shows only when it is read
        connection.execute(f"SELECT count(*) FROM ({relation}) WHERE given_reject IS NULL").fetchall()[0]
    except duckdb.Error:
        raise damaged_parquet(shown) from None
    return replace(staged, relation=relation, records=table.records, first_line=1, notes=(*staged.notes, *notes))


def _parquet_cell(name: str, type_name: str) -> str:
    if type_name in ("FLOAT", "DOUBLE"):  # 123.0 in a column that had blanks was 123
        whole = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN {name} = floor({name}) AND abs({name}) < 1e15 THEN {whole} ELSE CAST({name} AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"
