"""The logs of the four functions: what is on file, a file's way onto it and off again, single records."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from functools import wraps

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand.access import (
    access_dashboard,
    access_log_load,
    access_log_loading,
    access_published_run,
    may_load_logs,
    sees_small_counts,
)
from demand.actions import log_records, logs
from demand.actions.extracts import Refused, clean_display_name
from demand.actions.log_records import WrongCell
from demand.audit import note
from demand.downloads import csv_response
from demand.engine.log_layouts import LAYOUTS
from demand.engine.log_totals import Total
from demand.log_forms import RecordForm
from demand.models import LogLoad
from demand.selectors.logs import SPLITS, log_rows, log_states, split_table
from demand.selectors.records import supplied
from payers.models import Payer
from sites.engine.text_file import RefusedTable

SHOWN = 25
LOADS = 20
PAGE = 100
ABOUT = {
    "denials": "Revenue cycle: what payers denied and what was written off, claim by claim.",
    "white_bag_events": "Pharmacy and clinics: each dose that came from an outside pharmacy, with its delay, waste and staff time.",
    "patient_impacts": "Providers: what a policy did to a patient, without naming the patient.",
    "orders": "The record system: infusion orders with their site-of-care determination. People become pseudonyms at the door.",
    "clinical_facts": "Clinicians: what the clinical line asks of a person and claims do not show. People become pseudonyms at the door.",
}


def of_a_kind(view):
    """The view is about one log; an address that names none is no page."""

    @wraps(view)
    def checked(request, kind: str, **of):
        access_dashboard(request.user)
        if kind not in logs.KINDS:
            raise Http404
        return view(request, kind, **of)

    return checked


@require_safe
def index(request):
    access_dashboard(request.user)
    see_small = sees_small_counts(request.user)
    context = {
        "states": [(state, ABOUT[state.supplied.kind]) for state in log_states(see_small)],
        "may_load": may_load_logs(request.user),
    }
    return render(request, "logs/index.html", context | {"by_form": log_records.BY_FORM})


@require_safe
@of_a_kind
def detail(request, kind: str):
    """The log split by one of its columns."""
    see_small = sees_small_counts(request.user)
    splits = SPLITS[kind]
    by = request.GET.get("by")
    by = by if by in splits else next(iter(splits))
    found = log_rows(kind, access_published_run(request.user), see_small)
    may_load = may_load_logs(request.user)
    context = {
        **_about(kind), "supplied": supplied(kind, found.rows), "splits": splits, "by": by, "table": split_table(found, by),
        "given": found.given, "restricted": not see_small, "may_load": may_load, "needed": LAYOUTS[kind].needed,
        "optional": [column.name for column in LAYOUTS[kind].columns if column.name not in LAYOUTS[kind].needed], "has_form": kind in log_records.BY_FORM,
        "loads": _loads(kind) if may_load else [],
    }  # fmt: skip
    return render(request, "logs/detail.html", context)


def _about(kind: str) -> dict:
    return {"kind": kind, "title": LogLoad.Kind(kind).label, "about": ABOUT[kind]}


def _loads(kind: str) -> list[LogLoad]:
    return list(LogLoad.objects.filter(kind=kind).exclude(status=LogLoad.Status.CHECKED).select_related("created_by")[:LOADS])


@require_safe
@of_a_kind
def detail_csv(request, kind: str):
    """The same split as a file: the same values, hidden ones as the word hidden."""
    see_small = sees_small_counts(request.user)
    by = request.GET.get("by")
    if by not in SPLITS[kind]:
        raise Http404
    found = log_rows(kind, access_published_run(request.user), see_small)
    table = split_table(found, by)
    return csv_response(f"{kind}-by-{by}", [column.key for column in table.columns], [*table.rows, *table.total_rows])


@require_safe
@of_a_kind
def records(request, kind: str):
    """The single records, for those who may load them; every look is audited."""
    access_log_loading(request.user)
    search = request.GET.get("q", "").strip()
    found = log_rows(kind, None, True)
    rows = sorted(found.rows, key=lambda row: (row.day is not None, row.day, row.id), reverse=True)
    if search:
        rows = [row for row in rows if search.casefold() in _searched(row)]
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    newest = LogLoad.objects.filter(kind=kind).first()
    if newest:
        note(request.user, newest, "looked at the records of a log", log=kind, page=page.number, rows=len(page.object_list))
    context = {**_about(kind), "page": page, "search": search, "has_form": kind in log_records.BY_FORM}
    return render(request, "logs/records.html", context)


def _searched(row) -> str:
    """What a search looks at. Numbers of claims and orders are left out: an address would carry them."""
    private = ("claim_id", "order_id", "person_id")
    return " ".join([row.family, *(str(value) for name, value in row.fields.items() if name not in private)]).casefold()


@require_POST
@of_a_kind
def check(request, kind: str):
    """A file is read and compared; nothing is stored in the log yet."""
    access_log_loading(request.user)
    file = request.FILES.get("file")
    if file is None or not file.size:
        messages.error(request, "Choose a CSV file first." if file is None else "The file is empty (0 bytes): export it again.")
        return redirect("demand:log", kind)
    try:
        load = logs.check(kind, file.read(), clean_display_name(file.name), request.user)
    except RefusedTable as refusal:
        messages.error(request, f"Nothing was read: {refusal}")
        return redirect("demand:log", kind)
    return redirect("demand:log-load", load.pk)


@require_safe
def load(request, pk: int):
    """A checked file: what it would do; a load on file: what it did."""
    found = access_log_load(request.user, pk)
    context = {**_about(found.kind), "load": found, "shown": SHOWN}
    if found.status == LogLoad.Status.CHECKED:
        try:
            read = logs.waiting(found)
        except Refused as gone:
            logs.discard(found)
            messages.error(request, str(gone))
            return redirect("demand:log", found.kind)
        compared = logs.compare(read)
        columns = [name for name in (read.rows[0] if read.rows else {}) if name not in ("row_key", "person_id")]
        context |= {
            "added": len(compared.added), "changed": len(compared.changed), "unchanged": compared.unchanged, "not_in_file": compared.not_in_file,
            "rejects": [vars(problem) for problem in read.rejected], "warnings": read.warnings, "totals": _sums(read.totals), "columns": columns,
            "records": len(read.rows) + len(read.rejected),
            "new_rows": [[(_plain(row[name]), name.endswith("_cents")) for name in columns] for row in compared.added[:SHOWN]],
            "changes": [(change.record, _differences(change)) for change in compared.changed[:SHOWN]],
        }  # fmt: skip
        return render(request, "logs/check.html", context)
    newest = LogLoad.objects.filter(kind=found.kind, status=LogLoad.Status.ON_FILE).first()
    context |= {
        "added": found.added, "changed": found.changed, "unchanged": found.unchanged, "rejects": found.rejects, "records": found.records,
        "warnings": found.warnings, "totals": _sums(logs.as_total(total) for total in found.totals), "is_newest": newest and newest.pk == found.pk,
    }  # fmt: skip
    return render(request, "logs/load.html", context)


def _plain(value):
    return value.isoformat() if isinstance(value, dt.date) else value


def _sums(totals: Iterable[Total]) -> list[dict]:
    """Sums as a page writes them: dollars with at least two decimals, and more where the file has more."""
    return [
        {
            "label": total.label,
            "amounts": [_amount(amount, total.is_money) for amount in (total.in_file, total.accepted, total.rejected)],
            "balanced": total.balanced,
            "unreadable": total.unreadable,
        }
        for total in totals
    ]


def _amount(amount: Decimal, money: bool) -> str:
    shown = amount.normalize()
    shown = shown.quantize(Decimal("0.01")) if money and shown.as_tuple().exponent > -2 else shown
    return f"{'−' if shown < 0 else ''}{'$' if money else ''}{abs(shown):,f}"


def _differences(change) -> list[tuple[str, object, object]]:
    return [
        (name, _plain(getattr(change.record, name)), _plain(value))
        for name, value in sorted(change.values.items())
        if name not in ("row_key", "person_id")
    ]


@require_POST
def put_on_file(request, pk: int):
    found = access_log_load(request.user, pk, status=LogLoad.Status.CHECKED)
    try:
        done = logs.put_on_file(found, logs.waiting(found), request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:log", found.kind)
    if not done.added and not done.changed:
        messages.info(
            request, "Everything that could be used is on file already, so nothing was stored and there is nothing to undo."
        )
        return redirect("demand:log", done.kind)
    messages.success(request, f"On file: {done.added:,} added, {done.changed:,} changed, {done.rejected:,} rejected.")
    return redirect("demand:log-load", done.pk)


@require_POST
def discard(request, pk: int):
    found = access_log_load(request.user, pk, status=LogLoad.Status.CHECKED)
    kind = found.kind
    logs.discard(found)
    messages.success(request, "The file was discarded; nothing of it is kept.")
    return redirect("demand:log", kind)


@require_POST
def take_back(request, pk: int):
    found = access_log_load(request.user, pk)
    try:
        logs.take_back(found, request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Taken back: what this load added is gone, what it changed is as it was before.")
    return redirect("demand:log", found.kind)


@require_safe
def rejects(request, pk: int):
    """Every rejected row with its line, column, rule and remedy."""
    found = access_log_load(request.user, pk)
    rows = [vars(problem) for problem in logs.waiting(found).rejected] if found.status == LogLoad.Status.CHECKED else found.rejects
    names = ["line", "column", "value", "rule", "message"]
    note(request.user, found, "downloaded the rejected rows of a log", rows=len(rows))
    return csv_response(f"{found.kind}-rejects-{found.pk}", names, [[row[name] for name in names] for row in rows])


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_kind
def record(request, kind: str, pk: int | None = None):
    """One record: entered, or corrected."""
    access_log_loading(request.user)
    if kind not in log_records.BY_FORM:
        raise Http404
    found = _record(kind, pk) if pk is not None else None
    form = RecordForm(kind, request.POST or None, record=found)
    if request.method == "POST" and form.is_valid():
        try:
            done = log_records.save_record(kind, form.cleaned_data, request.user, found)
        except WrongCell as wrong:
            form.add_error(wrong.column if wrong.column in form.fields else None, str(wrong))
        else:
            words = log_records.NAMES[kind]
            messages.success(request, f"The {words} is on file." if done else "Nothing was changed, so nothing was stored.")
            return redirect("demand:log-records", kind)
    status = 422 if request.method == "POST" else 200
    context = {**_about(kind), "form": form, "record": found, "name": log_records.NAMES[kind], "known": {"payer": _payers()}}
    return render(request, "logs/record.html", context, status=status)


def _payers() -> list[str]:
    return list(Payer.objects.values_list("name", flat=True))


def _record(kind: str, pk: int):
    found = logs.MODELS[kind].objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@of_a_kind
def take_record_back(request, kind: str, pk: int):
    access_log_loading(request.user)
    if kind not in log_records.BY_FORM:
        raise Http404
    log_records.take_back_record(kind, _record(kind, pk), request.user)
    messages.success(request, f"The {log_records.NAMES[kind]} is taken back; undo that on the log’s page, among its loads.")
    return redirect("demand:log-records", kind)
