"""Mapping a file's columns: the page, its preview, saving; and the list of saved mappings."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand import tasks
from demand.access import access_extracts, access_loading, access_mapping
from demand.actions import extracts, mappings
from demand.audit import note
from demand.engine.encodings import ENCODINGS
from demand.engine.header import DELIMITERS
from demand.engine.mapping import Mapping, MappingError, ReadAs, as_text
from demand.mapping_form import parents_from, rules_from
from demand.models import ColumnMapping, Extract, ExtractFile
from demand.selectors.mappings import build, first_rules, known_payers, layout_of, mapping_page, next_unmapped, saved_mappings
from payers.actions.payers import keep_parents

MOST_IMPORTED = 1_000_000  # bytes of an imported mapping


def _file(user, pk: int, file_pk: int) -> ExtractFile:
    extract = access_mapping(user, pk)
    return get_object_or_404(extract.files.select_related("extract", "mapping"), pk=file_pk)


@require_safe
def start(request, pk: int):
    """To the file that waits for its mapping; one that was never looked at is looked at now."""
    extract = access_mapping(request.user, pk)
    waiting = next_unmapped(extract)
    if waiting is None:
        return redirect("demand:extract", pk)
    return redirect("demand:mapping", pk, waiting.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk: int, file_pk: int):
    """Say where each column comes from. Posted: saved, and the whole file is checked or loaded with it."""
    file = _file(request.user, pk, file_pk)
    if file.extract.status not in (Extract.Status.UNMAPPED, Extract.Status.CHECKED):
        return redirect("demand:extract", pk)
    layout = layout_of(file)
    if layout is None:
        return redirect("demand:extract", pk)
    if request.method != "POST":
        rules, repeat, name, changed = first_rules(file, layout)
        name = name or f"{file.extract.data_source or file.extract.name}, {file.get_kind_display().lower()}"
        return _page(request, file, layout, rules, repeat, name, changed)
    rules, repeat = rules_from(request.POST, file.kind, layout, known_payers())
    name = request.POST.get("name", "")
    mapping = build(file, layout, rules, repeat)
    try:
        mapping.check()
        saved = mappings.save(mapping, name, request.user)
        keep_parents(parents_from(request.POST))
        ExtractFile.objects.filter(pk=file.pk).update(mapping=saved, read_as={})
        run = extracts.load_again(file.extract, check_first="load" not in request.POST, user=request.user)
    except (MappingError, extracts.Refused) as problem:
        return _page(request, file, layout, rules, repeat, name, problem=str(problem), status=422)
    tasks.enqueue(run)
    note(request.user, file.extract, "mapped the columns of a file", mapping=str(saved))
    return redirect("demand:extract", pk)


@require_POST
def show_effect(request, pk: int, file_pk: int):
    """The page again with what was chosen, nothing saved."""
    file = _file(request.user, pk, file_pk)
    layout = layout_of(file)
    if layout is None:
        raise Http404
    rules, repeat = rules_from(request.POST, file.kind, layout, known_payers())
    return _page(request, file, layout, rules, repeat, request.POST.get("name", ""))


def _page(request, file, layout, rules, repeat, name, changed=(), problem="", status=200):
    fragment = request.htmx and not request.htmx.history_restore_request
    page = mapping_page(file, layout, rules, repeat, name=name, changed=changed, problem=problem)
    return render(request, "mappings/form.html" if fragment else "mappings/edit.html", {"page": page}, status=status)


@require_POST
def read_again(request, pk: int, file_pk: int):
    """Another encoding, delimiter or sheet: the worker looks at the file anew. Without one: to the mapping, looking where need be."""
    file = _file(request.user, pk, file_pk)
    asked = {"encoding", "delimiter", "sheet"} & set(request.POST)
    if not asked and layout_of(file):
        return redirect("demand:mapping", pk, file_pk)
    encoding, delimiter = request.POST.get("encoding", ""), request.POST.get("delimiter", "")
    delimiter = "\t" if delimiter == "tab" else delimiter
    if (encoding and encoding not in ENCODINGS) or (delimiter and delimiter not in DELIMITERS):
        raise Http404
    try:
        run = extracts.read_again(file, ReadAs(encoding, delimiter, request.POST.get("sheet", "")[:100]), request.user)
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        tasks.enqueue(run)
    return redirect("demand:extract", pk)


@require_safe
def index(request):
    access_extracts(request.user)
    return render(request, "mappings/index.html", {"mappings": saved_mappings()})


@require_safe
def export(request, mapping_pk: int):
    """The mapping as a file, for another server or for `load_extract --mapping`."""
    access_extracts(request.user)
    mapping = get_object_or_404(ColumnMapping, pk=mapping_pk)
    answer = HttpResponse(as_text(Mapping.from_json(mapping.spec)), content_type="application/json")
    name = f"{slugify(mapping.name) or 'mapping'}-{mapping.version}.json"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


@require_POST
def bring_in(request):
    """A mapping that was exported, here or elsewhere."""
    access_loading(request.user)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise extracts.Refused("Choose the exported mapping (a JSON file) first.")
        if file.size > MOST_IMPORTED:
            raise extracts.Refused("This file is too large for a mapping: choose an exported one (JSON).")
        saved = mappings.bring_in(file.read().decode("utf-8-sig"), user=request.user)
    except UnicodeDecodeError:
        messages.error(request, "This file is not in UTF-8: choose an exported mapping (JSON).")
    except extracts.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        note(request.user, saved, "brought in a mapping", mapping=str(saved))
        messages.success(request, f"“{saved}” is saved. It is used when a file with its header comes.")
    return redirect("demand:mappings")


@require_POST
def retire(request, mapping_pk: int):
    access_loading(request.user)
    mapping = get_object_or_404(ColumnMapping, pk=mapping_pk)
    retired = "retire" in request.POST
    mappings.set_retired(mapping, retired)
    note(request.user, mapping, "retired a mapping" if retired else "uses a mapping again", mapping=str(mapping))
    words = "is used no more when its header returns" if retired else "is used again when its header returns"
    messages.success(request, f"“{mapping}” {words}.")
    return redirect("demand:mappings")
