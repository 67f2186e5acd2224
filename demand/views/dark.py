"""Dark patients: the register of overdue treatments, the work list, what somebody found out about one of them."""

from dataclasses import fields as columns_of
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from demand import leak_words, trace_words, words
from demand.access import access_published_run, access_single_infusions, sees_small_counts
from demand.actions import dark as actions
from demand.actions.extracts import Refused
from demand.audit import note
from demand.charts import dark as charts
from demand.downloads import csv_response, figure_csv
from demand.filter_form import fields, site_names
from demand.filters import DashboardFilters
from demand.models import DarkResolution, Run
from demand.selectors.dark import BY, PAGE, Overdue, Register, WorkQuestion, history, one_overdue, register, work_list
from demand.selectors.dashboard import choices
from demand.selectors.facts import ResultsMissing
from demand.selectors.unseen import unseen
from sites.converters import whole_number


def _found(request, run) -> Register:
    filters, _ = DashboardFilters.from_query(request.GET)
    return register(run, filters, sees_small_counts(request.user), request.GET["by"] if request.GET.get("by") in BY else "payer")


@require_safe
def index(request):
    """The register's counts; for htmx the part that filters change."""
    run = access_published_run(request.user)
    filters, problems = DashboardFilters.from_query(request.GET)
    context = {
        "run": run, "filters": filters, "problems": problems, "action": reverse("demand:dark"),
        "by_choices": [(name, leak_words.BY[name]) for name in BY], "may_list": sees_small_counts(request.user),
    }  # fmt: skip
    if run:
        try:
            context |= _context(request, run)
        except ResultsMissing as missing:
            context["missing"] = str(missing)
        context |= {"fields": fields(choices(run), filters, request.user), "months": choices(run).months}
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "dark/figures.html" if fragment else "dark/index.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _context(request, run: Run) -> dict:
    found = _found(request, run)
    origin = reverse("demand:dark-treatments") if sees_small_counts(request.user) else ""
    asked = urlencode(found.filters.as_query() | {"by": found.by})
    names = {"line_of_business": words.LINES_OF_BUSINESS, "site": site_names() if found.filters.site else {}}
    return {
        "found": found,
        "by": found.by,
        "coverage": found.coverage,
        "filter_words": found.filters.words(names),
        "unlocks": unseen(run),
        "filter_query": found.filters.query_string(),
        "evidence": [(leak_words.RESOLUTIONS[name], _evidence(said), *rest) for name, said, *rest in found.evidence],
        "figures": [
            (figure, f"{reverse('demand:dark-table', args=[figure.key])}?{asked}") for figure in charts.figures(found, origin)
        ],
    }


def _evidence(code: str) -> str:
    if code == "seen_otherwise":
        return "the therapy was seen otherwise: a fill, an admission or a pharmacy's claim"
    return trace_words.reason(code) if code else "none"


@require_safe
def table(request, key: str):
    """One figure's table as CSV, small counts hidden as on the page."""

    def made(run: Run):
        found = _found(request, run)
        return charts.figures(found, ""), {"as_of": found.coverage.as_of or "", "filters": found.filters.words()}

    return figure_csv(request.user, access_published_run(request.user), made, key, f"dark-{key}")


@require_safe
def treatments(request):
    """The work list, a page at a time, prescriber by prescriber; every look is audited."""
    run = access_single_infusions(request.user)
    question = WorkQuestion.from_query(request.GET)
    context = {"run": run, "question": question, "query": request.GET.urlencode(), "resolutions": leak_words.RESOLUTIONS.items()}
    if run:
        try:
            listed = work_list(run, question)
            everyone = work_list(run, WorkQuestion(question.filters, question.resolution)) if question.prescriber else listed
        except ResultsMissing as missing:
            return render(request, "dark/treatments.html", context | {"missing": str(missing)}, status=404)
        page = Paginator(listed, PAGE).get_page(request.GET.get("page"))
        note(request.user, run, "looked at overdue treatments", rows=len(page.object_list), page=page.number)
        context |= {
            "page": page,
            "rows": [(row, words.site_class(row.site_class)) for row in page],
            "answered": sum(row.answer is not None for row in listed),
            "prescribers": sorted({(row.named_npi or "unknown", row.prescriber or "Not known") for row in everyone}, key=lambda pair: pair[1]),
            "dose_cents": sum(row.dose_cents or 0 for row in listed),
        }  # fmt: skip
    return render(request, "dark/treatments.html", context)


@require_safe
def treatments_csv(request):
    run = access_single_infusions(request.user)
    if run is None:
        raise Http404
    try:
        rows = work_list(run, WorkQuestion.from_query(request.GET))
    except ResultsMissing as missing:
        raise Http404 from missing
    note(request.user, run, "downloaded overdue treatments", rows=len(rows))
    names = [field.name for field in columns_of(Overdue) if field.name not in ("answer", "episode_id")]
    header = ["run_id", *names, "overdue_days", "answer", "answer_evidence"]
    told = (
        [run.pk, *(getattr(row, name) for name in names), row.overdue_days]
        + ([row.answer.kind, row.answer.evidence] if row.answer else ["", ""])
        for row in rows
    )
    return csv_response(f"overdue-treatments-run-{run.pk}", header, told)


def _one(request, number: int) -> tuple[Run, Overdue]:
    run = access_single_infusions(request.user)
    try:
        found = one_overdue(run, number) if run else None
    except ResultsMissing as missing:
        raise Http404 from missing
    if found is None:
        raise Http404
    return run, found


@require_safe
def treatment(request, number: int):
    """One overdue treatment: what was looked for, the answers to it, and a form for the next one."""
    run, found = _one(request, number)
    note(request.user, run, "looked at an overdue treatment")
    return render(request, "dark/treatment.html", _detail(run, found))


def _detail(run: Run, found: Overdue) -> dict:
    return {
        "run": run,
        "found": found,
        "site_class": words.site_class(found.site_class),
        "resolution": leak_words.RESOLUTIONS[found.resolution],
        "evidence": _evidence(found.evidence or ""),
        "history": history(found),
        "kinds": [choice for choice in DarkResolution.Kind.choices if choice[0] != DarkResolution.Kind.OPEN],
    }


@require_POST
def resolve(request, number: int):
    run, found = _one(request, number)
    given = {name: request.POST.get(name, "") for name in ("kind", "evidence", "note")}
    try:
        actions.resolve(
            found, given["kind"], given["evidence"], given["note"], request.user, whole_number(request.POST.get("seen", ""))
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return render(request, "dark/treatment.html", _detail(run, found) | {"given": given}, status=422)
    messages.success(request, "Recorded. It stands beside the treatment in every later run that sees the same last infusion.")
    return redirect("demand:dark-treatment", number)


@require_POST
def reopen(request, number: int):
    _, found = _one(request, number)
    try:
        actions.reopen(found, request.user)
        messages.success(request, "Open again; the earlier answer is kept below.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("demand:dark-treatment", number)
