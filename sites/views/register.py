"""Keeping the site register: one entry by form, many by file after a look at what it would change, undoing."""

import csv
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sites.access import access_editable_site, access_editing, access_register, access_site_change, access_site_changes
from sites.actions import changes as actions
from sites.actions.decisions import Refused, drop_change
from sites.engine.rows import Problem
from sites.engine.site_entries import FILE_COLUMNS, differences
from sites.models import Site, SiteChange
from sites.site_form import LABELS, LISTS, SiteForm, in_words
from sites.views.decisions import decide
from sites.views.uploads import read_upload

MOST_BYTES = 20_000_000
SHOWN_ROWS = 200
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,text/csv"}),
        error_messages={"required": "Choose a file first.", "empty": "The file is empty; save it again with its rows."},
    )

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, label_suffix="", use_required_attribute=False, **options)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request):
    """A new entry; ?npi=, ?site_class= … fill it in."""
    access_editing(request.user)
    if request.method == "POST":
        return _saved(request, SiteForm(request.POST), None)
    given = {name: request.GET[name][:200] for name in FILE_COLUMNS if request.GET.get(name)}
    return _form_page(request, SiteForm(initial={"ownership": "", "is_340b": "false"} | given), None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk: int):
    site = access_editable_site(request.user, pk)
    if site.retired:
        messages.error(request, "This entry is not in the register any more; undo the change that took it out, in its history.")
        return redirect("demand:site", pk)
    if request.method == "POST":
        return _saved(request, SiteForm(request.POST, fixed_id=site.site_id), site)
    return _form_page(request, SiteForm(initial=actions.entry_of(site), fixed_id=site.site_id), site)


def _saved(request, form: SiteForm, site: Site | None):
    if not form.is_valid():
        return _form_page(request, form, site, status=422)
    entry = form.entry() | actions.NOT_SAID
    title = f"{'Changed' if site else 'Added'}: {entry['name']}"
    try:
        actions.save_entries(request.user, title, {entry["site_id"]: entry})
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, form, site, status=422)
    messages.success(request, f"{entry['name']} is saved. Figures count it after the next recomputation.")
    odd = [*form.warnings(), *(f"{sentence}." for _, sentence in actions.pointed_out(actions.entries(), [entry["site_id"]]))]
    for sentence in odd:
        messages.warning(request, sentence)
    return redirect("demand:site", Site.objects.get(site_id=entry["site_id"]).pk)


def _form_page(request, form: SiteForm, site: Site | None, status: int = 200):
    known = [
        (name, Site.objects.on_file().exclude(**{name: ""}).order_by(name).values_list(name, flat=True).distinct())
        for name in LISTS
    ]
    return render(request, "sites/site_form.html", {"form": form, "site": site, "known": known}, status=status)


@require_POST
def retire(request, pk: int):
    """An entry that was a mistake leaves the register; a place that closed gets its first closed day instead."""
    site = access_editable_site(request.user, pk)
    entry = actions.entry_of(site) | {"retired": "true"}
    try:
        actions.save_entries(request.user, f"Taken out: {site.name}", {site.site_id: entry})
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{site.name} is taken out of the register; undo that in its history below.")
    return redirect("demand:site", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request):
    """sites.csv: read and compared, nothing stored yet."""
    access_editing(request.user)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        change = _checked(form, request.user)
        if change is not None:
            return redirect("sites:site-change", change.pk)
    columns = ", ".join(FILE_COLUMNS)
    return render(request, "sites/upload.html", {"form": form, "columns": columns}, status=422 if form.errors else 200)


def _checked(form: UploadForm, user) -> SiteChange | None:
    file = form.cleaned_data["file"]
    if file.size > MOST_BYTES:
        form.add_error("file", f"{file.name} has more than {MOST_BYTES // 1_000_000} MB; this is not a register of sites.")
        return None
    return read_upload(form, lambda path: actions.check_table(actions.read_sites(path, file.name), user))


@require_safe
def change(request, pk: int):
    found = access_site_change(request.user, pk)
    number, added = found.rows.count(), found.rows.filter(before__isnull=True).count()
    context = {
        "change": found,
        "rows": [difference(row) for row in found.rows.all()[:SHOWN_ROWS]],
        "number": number,
        "added": added,
        "changed": number - added,
        "rejected": [Problem(**problem).sentence() for problem in found.rejected],
        "rest": max(0, number - SHOWN_ROWS),
    }
    return render(request, "sites/change.html", context)


def difference(row) -> dict:
    """A row of a change for people: each column that becomes another, in words."""
    return {
        "site_id": row.site_id,
        "name": row.after["name"],
        "is_new": row.before is None,
        "differences": [
            (LABELS[name], in_words(name, before), in_words(name, after))
            for name, before, after in differences(row.before, row.after)
        ]
        if row.before
        else [],
    }


@require_POST
def store(request, pk: int):
    return _decide(request, pk, actions.store_change, "The sites are stored. Figures count them after the next recomputation.")


@require_POST
def undo(request, pk: int):
    return _decide(request, pk, actions.undo_change, "The change is undone; the register is as it was before it.")


@require_POST
def drop(request, pk: int):
    return _decide(request, pk, drop_change, "Nothing was stored.")


def _decide(request, pk: int, action: Callable[[SiteChange], object], said: str):
    return decide(request, access_site_change(request.user, pk), action, said, "sites:site-change")


@require_safe
def changes(request):
    return render(request, "sites/changes.html", {"changes": access_site_changes(request.user)[:200]})


@require_safe
def download(request):
    """The register as sites.csv, to be changed and uploaded again."""
    access_register(request.user)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="sites.csv"'
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(FILE_COLUMNS)
    for entry in actions.entries(Site.objects.on_file().values_list("site_id", flat=True)).values():
        writer.writerow(
            [f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in (entry[name] for name in FILE_COLUMNS)]
        )
    return response
