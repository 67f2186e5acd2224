"""Pages of figures under the leakage filters: moves, therapies at risk, leakage in time; each figure's table as CSV."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand import words
from demand.access import access_published_run, sees_small_counts
from demand.charts import moves as move_charts
from demand.charts.figure import Figure
from demand.charts.steerage import steerage_pace
from demand.charts.then import then_and_now
from demand.charts.therapy_risk import two_axes
from demand.downloads import figure_csv
from demand.filter_form import fields
from demand.filters import DashboardFilters, parse_month
from demand.models import Run
from demand.selectors.clinical_axes import AXES, LATE
from demand.selectors.dashboard import choices
from demand.selectors.facts import ResultsMissing
from demand.selectors.moves import moves
from demand.selectors.steerage import steerage
from demand.selectors.then import what_we_would_have_said
from demand.selectors.therapy_risk import therapy_risks
from demand.selectors.unseen import unseen

LABELS = {"line_of_business": words.LINES_OF_BUSINESS}


@dataclass(frozen=True)
class Page:
    """find(query, run, filters, see_small) -> the page's value; figures(value, run, see_small); choice(query): the form's own select;
    said(value): what stands in every row of a download besides."""

    find: Callable[..., object]
    figures: Callable[..., list[Figure]]
    choice: Callable[..., dict] = lambda query: {}
    said: Callable[..., dict] = lambda found: {}


def _clinical(query) -> str:
    return query["by"] if query.get("by") in AXES else LATE


def _in_time(found, run: Run, see_small: bool) -> list[Figure]:
    return [figure for figure in (then_and_now(found), steerage_pace(steerage(run, see_small))) if figure]


PAGES = {
    "moves": Page(lambda query, *asked: moves(*asked), lambda found, *_: move_charts.figures(found)),
    "therapies": Page(
        lambda query, *asked: therapy_risks(*asked, _clinical(query)),
        lambda found, *_: [two_axes(found)],
        lambda query: {
            "by": _clinical(query),
            "by_label": "Clinical risk",
            "by_choices": [(axis.key, axis.high.capitalize()) for axis in AXES.values()],
        },
        lambda found: {"clinical_risk": found.axis.key},
    ),
    "time": Page(
        lambda query, run, filters, see_small: what_we_would_have_said(
            run, filters, parse_month((query.get("as_of") or "").strip()), see_small
        ),
        _in_time,
        said=lambda found: {"looked_from": found.as_of or ""},
    ),
}


@require_safe
def page(request, name: str):
    """A page of figures under the filters; the part that filters change for htmx."""
    asked = PAGES[name]
    run = access_published_run(request.user)
    filters, problems = DashboardFilters.from_query(request.GET)
    context = {"run": run, "filters": filters, "problems": problems, "action": request.path, **asked.choice(request.GET)}
    if run:
        see_small, query = sees_small_counts(request.user), request.GET.urlencode()
        try:
            found = asked.find(request.GET, run, filters, see_small)
            context |= {
                "found": found,
                "coverage": found.coverage,
                "filter_words": found.filters.words(LABELS),
                "unlocks": unseen(run),
                "figures": [
                    (one, f"{reverse('demand:leakage-page-table', args=[name, one.key])}{'?' + query if query else ''}")
                    for one in asked.figures(found, run, see_small)
                ],
            }
        except ResultsMissing as missing:
            context["missing"] = str(missing)
        context |= {"fields": fields(choices(run), filters, request.user), "months": choices(run).months}
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, f"leakage/{name}_figures.html" if fragment else f"leakage/{name}.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_safe
def table(request, name: str, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""
    if name not in PAGES:
        raise Http404
    asked, see_small = PAGES[name], sees_small_counts(request.user)
    filters, _ = DashboardFilters.from_query(request.GET)

    def made(run: Run) -> tuple[list[Figure], dict]:
        found = asked.find(request.GET, run, filters, see_small)
        said = {"as_of": found.coverage.as_of or "", "filters": found.filters.words()} | asked.said(found)
        return asked.figures(found, run, see_small), said

    return figure_csv(request.user, access_published_run(request.user), made, key, f"{name}-{key}")
