"""From loaded extracts to published leakage: written beside, checked, then published in one transaction."""

import hashlib
import json
from pathlib import Path

import duckdb
from django.conf import settings
from django.utils import timezone

from demand import storage
from demand.actions import runs
from demand.actions.extracts import Refused, forget_runs
from demand.engine import pipeline
from demand.engine.parameters import Parameters
from demand.engine.workspace import engine_version
from demand.models import Extract, LeakageCell, Run
from demand.selectors.reference import reference
from payers.actions.steps import note_computed
from payers.models import Policy

CELLS_AT_ONCE = 1000


def request_recompute(extracts=None, parameters: dict | None = None, user=None) -> Run:
    """Ask for a recomputation of all loaded extracts, or of those named (Extract objects).

    Refused where nothing is loaded. The same extracts, reference, parameters and engine give the existing run.
    """
    if extracts is None:
        extracts = list(Extract.objects.filter(status=Extract.Status.LOADED))
    if not extracts:
        raise Refused("No extract is loaded yet; load claims first, then recompute.")
    settled = Parameters.from_json(parameters or {})
    inputs = {
        "extracts": [
            {"id": extract.pk, "name": str(extract), "files": [file.sha256 for file in extract.files.all()]}
            for extract in sorted(extracts, key=lambda extract: extract.pk)
        ],
        "reference": reference().digest(),
    }
    return runs.request_run(
        Run.Kind.RECOMPUTE, inputs=inputs, parameters=settled.as_json(), engine_version=engine_version(), user=user
    )


def perform_recompute(claim: runs.Claim) -> None:
    """Run the pipeline for the claimed run and publish its tables."""
    run = Run.objects.get(pk=claim.run_id)
    wanted = [entry["id"] for entry in run.inputs["extracts"]]
    extracts = {extract.pk: extract for extract in Extract.objects.filter(pk__in=wanted, status=Extract.Status.LOADED)}
    missing = [entry["name"] for entry in run.inputs["extracts"] if entry["id"] not in extracts]
    if missing:
        runs.fail_run(claim, f"Extract “{missing[0]}” was deleted before the run began; recompute again without it.")
        return
    final = storage.run_folder(run.pk)
    attempt = storage.attempt_folder(final, claim.token)
    report = runs.StageReport(claim)
    policies = list(Policy.objects.values_list("policy_id", flat=True))  # before the run reads them
    with runs.keep_alive(claim):
        summary = pipeline.recompute(
            [_input(extracts[pk], number) for number, pk in enumerate(sorted(wanted), start=1)],
            reference(),
            Parameters.from_json(run.parameters),
            attempt,
            report,
            settings.PIPELINE_MEMORY_LIMIT,
        )
        cells = _cells(run, attempt / "leakage.parquet")

    def publish():
        storage.publish_folder(attempt, final)
        LeakageCell.objects.filter(run=run).delete()
        LeakageCell.objects.bulk_create(cells, batch_size=CELLS_AT_ONCE)
        note_computed(policies, timezone.localdate())

    result = summary.as_json()
    digest = hashlib.sha256(json.dumps(result["tables"], sort_keys=True).encode()).hexdigest()
    runs.finish_run(claim, result=result, result_hash=digest, stages=report.finished(), publish=publish)
    storage.remove_attempts(final)
    forget_runs()


def _input(extract: Extract, sequence: int) -> pipeline.ExtractInput:
    return pipeline.ExtractInput(
        id=extract.pk,
        name=str(extract),
        folder=storage.extract_folder(extract.pk),
        perspective=extract.perspective,
        paid_through=extract.paid_through,
        sequence=sequence,
    )


def _cells(run: Run, leakage: Path) -> list[LeakageCell]:
    columns = [field.name for field in LeakageCell._meta.fields if field.name not in ("id", "run")]
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM read_parquet(?)", [str(leakage)]).fetchall()
    return [LeakageCell(run=run, **dict(zip(columns, row, strict=True))) for row in rows]
