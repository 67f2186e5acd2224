"""A run's diagnoses of people with an infusion -> their comorbidities; grain: one row a person × AHRQ Elixhauser measure.

Formula: a diagnosis on any claim line of the person that the reference of AHRQ's Elixhauser Comorbidity Software Refined for ICD-10-CM
(v2026.1, of the package elixhauser-ahrq) maps to the measure; the last such day counts. Outpatient claims do not say what was present
on admission, so every mapped diagnosis counts, also of the measures for which AHRQ asks it of hospital stays.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd
from python_calamine import CalamineWorkbook

from demand.engine import stage

SHEET, FIRST_MEASURE = "DX_to_Comorb_Mapping", 3  # columns before it: diagnosis, description, how many measures
COLUMNS = "person_id person_no measure last_on diagnosis_code"


@cache
def measures_by_diagnosis() -> pd.DataFrame:
    """diagnosis_code (no point), measure: one row a pair, as the reference of the package says; read once a process, without importing
    the package, which brings its own scoring along."""
    folder = Path(find_spec("elixhauser_ahrq").submodule_search_locations[0]) / "data"
    (path,) = folder.glob("CMR-Reference-File-*.xlsx")
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(SHEET).to_python()
    header = next(number for number, row in enumerate(rows) if str(row[0]).startswith("ICD-10-CM Diagnosis"))
    names = [str(name).strip() for name in rows[header]]
    pairs = [
        (str(row[0]).strip(), names[place])
        for row in rows[header + 1 :]
        for place in range(FIRST_MEASURE, len(names))
        if row[place] == 1
    ]
    return pd.DataFrame(pairs, columns=["diagnosis_code", "measure"])


def write_comorbidities(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """asked_line (clinical_events.sql) and run_infusions of the connection -> `comorbidities.parquet` in `folder`."""
    connection.register("elixhauser", measures_by_diagnosis())
    stage.run(connection, "comorbidities")
    connection.unregister("elixhauser")
    listed = ", ".join(COLUMNS.split())
    target = str(folder / "comorbidities.parquet").replace("'", "''")
    connection.execute(
        f"COPY (SELECT {listed} FROM comorbidity ORDER BY person_bucket(person_id), person_id, measure) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION snappy)"
    )
