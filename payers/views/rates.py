"""Contract rates: the register, changing single rates, bringing in a file after a look at what it would change, undoing."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payers import words
from payers.actions import rates as actions
from payers.actions.asp import load_asp
from payers.actions.negotiated_rates import load_negotiated_rates
from payers.models import Rate, RateChange
from payers.price_access import access_prices, access_rate, access_rate_change, access_rate_changes, may_change_rates
from payers.price_forms import BASES_IN_WORDS, ExpireForm, RateForm, RegisterUploadForm
from sites.actions.decisions import Refused, drop_change
from sites.engine.text_file import RefusedTable
from sites.views.decisions import decide

MOST_BYTES = 20_000_000
SHOWN_ROWS = 200


@require_safe
def register(request):
    """Rates on file, those in force first."""
    access_prices(request.user)
    search, state = request.GET.get("q", "").strip(), request.GET.get("state", "in_force")
    found, today = Rate.objects.all(), timezone.localdate()
    in_force = Q(effective_from__lte=today) & (Q(effective_to=None) | Q(effective_to__gt=today))
    if state == "in_force":
        found = found.filter(in_force)
    elif state == "ended":
        found = found.filter(effective_to__lte=today)
    elif state == "to_come":
        found = found.filter(effective_from__gt=today)
    if search:
        found = found.filter(
            Q(payer__icontains=search) | Q(plan__icontains=search) | Q(hcpcs_code__iexact=search) | Q(source__icontains=search)
        )
    may_change = may_change_rates(request.user)
    page = Paginator(found, 100).get_page(request.GET.get("page"))
    states = [("in_force", "In force"), ("to_come", "To come"), ("ended", "Ended"), ("all", "All")]
    context = {
        "page": page,
        "rows": [(rate, words.SITE_CLASSES.get(rate.site_class, ""), BASES_IN_WORDS[rate.basis]) for rate in page],
        "search": search,
        "state": state,
        "states": states,
        "may_change": may_change,
        "changes": access_rate_changes(request.user)[:10] if may_change else [],
    }
    return render(request, "prices/rates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request):
    """rates.csv: read and compared, nothing stored yet."""
    access_rate_changes(request.user)
    form = RegisterUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        change = _from_upload(form, lambda path, name: actions.check_file(path, name, request.user))
        if change is not None:
            return redirect("payers:rate-change", change.pk)
    return render(request, "prices/upload.html", {"form": form}, status=_status(form))


@require_safe
def change(request, pk: int):
    found = access_rate_change(request.user, pk)
    rows = [_difference(row) for row in found.rows[:SHOWN_ROWS]]
    added = sum(row["before"] is None for row in found.rows)
    context = {
        "change": found,
        "rows": rows,
        "added": added,
        "changed": len(found.rows) - added,
        "not_shown": len(found.rows) - len(rows),
    }
    return render(request, "prices/change.html", context)


def _difference(row: dict) -> dict:
    """A row of a change for people: what the rate is for, and each field that becomes another."""
    said = row["after"] or row["before"]
    fields = [name for name in actions.FIELDS if row["before"] and row["after"] and row["before"][name] != row["after"][name]]
    return said | {
        "is_new": row["before"] is None,
        "site_class_in_words": words.SITE_CLASSES.get(said["site_class"], ""),
        "basis_in_words": BASES_IN_WORDS[said["basis"]],
        "differences": [(name.replace("_", " "), row["before"][name] or "–", row["after"][name] or "–") for name in fields],
    }


@require_POST
def store(request, pk: int):
    return _decide(request, pk, actions.store_change, "The rates are stored.")


@require_POST
def undo(request, pk: int):
    return _decide(request, pk, actions.undo_change, "The change is undone; the rates are as they were before it.")


@require_POST
def drop(request, pk: int):
    return _decide(request, pk, drop_change, "Nothing was stored.")


def _decide(request, pk: int, action: Callable[[RateChange], object], said: str):
    return decide(request, access_rate_change(request.user, pk), action, said, "payers:rate-change")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk: int | None = None):
    """One rate: a new one without a number, else the one of that number."""
    access_rate_changes(request.user)
    rate = access_rate(request.user, pk) if pk else None
    form = RateForm(request.POST or None, instance=Rate.objects.get(pk=pk) if pk else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_rate(request.user, form.cleaned_data, rate)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The rate is stored. It can be undone below.")
            return redirect("payers:rates")
    context = {"form": form, "rate": rate, "expire": ExpireForm() if rate else None}
    return render(request, "prices/rate.html", context, status=_status(form))


@require_POST
def expire(request, pk: int):
    rate = access_rate(request.user, pk)
    form = ExpireForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say the first day on which the rate no longer holds, as a date.")
        return redirect("payers:edit-rate", pk)
    try:
        actions.expire_rate(request.user, rate, form.cleaned_data["effective_to"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("payers:edit-rate", pk)
    messages.success(request, f"The rate ends on {form.cleaned_data['effective_to']}. It can be undone below.")
    return redirect("payers:rates")


@require_http_methods(["GET", "HEAD", "POST"])
def upload_benchmark(request):
    """Hospitals' published rates: public data, stored at once; a month replaces itself."""
    access_rate_changes(request.user)
    form = RegisterUploadForm(request.POST or None, request.FILES or None, with_month=True)
    if request.method == "POST" and form.is_valid():
        month = form.cleaned_data["month"]
        loaded = _from_upload(form, lambda path, name: load_negotiated_rates(path, name, month))
        if loaded is not None:
            aside = "; ".join(f"{number:,} {reason}" for reason, number in loaded.notes["held_aside"].items())
            messages.success(
                request,
                f"{loaded.notes['rows_read']:,} rows of {loaded.notes['hospitals']} hospitals read: {loaded.stored.added:,} rates added, "
                f"{loaded.stored.changed:,} changed, {loaded.stored.unchanged:,} unchanged. "
                f"Held aside: {aside or 'none'}; {loaded.notes['of_other_codes']:,} of other codes; {len(loaded.rejected):,} rejected.",
            )
            return redirect("payers:benchmark")
    return render(request, "prices/upload_benchmark.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
def upload_asp(request):
    """One of CMS's quarterly files: public data, stored at once; the same file twice changes nothing."""
    access_rate_changes(request.user)
    form = RegisterUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        loaded = _from_upload(form, load_asp)
        if loaded is not None:
            stored = loaded.stored
            messages.success(
                request,
                f"{loaded.file}, quarter from {loaded.notes['quarter_start']}: {stored.added:,} added, {stored.changed:,} changed, "
                f"{stored.unchanged:,} unchanged, {len(loaded.rejected):,} without a limit.",
            )
            return redirect("payers:asp")
    return render(request, "prices/upload_asp.html", {"form": form}, status=_status(form))


def _from_upload(form: RegisterUploadForm, load: Callable[[Path, str], object]):
    """What `load` makes of the uploaded file; None, and the form says why, where it is refused."""
    file: UploadedFile = form.cleaned_data["file"]
    if file.size > MOST_BYTES:
        form.add_error("file", f"The file has more than {MOST_BYTES // 1_000_000} MB; this is not a register. Send a smaller one.")
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        try:
            return load(path, file.name)
        except RefusedTable as refusal:
            form.add_error("file", str(refusal))
            return None


def _status(form) -> int:
    return 422 if form.is_bound and form.errors else 200
