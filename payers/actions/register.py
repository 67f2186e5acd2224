"""Keeping policies by hand: a new one, a new version, retiring, restoring, taking the last version back.

Each is one transaction, refused with one sentence or done whole. The models' audit entries say who did it.
"""

import json

from django.db import transaction
from django.utils import timezone

from payers.actions.policies import read_policy
from payers.actions.refusals import refuse_overlap
from payers.actions.versions import fields_of, keep_payers, keep_version, standing_versions
from payers.models import Policy, PolicyVersion
from payers.signals import policies_changed
from sites.engine.text_file import RefusedTable

# Addresses below /policies/ that are not a policy's.
TAKEN = frozenset({"new", "in-words", "drugs", "upload", "library"})


class Refused(RefusedTable):
    """What cannot be kept, in one sentence that says what to do."""


@transaction.atomic
def save_policy(document: dict, user, note: str = "", *, seen: int | None = None) -> PolicyVersion:
    """A new policy, or the next version of the one with this id. `seen`: the version that the writer had before them, 0 for none."""
    name = f"Policy {document.get('id') or 'without an id'}"
    document = read_policy(json.dumps(document), name)
    if document["id"].casefold() in TAKEN:
        raise Refused(f"The id “{document['id']}” is the address of another page; choose another one.")
    policy = Policy.objects.select_for_update().filter(policy_id=document["id"]).first()
    last = standing_versions(policy).first() if policy else None
    if seen == 0 and policy:
        raise Refused(f"There is a policy {document['id']} already; choose another id, or save a version of that one.")
    if seen and last and last.number != seen:
        raise Refused(
            f"Somebody saved version {last.number} of {document['id']} meanwhile; look at it, then make your change again."
        )
    if policy and policy.retired_at:
        raise Refused(f"Policy {document['id']} is retired; restore it before you change it.")
    if policy and policy.document == document:
        raise Refused("Nothing was changed, so there is no new version.")
    if policy and not note.strip():
        raise Refused("Say in the note why the policy changes.")
    refuse_overlap(document, name)
    policy = policy or Policy()
    for field, value in fields_of(document).items():
        setattr(policy, field, value)
    policy.save()
    keep_payers([document["payer"]])
    _tell(user)
    return keep_version(policy, document, user=user, note=note.strip() or "First version")


@transaction.atomic
def retire(policy: Policy) -> None:
    """The policy binds nobody any more and stays readable."""
    if policy.retired_at:
        raise Refused(f"Policy {policy} is retired already.")
    policy.retired_at = timezone.now()
    policy.save(update_fields=["retired_at"])
    _tell()


@transaction.atomic
def restore(policy: Policy) -> None:
    if not policy.retired_at:
        raise Refused(f"Policy {policy} is on file already.")
    refuse_overlap(policy.document, f"Policy {policy}")
    policy.retired_at = None
    policy.save(update_fields=["retired_at"])
    _tell()


@transaction.atomic
def take_back(policy: Policy) -> PolicyVersion:
    """The version before the last one counts again; the last one stays in the history, marked. Returns the one that counts."""
    standing = list(standing_versions(policy)[:2])
    if len(standing) < 2:
        raise Refused(f"Policy {policy} has one version only; retire it instead of taking that back.")
    last, earlier = standing
    if not policy.retired_at:
        refuse_overlap(earlier.document, f"Policy {policy}, version {earlier.number}")
    last.taken_back_at = timezone.now()
    last.save(update_fields=["taken_back_at"])
    for field, value in fields_of(earlier.document).items():
        setattr(policy, field, value)
    policy.save()
    _tell()
    return earlier


def _tell(user=None) -> None:
    transaction.on_commit(lambda: policies_changed.send(sender=Policy, user=user))
