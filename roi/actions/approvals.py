"""Approving a version: it names who answers for it and the goal it serves, is computed, and stays as it was approved."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from roi.actions.scenarios import Refused
from roi.engine.look_back import OWNED
from roi.models import Approval, ScenarioResult, ScenarioVersion
from sites.models import Site


def approve(
    user, version: ScenarioVersion, *, executive: str, goal: str, owners: Mapping[str, str], site: Site | None = None
) -> Approval:
    """Refused without an accountable executive and a goal, before it is computed, and a second time."""
    executive, goal = executive.strip(), goal.strip()
    if not executive or not goal:
        raise Refused(
            "Name the accountable executive and the goal of the health system that this serves; without them it cannot be approved."
        )
    if version.scenario.archived_at is not None:
        raise Refused(f"“{version.scenario}” is in the archive; bring it back before you approve it.")
    if not ScenarioResult.objects.filter(version=version).exists():
        raise Refused("This version is not computed yet; approve it when its results are there.")
    named = {assumption: owners.get(assumption, "").strip() or executive for assumption in OWNED}
    try:
        with transaction.atomic():
            return Approval.objects.create(
                version=version, executive=executive, goal=goal, owners=named, site=site, approved_by=user
            )
    except IntegrityError:
        raise Refused(f"Version {version.number} is approved already; approve another version to take its place.") from None


def name_site(approval: Approval, site: Site | None) -> None:
    """Which registered site came of it."""
    approval.site = site
    approval.save(update_fields=["site"])
