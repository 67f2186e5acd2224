"""Extracts: the list, the upload, the account of every row, the rejected rows, deleting."""

import contextlib
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from demand import tasks
from demand.access import access_extract, access_extracts, access_loading, access_rejects, access_uploads, sees_small_counts
from demand.actions import extracts, recompute, uploads
from demand.audit import note
from demand.downloads import csv_response
from demand.forms import ExtractForm
from demand.limits import engine_limits, upload_limits
from demand.models import Extract, Run
from demand.selectors.accounts import account, rejected_rows
from demand.selectors.feeds import origin
from demand.selectors.quotas import quota
from demand.selectors.readiness import extract_readiness
from demand.uploads import StoringHandler

FILE_FIELDS = (
    (
        "medical",
        "Medical claims",
        "Known by name: claim_id, claim_line_number, person_id or patient_id, claim_start_date, hcpcs_code and more; other names are mapped on the next page.",
    ),
    (
        "pharmacy",
        "Pharmacy claims",
        "Known by name: claim_id, claim_line_number, person_id or patient_id, dispensing_date, ndc_code and more; other names are mapped on the next page.",
    ),
    (
        "eligibility",
        "Eligibility",
        "Known by name: person_id or patient_id, enrollment_start_date and more; other names are mapped on the next page.",
    ),
)

CUT = "The connection broke before the whole upload was here, so nothing of it was kept. Send it again."


@require_safe
def index(request):
    found = access_extracts(request.user).select_related("created_by").prefetch_related("files")
    return render(request, "extracts/index.html", {"page": Paginator(found, 50).get_page(request.GET.get("page"))})


@csrf_exempt  # checked inside: the form's fields may be read only after the handler that streams the files is in place
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request, pk: int | None = None):
    """A new extract; with `pk`, a corrected version of that one."""
    access_loading(request.user)
    corrected = access_extract(request.user, pk) if pk else None
    handler = StoringHandler(request)
    request.upload_handlers = [handler]
    try:
        return _upload(request, handler, corrected)
    finally:
        handler.discard()  # what no extract took: a refused form, a form of another site, a cut connection


@csrf_protect
def _upload(request, handler: StoringHandler, corrected: Extract | None):
    if request.method != "POST":
        return _form(request, ExtractForm(corrected=corrected), corrected)
    files = request.FILES  # reads the body; a refused one leaves its sentence in the handler
    form = ExtractForm(request.POST, uploads=files, sent=_chosen(request), corrected=corrected)
    if handler.refusal:
        return _form(request, form, corrected, handler.refusal, status=413)
    if handler.is_cut:
        return _form(request, form, corrected, CUT, status=400)
    if not form.is_valid():
        return _form(request, form, corrected, status=422)
    try:
        extract, run = uploads.load(
            request.user, form.plain, form.sent, corrects=corrected, check_first="check" in request.POST, **form.cleaned_data
        )
    except extracts.Refused as refusal:
        return _form(request, form, corrected, str(refusal), status=422)
    handler.keep()
    tasks.enqueue(run)
    note(request.user, extract, "uploaded", **_facts(extract))
    return redirect(f"{reverse('demand:extract', args=[extract.pk])}?sent")


def _chosen(request) -> list[UUID]:
    """The uploads that the form refers to; what is no id is none of ours."""
    found = []
    for text in request.POST.getlist("sent"):
        with contextlib.suppress(ValueError):
            found.append(UUID(text))
    return found


def _facts(extract) -> dict:
    files = list(extract.files.all())
    return {"files": len(files), "bytes": sum(file.size_bytes for file in files), "sha256": [file.sha256[:12] for file in files]}


def _form(request, form: ExtractForm, corrected: Extract | None, refusal: str = "", status: int = 200):
    context = {
        "form": form,
        "corrected": corrected,
        "refusal": refusal,
        "file_fields": FILE_FIELDS,
        "quota": quota(request.user),
        "lying": access_uploads(request.user).lying(),
        "chosen": form.sent,
        "content_limits": engine_limits(),
    }
    return render(request, "extracts/upload.html", context, status=status)


@require_safe
def detail(request, pk: int):
    """The account of an extract, or how far its load is. Who watched the load is brought to the mapping page where one is needed."""
    extract = access_extract(request.user, pk)
    fragment = request.htmx and not request.htmx.history_restore_request
    if extract.status == Extract.Status.UNMAPPED and request.user.has_perms(["demand.load_extract", "demand.view_patient_level"]):
        if fragment:
            return HttpResponseClientRedirect(reverse("demand:map-extract", args=[pk]))
        if "sent" in request.GET:  # the worker was faster than the browser
            return redirect("demand:map-extract", pk)
    see_rows = sees_small_counts(request.user)
    found = account(extract, with_values=see_rows)
    if fragment and (extract.status not in extracts.UNSETTLED) and not ("figures" in request.GET and found.awaits_figures):
        return HttpResponseClientRefresh()  # what was waited for is here: files, versions and buttons have changed too
    versions = access_extracts(request.user).filter(name=extract.name).select_related("created_by")
    context = {
        "extract": extract, "account": found, "origin": origin(extract, see_rows),
        "versions": versions, "counting": any(version.status == Extract.Status.LOADED for version in versions),
        "keep_hours": upload_limits().kept_hours,
        "readiness": extract_readiness(extract) if extract.status == Extract.Status.CHECKED else None,
    }  # fmt: skip
    return render(request, "extracts/account.html" if fragment else "extracts/detail.html", context)


@require_POST
def accept(request, pk: int):
    """A checked extract counts from now on."""
    access_loading(request.user)
    extract = access_extract(request.user, pk)
    try:
        run = extracts.accept(extract, request.user)
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:extract", pk)
    note(request.user, extract, "accepted a checked extract")
    if run:
        tasks.enqueue(run)
        messages.info(request, "Other extracts were loaded or taken back since this one was checked, so it is read once more.")
    else:
        messages.success(request, f"“{extract}” is loaded." + _recomputed(request.user))
    return redirect("demand:extract", pk)


@require_POST
def take_back(request, pk: int):
    """Undo a load as a whole."""
    return _switch(
        request,
        pk,
        extracts.take_back,
        "took a load back",
        "is taken back, and no version of it counts now; it or an earlier one can be put back",
    )


@require_POST
def put_back(request, pk: int):
    """Redo it."""
    return _switch(request, pk, extracts.put_back, "put a load back", "is loaded again")


def _switch(request, pk: int, action, did: str, words: str):
    access_loading(request.user)
    extract = access_extract(request.user, pk)
    try:
        with transaction.atomic():
            action(extract)
            note(request.user, extract, did)
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{extract}” {words}." + _recomputed(request.user))
    return redirect("demand:extract", pk)


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
    name, number = str(extract), extract.pk
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
    return f" Run {run.pk} recomputes the figures; until it is published, the pages show those of before."


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
