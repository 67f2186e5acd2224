"""Whom to move gladly: one page that its address's destination and weights make, and its tables as CSV."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, sees_small_counts
from demand.charts import gladly as charts
from demand.downloads import noted_csv, table_rows
from demand.moves import DESTINATIONS, FILTERS, MOST, SPLIT_WORDS, WEIGHT_WORDS, WHOSE, MoveQuestion
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.movable import Movers, choices, movers
from demand.selectors.move_segments import burden, line_said, ranked_segments
from demand.selectors.two_sites import two_sites
from demand.words import named


@require_safe
def index(request):
    run = access_published_run(request.user)
    see_small = sees_small_counts(request.user)
    question, problems = MoveQuestion.from_query(request.GET, see_small)
    context = {
        "run": run, "question": question, "problems": problems, "destinations": DESTINATIONS.items(), "whose": WHOSE.items(), "most": MOST,
        "weights": [(name, WEIGHT_WORDS[name], f"{value:g}") for name, value in question.weights.items()], "restricted": not see_small,
    }  # fmt: skip
    if run:
        context |= {"coverage": coverage(run), "filter_words": question.words()}
        try:
            found = movers(run, question)
            context["figures"] = _figures(request, run, found, question, see_small)
            context["line_words"] = charts.line_words(line_said(found, see_small))
            if see_small:
                context["splits"] = SPLIT_WORDS.items()
                context["fields"] = [
                    (name, label, question.chosen.get(name, ""), [(value, named(value)) for value in choices(run, name)])
                    for name, label in FILTERS.items()
                ]
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "gladly/figures.html" if fragment else "gladly/index.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _figures(request, run, found: Movers, question: MoveQuestion, see_small: bool) -> list:
    made = (
        charts.segments(ranked_segments(run, found, question, see_small), question),
        charts.winners(burden(found, see_small), question),
        charts.needs(two_sites(run, see_small)),
    )
    return [(one, f"{request.path}{one.key}.csv?{question.query_string()}") for one in made]


@require_safe
def table(request, key: str):
    """One table as CSV; that of the segments has what their order is made of."""
    see_small = sees_small_counts(request.user)
    question, _ = MoveQuestion.from_query(request.GET, see_small)
    run = access_published_run(request.user)
    return noted_csv(request.user, run, lambda run: _table(request, run, question, key, see_small), key, question.query_string())


def _table(request, run, question: MoveQuestion, key: str, see_small: bool) -> tuple[list[str], list[list]]:
    found = movers(run, question)
    if key == "segments":
        return charts.segments_download(ranked_segments(run, found, question, see_small), question)
    figure = next((one for one, _ in _figures(request, run, found, question, see_small) if one.key == key), None)
    if figure is None:
        raise Http404
    return table_rows(figure.table, run_id=run.pk)
