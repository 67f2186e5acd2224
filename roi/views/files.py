"""A scenario as one file: downloaded from its page, uploaded to be the same here."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from demand.tasks import enqueue
from roi.access import access_editing
from roi.actions.scenario_files import exported, import_scenario
from roi.actions.scenarios import Refused
from roi.engine.inputs import InputError
from roi.engine.scenario_file import LONGEST, FileRefused, read_scenario_file
from roi.selectors import scenarios


@require_safe
def scenario_file(request, pk: int, number: int):
    page = scenarios.page(request.user, pk, number)
    if page.result is None or page.stale:
        raise Http404
    name = f"{slugify(page.scenario.name) or 'scenario'}-version-{number}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(exported(page.result).as_text(), content_type="application/json", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request):
    access_editing(request.user)
    if request.method != "POST":
        return render(request, "roi/import.html")
    name, from_inputs = request.POST.get("name", "").strip(), "from_inputs" in request.POST
    try:
        file = read_scenario_file(_text(request.FILES.get("file")))
        imported = import_scenario(request.user, file, name=name, from_inputs=from_inputs)
    except (FileRefused, Refused, InputError) as refusal:
        return render(request, "roi/import.html", {"problem": str(refusal), "name": name, "from_inputs": from_inputs}, status=422)
    enqueue(imported.saved.run)
    (messages.success if imported.is_same else messages.warning)(request, imported.sentence())
    return redirect("roi:scenario", imported.saved.version.scenario_id)


def _text(upload) -> str:
    if upload is None:
        raise FileRefused("Choose the file that a scenario's page exported.")
    try:
        return upload.read(LONGEST + 1).decode("utf-8")
    except UnicodeDecodeError:
        raise FileRefused("The file is no text; choose the JSON file that a scenario's page exported.") from None
