"""A run's treatments under way -> the values that a retention line's criteria ask; grain: one row a person × drug family.

Formula: `sql/retention_values.sql`. A line with other thresholds is judged on these values alone (`verdicts`), without the claims, so
that moving a threshold answers at once. Days are counted back from the run's day; what no claim shows is empty, never 0.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from demand.engine import stage


def write_retention_values(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """treatment, treatment_span, clinical_event and the register of the connection -> `retention_values.parquet` in `folder`."""
    stage.run(connection, "retention_values")
    target = str(folder / "retention_values.parquet").replace("'", "''")
    connection.execute(
        "COPY (FROM retention_value ORDER BY person_bucket(person_id), person_id, family) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION snappy)"
    )
