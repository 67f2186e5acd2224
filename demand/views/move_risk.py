"""Who is next: treatments likely to move out within 12 months, what goes with it, and how good the last forecast was."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, access_single_infusions, sees_small_counts
from demand.audit import note
from demand.charts import move_risk as charts
from demand.downloads import csv_response, figure_csv
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.move_risk import BY, COLUMNS, likelihoods_counted, likely_movers, mover_choices, who_is_next

ROWS = 100


def _asked(request) -> dict[str, str | None]:
    return {name: (request.GET.get(name) or "").strip()[:200] or None for name in BY}


def _page(request) -> dict:
    run = access_published_run(request.user)
    context = {"run": run, "may_list": request.user.has_perm("demand.view_patient_level")}
    if run:
        context["coverage"] = coverage(run)
        try:
            context |= {"found": who_is_next(run, sees_small_counts(request.user)), "counted": likelihoods_counted(run)}
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return context


@require_safe
def index(request):
    context = _page(request)
    if found := context.get("found"):
        context |= {"months": charts.months(found), "groups": [(by, charts.group(found, by)) for by in BY]}
    return render(request, "moves/next.html", context)


@require_safe
def model(request):
    """The model card."""
    context = _page(request)
    if found := context.get("found"):
        context |= {"calibration": charts.calibration(found), "drivers": charts.drivers(found)}
    return render(request, "moves/model.html", context)


@require_safe
def groups_csv(request, by: str):
    if by not in BY:
        raise Http404

    def made(run):
        found = who_is_next(run, sees_small_counts(request.user))
        return [charts.group(found, by)], {"forecast_on": found.card["forecast_on"]}

    return figure_csv(request.user, access_published_run(request.user), made, f"by-{by}", f"who-is-next-by-{by}")


@require_safe
def people(request):
    """The treatments themselves, by pseudonym, the most likely to move first."""
    run = access_single_infusions(request.user)
    asked = _asked(request)
    context = {"run": run, "asked": asked, "query": request.GET.urlencode()}
    if run:
        try:
            total, _ = likely_movers(run, asked, 1, 1)
            page = Paginator(range(total), ROWS).get_page(request.GET.get("page"))
            _, rows = likely_movers(run, asked, page.number, ROWS)
            known = {"payer": "Payer", "therapy": "Therapy", "site": "Site"}
            context["fields"] = [(name, known[name], asked[name] or "", values) for name, values in mover_choices(run).items()]
            context |= {"page": page, "rows": rows, "card": run.result["move_risk"], "coverage": coverage(run)}
            note(request.user, run, "looked at treatments likely to move out", rows=len(rows))
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "moves/people.html", context)


@require_safe
def people_csv(request):
    run = access_single_infusions(request.user)
    if run is None:
        raise Http404
    try:
        _, rows = likely_movers(run, _asked(request))
    except ResultsMissing as missing:
        raise Http404 from missing
    note(request.user, run, "downloaded treatments likely to move out", rows=len(rows))
    return csv_response(f"who-is-next-run-{run.pk}", COLUMNS, ([getattr(one, name) for name in COLUMNS] for one in rows))
