"""The ledger of choices: the matrix, a cell, recording a choice, and the page of each one recorded."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from demand.access import sees_small_counts
from demand.audit import note
from demand.selectors.choices import cell_page, evidence, matrix
from demand.selectors.coverage import coverage, newest_published
from demand.selectors.facts import ResultsMissing
from demand.selectors.readiness_lists import readiness_of
from sites.actions.choices import Refused, record_choice
from sites.choice_access import access_choice, access_choices, access_deciding, access_reading, decides
from sites.choice_forms import ChoiceForm
from sites.converters import whole_number
from sites.engine.site_types import SITE_TYPES
from sites.models import Choice


@require_safe
def index(request):
    access_reading(request.user)
    run = newest_published()
    context = {
        "matrix": matrix(run, sees_small_counts(request.user)),
        "coverage": coverage(run) if run else None,
        "decides": decides(request.user),
        "site_types": SITE_TYPES.values(),
        "today": timezone.localdate(),
    }
    return render(request, "markets/choices.html", context)


@require_safe
def cell(request):
    access_reading(request.user)
    market, kind = _asked(request.GET)
    run = newest_published()
    page = _page(run, market, kind, sees_small_counts(request.user))
    context = {
        "page": page,
        "coverage": coverage(run) if run else None,
        "decides": decides(request.user),
        "restricted": not sees_small_counts(request.user),
    }
    return render(request, "markets/cell.html", context | {"readiness": readiness_of(market, kind)})


@require_http_methods(["GET", "HEAD", "POST"])
def record(request):
    access_deciding(request.user)
    given = request.POST if request.method == "POST" else None
    market, kind = _asked(given or request.GET)
    run = newest_published()
    page = _page(run, market, kind, sees_small_counts(request.user))
    newest = page.history[0] if page.history else None
    form = ChoiceForm(given, limits=page.at.limits, today=timezone.localdate(), earlier=newest)
    if given is not None and form.is_valid():
        try:
            seen = whole_number(given.get("seen", ""))
            choice = record_choice(request.user, market, kind, form.cleaned_data, evidence(run, market, kind), seen)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            note(request.user, choice, "recorded a choice", decision=choice.decision)
            messages.success(request, f"Recorded: {choice}. It cannot be changed; a later choice takes its place.")
            return redirect("choices:decision", choice.pk)
    context = {"form": form, "page": page, "newest": newest, "readiness": readiness_of(market, kind)}
    return render(request, "markets/record.html", context, status=422 if form.errors else 200)


@require_safe
def decision(request, pk: int):
    choice = access_choice(request.user, pk)
    of_cell = access_choices(request.user).filter(market=choice.market, site_type=choice.site_type)
    later = Choice.objects.filter(supersedes=choice).first()
    context = {"choice": choice, "later": later, "history": of_cell, "decides": decides(request.user), "frozen": choice.evidence}
    return render(request, "markets/decision.html", context)


def _asked(query) -> tuple[str, str]:
    market, kind = query.get("market", ""), query.get("type", "")
    if kind not in SITE_TYPES:
        raise Http404
    return market, kind


def _page(run, market: str, kind: str, sees_small: bool):
    try:
        page = cell_page(run, market, kind, sees_small)
    except ResultsMissing:
        page = cell_page(None, market, kind, sees_small)
    if page is None:
        raise Http404
    return page
