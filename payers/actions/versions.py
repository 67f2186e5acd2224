"""What a policy said and when: its row, and one version for each time that it was saved."""

from collections.abc import Iterable

from django.utils import timezone

from payers.actions.steps import note_logged
from payers.models import Payer, Policy, PolicyVersion


def fields_of(document: dict) -> dict:
    """A document as the fields of its Policy row."""
    return {
        "policy_id": document["id"],
        "payer": document["payer"],
        "kind": document["kind"],
        "status": document["status"],
        "likelihood": float(document["likelihood"]),
        "effective_from": Policy._meta.get_field("effective_from").to_python(document["effective_from"]),
        "effective_to": Policy._meta.get_field("effective_to").to_python(document["effective_to"]),
        "document": document,
    }


def standing_versions(policy: Policy):
    """The versions that were not taken back, newest first."""
    return policy.versions.filter(taken_back_at=None).order_by("-number")


def keep_version(policy: Policy, document: dict, *, user, note: str) -> PolicyVersion:
    """A version of what is said now; where nothing changed since the last one, that one."""
    last = standing_versions(policy).first()
    if last and last.document == document:
        return last
    note_logged([policy.policy_id], timezone.localdate())
    highest = policy.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return PolicyVersion.objects.create(policy=policy, number=highest + 1, document=document, saved_by=user, note=note[:500])


def keep_payers(names: Iterable[str]) -> None:
    """A payer that a policy names is in the register of payers."""
    for name in names:
        Payer.objects.get_or_create(name=name)
