"""Safety and quality by class of site, what bounced back after moves, policies before and after; each figure's table as CSV."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, may_load_logs, sees_small_counts
from demand.charts import safety as charts
from demand.charts.figure import Figure
from demand.downloads import figure_csv
from demand.safety_evidence import CHECKED_ON, STUDIES
from demand.selectors.bounce_back import bounce_back, bounced
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.policy_safety import policy_safety
from demand.selectors.safety import WITHIN, adherence, event_rates

LEAST = {"infection": 7}  # no infection shows on the day


@require_safe
def index(request):
    run = access_published_run(request.user)
    within = _within(request)
    context = {"run": run, "within": within, "windows": WITHIN, "studies": STUDIES, "checked_on": CHECKED_ON, "may_load": may_load_logs(request.user)}  # fmt: skip
    if run:
        see_small = sees_small_counts(request.user)
        context |= {"coverage": coverage(run), "restricted": not see_small}
        try:
            context["figures"] = [(one, f"{request.path}{one.key}.csv?within={within}") for one in _figures(run, within, see_small)]
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "safety/index.html", context)


@require_safe
def table(request, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""
    within, see_small = _within(request), sees_small_counts(request.user)
    return figure_csv(request.user, access_published_run(request.user), lambda run: (_figures(run, within, see_small), {}), key)


def _within(request) -> int:
    """The days after an infusion that the address asks for; one of WITHIN."""
    asked = request.GET.get("within", "")
    return int(asked) if asked in map(str, WITHIN) else WITHIN[0]


def _figures(run, within: int, see_small: bool) -> list[Figure]:
    spans = {"hospital": within, "reaction": 1, "infection": max(within, LEAST["infection"])}
    return [
        *(charts.rates(event_rates(run, kind, days, see_small), kind, days) for kind, days in spans.items()),
        *charts.adherence(adherence(run, see_small)),
        charts.ledger(bounce_back(run, see_small)),
        *([charts.bounced_list(bounced(run))] if see_small else []),
        charts.policies(policy_safety(run, see_small)),
    ]
