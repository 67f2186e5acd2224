"""Where a figure of a scenario comes from: its formula with the numbers in it, down to the margin of one infusion."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from roi import words
from roi.engine.worlds import DO_NOTHING
from roi.selectors import scenarios
from roi.selectors.explain import NPV, explained, figures_of


@require_safe
def explain(request, pk: int, number: int):
    page = scenarios.page(request.user, pk, number)
    if page.result is None or page.stale:
        raise Http404
    figure, against = request.GET.get("figure", NPV), request.GET.get("against", DO_NOTHING)
    month = request.GET.get("month", "")
    found = explained(page, figure, against, int(month) if month.isdecimal() and len(month) < 5 else None)
    if found is None:
        raise Http404
    context = {
        "page": page,
        "found": found,
        "figure": figure,
        "month": month,
        "against": against,
        "baselines": words.BASELINE_NAMES,
        "figures": figures_of(page, against),
        "unseen": scenarios.unseen([page.version.pk]),
    }
    return render(request, "roi/explain.html", context)
