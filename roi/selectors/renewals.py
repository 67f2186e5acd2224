"""Scenarios and the newest claims run -> which of them rest on an earlier one, or were computed by an earlier engine; grain: one scenario."""

import datetime as dt
from dataclasses import dataclass

from demand.models import Run
from roi.actions.compute import engine_version
from roi.models import ScenarioVersion
from roi.selectors.scenarios import ListedScenario

COMPUTED_OR_ABOUT_TO = (Run.Status.QUEUED, Run.Status.RUNNING, Run.Status.FINISHED)


@dataclass(frozen=True)
class Standing:
    """A listed scenario and what its newest version rests on. `data_run` is None where it was imported without its claims run."""

    listed: ListedScenario
    market: str
    data_run: int | None
    last_month: dt.date
    behind: bool
    by_this_engine: bool

    @property
    def current(self) -> bool:
        return self.by_this_engine and not self.behind


def standings(listed: list[ListedScenario], newest: Run) -> list[Standing]:
    """One query more than the list took."""
    kept = {item.version.pk: item for item in listed}
    rests_on = ScenarioVersion.objects.filter(pk__in=kept).values_list(
        "pk", "inputs__market__name", "inputs__market__run_id", "inputs__market__last_month"
    )
    by_version = {pk: rest for pk, *rest in rests_on}
    engine = engine_version()
    found = []
    for pk, item in kept.items():
        name, run_id, last_month = by_version[pk]
        known = item.run is not None and item.run.engine_version == engine and item.run.status in COMPUTED_OR_ABOUT_TO
        found.append(Standing(item, name, run_id, dt.date.fromisoformat(last_month), run_id != newest.pk, known))
    return found
