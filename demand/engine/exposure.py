"""A run's infusions, episodes, eligibility and lines + policies, laws, sites -> exposure; grain: one row an episode × policy that names
its payer and drug while both last (two rows where the funding is not told).

Formula: definitions.md, section 6; readable in `sql/treatments.sql` (what policies ask of a treatment, made once a run) and
`sql/exposure.sql` (the verdicts). A policy without a row for an episode says nothing of it; an episode whose payer and drug no policy
names has no row at all: that is unknown, not allowed. Payers are told apart by their names, capitals aside.

Choices where the definitions leave one open:
- The last day of an ended treatment is its last dose + the allowed gap. A treatment that nothing ended goes on: a policy still to come
  meets it on its first day, and its verdict there is given (`judged_on`).
- Whom a site policy leaves alone where they are now has verdict not_applicable; exposed_from stays where they were exposed before, and
  moved_on is the first infusion at the permitted site since; who came back has not moved.
- A drug_source policy exposes where the drug is given, however it is sourced now (`channel` says how); one that requires buy and bill
  exposes only where the drug came white-bagged or clear-bagged. `any` exposes nobody.
- A wait for the renewal of an authorization is in_grace. An exemption outranks a grace.
- The first dose on record without 365 enrolled days before it may not be the start. It counts as one for the grace, which says so;
  whether new_starts and at_renewal bind is then unknown, unless it lies before the policy.
- A line of business, plan, state, site class, affiliation, birth date or channel that a clause asks for and nobody knows: unknown.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd

from demand.engine import export_tables, stage
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from payers.engine.examples import same_drug_codes
from payers.engine.verdict import SHOWN_BY_CLAIMS, Law

ASKED = ("infusions", "episodes", "eligibility", "lines")
ROWS = (
    f"SELECT {export_tables.columns(export_tables.EXPOSURE)} FROM exposure "
    "ORDER BY episode_id, policy_id, funding_assumed NULLS FIRST"
)
KEPT = ("treatments", "treatment_spans", "exception_evidence")


def write_exposure(connection: duckdb.DuckDBPyConnection, folder: Path, reference: Reference) -> None:
    """The run's finished files in `folder` and the reference tables of the connection -> exposure and what an edited policy will ask
    again, as files beside them."""
    for name in ASKED:
        files = _quoted(folder / export_tables.file_pattern(name))
        connection.execute(f"CREATE OR REPLACE TEMP VIEW run_{name} AS FROM read_parquet({files})")
    connection.execute("CREATE OR REPLACE TEMP VIEW run_feed_end AS FROM feed_end")
    tell_treatments(connection, reference.drug_codes)
    for name, table in zip(KEPT, ("treatment", "treatment_span", "exception_evidence"), strict=True):
        _write(connection, f"SELECT * FROM {table} ORDER BY ALL", folder / f"{name}.parquet")
    documents = list(dict.fromkeys(reference.policies["document"].dropna()))
    connection.execute("CREATE OR REPLACE TEMP VIEW register_site AS FROM ref_sites")
    connection.execute("CREATE OR REPLACE TEMP VIEW zip_centroid AS FROM ref_zip_centroids")
    judge_policies(connection, documents, laws_of(reference))
    _write(connection, ROWS, folder / "exposure.parquet")


def laws_of(reference: Reference) -> list[Law]:
    return [
        Law(row.state, row.shields_from, _day(row.effective_from), _day(row.effective_to) if row.effective_to else None)
        for row in reference.laws.itertuples()
    ]


def tell_treatments(connection: duckdb.DuckDBPyConnection, drug_codes: pd.DataFrame) -> None:
    """run_infusions, run_episodes, run_eligibility, run_lines, run_feed_end -> treatment, treatment_span, exception_evidence."""
    rows = [(row.hcpcs_code, row.molecule, row.effective_from, row.effective_to) for row in drug_codes.itertuples()]
    same = same_drug_codes(rows)
    connection.execute("CREATE OR REPLACE TEMP TABLE code_successor (hcpcs_code VARCHAR, molecule VARCHAR, codes VARCHAR[])")
    if rows:
        told = sorted({(code, molecule, tuple(sorted(same[code]))) for code, molecule, *_ in rows})
        listed = [{"hcpcs_code": code, "molecule": molecule, "codes": list(codes)} for code, molecule, codes in told]
        connection.execute(
            "INSERT INTO code_successor SELECT unnest(from_json($told, "
            """'[{"hcpcs_code": "VARCHAR", "molecule": "VARCHAR", "codes": ["VARCHAR"]}]'), recursive := true)""",
            {"told": json.dumps(listed)},
        )
    stage.run(connection, "treatments")


def judge_policies(
    connection: duckdb.DuckDBPyConnection, documents: Iterable[str], laws: Sequence[Law], as_of: dt.date | None = None
) -> None:
    """treatment, treatment_span, exception_evidence, register_site, zip_centroid and policy documents (JSON text) -> exposure."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE policy_document AS SELECT unnest($documents::VARCHAR[]) AS document",
        {"documents": list(documents)},
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE shield (state VARCHAR, kind VARCHAR, from_on DATE, to_on DATE, clause VARCHAR)"
    )
    if laws:
        connection.executemany("INSERT INTO shield VALUES (?, ?, ?, ?, ?)", disjoint(laws))
    connection.execute("SET VARIABLE shown_exceptions = $shown", {"shown": sorted(SHOWN_BY_CLAIMS)})
    connection.execute(
        "SET VARIABLE exposure_as_of = (SELECT coalesce($as_of::DATE, max(as_of), DATE '1900-01-01') FROM treatment)",
        {"as_of": as_of},
    )
    stage.run(connection, "exposure")


def disjoint(laws: Sequence[Law]) -> list[list]:
    """Laws of a state against a kind of policy as periods that neither overlap nor touch."""
    periods: list[list] = []
    for law in sorted(laws, key=lambda law: (law.state, law.shields_from, law.effective_from)):
        until = law.effective_to or dt.date.max
        last = periods[-1] if periods else None
        if last and last[:2] == [law.state, law.shields_from] and law.effective_from <= last[3]:
            last[3] = max(last[3], until)
        else:
            periods.append([law.state, law.shields_from, law.effective_from, until, law.clause])
    return periods


def expose(
    run_folder: Path,
    policies: Iterable[Mapping],
    laws: Sequence[Law] = (),
    sites: pd.DataFrame | None = None,
    zips: pd.DataFrame | None = None,
    as_of: dt.date | None = None,
) -> list[dict]:
    """Rows of `exposure` for these documents (as parse_policy gives them), on what a run has found; nothing of the run is computed
    again. sites and zips are the reference frames of those names. as_of: a later day than the run's own, None for that one.
    FileNotFoundError where the run keeps no treatments (it was computed by an earlier version).
    """
    missing = [name for name in KEPT if not (run_folder / f"{name}.parquet").exists()]
    if missing:
        raise FileNotFoundError(f"{run_folder / missing[0]}.parquet is missing: recompute, then ask the new run.")
    with duckdb.connect(config={"threads": 2}) as connection:
        stage.prepare(connection, Parameters())
        for name, table in zip(KEPT, ("treatment", "treatment_span", "exception_evidence"), strict=True):
            connection.execute(f"CREATE TEMP TABLE {table} AS FROM read_parquet({_quoted(run_folder / f'{name}.parquet')})")
        lived = {code for (code,) in connection.execute("SELECT DISTINCT zip_code FROM treatment").fetchall()}
        near = zips[zips["zip_code"].isin(lived)] if zips is not None else None
        given = {name: frame for name, frame in (("sites", sites), ("zip_centroids", near)) if frame is not None}
        Reference.from_frames(given).register(connection, ("sites", "zip_centroids"))
        connection.execute("CREATE TEMP VIEW register_site AS FROM ref_sites")
        connection.execute("CREATE TEMP VIEW zip_centroid AS FROM ref_zip_centroids")
        judge_policies(connection, [json.dumps(document) for document in policies], laws, as_of)
        cursor = connection.execute(ROWS)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"COPY ({query}) TO {_quoted(path)} (FORMAT parquet, COMPRESSION snappy)")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
