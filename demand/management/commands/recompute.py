"""Run the pipeline on what is loaded, and wait."""

import json

from django.core.management.base import BaseCommand, CommandError

from demand import tasks
from demand.actions.extracts import Refused
from demand.actions.recompute import request_recompute
from demand.models import Extract, Run
from sites.converters import whole_number


class Command(BaseCommand):
    help = "Compute infusions, episodes and leakage from the loaded extracts (all, or those named) and publish them."

    def add_arguments(self, parser):
        parser.add_argument("--extract", nargs="+", default=[], metavar="N", help="extracts by number or name")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, **options):
        try:
            run = request_recompute([loaded_extract(word) for word in options["extract"]] or None)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        if run.status != Run.Status.FINISHED:
            tasks.work_on(run.pk, tasks.recompute.perform_recompute)
            run.refresh_from_db()
        if run.status == Run.Status.FAILED:
            raise CommandError(run.reason)
        if run.status != Run.Status.FINISHED:
            raise CommandError(f"Run {run.pk} is at work in another process; look at it on the runs page.")
        answer = {
            "run": run.pk,
            "engine_version": run.engine_version,
            "parameters": run.parameters,
            "counts": run.result.get("counts", {}),
            "headline": run.result.get("headline", {}),
            "seconds": {stage["stage"]: stage["seconds"] for stage in run.stages},
            "result_hash": run.result_hash,
        }
        self.stdout.write(json.dumps(answer, default=str) if options["json"] else _in_words(answer))


def loaded_extract(word: str) -> Extract:
    """The loaded extract of that name or number; Refused otherwise."""
    found = Extract.objects.filter(status=Extract.Status.LOADED)
    extract = found.filter(name=word).first() or found.filter(pk=whole_number(word)).first()
    if extract is None:
        raise Refused(f"No loaded extract is called “{word}”; the extracts page lists them.")
    return extract


def _in_words(answer: dict) -> str:
    lines = [f"Run {answer['run']} is published (engine {answer['engine_version']})."]
    lines += [f"  {name}: {count:,}" for name, count in answer["counts"].items() if isinstance(count, int)]
    lines += [f"  {stage}: {seconds} s" for stage, seconds in answer["seconds"].items()]
    return "\n".join(lines)
