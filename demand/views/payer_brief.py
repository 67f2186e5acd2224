"""The payer brief, to read and to print."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from demand.access import access_published_run, sees_small_counts
from demand.selectors.coverage import coverage
from demand.selectors.payer_brief import payer_brief
from payers.access import access_payer


@require_safe
def brief(request, pk: int):
    run = access_published_run(request.user)
    payer = access_payer(request.user, pk)
    found = payer_brief(payer, run, timezone.localdate(), sees_small_counts(request.user))
    return render(request, "payers/brief.html", {"brief": found, "coverage": coverage(run) if run else None})
