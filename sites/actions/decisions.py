"""What is decided on a checked change, alike in every register: it is stored or dropped once, and undone only while it is stored.

To store and to undo are each register's own; they begin with `to_store` and `to_undo` and end with `decided`, in one transaction.
"""

from typing import TypeVar

from django.utils import timezone

from sites.models import RegisterChange

Change = TypeVar("Change", bound=RegisterChange)
DECIDED = "This change has been decided already; look at the list of changes."


class Refused(Exception):
    """Nothing was changed. The message is one sentence that says what to do."""


def to_store(change: Change) -> Change:
    """The change, locked. Refused where it has been decided."""
    return _locked(change, RegisterChange.State.CHECKED, DECIDED)


def to_undo(change: Change) -> Change:
    """The change, locked. Refused where it is not stored."""
    return _locked(change, RegisterChange.State.STORED, "Only a change that is stored can be undone.")


def _locked(change, state: str, otherwise: str):
    locked = type(change).objects.select_for_update().get(pk=change.pk)
    if locked.state != state:
        raise Refused(otherwise)
    return locked


def drop_change(change: RegisterChange) -> None:
    """Nothing of it is stored. Refused where it has been decided."""
    checked = type(change).objects.filter(pk=change.pk, state=RegisterChange.State.CHECKED)
    if not checked.update(state=RegisterChange.State.DROPPED, decided_at=timezone.now()):
        raise Refused(DECIDED)


def decided(change: RegisterChange, state: str) -> None:
    """The change is saved with all that storing or undoing wrote into it, such as the numbers of new rates."""
    change.state, change.decided_at = state, timezone.now()
    change.save()
