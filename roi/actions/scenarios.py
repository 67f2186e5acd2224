"""Scenarios are changed by adding versions: saved, restored, archived; deleted only from the archive."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from demand.models import Run
from roi.actions.compute import SEED, request_scenario_run
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.spreads import spreads_of
from roi.models import Approval, Scenario, ScenarioVersion


class Refused(Exception):
    """The user asked for something that cannot be; the message says what to do."""


@dataclass(frozen=True)
class Saved:
    """A version that was saved and the run that computes it; the caller sends the run to the queue."""

    version: ScenarioVersion
    run: Run


@transaction.atomic
def create_scenario(user, name: str, center: Center, note: str = "", *, seed: int = SEED, draws: int | None = None) -> Saved:
    """A new scenario with its first version. InputError where the inputs cannot be computed."""
    _check(center)
    if "\0" in name:
        raise Refused("The name holds a character that cannot be stored (NUL); choose another.")
    try:
        with transaction.atomic():
            scenario = Scenario.objects.create(name=name, kind=center.option, created_by=user)
    except IntegrityError:
        raise Refused(f"There is a scenario called “{name}” already, perhaps in the archive; choose another name.") from None
    return _add_version(scenario, center.as_json(), user, note, seed=seed, draws=draws)


@transaction.atomic
def save_version(user, scenario: Scenario, center: Center, *, based_on: int, name: str = "", note: str = "") -> Saved:
    """Save changed inputs as the next version. Refused where somebody saved one since `based_on`, or nothing changed."""
    _check(center)
    scenario, newest = _locked(scenario)
    if newest.number != based_on:
        who = newest.created_by or "somebody"
        raise Refused(
            f"Version {newest.number} was saved by {who} while you were editing version {based_on}. "
            "Open the scenario, look at what changed and make your change there."
        )
    renamed = bool(name) and name != scenario.name
    inputs = center.as_json()
    if inputs == newest.inputs and not renamed:
        raise Refused("Nothing was changed, so there is nothing to save.")
    if renamed:
        if Scenario.objects.exclude(pk=scenario.pk).filter(name=name).exists():
            raise Refused(f"There is a scenario called “{name}” already, perhaps in the archive; choose another name.")
        scenario.name = name
        scenario.save(update_fields=["name"])
    if inputs == newest.inputs:
        return Saved(newest, request_scenario_run(newest, user=user))
    return _add_version(scenario, inputs, user, note, number=newest.number + 1)


@transaction.atomic
def restore_version(user, scenario: Scenario, number: int) -> Saved:
    """Undo: an earlier version's inputs become the newest version. Nothing is taken away."""
    scenario, newest = _locked(scenario)
    earlier = scenario.versions.filter(number=number).first()
    if earlier is None:
        raise Refused(f"“{scenario}” has no version {number}; its page lists them.")
    if earlier.inputs == newest.inputs:
        raise Refused(f"Version {number} is the same as the newest one, so there is nothing to restore.")
    return _add_version(scenario, earlier.inputs, user, f"Version {number} restored", number=newest.number + 1)


def archive_scenario(scenario: Scenario) -> None:
    """Out of the list, kept with all its versions and results."""
    if scenario.archived_at is None:
        scenario.archived_at = timezone.now()
        scenario.save(update_fields=["archived_at"])  # not update(): the audit log hears only of saves


def unarchive_scenario(scenario: Scenario) -> None:
    scenario.archived_at = None
    scenario.save(update_fields=["archived_at"])


@transaction.atomic
def delete_scenario(scenario: Scenario) -> None:
    """For good, with every version and result; only what is archived already."""
    if scenario.archived_at is None:
        raise Refused("Archive the scenario first; only archived ones can be deleted.")
    if Approval.objects.filter(version__scenario=scenario).exists():
        raise Refused("A version of it is approved, and what was approved is kept; it stays in the archive.")
    scenario.delete()


def _check(center: Center) -> None:
    """InputError where the inputs or the spreads given for them cannot be computed."""
    inputs_of(center)
    spreads_of(center)


def _locked(scenario: Scenario) -> tuple[Scenario, ScenarioVersion]:
    """The scenario, locked until the transaction ends, and its newest version."""
    scenario = Scenario.objects.select_for_update().get(pk=scenario.pk)
    if scenario.archived_at is not None:
        raise Refused(f"“{scenario}” is in the archive; bring it back before you change it.")
    return scenario, scenario.versions.select_related("created_by").order_by("-number").first()


def _add_version(scenario: Scenario, inputs: dict, user, note: str, number: int = 1, **drawn) -> Saved:
    version = ScenarioVersion.objects.create(scenario=scenario, number=number, inputs=inputs, note=note[:300], created_by=user)
    return Saved(version, request_scenario_run(version, user=user, **drawn))
