"""Recording what became of a dark treatment, and opening it again; every entry is kept."""

from django.db import transaction

from demand.actions.extracts import Refused
from demand.audit import note
from demand.models import DarkResolution
from demand.selectors.dark import Overdue, history

SHORTEST = 3


def resolve(treatment: Overdue, kind: str, evidence: str, words: str, user, seen: int | None = None) -> DarkResolution:
    """A new entry that counts from now on; the same once more is the one that stands. Refused where it does not say how we know,
    and where `seen`, the newest entry that the page showed, is not the newest any more."""
    evidence, words = evidence.strip(), words.strip()
    if kind not in set(DarkResolution.Kind.values) - {DarkResolution.Kind.OPEN.value}:
        raise Refused("Choose what became of the treatment.")
    if len(evidence) < SHORTEST:
        raise Refused(
            "Say how we know, in a few words: the chart, a call, the prescriber's office. Whoever looks next has only this."
        )
    if len(evidence) > 200 or len(words) > 1000:
        raise Refused("Say it shorter: at most 200 characters of evidence and 1,000 of a note.")
    newest = next(iter(history(treatment)), None)
    if newest is not None and (newest.kind, newest.evidence, newest.note) == (kind, evidence, words):
        return newest
    if newest is not None and newest.pk != seen:
        who = newest.recorded_by or "Somebody"
        raise Refused(
            f"{who} recorded “{newest.get_kind_display()}” in the meantime: look at it below, then record yours if it still stands."
        )
    return _record(treatment, kind, evidence, words, user, "resolved a dark treatment")


def reopen(treatment: Overdue, user) -> DarkResolution:
    """Takes the newest answer back by a new entry. Refused where there is none."""
    if treatment.answer is None:
        raise Refused("There is no answer to take back.")
    return _record(treatment, DarkResolution.Kind.OPEN.value, "", "", user, "opened a dark treatment again")


def _record(treatment: Overdue, kind: str, evidence: str, words: str, user, did: str) -> DarkResolution:
    with transaction.atomic():
        made = DarkResolution.objects.create(
            person_id=treatment.person_id, family=treatment.family, last_infused_on=treatment.last_infused_on, kind=kind,
            evidence=evidence, note=words, recorded_by=user,
        )  # fmt: skip
        note(user, made, did, kind=kind)
    return made
