"""Loaded extracts -> the rows accepted in the end, pass by pass; grain: one row per accepted row, people kept together.

A pass holds the people of a range of `person_bucket` (a hash of the person, 0 to 4095). Passes run in the order of the buckets and
rows are ordered by bucket and person, so that the result is the same, row for row, whatever the number of passes. Identity: the
accepted rows of all passes, and the lines of the people who are not looked into (`everyday.py`), are the accepted rows of the final
outcomes (`outcomes.py`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb

from demand.engine import rejects, stage
from demand.engine.columns import KINDS, MEDICAL
from demand.engine.lanes import LANES
from demand.engine.outcomes import FinalOutcomes, candidates_sql, final_outcomes, schema
from demand.engine.roles import ACCEPTED_COLUMNS

BUCKETS = 4096
MOST_FILES = 4096
ROWS_IN_WAITING = 5_000  # by each thread, before they are written: more costs memory and is slower
ROW_BYTES = 2400  # what a medical row and the work on it weigh in memory, sorting included; a pass takes as many as fit the limit
ROWS_WORTH_A_PASS = 50_000  # from here on the work of a second lane is worth the stages' start
SCANS = 4  # up to so many passes read the extracts again and again; more passes read them once, and share the rows out
_EXCEPTION_RULES = ("DUPLICATE_ROW", "REVERSED", "OLDER_VERSION", "CLAIM_REPLACED", "CLAIM_VOIDED", "NEGATIVE_UNMATCHED")


@dataclass(frozen=True)
class ExtractInput:
    """A loaded extract: `folder` as `lines.load_extract` left it; `sequence` orders extracts as they were loaded."""

    id: int
    name: str
    folder: Path
    perspective: str
    paid_through: dt.date | None
    sequence: int


@dataclass(frozen=True)
class AcceptedRows:
    """`passes` are half-open bucket ranges; `counts` the rows by kind and final outcome, rejected ones included.

    `shares` is the folder of the medical rows shared out by pass, or None where the passes read the extracts themselves.
    """

    final: FinalOutcomes
    passes: tuple[tuple[int, int], ...]
    counts: dict[str, dict[str, int]]
    shares: Path | None

    def prepare(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        """accepted_line, fill, fill_family, eligibility_span of this pass: lines of the people who are looked into, the rest of all."""
        first, end = self.passes[number]
        mine = f" WHERE person_bucket(person_id) >= {first} AND person_bucket(person_id) < {end}" if len(self.passes) > 1 else ""
        rows = {kind: f"SELECT * FROM ({self.final.accepted(kind)}){mine}" for kind in KINDS}
        rows[MEDICAL] = f"SELECT * FROM ({_looked_into(self.final)}){mine}"
        if self.shares:
            share = str(self.shares / f"pass_no={number}" / "*.parquet").replace("'", "''")
            rows[MEDICAL] = f"FROM read_parquet('{share}', hive_partitioning=false)"
        make_views(connection, rows)
        stage.run(connection, "accepted")


def make_views(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, str]) -> None:
    """SQL of accepted rows by kind -> accepted_<kind>, accepted_line, told_span."""
    for kind in KINDS:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW accepted_{kind} AS {rows[kind]}")
    stage.run(connection, "accepted_line")
    stage.run(connection, "told_span")


def _looked_into(final: FinalOutcomes) -> str:
    return final.accepted(MEDICAL, "person_id IN (SELECT person_id FROM looked_into)")


def collect(
    connection: duckdb.DuckDBPyConnection,
    extracts: Sequence[ExtractInput],
    memory_bytes: int,
    scratch: Path,
    report: Callable[[float], None] = lambda share: None,
) -> AcceptedRows:
    """Final outcomes across all extracts, and the passes. Makes `extract`, `person` (person_id, person_no), `filled_payer`, `looked_into`, `everyday_span`
    and `reject_row`.
    """
    ordered = sorted(extracts, key=lambda extract: extract.sequence)
    sources = [(extract.sequence, extract.folder) for extract in ordered]
    connection.execute(
        "CREATE OR REPLACE TABLE extract (sequence INTEGER, extract_id BIGINT, paid_through DATE, first_file INTEGER)"
    )
    first_file = 0
    for extract in ordered:
        connection.execute(
            "INSERT INTO extract VALUES (?, ?, ?, ?)", [extract.sequence, extract.id, extract.paid_through, first_file]
        )
        first_file += len(_file_names(extract))
    if first_file > MOST_FILES:
        raise ValueError(f"A run can read {MOST_FILES:,} files and these extracts hold {first_file:,}; recompute fewer extracts.")
    final = final_outcomes(connection, sources, report=report)
    people = " UNION ".join(f"SELECT person_id FROM ({candidates_sql(folder, kind)})" for _, folder in sources for kind in KINDS)
    connection.execute(
        "CREATE OR REPLACE TABLE person AS "
        "SELECT person_id, row_number() OVER (ORDER BY person_bucket(person_id), person_id) AS person_no "
        f"FROM ({people}) WHERE person_id IS NOT NULL"
    )
    counts = _all_rejects(connection, ordered, final)
    make_views(connection, {kind: final.accepted(kind) for kind in KINDS})
    connection.execute("CREATE OR REPLACE TABLE filled_payer AS SELECT DISTINCT lower(payer) AS payer FROM accepted_pharmacy")
    stage.run(connection, "everyday")
    [(rows,)] = connection.execute("SELECT count(*) FROM accepted_medical SEMI JOIN looked_into USING (person_id)").fetchall()
    passes = bucket_ranges(rows, memory_bytes)
    shares = _share_out(connection, final, passes, scratch / "accepted") if len(passes) > SCANS else None
    return AcceptedRows(final, passes, counts, shares)


def _share_out(
    connection: duckdb.DuckDBPyConnection, final: FinalOutcomes, passes: tuple[tuple[int, int], ...], folder: Path
) -> Path:
    """The accepted medical rows that are looked into, read once and written by pass. Every pass has a file, even an empty one."""
    connection.execute(f"SET partitioned_write_flush_threshold = {ROWS_IN_WAITING}")
    target = str(folder).replace("'", "''")
    pass_of_bucket = [number for number, (first, end) in enumerate(passes) for _ in range(first, end)]
    connection.execute("SET VARIABLE pass_of_bucket = $list", {"list": pass_of_bucket})
    pass_no = "getvariable('pass_of_bucket')[person_bucket(person_id) + 1]"
    columns = ", ".join(["sequence", *(name for name in schema(MEDICAL) if name in ACCEPTED_COLUMNS)])
    rows = f"SELECT {columns}, {pass_no} AS pass_no FROM ({_looked_into(final)})"
    connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, PARTITION_BY (pass_no), COMPRESSION snappy)")
    for number in range(len(passes)):
        share = folder / f"pass_no={number}"
        if not share.exists():
            share.mkdir()
            empty = str(share / "none.parquet").replace("'", "''")
            connection.execute(f"COPY (SELECT {columns} FROM ({final.accepted(MEDICAL)}) LIMIT 0) TO '{empty}' (FORMAT parquet)")
    return folder


def bucket_ranges(rows: int, memory_bytes: int) -> tuple[tuple[int, int], ...]:
    """How many passes the rows need where all lanes share this memory, as bucket ranges of equal width."""
    passes = max(1, -(-rows * ROW_BYTES * LANES // memory_bytes), min(LANES, rows // ROWS_WORTH_A_PASS))
    passes = min(BUCKETS, passes)
    edges = [BUCKETS * number // passes for number in range(passes + 1)]
    return tuple(pairwise(edges))


def _all_rejects(
    connection: duckdb.DuckDBPyConnection, extracts: Sequence[ExtractInput], final: FinalOutcomes
) -> dict[str, dict[str, int]]:
    """Fills `reject_row` with every row not accepted in the end: row rules as at loading, outcomes as they are now."""
    rejects.start(connection)
    for extract in extracts:
        written = str(extract.folder / "rejects.parquet")
        connection.execute(
            "INSERT INTO reject_row SELECT * FROM read_parquet($file) WHERE NOT list_contains($rules, rule)",
            {"file": written, "rules": list(_EXCEPTION_RULES)},
        )
    counts = {kind: dict(final.counts[kind]) for kind in KINDS}
    for kind, rows in connection.execute("SELECT kind, count(*) FROM reject_row GROUP BY kind").fetchall():
        counts[kind]["rejected"] += rows
    connection.execute("DROP TABLE IF EXISTS exception")
    for kind in KINDS:
        connection.execute(f"CREATE TEMP VIEW exception AS {final.exceptions(kind)}")
        for extract in extracts:
            if names := {number: name for (of_kind, number), name in _file_names(extract).items() if of_kind == kind}:
                rejects.add_exceptions(connection, extract.name, kind, extract.sequence, extract.folder, names)
        connection.execute("DROP VIEW exception")
    return counts


def _file_names(extract: ExtractInput) -> dict[tuple[str, int], str]:
    """(kind, file number) -> what the file is called, of an extract's files."""
    facts = json.loads((extract.folder / "quality.json").read_text(encoding="utf-8"))
    return {(file["kind"], file["file_no"]): file["file"] for file in facts["loaded_files"]}
