"""A scenario under stress: each line computed anew."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from roi.charts import stress as charts
from roi.engine.stress import bagging
from roi.engine.stress import stress as stressed
from roi.selectors import scenarios


@require_safe
def stress(request, pk: int):
    page = scenarios.page(request.user, pk)
    figures = (charts.stresses(stressed(page.center)), charts.white_bagging(bagging(page.center)))
    context = {"page": page, "figures": figures, "unseen": scenarios.unseen([page.version.pk])}
    return render(request, "roi/stress.html", context)
