"""Questions to a published run's facts.parquet, one row per infusion.

One in-memory DuckDB connection per process, a cursor per question: a fresh connection costs 29 ms, a slice 4 ms. The
connection can read the storage folder and nothing else, and its settings are locked.
"""

import datetime as dt
import hashlib
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb
from django.conf import settings

from demand import storage
from demand.engine.export_tables import file_pattern
from demand.filters import NOT_REGISTERED, DashboardFilters
from demand.models import Run

TABLE = re.compile(r"\{(\w+)\}")
FILTERED = {"facts", "leaks", "overdue", "moves", "dose_timing", "arrivals"}  # their columns are those that the filters name
MEMORY_LIMIT = "256MB"
_lock = threading.Lock()
_connections: dict[tuple[int, str], duckdb.DuckDBPyConnection] = {}


class ResultsMissing(Exception):
    """A run is published and its files are not where they should be."""


def _connection() -> duckdb.DuckDBPyConnection:
    """This process's connection (made after a fork, never inherited)."""
    key = (os.getpid(), str(settings.STORAGE_DIR))
    with _lock:
        if key not in _connections:
            connection = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 2})
            folder = str(settings.STORAGE_DIR).replace("'", "''")
            connection.execute(f"SET allowed_directories = ['{folder}/']")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            _connections[key] = connection
        return _connections[key]


def cursor() -> duckdb.DuckDBPyConnection:
    """For an engine that asks the storage itself; its variables are its own."""
    return _connection().cursor()


def results_key(run: Run) -> str:
    """For caches: these results of this run and no others, also where two installations number their runs alike."""
    return f"{run.pk}|{run.published_at and run.published_at.timestamp()}|{hashlib.sha256(str(settings.STORAGE_DIR).encode()).hexdigest()[:12]}"


def facts_path(run: Run) -> Path:
    return storage.run_folder(run.pk) / "facts.parquet"


def ask(run: Run, sql: str, filters: DashboardFilters | None = None, **values) -> list[tuple]:
    """Rows of `sql`, in which {facts} stands for the run's facts as filtered."""
    where, given = where_of(filters or DashboardFilters())
    facts = f"(SELECT * FROM read_parquet($facts_file){where})"
    parameters = {"facts_file": str(facts_path(run)), **given, **values}
    try:
        return _connection().cursor().execute(sql.replace("{facts}", facts), parameters).fetchall()
    except duckdb.IOException as error:
        raise ResultsMissing(f"The results of run {run.pk} cannot be read; recompute.") from error


def ask_file(path: Path, sql: str, **values) -> list[tuple]:
    """Rows of `sql` over any Parquet file of the storage ({file}); none where there is no such file."""
    if not path.exists():
        return []
    return _connection().cursor().execute(sql.replace("{file}", "read_parquet($file)"), {"file": str(path), **values}).fetchall()


def ask_tables(run: Run, sql: str, filters: DashboardFilters | None = None, **values) -> list[tuple]:
    """Rows of `sql`, in which {facts} and the other FILTERED tables stand for the run's as filtered, any other {table} for it as it is."""
    return query_tables(run, sql, filters, **values).fetchall()


def query_tables(run: Run, sql: str, filters: DashboardFilters | None = None, **values) -> duckdb.DuckDBPyConnection:
    """The same as an executed query, for those who read it piece by piece."""
    where, given = where_of(filters or DashboardFilters())
    for table in sorted(set(TABLE.findall(sql))):
        files = storage.run_folder(run.pk) / file_pattern(table)
        if not next(files.parent.glob(files.name), None):
            raise ResultsMissing(
                f"Run {run.pk} keeps no table “{table}”: it was computed before this page was made, or its files are gone. "
                "Recompute, then ask the new run."
            )
        rows = f"read_parquet(${table}_file)"
        sql = sql.replace(f"{{{table}}}", f"(SELECT * FROM {rows}{where})" if table in FILTERED else rows)
        values[f"{table}_file"] = str(files)
    if any(f"${table}_file" in sql for table in FILTERED):
        values |= given
    try:
        return _connection().cursor().execute(sql, values)
    except duckdb.IOException as error:
        raise ResultsMissing(f"The results of run {run.pk} cannot be read; recompute.") from error


def ask_files(paths: Sequence[Path], sql: str, **values) -> list[tuple]:
    """Rows of `sql` over Parquet files of one form ({files}, with file_row_number and filename); none where there is no file."""
    if not paths:
        return []
    sql = sql.replace("{files}", "read_parquet($files, file_row_number=true, filename=true)")
    return _connection().cursor().execute(sql, {"files": [str(path) for path in paths], **values}).fetchall()


# Every infusion has one site and one owner in these words, so that the sites, and the owners, add up to the system.
OF_PLACE = {
    "site": f"(site_id = $site OR ($site = '{NOT_REGISTERED}' AND (coalesce(site_id, 'unknown') = 'unknown' OR starts_with(site_id, 'npi:'))))",
    "site_owner": "coalesce(nullif(owner, ''), 'unknown') = $site_owner",
}


def where_of(filters: DashboardFilters) -> tuple[str, dict]:
    """The filters as a condition over the columns that they name (nothing where none is set), and its values."""
    conditions = [f"{name} = ${name}" for name in filters.chosen] + [OF_PLACE[name] for name in filters.places]
    values: dict[str, str | dt.date] = filters.chosen | filters.places
    if filters.since:
        conditions.append("month >= $since")
        values["since"] = filters.since
    if filters.until:
        conditions.append("month < $until")
        values["until"] = filters.until
    return (" WHERE " + " AND ".join(conditions) if conditions else ""), values
