"""Write a table of a run for other tools."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError

from demand import storage
from demand.engine.csv_text import write_csv
from demand.models import Run
from demand.selectors.clinical_line import standing_version
from demand.selectors.facts import ResultsMissing
from demand.selectors.leakage import hide_leakage
from demand.selectors.line_people import verdict_rows
from demand.selectors.tables import TABLES, read_table, reidentified
from roi.selectors import scenario_rows

SCENARIO_COLUMNS = ("run_id", "scenario", "baseline", "month", "line_item", "cents")
VERDICT_COLUMNS = ("run_id", "person_id", "family", "site_class", "line_id", "verdict", "reasons")
ROWS_AT_ONCE = 10_000


@dataclass
class Rows:
    """A table on its way out: its columns and its rows, read in chunks."""

    run: Run
    columns: tuple[str, ...]
    rows: Iterator[tuple]


class Command(BaseCommand):
    help = (
        "Write a table of a run (the newest, or --run N). People are keyed pseudonyms and counts of 1 to 10 people are hidden; "
        "--reidentify lifts both and is written to the audit log."
    )

    def add_arguments(self, parser):
        names = [*TABLES, "scenario", "verdicts"]
        parser.add_argument("table", choices=names, metavar="TABLE", help=", ".join(names))
        parser.add_argument("--run", type=int, help="a run's number; without it the newest published run")
        parser.add_argument("--format", choices=["csv", "parquet", "json"], default="csv")
        parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
        parser.add_argument("--output", type=Path, metavar="F", help="a file; without it standard output (not for parquet)")
        parser.add_argument("--reidentify", action="store_true", help="original person ids and small counts")

    def handle(self, *args, table, run, format, output, reidentify, **options):
        if format == "parquet" and output is None:
            raise CommandError("Parquet is not text: name a file with --output F.")
        if table == "scenario":
            exported = _scenario(run)
        else:
            exported = _verdicts(run, reidentify) if table == "verdicts" else _claims_table(table, run, reidentify)
        try:
            count = _write(exported, format, output)
        except BrokenPipeError:  # `export … | head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            reason = (error.strerror or "cannot be written").lower()
            raise CommandError(f"{output}: {reason}. Choose another place with --output.") from None
        _audit(exported.run, table, format, count, reidentify)
        if output is not None:
            self.stderr.write(f"{count:,} rows of {table} written to {output}.")


def _published(run_id: int | None, kind: str) -> Run:
    runs = Run.objects.filter(kind=kind, status=Run.Status.FINISHED)
    run = runs.filter(pk=run_id).first() if run_id else runs.order_by("-requested_at", "-pk").first()
    if run is None:
        wanted = f"Run {run_id} is not a finished run of this kind" if run_id else "Nothing has been computed yet"
        remedy = "run_scenario" if kind == Run.Kind.SCENARIO else "recompute"
        raise CommandError(f"{wanted}; run `{remedy}` first, or name another run.")
    return run


def _scenario(run_id: int | None) -> Rows:
    run = _published(run_id, Run.Kind.SCENARIO)
    return Rows(run, SCENARIO_COLUMNS, iter(scenario_rows(run)))


def _verdicts(run_id: int | None, reidentify: bool) -> Rows:
    """By the newest signed line; while none is signed, by the newest, or as shipped."""
    run = _published(run_id, Run.Kind.RECOMPUTE)
    try:
        rows = verdict_rows(run, standing_version())
    except ResultsMissing as missing:
        raise CommandError(str(missing)) from None
    known = reidentified(storage.identities_folder()) if reidentify else {}
    return Rows(run, VERDICT_COLUMNS, ((run.pk, known.get(row[0], row[0]), *row[1:]) for row in rows))


def _claims_table(name: str, run_id: int | None, reidentify: bool) -> Rows:
    run = _published(run_id, Run.Kind.RECOMPUTE)
    table = TABLES[name]
    query = read_table(run, table, storage.identities_folder() if reidentify else None)
    columns = ("run_id", *table.columns)
    rows = _chunks(query)
    if not table.patient_level and not reidentify:
        rows = iter(hide_leakage(run, columns, list(rows)))
    return Rows(run, columns, rows)


def _chunks(query: duckdb.DuckDBPyConnection) -> Iterator[tuple]:
    while chunk := query.fetchmany(ROWS_AT_ONCE):
        yield from chunk


def _write(exported: Rows, format: str, output: Path | None) -> int:
    if format == "parquet":
        return _write_parquet(exported, output)
    stream = output.open("w", encoding="utf-8", newline="") if output else sys.stdout
    try:
        if format == "csv":
            return write_csv(stream, exported.columns, exported.rows)
        rows = [dict(zip(exported.columns, row, strict=True)) for row in exported.rows]
        json.dump({"run": exported.run.pk, "rows": rows}, stream, default=str)
        stream.write("\n")
        return len(rows)
    finally:
        if output:
            stream.close()
        else:
            stream.flush()


def _write_parquet(exported: Rows, output: Path) -> int:
    """Through pandas at the edge: an export is read by people's tools, not by the pipeline."""
    # Nullable types: a hidden count is empty and does not turn its column into floats.
    frame = pd.DataFrame(list(exported.rows), columns=list(exported.columns)).convert_dtypes()
    with duckdb.connect() as connection:
        connection.register("exported", frame)
        connection.table("exported").write_parquet(str(output))
    return len(frame)


def _audit(run: Run, table: str, format: str, rows: int, reidentify: bool) -> None:
    LogEntry.objects.create(
        action=LogEntry.Action.ACCESS,
        content_type=ContentType.objects.get_for_model(Run),
        object_pk=str(run.pk),
        object_id=run.pk,
        object_repr=str(run),
        additional_data={
            "export": table,
            "format": format,
            "rows": rows,
            "reidentified": reidentify,
            "by": "server shell",
        },
    )
