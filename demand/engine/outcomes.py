"""Typed candidate rows of extracts, in the order of loading -> the outcome of each row. Grain: one exception per row not accepted.

candidates = accepted + exceptions (duplicate, superseded, or rejected as a negative row with nothing to reverse); a row that is
no exception is accepted. Order: duplicates, then reversals, then versions. The same SQL serves a load (which reads off the
outcomes of its own rows, and they stay as they were) and a recompute (the final outcomes). It works in passes by the hash of
the claim (reversals: of the event), each step in as many as the rows concerned need, so memory is bounded by the pass and not by
the extracts.

For a recompute:
    final = final_outcomes(connection, [(sequence, folder), …])
    final.accepted("medical")                      -- SQL of the accepted rows, repeated claim totals split
    final.exceptions("medical")                    -- SQL: sequence, file_no, row_number, outcome, rule, other_…
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine.columns import ELIGIBILITY, KINDS, MEDICAL, PHARMACY

SQL_FOLDER = Path(__file__).parent / "sql"
ROWS_A_PASS = 4_000_000
REPEATED_PERCENT = 95  # of a source's multi-line institutional claims: then their paid amount is the claim's

_MONEY = "paid_cents BIGINT, allowed_cents BIGINT, charge_cents BIGINT, patient_cents BIGINT"
# What a candidate row is made of, besides file_no INTEGER and row_number BIGINT (the physical line in its file).
SCHEMAS: dict[str, str] = {
    MEDICAL: f"""data_source VARCHAR, claim_id VARCHAR, claim_line_number INTEGER, claim_type VARCHAR, person_id VARCHAR,
        payer VARCHAR, plan VARCHAR, claim_start_date DATE, claim_end_date DATE, service_date DATE, place_of_service_code VARCHAR,
        bill_type_code VARCHAR, revenue_center_code VARCHAR, hcpcs_code VARCHAR, modifiers VARCHAR, units DECIMAL(18;4),
        rendering_npi VARCHAR, billing_npi VARCHAR, facility_npi VARCHAR, ordering_npi VARCHAR, billing_tin VARCHAR,
        ndc_code VARCHAR, paid_date DATE, file_date DATE, {_MONEY}, diagnosis_codes VARCHAR, diagnosis_code_type VARCHAR,
        procedure_codes VARCHAR, in_network_flag VARCHAR, authorization_id VARCHAR, authorization_end_date DATE,
        bill_type_as_sent VARCHAR, flags VARCHAR""",
    PHARMACY: f"""data_source VARCHAR, claim_id VARCHAR, claim_line_number INTEGER, person_id VARCHAR, payer VARCHAR, plan VARCHAR,
        dispensing_date DATE, ndc_code VARCHAR, quantity DECIMAL(18;4), days_supply DECIMAL(18;4),
        prescribing_provider_npi VARCHAR, dispensing_provider_npi VARCHAR, paid_date DATE, file_date DATE, {_MONEY},
        flags VARCHAR""",
    ELIGIBILITY: """data_source VARCHAR, person_id VARCHAR, payer VARCHAR, plan VARCHAR, enrollment_start_date DATE,
        enrollment_end_date DATE, gender VARCHAR, birth_date DATE, death_date DATE, payer_type VARCHAR, group_id VARCHAR,
        state VARCHAR, zip_code VARCHAR, funding_type VARCHAR, file_date DATE, flags VARCHAR""",
}


def schema(kind: str) -> dict[str, str]:
    """Column -> DuckDB type of a candidate row, file_no and row_number first."""
    pairs = (part.split() for part in SCHEMAS[kind].split(","))
    return {"file_no": "INTEGER", "row_number": "BIGINT"} | {name: type_.replace(";", ",") for name, type_ in pairs}


def _text(*columns: str) -> str:
    """Columns as one text that tells NULL and every boundary apart; control characters never stand in a value."""
    return " || ".join(f"coalesce(CAST({column} AS VARCHAR) || chr(31), chr(30))" for column in columns)


_CLAIM = ("data_source", "claim_id")
_SPAN = ("data_source", "person_id", "payer", "plan", "enrollment_start_date")
_EVENT = {
    MEDICAL: ("data_source", "person_id", "hcpcs_code", "service_date", "billing_npi", "facility_npi", "rendering_npi"),
    PHARMACY: ("data_source", "person_id", "ndc_code", "dispensing_date", "dispensing_provider_npi"),
}


def candidates_sql(folder: Path, kind: str, files: Sequence[Path] | None = None, rows: str = "true") -> str:
    """SELECT of an extract's candidate rows, in the columns of `schema(kind)`; rows that broke a row rule are left out.

    `files` and `rows` (a condition on file_row_number) ask for a part of them.
    """
    files = sorted(folder.glob(f"{kind}-[0-9]*.parquet")) if files is None else files
    names = schema(kind)
    if not files:
        return "SELECT " + ", ".join(f"NULL::{type_} AS {name}" for name, type_ in names.items()) + " WHERE false"
    listed = "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in files) + "]"
    return (SQL_FOLDER / f"candidate_{kind}.sql").read_text(encoding="utf-8").replace("{files}", listed).replace("{rows}", rows)


def _candidate_view(kind: str, sources: Sequence[tuple[int, Path]], rows: str = "true") -> str:
    """What the outcomes_*.sql files compare, under one set of names for every kind.

    `rows` is a condition on columns that are stored as they are compared: the others are spelled and hashed only where it holds.
    """
    union = " UNION ALL ".join(
        f"SELECT {sequence} AS sequence, * FROM ({candidates_sql(folder, kind, rows=rows)})" for sequence, folder in sources
    )
    content = ", ".join(name for name in schema(kind) if name not in ("file_no", "row_number", "flags"))
    place = f"sequence, file_no, row_number, person_id, data_source, file_date, hash({content}) AS content"
    if kind == ELIGIBILITY:
        return (
            f"SELECT {place}, hash({', '.join(_SPAN)}) AS claim_hash, {_text(*_SPAN)} AS claim_key, 1 AS line, "
            f"NULL::VARCHAR AS frequency, NULL::DATE AS paid_date FROM ({union})"
        )
    event = _EVENT[kind]
    own = (
        "claim_type = 'institutional' AS institutional, revenue_center_code AS revenue, units, "
        "substr(bill_type_code, 3, 1) AS frequency"
        if kind == MEDICAL
        else "false AS institutional, NULL::VARCHAR AS revenue, quantity AS units, NULL::VARCHAR AS frequency"
    )
    return (
        f"SELECT {place}, hash({', '.join(_CLAIM)}) AS claim_hash, {_text(*_CLAIM)} AS claim_key, claim_line_number AS line, "
        f"hash({', '.join(event)}) AS event_hash, {_text(*event)} AS event_key, {own}, paid_date, "
        f"paid_cents AS paid, allowed_cents AS allowed, charge_cents AS charge, patient_cents AS patient FROM ({union})"
    )


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


def _passes(connection: duckdb.DuckDBPyConnection, name: str, passes: int) -> None:
    connection.execute(f"SET VARIABLE passes = {passes}::UBIGINT")
    for number in range(passes):
        connection.execute(f"SET VARIABLE pass = {number}::UBIGINT")
        _run(connection, name)


def resolve(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    sources: Sequence[tuple[int, Path]],
    rows_a_pass: int = ROWS_A_PASS,
    report: Callable[[float], None] = lambda share: None,
) -> int:
    """Fill the temporary table `exception` for the kind's rows of all sources; return the passes that all of them need (`find_repeated_totals`).

    `sources` are (sequence, folder of a load), the earliest sequence first. The view `candidate` is left in place for what follows.
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW candidate AS {_candidate_view(kind, sources)}")
    key = ", ".join(_SPAN if kind == ELIGIBILITY else _CLAIM)
    of_contested = _candidate_view(kind, sources, f"hash({key}) IN (SELECT claim_hash FROM contested)")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE exception (sequence INTEGER, file_no INTEGER, row_number BIGINT, person_id VARCHAR, "
        "outcome VARCHAR, rule VARCHAR, other_sequence INTEGER, other_file_no INTEGER, other_row_number BIGINT)"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE contested (claim_hash UBIGINT, rows BIGINT)")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW contested_candidate AS {of_contested}")

    def passes_for(query: str) -> int:
        [(rows,)] = connection.execute(query).fetchall()
        return -(-(rows or 0) // rows_a_pass)

    passes = max(1, passes_for("SELECT count(*) FROM candidate"))
    _passes(connection, "outcomes_contested", passes)
    report(0.3)
    contested_passes = passes_for("SELECT sum(rows)::BIGINT FROM contested")
    _passes(connection, "outcomes_duplicates", contested_passes)
    report(0.5)
    if kind != ELIGIBILITY:
        _run(connection, "outcomes_negatives")
        of_negatives = _candidate_view(kind, sources, "person_id IN (SELECT person_id FROM negative_event)")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW negative_candidate AS {of_negatives}")
        if reversal_passes := passes_for("SELECT count(*) FROM negative_candidate SEMI JOIN negative_event USING (event_hash)"):
            _passes(connection, "outcomes_reversals", reversal_passes)
            # A row identical to one that was rejected is rejected for the same reason: nothing of it was accepted before.
            connection.execute(
                "UPDATE exception SET outcome = 'rejected', rule = 'NEGATIVE_UNMATCHED' FROM exception AS first "
                "WHERE exception.rule = 'DUPLICATE_ROW' AND first.rule = 'NEGATIVE_UNMATCHED' "
                "AND first.sequence = exception.other_sequence AND first.file_no = exception.other_file_no "
                "AND first.row_number = exception.other_row_number"
            )
    report(0.7)
    _passes(connection, "outcomes_versions", contested_passes)
    report(1.0)
    return passes


def find_repeated_totals(connection: duckdb.DuckDBPyConnection, passes: int, first_sequence: int = 0) -> list[dict]:
    """After `resolve` of medical rows: per extract and source, how many multi-line institutional claims repeat one paid amount.

    Leaves the temporary table `repeating_source`; `split_totals` then fills `paid_share`.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE source_total (sequence INTEGER, data_source VARCHAR, claims BIGINT, repeated BIGINT, "
        "lines BIGINT)"
    )
    connection.execute(f"SET VARIABLE first_sequence = {first_sequence}")
    _passes(connection, "claim_totals", passes)
    found = connection.execute(
        "SELECT sequence, data_source, sum(claims)::BIGINT, sum(repeated)::BIGINT, sum(lines)::BIGINT FROM source_total "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    connection.execute("CREATE OR REPLACE TEMP TABLE repeating_source (sequence INTEGER, data_source VARCHAR)")
    facts = []
    for sequence, data_source, claims, repeated, lines in found:
        applies = 100 * repeated >= REPEATED_PERCENT * claims
        if applies:
            connection.execute("INSERT INTO repeating_source VALUES (?, ?)", [sequence, data_source])
        facts.append(
            {
                "sequence": sequence,
                "data_source": data_source,
                "claims": claims,
                "repeated": repeated,
                "lines": lines,
                "split": applies,
            }
        )
    return facts


def split_totals(connection: duckdb.DuckDBPyConnection, passes: int) -> None:
    """After `find_repeated_totals`: `paid_share` (sequence, file_no, row_number, person_id, paid_cents) for the lines concerned."""
    connection.execute(
        "CREATE OR REPLACE TABLE paid_share (sequence INTEGER, file_no INTEGER, row_number BIGINT, person_id VARCHAR, "
        "paid_cents BIGINT)"
    )
    if connection.execute("SELECT count(*) FROM repeating_source").fetchall()[0][0]:
        _passes(connection, "claim_split", passes)


@dataclass(frozen=True)
class FinalOutcomes:
    """The final outcomes as SQL over the connection's tables exception_<kind> and paid_share."""

    sources: tuple[tuple[int, Path], ...]
    repeated_totals: tuple[dict, ...]
    counts: dict[str, dict[str, int]]

    def accepted(self, kind: str, rows: str = "true", candidates: str | None = None) -> str:
        """SELECT of the accepted rows: sequence and `schema(kind)`; paid_cents is the line's share where a total was repeated.

        A part of them: where `rows` holds of the rows as they are stored, or out of `candidates` (SQL of the same columns).
        """
        candidates = candidates or " UNION ALL ".join(
            f"SELECT {number} AS sequence, * FROM ({candidates_sql(folder, kind, rows=rows)})" for number, folder in self.sources
        )
        place = "(sequence, file_no, row_number)"
        standing = f"SELECT * FROM ({candidates}) AS row_read ANTI JOIN exception_{kind} USING {place}"
        if kind != MEDICAL or not any(fact["split"] for fact in self.repeated_totals):
            return standing
        return (
            "SELECT standing.* REPLACE (coalesce(share.paid_cents, standing.paid_cents) AS paid_cents) "
            f"FROM ({standing}) AS standing LEFT JOIN paid_share AS share USING {place}"
        )

    def exceptions(self, kind: str) -> str:
        return f"SELECT * FROM exception_{kind}"


def final_outcomes(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[tuple[int, Path]],
    rows_a_pass: int = ROWS_A_PASS,
    report: Callable[[float], None] = lambda share: None,
) -> FinalOutcomes:
    """(sequence, folder) of the loads in a run -> FinalOutcomes over `connection`, for all three kinds.

    counts[kind] = {"accepted": n, "duplicate": n, "superseded": n, "rejected": n} of the candidate rows; row rules are not in it.
    """
    counts: dict[str, dict[str, int]] = {}
    totals: list[dict] = []
    for place, kind in enumerate(KINDS):
        passes = resolve(connection, kind, sources, rows_a_pass)
        if kind == MEDICAL:
            totals = find_repeated_totals(connection, passes)
            split_totals(connection, passes)
        connection.execute(f"CREATE OR REPLACE TABLE exception_{kind} AS SELECT * FROM exception")
        counts[kind] = count_outcomes(connection)
        report((place + 1) / len(KINDS))
    return FinalOutcomes(tuple(sources), tuple(totals), counts)


def count_outcomes(connection: duckdb.DuckDBPyConnection, sequence: int | None = None) -> dict[str, int]:
    """After `resolve`: accepted, duplicate, superseded and rejected candidate rows, of one extract or of all."""
    only = "" if sequence is None else f" WHERE sequence = {sequence}"
    counts = {"accepted": 0, "duplicate": 0, "superseded": 0, "rejected": 0}
    counts |= dict(connection.execute(f"SELECT outcome, count(*) FROM exception{only} GROUP BY outcome").fetchall())
    rows = connection.execute(f"SELECT count(*) FROM candidate{only}").fetchall()[0][0]
    counts["accepted"] = rows - counts["duplicate"] - counts["superseded"] - counts["rejected"]
    return counts
