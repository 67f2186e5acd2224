"""How far an extract can be trusted: one page each, and all of them in the order of loading."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_extract, access_extracts, sees_small_counts
from demand.charts.quality import parts
from demand.charts.quality_history import over_time
from demand.engine.quality_marks import LIMITS
from demand.models import Extract
from demand.selectors.accounts import READ
from demand.selectors.facts import ResultsMissing
from demand.selectors.quality import quality
from demand.selectors.quality_history import history


@require_safe
def extract(request, pk: int):
    found = access_extract(request.user, pk)
    if found.status not in READ:
        raise Http404
    context = {"extract": found, "limits": LIMITS.values()}
    try:
        value = quality(found, sees_small_counts(request.user))
        context |= {"quality": value, "readiness": value.readiness, "parts": parts(value)}
    except ResultsMissing as missing:
        context["missing"] = str(missing)
    return render(request, "quality/extract.html", context)


@require_safe
def index(request):
    loaded = access_extracts(request.user).filter(status=Extract.Status.LOADED)
    found = history(loaded, sees_small_counts(request.user))
    return render(request, "quality/index.html", {"history": found, "figure": over_time(found), "limits": LIMITS.values()})
