"""Chair-hours needed against open ones: a page that its address's assumptions make, and its tables as CSV."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, sees_small_counts
from demand.capacity_form import CapacityForm
from demand.charts import capacity as charts
from demand.downloads import figure_csv
from demand.selectors.capacity import capacity_page, lines_of, places
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from sites.choice_access import prepares


@require_safe
def index(request):
    run = access_published_run(request.user)
    if run is None:
        return render(request, "markets/capacity.html", {"run": None})
    context = {"run": run, "coverage": coverage(run), "prepares": prepares(request.user)}
    try:
        form, page = _asked(request, run)
    except ResultsMissing as missing:
        return render(request, "markets/capacity.html", {**context, "missing": str(missing)})
    query = request.GET.urlencode()
    drawn = [(figure, f"{request.path}{figure.key}.csv{'?' + query if query else ''}") for figure in charts.figures(page)]
    return render(request, "markets/capacity.html", {**context, "form": form, "page": page, "figures": drawn})


@require_safe
def table(request, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""
    run = access_published_run(request.user)
    return figure_csv(request.user, run, lambda run: (charts.figures(_asked(request, run)[1]), {}), key, f"capacity-{key}")


def _asked(request, run):
    """The form, and the page of what it says; of the defaults where it cannot be used."""
    lines = lines_of(run)
    sites = [(key, place.name) for key, (place, _) in places().items()]
    form = CapacityForm(request.GET, lines, sites)
    usable = form if form.is_valid() else CapacityForm({}, lines, sites)
    usable.is_valid()
    site, policies = usable.cleaned_data["site"], usable.cleaned_data["policies"]
    return form, capacity_page(run, usable.assumptions(), site, usable.move(), policies, sees_small_counts(request.user))
