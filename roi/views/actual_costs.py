"""Recording what an approved site's costs really were: one month typed in, or a table uploaded; the table to fill in."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from roi.access import access_editable
from roi.actions.actual_costs import record_costs
from roi.engine.cost_table import HEAD, LONGEST, CostRow, cost_rows, month, read_costs, written
from roi.models import Approval
from roi.selectors.look_back import newest_approval
from roi.selectors.look_back_costs import CostBook, cost_book
from sites.engine.cells import BadCell, cents
from sites.engine.text_file import RefusedTable

TYPED = "cost:"  # before a line's code, as a field's name


def _approved(user, pk: int) -> tuple[Approval, CostBook]:
    """Editors record costs; 404 where nothing is approved."""
    access_editable(user, pk)
    approval = newest_approval(pk)
    if approval is None:
        raise Http404
    return approval, cost_book(approval)


@require_http_methods(["GET", "HEAD", "POST"])
def actual_costs(request, pk: int):
    approval, book = _approved(request.user, pk)
    problems, day = (), request.POST.get("month", "") or f"{book.day(book.opens):%Y-%m}"
    if request.method == "POST":
        rows, problems = _uploaded(request, book) if "upload" in request.POST else _typed(request, book)
        problems = problems or _outside(rows, book)
        if not problems:
            number = record_costs(request.user, approval, rows)
            messages.success(request, f"{number} amount{'s' if number != 1 else ''} recorded; the look back counts them.")
            return redirect("roi:actual-costs", pk)
    fields = [
        (f"{TYPED}{line}", name, request.POST.get(f"{TYPED}{line}", ""), book.says(line)) for name, line in book.names.items()
    ]
    context = {
        "approval": approval, "scenario": approval.version.scenario, "problems": problems, "month": day, "fields": fields, "head": HEAD,
        "recorded": [row for row in book.sheet() if row[3] is not None],
    }  # fmt: skip
    return render(request, "roi/actual_costs.html", context, status=422 if problems else 200)


def _uploaded(request, book: CostBook) -> tuple[list[CostRow], list[str]]:
    """Nothing of a file is recorded while a row of it is wrong."""
    upload = request.FILES.get("file")
    if upload is None:
        return [], ["Choose the CSV file with the columns month, cost and actual."]
    if upload.size > LONGEST:
        return [], [f"The file has more than {LONGEST // 1_000_000} MB; a table of costs is a small part of that."]
    try:
        table = read_costs(upload.read(), upload.name, book.names)
    except RefusedTable as refusal:
        return [], [str(refusal)]
    return cost_rows(table), [problem.sentence() for problem in table.rejected]


def _typed(request, book: CostBook) -> tuple[list[CostRow], list[str]]:
    """One month; a field left empty says nothing."""
    try:
        day = month(request.POST.get("month", "").strip())
    except BadCell as bad:
        return [], [f"The month {bad}."]
    rows, problems = [], []
    for name, line in book.names.items():
        if text := request.POST.get(f"{TYPED}{line}", "").strip().replace(",", "").removeprefix("$"):
            try:
                rows.append(CostRow(day, line, cents(text)))
            except BadCell as bad:
                problems.append(f"{name} {bad}.")
    if not rows and not problems:
        problems.append("Give at least one amount.")
    return rows, problems


def _outside(rows: list[CostRow], book: CostBook) -> list[str]:
    """A month that no window counts would be recorded and never seen again; one before month 0 twice, once more as month 0."""
    first, last = book.span
    outside = sorted({row.month for row in rows if not first <= row.month <= last})
    asked = f"the look back counts {first:%Y-%m} to {last:%Y-%m}, and what was spent before stands in {first:%Y-%m}."
    return [f"The month {day:%Y-%m} is not counted: {asked}" for day in outside]


@require_safe
def costs_csv(request, pk: int):
    """What was expected, month by month, with what was recorded beside it: the file that is filled in and uploaded."""
    approval, book = _approved(request.user, pk)
    name = f"{slugify(approval.version.scenario.name) or 'scenario'}-costs.csv"
    return HttpResponse(
        written(book.sheet()), content_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
