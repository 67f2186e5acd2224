"""Treatments as a run keeps them for the clinical line, with valid defaults: a test names only what it is about."""

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from demand.engine.verdicts import NUMBERS, TEXTS, Values

AS_OF = dt.date(2026, 7, 1)
TREATMENT = dict.fromkeys((*NUMBERS, *TEXTS)) | {
    "age": 50, "doses": 8, "start_known": True, "family": "infliximab", "clinical_line": "gastroenterology", "payer": "Payer A",
    "market": "metro", "site_id": "H", "site_class": "hopd_on_campus", "ownership": "owned", "miles_infusion_center": 5.0, "miles_infusion_suite": 9.0,
    "miles_physician_office": 4.0, "miles_today": 12.0, "infusions_a_year": 6.5, "allowed_cents": 500_000, "chair_minutes": 120,
    "events_a_year": 0, "as_of": AS_OF,
}  # fmt: skip


def treatment(person: int, **changes: object) -> dict:
    return TREATMENT | {"person_no": person, "person_id": f"p{person}", "episode_id": person} | changes


def values(*rows: dict) -> Values:
    columns = {name: [row[name] for row in rows] for name in (*NUMBERS, *TEXTS, "start_known")}
    fetched = {name: np.array([np.nan if value is None else value for value in columns[name]], dtype=float) for name in NUMBERS}
    return Values.of(
        fetched | {name: np.array(columns[name], dtype=object) for name in TEXTS} | {"start_known": columns["start_known"]}
    )


def write_values(folder: Path, rows: list[dict]) -> None:
    """`retention_values.parquet` of a run's folder."""
    frame = pd.DataFrame(rows)
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name])
    casts = ", ".join(f"{name}::VARCHAR AS {name}" for name in TEXTS)
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute(
            f"COPY (SELECT * REPLACE ({casts}, as_of::DATE AS as_of) FROM frame) TO '{folder / 'retention_values.parquet'}' (FORMAT parquet)"
        )
