"""Recompute each headline figure of a run by a second, slow, independent way, and compare."""

import json

from django.core.management.base import BaseCommand, CommandError

from demand import storage
from demand.engine.check_numbers import Check, check_numbers
from demand.models import Run
from demand.selectors.coverage import newest_published
from demand.selectors.reference import reference


class Command(BaseCommand):
    help = "Recompute each headline figure of a run (the newest, or --run N) the slow way from its lines, and compare."

    def add_arguments(self, parser):
        parser.add_argument("--run", type=int, help="a run's number; without it the newest published run")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        run = _run(options["run"])
        known = reference()
        if run.inputs.get("reference") != known.digest():
            raise CommandError(
                f"The registers, drugs or policies changed since run {run.pk} was computed; recompute, then check the new run."
            )
        try:
            checks = check_numbers(storage.run_folder(run.pk), known)
        except FileNotFoundError:
            raise CommandError(f"The files of run {run.pk} are not in the storage folder; recompute, then check.") from None
        differing = [check for check in checks if not check.agrees]
        if options["json"]:
            self.stdout.write(json.dumps({"run": run.pk, "agrees": not differing, "checks": [check.as_json() for check in checks]}))
        else:
            self.stdout.write("\n".join(_in_words(check) for check in checks))
        if differing:
            names = ", ".join(check.name for check in differing)
            raise CommandError(f"{len(differing)} figures of run {run.pk} differ between the two ways: {names}.")


def _run(number: int | None) -> Run:
    run = newest_published() if number is None else Run.objects.published().filter(pk=number).first()
    if run is not None:
        return run
    if number is None:
        raise CommandError("No run is published yet; recompute first.")
    raise CommandError(f"No published run has the number {number}.")


def _in_words(check: Check) -> str:
    mark = "ok  " if check.agrees else "DIFF"
    return f"{mark} {check.name}: {check.published:,} published, {check.recomputed:,} the slow way"
