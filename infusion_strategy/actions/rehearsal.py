"""Setting up the rehearsal health system: its files made, its registers loaded, its claims brought in like anybody's."""

import json
import re
import shutil
from datetime import date
from io import StringIO
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from demand.actions import runs
from demand.actions.extracts import Refused, bring_in, create_extract, discard_uploads
from demand.models import Run
from roi.actions.example import create_example_scenario
from roi.actions.scenarios import Refused as ScenarioRefused
from roi.engine.inputs import InputError

NAME = "Rehearsal health system"
SUMMARY = "summary.json"
CLAIMS = [("medical", "medical_claim*.csv*"), ("pharmacy", "pharmacy_claim*.csv*"), ("eligibility", "eligibility*.csv*")]
# In the order in which later ones refer to earlier ones: command, its leading arguments, files.
REGISTERS = [
    ("load_drugs", [], "drugs.csv"),
    ("load_sites", [], "sites.csv"),
    ("load_prescribers", [], "prescribers.csv"),
    ("load_taxonomies", [], "taxonomies.csv"),
    ("load_zips", [], "zip_centroids.csv"),
    ("load_policies", [], "policies/*.yaml"),
    ("load_rates", [], "rates.csv"),
    ("load_laws", [], "laws.csv"),
    ("load_log", ["denials"], "denials.csv"),
    ("load_log", ["white_bag_events"], "white_bag_events.csv"),
    ("load_log", ["patient_impacts"], "patient_impacts.csv"),
    ("load_log", ["orders"], "orders.csv"),
    ("load_log", ["clinical_facts"], "clinical_facts.csv"),
]


def request_rehearsal(*, people: int, months: int) -> Run:
    """Ask once for the rehearsal system; one that is there, or on its way, is kept whatever its size."""
    there = Run.objects.filter(kind=Run.Kind.REHEARSAL).exclude(status__in=[Run.Status.FAILED, Run.Status.REPLACED]).first()
    if there:
        return there
    return runs.request_run(Run.Kind.REHEARSAL, inputs={"people": people, "months": months})


def perform_rehearsal(claim: runs.Claim) -> None:
    """Make the files, load the registers, hand the claims to the ordinary load."""
    run = Run.objects.get(pk=claim.run_id)
    report = runs.StageReport(claim)
    try:
        with runs.keep_alive(claim):
            report("making patients and their claims", 0.0)
            folder = _files(run)
            _load_registers(folder, report)
            report("bringing in the claims", 0.95)
            paid_through = date.fromisoformat(_summary(folder)["made"]["paid_through"])
            incoming = [bring_in(kind, path) for kind, name in CLAIMS for path in sorted(folder.glob(name))]
    except CommandError as refusal:
        runs.fail_run(claim, f"The rehearsal system could not be set up: {refusal}")
        return

    def publish():
        try:
            create_extract(name=NAME, files=incoming, paid_through=paid_through)
        except Refused:
            discard_uploads(file.stored_name for file in incoming)  # an earlier attempt brought the same files in

    runs.finish_run(claim, result=run.inputs, stages=report.finished(), publish=publish)


def example_is_due() -> bool:
    """The rehearsal's claims are published, and its example scenario was not made yet (nor refused)."""
    waits = any("example" not in result for result in _finished().values_list("result", flat=True))
    return waits and Run.objects.published().exists()


@transaction.atomic
def add_example_scenario() -> Run | None:
    """The example scenario, made once. Returns the run that computes it, for the caller to enqueue."""
    if not example_is_due():
        return None
    analyst = get_user_model().objects.filter(username="analyst").first()
    try:
        saved = create_example_scenario(analyst)
        example = saved.version.scenario_id if saved else None
    except (ScenarioRefused, InputError) as refusal:
        saved, example = None, str(refusal)
    for run in _finished():
        Run.objects.filter(pk=run.pk).update(result={**run.result, "example": example})
    return saved.run if saved else None


def _finished():
    return Run.objects.filter(kind=Run.Kind.REHEARSAL, status=Run.Status.FINISHED)


def _load_registers(folder: Path, report: runs.StageReport) -> None:
    for number, (command, arguments, pattern) in enumerate(REGISTERS):
        files = [str(path) for path in sorted(folder.glob(pattern)) if _has_rows(path)]  # a small system has empty logs
        what = re.split(r"[./]", pattern)[0].replace("_", " ")
        report(f"loading {what}", 0.6 + 0.3 * number / len(REGISTERS))
        if files:
            call_command(command, *arguments, *files, stdout=StringIO())


def _has_rows(path: Path) -> bool:
    with path.open("rb") as lines:
        return len(list(islice(lines, 2))) == 2


def _files(run: Run) -> Path:
    """The files under DATA_DIR/rehearsal, made beside and renamed when complete; a complete set of the same size is kept."""
    final = Path(settings.DATA_DIR) / "rehearsal"
    if (final / SUMMARY).exists() and _summary(final)["asked"] == run.inputs:
        return final
    beside = final.with_name(f"rehearsal.{run.fencing_token}")
    shutil.rmtree(beside, ignore_errors=True)
    said = StringIO()
    call_command("create_rehearsal", beside, json=True, stdout=said, **run.inputs)
    (beside / SUMMARY).write_text(json.dumps({"asked": run.inputs, "made": json.loads(said.getvalue())}))
    shutil.rmtree(final, ignore_errors=True)
    beside.rename(final)
    return final


def _summary(folder: Path) -> dict:
    return json.loads((folder / SUMMARY).read_text())
