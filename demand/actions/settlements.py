"""Settling a contradiction with a reason, and taking the settlement back; both are kept."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from demand.actions.extracts import Refused
from demand.audit import note
from demand.engine.contradictions import Contradiction
from demand.models import Settlement

SHORTEST = 5


def settle(what: Contradiction, reason: str, user) -> Settlement:
    """A contradiction that has grown since it was settled is settled anew: the earlier settlement is closed."""
    reason = reason.strip()
    if len(reason) < SHORTEST:
        raise Refused("Write why it is settled, in a few words: whoever looks next year has only this.")
    if len(reason) > 1000:
        raise Refused("The reason has more than 1,000 characters; say it shorter.")
    try:
        with transaction.atomic():
            Settlement.objects.filter(key=what.key, undone_at=None, size__lt=what.size).update(
                undone_at=timezone.now(), undone_by=user
            )
            made = Settlement.objects.create(
                key=what.key, kind=what.kind, payer=what.payer, family=what.family, policy_id=what.policy_id, size=what.size,
                reason=reason, settled_by=user,
            )  # fmt: skip
            note(user, made, "settled a contradiction", kind=what.kind)
    except IntegrityError:
        raise Refused("Somebody settled it a moment ago; look at their reason first.") from None
    return made


def reopen(key: str, user) -> None:
    with transaction.atomic():
        for one in Settlement.objects.filter(key=key, undone_at=None):
            one.undone_at, one.undone_by = timezone.now(), user
            one.save()
            note(user, one, "opened a contradiction again", kind=one.kind)
