"""Row-rule rejects and exceptions of a load -> rejects.parquet. Grain: one row per row not accepted, with rule and a plain message.

Values are shown only where they look like a date or a number gone wrong (typing.sql): a person's id never stands in a message.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from demand.engine.columns import ELIGIBILITY
from demand.engine.extract import StagedFile
from demand.engine.outcomes import candidates_sql

COLUMNS = (
    "extract VARCHAR, kind VARCHAR, file_no INTEGER, file VARCHAR, row_number BIGINT, outcome VARCHAR, rule VARCHAR, "
    '"column" VARCHAR, value VARCHAR, message VARCHAR, claim_id VARCHAR'
)

# What a rule says to the person who sent the file. {column} is the column's name.
MESSAGES = {
    "REQUIRED_EMPTY": "{column} is empty, and every row needs it.",
    "BAD_LINE_NUMBER": "{column} must be a whole number from 1.",
    "BAD_DATE": "{column} is not a date of the form YYYY-MM-DD.",
    "BAD_NUMBER": "{column} is not a plain number such as 1234.50.",
    "CONTROL_CHAR": "The row holds a control character, which no claims value has.",
    "DUPLICATE_ROW": "Identical to {other}.",
    "REVERSED": "Cancelled together with {other}.",
    "OLDER_VERSION": "Replaced by a newer version of the same claim line: {other}.",
    "CLAIM_REPLACED": "The claim was replaced (bill type frequency 7).",
    "CLAIM_VOIDED": "The claim was voided (bill type frequency 8).",
    "NEGATIVE_UNMATCHED": "A negative row, and no earlier row that it reverses.",
}


def start(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE reject_row ({COLUMNS})")


def add_row_rules(connection: duckdb.DuckDBPyConnection, name: str, staged: StagedFile, typed: Path) -> None:
    """What the file's structure and the row rules turned away."""
    place = [name, staged.kind, staged.number, staged.shown]
    if staged.rejects:
        frame = pd.DataFrame(
            [(reject.row_number, reject.rule, reject.column, reject.message, reject.claim_id) for reject in staged.rejects],
            columns=["row_number", "rule", "column", "message", "claim_id"],
            dtype=object,
        )
        connection.register("structural", frame)
        connection.execute(
            "INSERT INTO reject_row SELECT ?, ?, ?, ?, CAST(CAST(row_number AS VARCHAR) AS BIGINT), 'rejected', rule, "
            '"column", NULL, message, claim_id FROM structural',
            place,
        )
        connection.unregister("structural")
    claim_id = "NULL" if staged.kind == ELIGIBILITY else "claim_id"
    connection.execute(
        "INSERT INTO reject_row SELECT ?, ?, ?, ?, row_number, 'rejected', rule, nullif(column_name, ''), reject_value, "
        f"{_message('rule', 'column_name', 'NULL')}, claim_id "
        "FROM (SELECT coalesce(physical_line, file_row_number + 2) AS row_number, "
        f"split_part(reject, ' ', 1) AS rule, split_part(reject, ' ', 2) AS column_name, reject_value, {claim_id} AS claim_id "
        f"FROM read_parquet({_quoted(typed)}, file_row_number=true) WHERE reject IS NOT NULL)",
        place,
    )


def add_exceptions(
    connection: duckdb.DuckDBPyConnection, name: str, kind: str, sequence: int, folder: Path, files: dict[int, str]
) -> None:
    """After `resolve`: the rows of this load that are duplicates, superseded, or negative with nothing to reverse."""
    if not connection.execute(f"SELECT count(*) FROM exception WHERE sequence = {sequence}").fetchall()[0][0]:
        return
    connection.register("file_name", pd.DataFrame({"file_no": list(files), "shown": list(files.values())}))
    claim_id = "NULL" if kind == ELIGIBILITY else "claim_id"
    other = (
        f"CASE WHEN other_sequence IS NULL THEN NULL WHEN other_sequence < {sequence} THEN 'a row of an earlier extract' "
        f"WHEN other_sequence > {sequence} THEN 'a row of a later extract' "
        "WHEN other_file_no = exception.file_no THEN format('line {} of the same file', other_row_number) "
        "ELSE format('line {} of another file of this extract', other_row_number) END"
    )
    connection.execute(
        "INSERT INTO reject_row SELECT ?, ?, exception.file_no, shown, exception.row_number, outcome, rule, NULL, NULL, "
        f"{_message('rule', 'NULL', other)}, {claim_id} "
        f"FROM ({candidates_sql(folder, kind)}) AS candidate JOIN exception ON exception.sequence = {sequence} "
        "AND exception.file_no = candidate.file_no AND exception.row_number = candidate.row_number "
        "JOIN file_name ON file_name.file_no = exception.file_no",
        [name, kind],
    )
    connection.unregister("file_name")


def write(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    connection.execute(f"COPY (SELECT * FROM reject_row ORDER BY kind, file_no, row_number) TO {_quoted(target)} (FORMAT parquet)")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _message(rule: str, column: str, other: str) -> str:
    """CASE over the messages as SQL; the arguments are SQL expressions."""
    about, beside = f"coalesce({column}, '')", f"coalesce({other}, 'another row')"
    cases = " ".join(
        f"WHEN '{name}' THEN replace(replace('{text}', '{{column}}', {about}), '{{other}}', {beside})"
        for name, text in MESSAGES.items()
    )
    return f"CASE {rule} {cases} END"
