"""The doors to scenarios: who may see and who may change which. Pages, API and commands with a user come through here."""

from roi.models import Scenario, ScenarioVersion
from sites.doors import demand_right, first_found


def access_scenarios(user):
    """The scenarios a person may see, by name."""
    demand_right(user, "roi.view_scenarios")
    return Scenario.objects.order_by("name")


def access_scenario(user, pk: int) -> Scenario:
    return first_found(access_scenarios(user).filter(pk=pk))


def access_version(user, pk: int, number: int | None = None) -> ScenarioVersion:
    """A scenario's version of that number, or its newest."""
    access_scenarios(user)
    versions = ScenarioVersion.objects.filter(scenario=pk).select_related("scenario", "created_by")
    return first_found(versions.order_by("-number") if number is None else versions.filter(number=number))


def access_editing(user) -> None:
    access_scenarios(user)
    demand_right(user, "roi.edit_scenarios")


def access_editable(user, pk: int) -> Scenario:
    access_editing(user)
    return access_scenario(user, pk)


def access_approving(user, pk: int, number: int) -> ScenarioVersion:
    """Who may record the council's choices may approve."""
    access_scenarios(user)
    demand_right(user, "care_sites.decide")
    return access_version(user, pk, number)
