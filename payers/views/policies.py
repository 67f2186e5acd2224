"""Policies to read: the list, one policy, what it said before, its file."""

import datetime as dt
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from payers import words
from payers.access import EDIT, access_policy, access_register
from payers.charts.pace import pace_chart, pace_reading
from payers.charts.timeline import timeline
from payers.engine.policy_file import policy_file
from payers.models import Payer, Policy
from payers.selectors.pace import pace
from payers.selectors.register import PolicyFilter, drug_names, history, said


@require_safe
def policies(request):
    """The register: by payer, along the years, and how fast it grows."""
    access_register(request.user)
    asked = PolicyFilter.from_query(request.GET)
    as_of = _day(request.GET.get("as_of")) or timezone.localdate()
    found = list(asked.policies())
    counting = [policy for policy in found if policy.retired_at is None]
    known = dict(Payer.objects.values_list("name", "pk"))
    quarters = pace(counting, drug_names())
    context = {
        "groups": [(payer, known.get(payer), list(group)) for payer, group in groupby(found, key=lambda policy: policy.payer)],
        "found": len(found),
        "any": Policy.objects.exists(),
        "search": asked.search,
        "selects": _selects(asked),
        "as_of": as_of,
        "timeline": timeline(counting, as_of),
        "quarters": quarters[::-1],
        "pace": pace_chart(quarters) if len(quarters) > 1 else None,
        "reading": pace_reading(quarters, as_of),
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "payers/policies.html", context)


@require_safe
def policy(request, policy_id: str):
    found = access_policy(request.user, policy_id)
    names = drug_names()
    steps = history(found)
    standing = [step for step in steps if step.version.taken_back_at is None]
    context = {
        "policy": found,
        "said": said(found.document, names),
        "payer": Payer.objects.filter(name=found.payer).first(),
        "newest": standing[0] if standing else None,
        "versions": len(standing),
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "payers/policy.html", context)


@require_safe
def policy_history(request, policy_id: str):
    found = access_policy(request.user, policy_id)
    steps = history(found)
    context = {
        "policy": found,
        "steps": steps,
        "can_take_back": sum(step.version.taken_back_at is None for step in steps) > 1,
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "payers/policy_history.html", context)


@require_safe
def policy_yaml(request, policy_id: str):
    """The policy's file as `load_policies` and the upload read it."""
    found = access_policy(request.user, policy_id)
    answer = HttpResponse(policy_file(found.document), content_type="application/yaml; charset=utf-8")
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in found.policy_id)
    answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return answer


def _selects(asked: PolicyFilter) -> list[tuple]:
    payers = Policy.objects.order_by("payer").values_list("payer", flat=True).distinct()
    return [
        ("payer", "Payer", [(payer, payer) for payer in payers], asked.payer),
        ("kind", "Kind", list(words.KINDS.items()), asked.kind),
        ("status", "Status", list(words.STATUSES.items()), asked.status),
        ("retired", "Retired", [("1", "Show them too")], "1" if asked.retired else ""),
    ]


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None
