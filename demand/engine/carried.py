"""An earlier run -> what its first passes found of the people whose accepted rows are still the same. Grain: each table's own.

A restated month touches some of the people; of all others the first passes would find again what they found before. Only a run of the
same code, reference and parameters counts, and of the same payers with pharmacy claims: `channels_noted.sql` asks that of everybody.
Identity: a run with an earlier one beside it equals the run without it, row for row.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from demand.engine.columns import ELIGIBILITY, KINDS

BUCKETS = 4096  # of `person_bucket`

FOLDER = "carried"  # in a run's folder: what a later run needs besides the published files
KEPT = ("attributed_infusion", "family_event", "reaction_day")
# Stage's table -> (file of the earlier run, what is numbered anew). Numbers of people depend on who else is in a run.
_PERSON = "carried.person_no AS person_no"
_INFUSION = "infusion_id + (carried.person_no - carried.earlier_no) * 100000 AS infusion_id"  # as infusion_rows.sql numbers them
_TAKEN = {
    "attributed_infusion": (f"{FOLDER}/attributed_infusion-*.parquet", f"REPLACE ({_PERSON}, {_INFUSION})"),
    "family_event": (f"{FOLDER}/family_event-*.parquet", ""),
    "reaction_day": (f"{FOLDER}/reaction_day-*.parquet", ""),
    "line_share": ("line_shares.parquet", f"REPLACE ({_INFUSION})"),
    "infusion_supply": ("supplies.parquet", f"REPLACE ({_INFUSION})"),
    "unadministered_fill": ("unadministered_fills.parquet", "RENAME (file_row_number AS fill_no)"),  # in the same order
    "fill": ("pharmacy_fills.parquet", ""),
    "eligibility_span": ("eligibility.parquet", ""),
    "placed_line": ("lines-[0-9]*.parquet", f"REPLACE ({_INFUSION})"),
}


def find_carried(connection: duckdb.DuckDBPyConnection, earlier: Path | None, inputs: dict) -> None:
    """person_rows (person_id, person_no, rows: which accepted rows a person has who is looked into); carried (person_id, bucket, person_no,
    earlier_no), empty without an earlier run whose manifest says the same `inputs`.
    """
    content = "file_no, row_number, paid_cents, allowed_cents, charge_cents, patient_cents, flags"
    rows = " UNION ALL ".join(
        f"SELECT person_id, hash('{kind}', extract_id, "
        + (content if kind != ELIGIBILITY else "file_no, row_number, flags")
        + f") AS told FROM accepted_{kind} JOIN extract USING (sequence) SEMI JOIN looked_into USING (person_id)"
        for kind in KINDS
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE person_rows AS SELECT person_id, any_value(person_no) AS person_no, bit_xor(told) AS rows "
        f"FROM ({rows}) JOIN person USING (person_id) GROUP BY person_id"
    )
    connection.execute("CREATE OR REPLACE TABLE carried (person_id VARCHAR, bucket INTEGER, person_no BIGINT, earlier_no BIGINT)")
    if earlier and is_alike(connection, earlier, inputs):
        connection.execute(
            "INSERT INTO carried SELECT now.person_id, person_bucket(now.person_id), now.person_no, before.person_no FROM person_rows AS now "
            "JOIN read_parquet($file) AS before ON before.person_id = now.person_id AND before.rows = now.rows",
            {"file": str(earlier / FOLDER / "person_rows.parquet")},
        )


def is_alike(connection: duckdb.DuckDBPyConnection, earlier: Path, inputs: dict) -> bool:
    """Whether a run of these `inputs` may take over what the earlier one found. Reads filled_payer."""
    try:
        manifest = json.loads((earlier / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    if any(manifest.get(name) != json.loads(json.dumps(value)) for name, value in inputs.items()):
        return False
    before = "SELECT payer FROM read_parquet($file)"
    [(others,)] = connection.execute(
        f"SELECT count(*) FROM ((FROM filled_payer EXCEPT {before}) UNION ALL ({before} EXCEPT FROM filled_payer))",
        {"file": str(earlier / "filled_payer.parquet")},
    ).fetchall()
    return others == 0


def add_carried(connection: duckdb.DuckDBPyConnection, earlier: Path | None, buckets: tuple[int, int]) -> None:
    """placed_line, and of the people carried over in this range of buckets the rows of every table -> the pass's tables, and `placed`."""
    connection.execute("CREATE OR REPLACE TEMP VIEW placed AS FROM placed_line")
    if not earlier or connection.execute("SELECT count(*) FROM carried").fetchone() == (0,):
        return
    for table, (pattern, numbered) in _TAKEN.items():
        rows = f"SELECT taken.* {numbered} FROM ({_read(earlier, pattern, buckets)}) AS taken JOIN carried USING (person_id)"
        rows += f" WHERE carried.bucket >= {buckets[0]} AND carried.bucket < {buckets[1]}"
        if table == "placed_line":
            line_no = "((extract.first_file + file_no)::BIGINT << 51) + (row_number << 20) AS line_no"  # as in accepted_line.sql
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE carried_line AS SELECT told.*, {line_no} FROM ({rows}) AS told JOIN extract USING (extract_id)"
            )
        else:
            connection.execute(f"INSERT INTO {table} BY NAME {rows}")
    connection.execute("CREATE OR REPLACE TEMP VIEW placed AS FROM placed_line UNION ALL BY NAME FROM carried_line")


def keep_for_later(connection: duckdb.DuckDBPyConnection, scratch: Path, out_dir: Path) -> None:
    """What a later run carries over, from the parts of this one."""
    folder = out_dir / FOLDER
    folder.mkdir()
    for table in KEPT:
        for part in scratch.glob(f"recalled_{table}-*.parquet"):
            part.rename(folder / part.name.removeprefix("recalled_"))
    target = str(folder / "person_rows.parquet").replace("'", "''")
    connection.execute(f"COPY (FROM person_rows ORDER BY person_no) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")


def _read(earlier: Path, pattern: str, buckets: tuple[int, int]) -> str:
    """The parts that hold people of these buckets: a table's parts lie in the order of the buckets, each with as many of them."""
    files = sorted(earlier.glob(pattern))
    listed = ", ".join(
        "'" + str(file).replace("'", "''") + "'"
        for number, file in enumerate(files)
        if BUCKETS * number // len(files) < buckets[1] and BUCKETS * (number + 1) // len(files) > buckets[0]
    )
    order = ", file_row_number = true" if pattern == _TAKEN["unadministered_fill"][0] else ""
    return f"FROM read_parquet([{listed}]{order})"
