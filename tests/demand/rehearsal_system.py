"""A small rehearsal system and a run that reads it perfectly, for the tests of both."""

import atexit
import csv
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb

from demand.engine.rehearsal import create_rehearsal

PEOPLE, MONTHS, SEED = 400, 36, 7


@cache
def system() -> Path:
    """400 people over three years, made once a test session."""
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    create_rehearsal(folder, people=PEOPLE, months=MONTHS, seed=SEED)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    return tuple(rows(system() / name))


def perfect_run(folder: Path, truth: Path, where: str = "true", **changes: str) -> Path:
    """A run's files as a reader would make them who sees all that claims show.

    where: SQL over the key's infusions; changes: columns of the run's infusions by other SQL expressions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "person_id": "person_id",
        "service_date": "service_date::DATE",
        "molecule": "molecule",
        "family": "family",
        "hcpcs_codes": "hcpcs_code",
        "site_class": "visible_site_class",
        "site_id": "site_id",
        "ownership": "ownership",
        "channel": "visible_channel",
        "channel_confidence": "'confirmed'",
        "dose": "dose::DOUBLE",
        "attributed": "visible_attributed = 'true'",
        "attribution_rule": "nullif(visible_named_by, '')",
        "outcome": "nullif(visible_outcome, '')",
    } | changes
    chosen = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    key = {name: str(truth / f"{name}.csv") for name in ("infusions", "episodes", "maturity")}
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {chosen} FROM read_csv('{key['infusions']}', all_varchar=true) WHERE visible = 'true' AND {where}) "
            f"TO '{folder / 'infusions.parquet'}'"
        )
        connection.execute(
            "COPY (SELECT person_id, family, started_on::DATE AS started_on, last_infused_on::DATE AS last_infused_on, "
            "visible_outcome IS NOT NULL AS attributed, visible_outcome AS outcome, reason "
            f"FROM read_csv('{key['episodes']}', all_varchar=true)) TO '{folder / 'episodes.parquet'}'"
        )
        connection.execute(
            "COPY (SELECT data_source, (month || '-01')::DATE AS month, completion::DOUBLE AS completion, mature = 'true' AS mature"
            f" FROM read_csv('{key['maturity']}', all_varchar=true)) TO '{folder / 'maturity.parquet'}'"
        )
    return folder
