"""`import_scenario FILE`: a scenario from its exported file, computed at once, and whether it returned the same."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from demand.models import Run
from demand.tasks import work_on
from roi.actions.compute import perform_scenario
from roi.actions.scenario_files import import_scenario
from roi.actions.scenarios import Refused
from roi.engine.inputs import InputError
from roi.engine.scenario_file import FileRefused, read_scenario_file


class Command(BaseCommand):
    help = "Import a scenario file, compute it and say whether the results are the file's to the cent."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--name", default="", help="another name than the file's")
        parser.add_argument(
            "--from-inputs", action="store_true", help="compute from the file's inputs where its claims run is not here"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, file, name, from_inputs, **options):
        try:
            read = read_scenario_file(Path(file).read_text(encoding="utf-8"))
            imported = import_scenario(None, read, name=name, from_inputs=from_inputs)
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"{file} cannot be read; name a file that export_scenario or a scenario's page wrote.") from None
        except (FileRefused, Refused, InputError) as refusal:
            raise CommandError(str(refusal)) from None
        run = imported.saved.run
        work_on(run.pk, perform_scenario)
        run.refresh_from_db()
        if run.status != Run.Status.FINISHED:
            raise CommandError(run.reason or f"Run {run.pk} is at work in another process; look at the scenario's page.")
        version = imported.saved.version
        answer = {
            "id": version.scenario_id,
            "scenario": version.scenario.name,
            "run": run.pk,
            "data_run": imported.data_run and imported.data_run.pk,
            "npv_cents": imported.found,
            "same_values": imported.is_same,
            "same_result": run.result_hash == read.result_hash,
        }
        whole = "Every result, draws included, is the same." if answer["same_result"] else "Some other result differs."
        self.stdout.write(json.dumps(answer) if options["json"] else f"{version}: {imported.sentence()} {whole}")
