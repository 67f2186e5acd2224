"""Scenarios -> their answers on a claims run's volumes and prices, as next versions; grain: one scenario.

What rests on that run already is computed again, with the seed and the draws that it had; the same engine gives the run that is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from demand.models import Run
from roi.actions.compute import request_scenario_run
from roi.actions.scenarios import Refused, save_version
from roi.engine.formulary import off_formulary, with_formulary
from roi.engine.infusion_center import Center, read_value
from roi.engine.inputs import InputError
from roi.engine.market import Market
from roi.engine.typed_volumes import carried
from roi.models import Scenario, ScenarioVersion
from roi.selectors.market import read_market

NOBODY = "That claims run has no group of 11 people or more in its market."
TYPED = (
    "A volume that was typed over is not among those of that claims run; change its inputs by hand, or take the number back first."
)


@dataclass(frozen=True)
class Renewed:
    """The runs that compute what was brought up to date, a batch for the caller to enqueue; the scenarios left as they were, and why."""

    runs: list[Run]
    left: list[tuple[Scenario, Refused | InputError]]


def renew_scenarios(user, scenarios: Iterable[Scenario], data_run: Run) -> Renewed:
    """Each on its own: one that cannot be brought to the run keeps no other from it. A market is read once for all that rest on it."""
    runs, left = [], []

    @cache
    def market(name: str, first_month: str) -> Market:
        found = read_market(data_run, name, read_value("first_month", first_month))
        if found is None or not found.cells:
            raise Refused(NOBODY)
        return found

    for scenario in scenarios:
        newest = scenario.versions.order_by("-number").first()
        before = Center.from_json(newest.inputs)
        try:
            if before.market.run_id == data_run.pk:
                runs.append(_again(newest, user))
                continue
            read = market(before.market.name, before.answers["first_month"].text).at_class(before.kind.site_class)
            read, lost = carried(before.market, read)
            if lost:
                raise Refused(TYPED)
            made = with_formulary(replace(before, market=read), off_formulary(before))
            note = f"Brought to claims run {data_run.pk}"
            runs.append(save_version(user, scenario, made, based_on=newest.number, note=note).run)
        except (Refused, InputError) as reason:
            left.append((scenario, reason))
    return Renewed(runs, left)


def _again(version: ScenarioVersion, user) -> Run:
    last = Run.objects.filter(kind=Run.Kind.SCENARIO, subject_id=version.pk).order_by("-pk").first()
    return request_scenario_run(version, user=user, **(last.parameters if last else {}))
