"""Rows as a database's driver hands them over -> one Parquet file, every cell text; grain: one row per row fetched.

The rows are written down as they come and sorted afterwards, in bounded memory: a database promises no order, and the same rows must
give the same file, byte for byte. A person's rows stand together, and those with a negative cell after the others, so that a
reversal follows what it takes back. Numbers are exact decimals, dates ISO, nothing is NULL that was not (a blank is no value).
"""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb

from demand.engine.warehouse_trouble import NO_ROOM, Trouble
from demand.engine.workspace import parse_bytes

TIMES_ITS_SIZE = 12  # what sorting text takes in memory, times its size as CSV; a share takes as much as fits the limit
ROWS_IN_WAITING = 5_000  # of each share, before they are written


def as_text(value: object) -> str | None:
    """A cell as text: Decimal without exponent, 2026-01-05, whole floats without a point."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):  # a day at midnight is a day, in whatever zone the database keeps it
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        value = Decimal(repr(value))
        if value.is_finite() and value == value.to_integral_value():
            value = value.to_integral_value()
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def write_parquet(
    parts: Iterable[Sequence[Sequence[object]]],
    names: Sequence[str],
    person: str,
    target: Path,
    memory_limit: str,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """Write the rows (handed over in parts) to `target`, sorted; returns how many. Without a row there is no file.

    `names` are the columns in the order of the cells, `person` one of them. Trouble where the disk is full.
    """
    written = target.with_suffix(".csv")
    try:
        rows, longest = _write_down(parts, written, progress)
        if rows:
            _sort_into(written, names, names.index(person), rows, longest, target, memory_limit)
        return rows
    except OSError:
        raise Trouble(NO_ROOM) from None
    finally:
        written.unlink(missing_ok=True)


class _Lines:
    """What csv.writer writes to; it remembers the longest row."""

    def __init__(self, stream) -> None:
        self.stream, self.longest = stream, 0

    def write(self, text: str) -> None:
        self.longest = max(self.longest, len(text))
        self.stream.write(text)


def _write_down(parts: Iterable[Sequence[Sequence[object]]], path: Path, progress: Callable[[], None]) -> tuple[int, int]:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = _Lines(stream)
        writer = csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for part in parts:
            writer.writerows([cell if cell.__class__ is str else as_text(cell) for cell in row] for row in part)
            rows += len(part)
            progress()
    return rows, lines.longest


def _sort_into(path: Path, names: Sequence[str], person: int, rows: int, longest: int, target: Path, memory_limit: str) -> None:
    """Share the rows out by person, sort each share, put the shares together: memory holds one share, whatever the size."""
    cells = [f"c{place}" for place in range(len(names))]
    columns = ", ".join(f"'{cell}': 'VARCHAR'" for cell in cells)
    scan = (
        f"read_csv({_quoted(path)}, delim=',', quote='\"', escape='\"', header=false, columns={{{columns}}}, auto_detect=false, "
        f"strict_mode=true, new_line='\\n', parallel=false, max_line_size={max(8 * longest, 65536)})"
    )
    shares = 1 + path.stat().st_size * TIMES_ITS_SIZE // parse_bytes(memory_limit)
    folder = target.with_suffix(".shares")
    named = ", ".join(f"nullif({cell}, '') AS {_name(name)}" for cell, name in zip(cells, names, strict=True))
    negative = f"contains(concat_ws(chr(31), '', {', '.join(cells)}), chr(31) || '-')"
    order = ", ".join([f"trim(c{person})", negative, *cells])
    try:
        with _connect(folder, memory_limit) as connection:
            share = f"hash(trim(c{person})) % {shares} AS share"
            connection.execute(f"COPY (SELECT *, {share} FROM {scan}) TO {_quoted(folder)} (FORMAT parquet, PARTITION_BY (share))")
            kept = []
            for number in range(shares):
                if (folder / f"share={number}").exists():
                    kept.append(folder / f"{number}.parquet")
                    unsorted = f"read_parquet({_quoted(folder / f'share={number}' / '*.parquet')}, hive_partitioning=false)"
                    connection.execute(
                        f"COPY (SELECT {named} FROM {unsorted} ORDER BY {order}) TO {_quoted(kept[-1])} (FORMAT parquet)"
                    )
            together = f"read_parquet([{', '.join(map(_quoted, kept))}])"
            connection.execute(f"COPY (FROM {together}) TO {_quoted(target)} (FORMAT parquet, COMPRESSION zstd)")
            ((written,),) = connection.execute(f"SELECT count(*) FROM read_parquet({_quoted(target)})").fetchall()
    except duckdb.IOException:
        raise Trouble(NO_ROOM) from None
    except duckdb.Error as error:  # DuckDB's words may quote a row
        raise RuntimeError(f"Writing what was fetched stopped in DuckDB: {type(error).__name__}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if written != rows:
        raise AssertionError(f"{rows} rows were fetched and {written} written")


def count_people(files: Iterable[tuple[Path, str]]) -> int:
    """Distinct people in Parquet files; each with the name of its person column. Blanks around an id do not count."""
    people = [f"SELECT trim({_name(column)}) AS person FROM read_parquet({_quoted(path)})" for path, column in files]
    if not people:
        return 0
    with duckdb.connect() as connection:
        ((count,),) = connection.execute(f"SELECT count(DISTINCT person) FROM ({' UNION ALL '.join(people)})").fetchall()
    return count


def _connect(folder: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    config = {
        "memory_limit": memory_limit,
        "temp_directory": str(folder.with_suffix(".spill")),
        "threads": 1,  # several write the same rows in groups of changing size
        "partitioned_write_flush_threshold": ROWS_IN_WAITING,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return duckdb.connect(config=config)


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
