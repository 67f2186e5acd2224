"""The dated steps of our answer to a policy: entered by people, or by the system where it knows the day itself."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from payers.engine.response import STEPS, WORDS, out_of_order
from payers.models import PolicyStep


class WrongStep(Exception):
    """One sentence that says what to do."""


@transaction.atomic
def record_step(policy_id: str, step: str, on: dt.date, today: dt.date, user=None, note: str = "") -> PolicyStep:
    """The step's day, entered or corrected. WrongStep where it cannot be."""
    if step not in STEPS:
        raise WrongStep(f"“{step}” is no step; choose one of {', '.join(STEPS)}.")
    if on > today:
        raise WrongStep(f"“{WORDS[step]}” on {on} lies in the future; enter a step when it has happened.")
    # The days that the system put in say when it came to know; what happened before may be dated before.
    dates = dict(
        PolicyStep.objects.filter(policy_id=policy_id).exclude(by=None, step__in=("logged", "computed")).values_list("step", "on")
    )
    if refusal := out_of_order(dates, step, on):
        raise WrongStep(refusal)
    recorded, _ = PolicyStep.objects.update_or_create(
        policy_id=policy_id, step=step, defaults={"on": on, "note": note.strip()[:300], "by": user}
    )
    return recorded


def remove_step(policy_id: str, step: str) -> None:
    PolicyStep.objects.filter(policy_id=policy_id, step=step).delete()


def note_logged(policy_ids: Iterable[str], today: dt.date) -> None:
    """Policies that are in the register: the day they came, where no day is known yet."""
    _note(policy_ids, "logged", today)


def note_computed(policy_ids: Iterable[str], today: dt.date) -> None:
    """Policies that a published run was the first to know."""
    _note(policy_ids, "computed", today)


def _note(policy_ids: Iterable[str], step: str, today: dt.date) -> None:
    """A day that does not fit those entered by people is not put in: the people know better."""
    wanted = set(policy_ids)
    dates: dict[str, dict[str, dt.date]] = {policy_id: {} for policy_id in wanted}
    for policy_id, name, on in PolicyStep.objects.filter(policy_id__in=wanted).values_list("policy_id", "step", "on"):
        dates[policy_id][name] = on
    PolicyStep.objects.bulk_create(
        PolicyStep(policy_id=policy_id, step=step, on=today)
        for policy_id in sorted(wanted)
        if step not in dates[policy_id] and not out_of_order(dates[policy_id], step, today)
    )
