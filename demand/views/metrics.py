"""What every headline figure means, and how well the product finds what was planted in the rehearsal system."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_dashboard, access_published_run, sees_small_counts
from demand.metrics import METRICS, stages
from demand.selectors.coverage import unseen_in_runs
from demand.selectors.metrics import current_value, parameters


@require_safe
def index(request):
    access_dashboard(request.user)
    return render(request, "metrics/index.html", {"metrics": METRICS.values(), "stages": stages()})


@require_safe
def detail(request, slug: str):
    run = access_published_run(request.user)
    if slug not in METRICS:
        raise Http404
    metric = METRICS[slug]
    context = {
        "metric": metric,
        "run": run,
        "value": current_value(run, slug, sees_small_counts(request.user)) if run else None,
        "unseen": unseen_in_runs([run.pk]) if run else "",
        "parameters": parameters(run, metric.parameters),
        "sql": metric.sql_texts(),
    }
    return render(request, "metrics/detail.html", context)
