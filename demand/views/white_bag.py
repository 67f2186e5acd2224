"""White bagging, measured: one page of figures and each figure's table as CSV."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, sees_small_counts
from demand.charts import white_bag as charts
from demand.charts.figure import Figure
from demand.downloads import figure_csv
from demand.filters import LONGEST
from demand.places import number
from demand.selectors.bag_costs import channel_costs, dose_fragility, logged_burden
from demand.selectors.coverage import coverage
from demand.selectors.drug_benefit import benefit_lines
from demand.selectors.facts import ResultsMissing
from demand.selectors.white_bag import SPLITS, agreement, bag_lines, given_at_ours, logged_events
from demand.words import named

DOLLARS_AN_HOUR = 60.0  # guessed: a nurse's planning wage of about $100,000 a year with 28 % benefits, over 2,080 hours
FILTERS = {"payer": "Payer", "family": "Drug"}
WITH_THE_RIGHT = "Payer and drug can be chosen with the patient-level right only: with clinics and months beside them they would give small counts away."


@require_safe
def index(request):
    run = access_published_run(request.user)
    if run is None:
        return render(request, "white_bag/index.html", {"run": None})
    context = {"run": run, "coverage": coverage(run)}
    try:
        context |= _asked(request, run)
    except ResultsMissing as missing:
        context["missing"] = str(missing)
    return render(request, "white_bag/index.html", context)


@require_safe
def table(request, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""
    run = access_published_run(request.user)
    return figure_csv(request.user, run, lambda run: ([one for one, _ in _asked(request, run)["figures"]], {}), key)


def _asked(request, run) -> dict:
    """The question of the address, and the figures that answer it."""
    see_small, problems = sees_small_counts(request.user), []
    hourly = number(request.GET, "hourly", DOLLARS_AN_HOUR, 0, 1000, problems, "Dollars an hour of staff time")
    given = given_at_ours(run, see_small)
    options = {name: sorted(set(given.columns[name])) for name in FILTERS}
    chosen = {name: value for name in FILTERS if (value := (request.GET.get(name) or "").strip()[:LONGEST])}
    if chosen and not see_small:
        problems.append(WITH_THE_RIGHT)
        chosen = {}
    given = given.only(**chosen) if chosen else given
    query = request.GET.urlencode()
    return {
        "figures": [(one, f"{request.path}{one.key}.csv{'?' + query if query else ''}") for one in _figures(run, given, chosen, see_small, hourly)],
        "problems": problems,
        "fields": [(name, label, chosen.get(name, ""), [(value, named(value)) for value in options[name]]) for name, label in FILTERS.items()] if see_small else [],
        "hourly": f"{hourly:g}",
        "filter_words": "; ".join(f"{FILTERS[name]}: {value}" for name, value in chosen.items()),
        "restricted": not see_small,
    }  # fmt: skip


def _figures(run, given, chosen: dict[str, str], see_small: bool, hourly: float) -> list[Figure]:
    events = logged_events(**chosen)
    agreed = agreement(given, events)
    months = len(set(given.columns["month"])) or 1
    return [
        *(charts.rates(bag_lines(given, agreed, split), split, not see_small) for split in SPLITS),
        charts.costs(channel_costs(given)),
        charts.burden(logged_burden(events, not see_small), hourly),
        charts.fragility(dose_fragility(given), months),
        charts.benefits(benefit_lines(run, see_small, chosen.get("family"))),
    ]
