"""Leakage: how, where and why; the treatments behind a number."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand import leak_words, words
from demand.access import access_published_run, access_single_infusions, sees_small_counts
from demand.audit import note
from demand.charts import leaks as charts
from demand.downloads import csv_response, figure_csv
from demand.filter_form import fields, site_names
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import choices
from demand.selectors.facts import ResultsMissing
from demand.selectors.leak_treatments import COLUMNS, PAGE, LeakQuestion, LeakTreatment, treatments
from demand.selectors.leaks import BY, Leaks, leaks
from demand.selectors.prescribers import prescriber_names
from demand.selectors.unseen import unseen

LABELS = {"line_of_business": words.LINES_OF_BUSINESS}


def _found(request, run) -> Leaks:
    filters, _ = DashboardFilters.from_query(request.GET)
    return leaks(run, filters, sees_small_counts(request.user), request.GET["by"] if request.GET.get("by") in BY else "payer")


@require_safe
def index(request):
    """The whole page, or for htmx the part that filters change."""
    run = access_published_run(request.user)
    filters, problems = DashboardFilters.from_query(request.GET)
    context = {
        "run": run,
        "filters": filters,
        "problems": problems,
        "by_choices": leak_words.BY.items(),
        "action": reverse("demand:leakage"),
    }
    if run:
        try:
            context |= _context(request, run)
        except ResultsMissing as missing:
            context["missing"] = str(missing)
        context |= {"fields": fields(choices(run), filters, request.user), "months": choices(run).months}
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "leakage/leaks_figures.html" if fragment else "leakage/leaks.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _context(request, run) -> dict:
    found = _found(request, run)
    origin = reverse("demand:leak-treatments") if sees_small_counts(request.user) else ""
    asked = found.filters.as_query() | {"by": found.by}
    names = LABELS | {"site": site_names() if found.filters.site else {}}
    return {
        "found": found,
        "by": found.by,
        "coverage": found.coverage,
        "filter_words": found.filters.words(names),
        "unlocks": unseen(run),
        "unknown_share": charts.share(found.unknown, found.named),
        "figures": [
            (figure, f"{reverse('demand:leakage-table', args=[figure.key])}?{urlencode(asked)}")
            for figure in (charts.figures(found, origin) if found.named != 0 else ())
        ],
        "evidence": [(leak_words.KINDS[kind], leak_words.reason(reason), *rest) for kind, reason, *rest in found.evidence],
    }


@require_safe
def table(request, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""

    def made(run: Run):
        found = _found(request, run)
        return charts.figures(found, ""), {"as_of": found.coverage.as_of or "", "filters": found.filters.words()}

    return figure_csv(request.user, access_published_run(request.user), made, key, f"leakage-{key}")


@require_safe
def treatments_behind(request):
    """The treatments that a number of the page counts, a page at a time; every look is audited."""
    run = access_single_infusions(request.user)
    question, problems = LeakQuestion.from_query(request.GET)
    context = {"run": run, "question": question, "problems": problems, "query": request.GET.urlencode(), "asked": _words(question)}
    if run:
        try:
            (total, people, infusions, allowed), _ = treatments(run, question, 1)
            page = Paginator(range(total), PAGE).get_page(request.GET.get("page"))
            _, rows = treatments(run, question, page.number)
        except ResultsMissing as missing:
            return render(request, "leakage/treatments.html", context | {"missing": str(missing)}, status=404)
        note(request.user, run, "looked at treatments behind leakage", rows=len(rows), page=page.number)
        named = prescriber_names(row.prescriber_npi for row in rows)
        context |= {
            "page": page,
            "totals": {"treatments": total, "people": people, "infusions": infusions, "allowed_cents": allowed},
            "rows": [(row, _row_words(row), named.get(row.prescriber_npi, row.prescriber_npi)) for row in rows],
        }
    return render(request, "leakage/treatments.html", context)


@require_safe
def treatments_csv(request):
    run = access_single_infusions(request.user)
    if run is None:
        raise Http404
    question, _ = LeakQuestion.from_query(request.GET)
    try:
        _, rows = treatments(run, question)
    except ResultsMissing as missing:
        raise Http404 from missing
    note(request.user, run, "downloaded treatments behind leakage", rows=len(rows))
    header = [*COLUMNS, "run_id", "filters"]
    told = ([_flat(row, name) for name in COLUMNS] + [run.pk, question.filters.words()] for row in rows)
    return csv_response(f"leakage-treatments-run-{run.pk}", header, told)


def _flat(row: LeakTreatment, name: str):
    value = getattr(row, name)
    if name == "places":
        return "; ".join(leak_words.place(tuple(place.values())) for place in value)
    return "; ".join(value) if isinstance(value, list) else value


def _row_words(row: LeakTreatment) -> dict[str, str]:
    return {
        "how": ", ".join(leak_words.MECHANISMS[one] for one in row.mechanisms),
        "where": ", ".join(leak_words.place(tuple(place.values())) for place in row.places),
        "why": ", ".join(leak_words.reason(one) for one in row.reasons) + (f" ({', '.join(row.evidence)})" if row.evidence else ""),
    }


def _words(question: LeakQuestion) -> str:
    """What the list is of, in words."""
    parts = question.parts
    said = [leak_words.KINDS[question.kind] if question.kind else "Left the system or white-bagged"]
    if "mechanism" in parts:
        said.append(leak_words.MECHANISMS.get(parts["mechanism"], parts["mechanism"]))
    if "site_class" in parts:
        said.append(
            leak_words.place(tuple(parts.get(name, "") for name in ("site_class", "ownership", "owner", "payer_affiliation")))
        )
    if "reason" in parts:
        said.append(leak_words.reason(parts["reason"]))
    said += [f"{leak_words.BY[name]}: {parts[name]}" for name in leak_words.BY if name in parts]
    return "; ".join(dict.fromkeys(said))
