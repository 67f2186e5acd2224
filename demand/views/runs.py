"""Runs: what was computed from what, stage by stage, and how work under way is doing."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand.access import access_dashboard, access_run, access_runs
from demand.selectors.coverage import newest_published
from demand.selectors.runs import describe
from demand.selectors.state import data_state


@require_safe
def index(request):
    runs = access_runs(request.user).select_related("requested_by")
    context = {"page": Paginator(runs, 50).get_page(request.GET.get("page")), "shown": newest_published()}
    context["busy"] = any(run.status in ("queued", "running") for run in context["page"])
    fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "runs/list.html" if fragment else "runs/index.html", context)


@require_safe
def detail(request, pk: int):
    run = access_run(request.user, pk)
    fragment = request.htmx and not request.htmx.history_restore_request
    context = {"run": run, "about": describe(run), "shown": newest_published()}
    return render(request, "runs/state.html" if fragment else "runs/detail.html", context)


@require_safe
def state(request):
    """What is going on behind the brief, polled while something is; tells the page when new figures are there."""
    access_dashboard(request.user)
    shown = newest_published()
    seen = request.GET.get("shown", "")
    fresh = bool(shown and str(shown.pk) != seen)
    response = render(request, "brief/state.html", {"state": data_state(shown), "refresh": fresh and bool(seen)})
    if fresh and not seen:
        response["HX-Redirect"] = reverse("home")
    return response
