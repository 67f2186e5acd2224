"""Options of a version kept as scenarios of their own: the same market, the same answers, each with its own draws."""

from collections.abc import Iterable

from django.db import transaction

from roi.actions.scenarios import Refused, Saved, create_scenario
from roi.engine.alternatives import alternative
from roi.engine.infusion_center import Center
from roi.engine.options import OPTIONS
from roi.models import ScenarioVersion


@transaction.atomic
def keep_options(user, version: ScenarioVersion, options: Iterable[str]) -> list[Saved]:
    """All or none are kept. The caller sends their runs to the queue as one batch, which the workers share."""
    wanted = [key for key in OPTIONS if key in set(options)]
    if not wanted:
        raise Refused("Choose at least one option to keep.")
    center = Center.from_json(version.inputs)
    note = f"Beside {version.scenario}, version {version.number}"
    return [create_scenario(user, _name(version, key), alternative(center, key), note) for key in wanted]


def _name(version: ScenarioVersion, option: str) -> str:
    """Joint venture, metro (beside 1.2): short enough for a column, and the same only where it was kept before."""
    place = version.inputs["market"]["name"] or "all markets"
    return f"{OPTIONS[option].short}, {place} (beside {version.scenario_id}.{version.number})"
