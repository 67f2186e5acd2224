"""The strategy brief: the home page, the part of it that filters change, its tables as CSV."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand import words
from demand.access import access_dashboard, access_published_run, sees_small_counts
from demand.charts import brief
from demand.downloads import figure_csv
from demand.filter_form import fields, site_names
from demand.filters import DashboardFilters
from demand.selectors.choices import undecided
from demand.selectors.coverage import newest_published
from demand.selectors.dashboard import Dashboard, choices, dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.state import data_state
from infusion_strategy.actions.rehearsal import NAME as REHEARSAL


@require_safe
def home(request):
    """The whole page, or for htmx the part that filters change."""
    access_dashboard(request.user)
    filters, problems = DashboardFilters.from_query(request.GET)
    run = newest_published()
    fragment = request.htmx and not request.htmx.history_restore_request
    context = {"state": data_state(run), "filters": filters, "problems": problems}
    if not fragment:
        context["undecided"] = undecided(run)
    if run:
        try:
            context |= _figures(run, filters, request.user)
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    response = render(request, "brief/figures.html" if fragment else "brief/home.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_safe
def table(request, key: str):
    """One figure's table as CSV, with the filters of the address, small counts hidden as on the page."""
    filters, _ = DashboardFilters.from_query(request.GET)

    def made(run):
        board = dashboard(run, filters, sees_small_counts(request.user))
        return brief.figures(board), {"as_of": board.coverage.as_of or "", "filters": filters.words()}

    return figure_csv(request.user, access_published_run(request.user), made, key)


def _figures(run, filters: DashboardFilters, user) -> dict:
    board = dashboard(run, filters, sees_small_counts(user))
    query = filters.query_string()
    return {
        "board": board,
        "coverage": board.coverage,
        "invented": next((extract for extract in board.coverage.extracts if extract.name == REHEARSAL), None),
        "loaded": [extract.name for extract in board.coverage.extracts if extract.name != REHEARSAL],
        "asked": f"?{query}" if query else "",
        "opening": brief.opening(board),
        "headlines": brief.headlines(board),
        "figures": [
            (figure, reverse("brief-table", args=[figure.key]) + (f"?{query}" if query else ""))
            for figure in brief.figures(board)
            if _says_something(figure.key, board)
        ],
        "fields": fields(choices(run), filters, user),
        "filter_words": filters.words({"line_of_business": words.LINES_OF_BUSINESS, "site": site_names() if filters.site else {}}),
        "months": choices(run).months,
    }


def _says_something(key: str, board: Dashboard) -> bool:
    """Empty axes say nothing that the opening does not, and one payer or therapy is no comparison."""
    if key == "apart":
        return True
    chosen = {"payer": board.filters.payer, "therapy": board.filters.family}.get(key)
    return not chosen and board.total.at("named").infusions != 0
