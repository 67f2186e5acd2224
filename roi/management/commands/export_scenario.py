"""`export_scenario ID|NAME`: a scenario's newest computed version as the file that imports to the same results."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from roi.actions.scenario_files import exported
from roi.models import ScenarioResult
from roi.selectors.scenarios import named_scenario


class Command(BaseCommand):
    help = "Write a scenario's inputs, data version, parameters, seed and results as one JSON file."

    def add_arguments(self, parser):
        parser.add_argument("scenario", metavar="ID|NAME")
        parser.add_argument("--output", metavar="F", help="file to write; standard output otherwise")

    def handle(self, *args, scenario, output, **options):
        found = named_scenario(scenario)
        if found is None:
            raise CommandError(f"No scenario is called “{scenario}”; the scenarios page lists them.")
        newest = found.versions.order_by("-number").first()
        result = ScenarioResult.objects.filter(version=newest).order_by("-pk").first()
        if result is None:
            raise CommandError(f"Version {newest.number} is not computed yet; run_scenario computes it.")
        text = exported(result).as_text()
        if output:
            Path(output).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
