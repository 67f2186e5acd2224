"""Recording a choice, starting a checklist from the standard list, saying that a kind of site is ready."""

import datetime as dt

from django.db import IntegrityError, transaction

from sites.engine.readiness import Assessment
from sites.engine.standard_items import LAUNCH, READINESS, Standard
from sites.models import ChecklistItem, Choice, ReadyMark


class Refused(Exception):
    """One sentence that says why, and what to do."""


def record_choice(user, market: str, site_type: str, said: dict, evidence: dict, seen: int | None) -> Choice:
    """The next row of the cell. `seen`: the row that its author had before them; another one meanwhile is not passed over."""
    newest = Choice.objects.filter(market=market, site_type=site_type).order_by("-pk").first()
    if (newest.pk if newest else None) != seen:
        raise Refused("Somebody has recorded a choice here meanwhile. Read it, then record yours if you still want to.")
    choice = Choice(market=market, site_type=site_type, evidence=evidence, supersedes=newest, recorded_by=user, **said)
    try:
        with transaction.atomic():
            choice.save()
    except IntegrityError as error:
        raise Refused("Somebody has just recorded a choice here. Read it, then record yours if you still want to.") from error
    return choice


def start_checklist(market: str, site_type: str, kind: str) -> int:
    """The standard items that are not on the list yet; how many were added."""
    standard = LAUNCH if kind == ChecklistItem.Kind.LAUNCH else READINESS[site_type]
    listed = set(ChecklistItem.objects.filter(market=market, site_type=site_type, kind=kind).values_list("title", flat=True))
    added = [_item(market, site_type, kind, one) for one in standard if one.title not in listed]
    for item in added:  # one by one: each is an entry of the audit log
        item.save()
    return len(added)


def _item(market: str, site_type: str, kind: str, one: Standard) -> ChecklistItem:
    return ChecklistItem(
        market=market,
        site_type=site_type,
        kind=kind,
        area=one.area,
        title=one.title,
        required=one.required,
        stale_after_months=one.stale_after_months,
        lead_time_weeks=one.lead_time_weeks,
    )


def mark_ready(user, market: str, site_type: str, assessment: Assessment, on: dt.date) -> ReadyMark:
    if not assessment.is_ready:
        raise Refused(assessment.why_not)
    return ReadyMark.objects.create(market=market, site_type=site_type, marked_by=user, marked_on=on)
