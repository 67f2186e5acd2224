"""`run_scenario ID|NAME`: compute a scenario's newest version and wait; the results as the page shows them."""

import json

from django.core.management.base import BaseCommand, CommandError

from demand.models import Run
from demand.tasks import work_on
from roi.actions.compute import SEED, perform_scenario, request_scenario_run
from roi.models import ScenarioResult
from roi.selectors.scenarios import named_scenario
from roi.words import BASELINE_NAMES, PART_NAMES, chance, dollars, irr_text, payback_text


class Command(BaseCommand):
    help = "Compute the newest version of a scenario, by number or name, and print its results."

    def add_arguments(self, parser):
        parser.add_argument("scenario", metavar="ID|NAME")
        parser.add_argument("--seed", type=int, default=SEED, help="of the draws, recorded with the run")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args, scenario, seed, **options):
        found = named_scenario(scenario)
        if found is None:
            raise CommandError(f"No scenario is called “{scenario}”; the scenarios page lists them.")
        version = found.versions.order_by("-number").first()
        run = request_scenario_run(version, seed=seed)
        if run.status != Run.Status.FINISHED:
            work_on(run.pk, perform_scenario)
            run.refresh_from_db()
        if run.status == Run.Status.FAILED:
            raise CommandError(run.reason)
        if run.status != Run.Status.FINISHED:
            raise CommandError(f"Run {run.pk} is at work in another process; look at the scenario's page.")
        result = ScenarioResult.objects.get(run=run)
        answer = {
            "id": found.pk,
            "scenario": found.name,
            "version": version.number,
            "run": run.pk,
            "data_run": result.data_run_id,
            "seed": run.parameters["seed"],
            "engine_version": run.engine_version,
            "result_hash": run.result_hash,
            **result.summary,
        }
        self.stdout.write(json.dumps(answer) if options["json"] else as_text(answer))


def as_text(answer: dict) -> str:
    """A scenario's results for people, in dollars."""
    lines = [f"{answer['scenario']}, version {answer['version']} (run {answer['run']})"]
    for baseline, value in answer["baselines"].items():
        lines.append(f"Against {BASELINE_NAMES[baseline].lower()}:")
        lines += [f"  {label:<44}{dollars(value['parts_npv_cents'].get(part, 0)):>22}" for part, label in PART_NAMES.items()]
        lines.append(f"  {'Net present value':<44}{dollars(value['npv_cents']):>22}")
        lines.append(f"  {'Internal rate of return a year':<44}{irr_text(value['irr']):>22}")
        lines.append(f"  {'Payback':<44}{payback_text(value['payback_month']):>22}")
        lines.append(f"  {'Peak cash':<44}{dollars(value['peak_cash_cents']):>22}")
        drawn = answer["uncertainty"]["baselines"][baseline]
        for name, cents in zip(("P10", "P50", "P90"), drawn["npv_cents"], strict=True):
            lines.append(f"  {'Net present value, ' + name:<44}{dollars(cents):>22}")
        lines.append(f"  {'Draws with a positive value':<44}{chance(drawn['probability_positive']):>22}")
    return "\n".join(lines)
