"""Extracts: the list, the upload, the account of every row, the rejected rows, deleting."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand import tasks
from demand.access import access_extract, access_extracts, access_loading, access_rejects, sees_small_counts
from demand.actions import extracts, recompute
from demand.audit import note
from demand.downloads import csv_response
from demand.forms import ExtractForm
from demand.models import Run
from demand.selectors.accounts import account, rejected_rows
from demand.selectors.feeds import origin
from demand.uploads import KINDS, StoringHandler

FILE_FIELDS = (
    ("medical", "Medical claims", "Needs claim_id, claim_line_number, person_id or patient_id, claim_start_date and hcpcs_code."),
    ("pharmacy", "Pharmacy claims", "Needs claim_id, claim_line_number, person_id or patient_id, dispensing_date and ndc_code."),
    ("eligibility", "Eligibility", "Needs person_id or patient_id and enrollment_start_date."),
)


@require_safe
def index(request):
    found = access_extracts(request.user).select_related("created_by").prefetch_related("files")
    return render(request, "extracts/index.html", {"page": Paginator(found, 50).get_page(request.GET.get("page"))})


@csrf_exempt  # checked inside: the form's fields may be read only after the handler that streams the files is in place
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request):
    access_loading(request.user)
    handler = StoringHandler(request)
    request.upload_handlers = [handler]
    return _upload(request, handler)


@csrf_protect
def _upload(request, handler: StoringHandler):
    if request.method != "POST":
        return _form(request, ExtractForm())
    uploads = request.FILES  # reads the body; a refused one leaves its sentence in the handler
    form = ExtractForm(request.POST, uploads=uploads)
    if handler.refusal:
        return _form(request, form, handler.refusal, status=413)
    if not form.is_valid():
        handler.discard()
        return _form(request, form, status=422)
    try:
        extract, run = extracts.create_extract(files=form.incoming, user=request.user, **form.cleaned_data)
    except extracts.Refused as refusal:
        handler.discard()
        return _form(request, form, str(refusal), status=422)
    tasks.enqueue(run)
    note(
        request.user, extract, "uploaded",
        files=len(form.incoming), bytes=sum(file.size_bytes for file in form.incoming), sha256=[file.sha256[:12] for file in form.incoming],
    )  # fmt: skip
    return redirect("demand:extract", extract.pk)


def _form(request, form: ExtractForm, refusal: str = "", status: int = 200):
    context = {"form": form, "refusal": refusal, "file_fields": FILE_FIELDS, "kinds": KINDS, "max_bytes": settings.UPLOAD_MAX_BYTES}
    return render(request, "extracts/upload.html", context, status=status)


@require_safe
def detail(request, pk: int):
    """The account of an extract, or how far its load is."""
    extract = access_extract(request.user, pk)
    fragment = request.htmx and not request.htmx.history_restore_request
    see_rows = sees_small_counts(request.user)
    context = {"extract": extract, "account": account(extract, with_values=see_rows), "origin": origin(extract, see_rows)}
    return render(request, "extracts/account.html" if fragment else "extracts/detail.html", context)


@require_safe
def rejects(request, pk: int):
    """Every row that was not accepted, with rule, column, value and its physical line."""
    extract = access_rejects(request.user, pk)
    found = rejected_rows(extract)
    if found is None:
        raise Http404
    header, rows = found
    note(request.user, extract, "downloaded the rejected rows", rows=len(rows))
    return csv_response(f"extract-{extract.pk}-rejects", header, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request, pk: int):
    """Ask first; then take the extract back as a whole and recompute what rested on it."""
    access_loading(request.user)
    extract = access_extract(request.user, pk)
    if request.method != "POST":
        return render(request, "extracts/delete.html", {"extract": extract})
    name, number = extract.name, extract.pk
    was_loaded = extract.status == extract.Status.LOADED
    try:
        with transaction.atomic():
            note(request.user, extract, "deleted the extract")
            extracts.delete_extract(extract)
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:extract", number)
    messages.success(request, f"“{name}” was deleted with all its rows." + (_recomputed(request.user) if was_loaded else ""))
    return redirect("demand:extracts")


def _recomputed(user) -> str:
    try:
        run = recompute.request_recompute(user=user)
    except extracts.Refused:
        return " No extract is left, so the figures stay those of the last run until another is loaded."
    if run.status == Run.Status.QUEUED:
        tasks.enqueue(run)
    return f" Run {run.pk} recomputes the figures without it; until then they still contain it."


@require_POST
def recompute_now(request):
    access_loading(request.user)
    try:
        run = recompute.request_recompute(user=request.user)
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:runs")
    if run.status == Run.Status.QUEUED:
        tasks.enqueue(run)
        note(request.user, run, "asked for a recomputation")
    else:
        messages.info(request, f"Run {run.pk} has already computed exactly this: same rows, reference, parameters and engine.")
    return redirect("demand:run", run.pk)
