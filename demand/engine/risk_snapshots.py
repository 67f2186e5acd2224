"""A run's finished tables -> who could move out on each of several days, what was known of them then, what came of them.

Grain: one row per active attributed episode x day (`sql/risk_snapshots.sql`). Nothing after the day is in what was known: the stages of
episodes and exposure run again on what had happened before it (`sql/risk_as_of.sql`), so a later event cannot change a feature.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd

from demand.engine import export_tables, exposure, stage
from demand.engine.reference import Reference

STEP_MONTHS = 3  # between one day and the next
SNAPSHOTS = 16  # days at most: four years
PEOPLE = 18_000  # the past is learned from so many at most, which memory allows; the forecast is for all
RECENT_DAYS = 180
READ = {"all_lines": "lines", "all_evidence": "exception_evidence", "run_infusions": "infusions", "run_eligibility": "eligibility"}


def tell_risk_snapshots(connection: duckdb.DuckDBPyConnection, folder: Path, reference: Reference) -> pd.DataFrame:
    """The run's finished files in `folder`, the reference tables and maturity of the connection -> risk_snapshot, as a frame."""
    for view, name in READ.items():
        files = str(folder / export_tables.file_pattern(name)).replace("'", "''")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM read_parquet('{files}')")
    connection.execute("CREATE OR REPLACE TEMP VIEW run_feed_end AS FROM feed_end")
    connection.execute("CREATE OR REPLACE TEMP VIEW all_maturity AS FROM maturity")
    connection.execute("CREATE OR REPLACE TEMP VIEW register_site AS FROM ref_sites")
    connection.execute("CREATE OR REPLACE TEMP VIEW zip_centroid AS FROM ref_zip_centroids")
    for name, value in (("step_months", STEP_MONTHS), ("snapshots", SNAPSHOTS), ("people", PEOPLE), ("recent_days", RECENT_DAYS)):
        connection.execute(f"SET VARIABLE risk_{name} = {value}")
    stage.run(connection, "risk_as_of")
    stage.run(connection, "episodes")
    stage.run(connection, "risk_treated")
    exposure.tell_treatments(connection, reference.drug_codes)
    connection.execute(
        "INSERT INTO exception_evidence BY NAME SELECT DISTINCT at_risk.person_id, evidence.* EXCLUDE (person_id) FROM all_evidence AS evidence "
        "JOIN at_risk ON at_risk.real_person_id = evidence.person_id AND evidence.from_on < at_risk.snapshot_on"
    )
    exposure.judge_policies(connection, _site_and_drug_policies(reference), exposure.laws_of(reference))
    stage.run(connection, "risk_snapshots")
    return connection.execute("FROM risk_snapshot").df()


def _site_and_drug_policies(reference: Reference) -> list[str]:
    documents = dict.fromkeys(reference.policies["document"].dropna())
    return [text for text in documents if json.loads(text)["kind"] in ("site_of_care", "drug_source")]
