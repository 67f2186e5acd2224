"""Scenarios brought to the newest claims run: which would change, doing it as one batch, and how far the batch is."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from demand.tasks import enqueue
from roi import words
from roi.access import access_editing, access_scenarios
from roi.actions.renewals import renew_scenarios
from roi.engine.inputs import InputError
from roi.selectors import renewals, scenarios
from roi.selectors.market import data_at_hand


@require_http_methods(["GET", "HEAD", "POST"])
def renew(request):
    access_editing(request.user)
    data = data_at_hand()
    found = renewals.standings(scenarios.listed(request.user), data.run) if data else []
    outdated = [standing.listed.scenario for standing in found if not standing.current]
    if request.method != "POST":
        return render(request, "roi/renew.html", {"data": data, "standings": found, "outdated": outdated})
    asked = set(request.POST.getlist("s"))
    chosen = [scenario for scenario in outdated if str(scenario.pk) in asked]
    if not chosen:
        messages.error(request, "Choose at least one scenario that is not up to date.")
        return redirect("roi:renew")
    renewed = renew_scenarios(request.user, chosen, data.run)
    enqueue(*renewed.runs)
    for scenario, reason in renewed.left:
        said = f"{words.input_label(reason.field)}: {reason.sentence}" if isinstance(reason, InputError) else reason
        messages.warning(request, f"“{scenario}” stays as it is. {said}")
    if renewed.runs:
        number = len(renewed.runs)
        messages.success(
            request, f"{number} scenario{'s are' if number > 1 else ' is'} on claims run {data.run.pk} now; the results follow."
        )
    return redirect("roi:scenarios")


@require_safe
def progress(request):
    """How many scenarios wait or are computed, polled while any does; tells the list to show the results when none does."""
    access_scenarios(request.user)
    under_way = scenarios.under_way()
    if not under_way:
        return HttpResponse(headers={"HX-Redirect": reverse("roi:scenarios")})
    return render(request, "roi/progress.html", {"under_way": under_way})
