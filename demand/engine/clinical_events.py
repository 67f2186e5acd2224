"""A run's lines of people with an infusion -> clinical events that claims can show; grain: one row a person × day × kind.

Formula: `sql/clinical_events.sql`. Kinds: `emergency` (place of service 23, revenue code 045x, a visit code of an emergency room),
`admission` (bill type 11x, or a clinician's claim with place of service 21; days that touch are one stay), `epinephrine` (its drug
code on the day of an infusion), the diagnoses of `clinical_event_diagnoses` (`line_infection`, `sepsis`), and what a clinical exception
of a policy rests on (`reaction`, `cardiopulm`, `renal_fluid`, `pregnancy`, `investigational`; read by `exposure`, not again here).
`detail` is the diagnosis or drug code that says so. Claims show that an event was billed, never what caused it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from demand.engine import stage

COLUMNS = "person_id person_no event_on kind until_on detail npi data_source"


def write_clinical_events(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """run_lines, run_infusions and exception_evidence of the connection -> `clinical_events.parquet` in `folder`."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE clinical_rule AS SELECT string_split(said, ' ')[1] AS kind, string_split(said, ' ')[2] AS pattern "
        "FROM (SELECT unnest(getvariable('clinical_event_diagnoses')) AS said)"
    )
    stage.run(connection, "clinical_events")
    listed = ", ".join(COLUMNS.split())
    target = str(folder / "clinical_events.parquet").replace("'", "''")
    connection.execute(
        f"COPY (SELECT {listed} FROM clinical_event ORDER BY person_bucket(person_id), person_id, event_on, kind) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION snappy)"
    )
