"""Saving and signing versions of the retention line, writing and taking back drug rules."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from demand.audit import note
from demand.engine.drug_suitability import CERTIFIED, CONDITIONS, NOT, SITE_CLASSES, SUITABILITIES
from demand.engine.retention_line import Line
from demand.models import DrugRule, RetentionLine
from payers.models import DrugFamily


class Refused(Exception):
    """One sentence that says why, and what to do."""


def save_version(user, line: Line, title: str, words: str, based_on: RetentionLine | None) -> RetentionLine:
    """The next version. The newest itself where it is the same once more (a form sent twice). Refused where it says what the
    one it is based on says."""
    if not title.strip():
        raise Refused("Give the version a name, such as “Age from 21”.")
    if based_on is not None and based_on.document == line.as_json():
        raise Refused(f"Nothing differs from version {based_on.pk}; change a criterion first.")
    version = RetentionLine(
        title=title.strip()[:120], note=words.strip()[:2000], document=line.as_json(), based_on=based_on, made_by=user
    )
    newest = RetentionLine.objects.first()
    same = ("title", "note", "document", "based_on_id", "made_by_id")
    if newest is not None and all(getattr(newest, name) == getattr(version, name) for name in same):
        return newest
    with transaction.atomic():
        version.save()
        note(user, version, "saved a version of the clinical line")
    return version


def sign_version(user, version: RetentionLine) -> None:
    """A signature is given once. Refused where somebody gave it already."""
    with transaction.atomic():
        unsigned = RetentionLine.objects.filter(pk=version.pk, signed_at=None)
        if not unsigned.update(signed_at=timezone.now(), signed_by=user):
            raise Refused(f"Version {version.pk} is signed already.")
        note(user, version, "signed a version of the clinical line")


def write_rule(user, said: dict) -> DrugRule:
    """A drug rule from the cells of a form. Refused with one sentence."""
    family = (said.get("family") or "").strip().lower()
    if not DrugFamily.objects.filter(pk=family).exists():
        raise Refused("Choose a drug that is in the reference.")
    if said.get("site_class") not in SITE_CLASSES or said.get("suitability") not in SUITABILITIES:
        raise Refused("Choose a class of site, and whether the drug is suitable there.")
    words, source = (said.get("words") or "").strip()[:300], (said.get("source") or "").strip()[:300]
    if said["suitability"] in (CONDITIONS, NOT, CERTIFIED) and not words:
        raise Refused(
            "Say the condition or the reason in words; for certified sites, the program's name as sites on file write it."
        )
    if not source:
        raise Refused("Name the source: a label, a guideline, or the committee that decided.")
    try:
        since = dt.date.fromisoformat(said.get("since") or "")
    except ValueError:
        raise Refused("Give the day from which the rule holds.") from None
    rule = DrugRule(
        family=family, site_class=said["site_class"], suitability=said["suitability"], criterion=(said.get("criterion") or "")[:20],
        words=words, source=source, since=since, made_by=user,
    )  # fmt: skip
    with transaction.atomic():
        rule.save()
        note(user, rule, "wrote a drug rule")
    return rule


def take_rule_back(user, rule: DrugRule) -> None:
    with transaction.atomic():
        if not DrugRule.objects.filter(pk=rule.pk, taken_back_at=None).update(taken_back_at=timezone.now(), taken_back_by=user):
            raise Refused("This rule was taken back already.")
        note(user, rule, "took a drug rule back")
