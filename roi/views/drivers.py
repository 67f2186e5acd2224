"""Drivers of demand on and off in the meeting: each switch is a GET that is answered at once; only "keep" saves."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demand.tasks import enqueue
from roi import words
from roi.access import access_editable, access_editing, access_version
from roi.actions import scenarios as saving
from roi.charts import drivers as charts
from roi.engine.drivers import driven, drivers_of, without
from roi.engine.infusion_center import Center
from roi.engine.inputs import InputError
from roi.selectors import scenarios
from sites.converters import whole_number


@require_safe
def drivers(request, pk: int):
    version = access_version(request.user, pk)
    found = driven(Center.from_json(version.inputs), _off(request.GET))
    off = [driver.key for driver in found.drivers if not driver.is_on]
    context = {
        "version": version,
        "switches": [(driver, words.driver_name(driver.key)) for driver in found.drivers],
        "off": off,
        "figure": charts.figure(found),
        "may_keep": request.user.has_perm("roi.edit_scenarios") and version.scenario.archived_at is None,
    }
    if request.headers.get("HX-Target") == "driven":
        response = render(request, "roi/driven.html", context)
        response["HX-Replace-Url"] = f"{request.path}?{urlencode({'off': off}, doseq=True)}" if off else request.path
        return response
    page = scenarios.page(request.user, pk)
    return render(request, "roi/drivers.html", context | {"page": page, "unseen": scenarios.unseen([version.pk])})


@require_POST
def keep(request, pk: int):
    """What is switched off stays so in the next version, or in a new scenario where a name is given."""
    access_editing(request.user)
    scenario = access_editable(request.user, pk)
    center = Center.from_json(access_version(request.user, pk).inputs)
    off = [key for key in drivers_of(center) if key in request.POST.getlist("off")]
    name = request.POST.get("name", "").strip()[:120]
    note = "Switched off: " + ", ".join(words.driver_name(key) for key in off)
    try:
        if name:
            saved = saving.create_scenario(request.user, name, without(center, off), note)
        else:
            based_on = whole_number(request.POST.get("based_on", "")) or 0
            saved = saving.save_version(request.user, scenario, without(center, off), based_on=based_on, note=note)
    except (InputError, saving.Refused) as refusal:
        messages.error(request, f"Nothing was saved. {refusal}")
        return redirect("roi:drivers", pk)
    enqueue(saved.run)
    messages.success(request, f"Kept as version {saved.version.number} of “{saved.version.scenario}”; the draws follow.")
    return redirect("roi:scenario", saved.version.scenario_id)


def _off(asked) -> list[str]:
    """A form sends what is checked; an address names what is off."""
    if "shown" in asked:
        return [key for key in asked.getlist("shown") if key not in asked.getlist("on")]
    return asked.getlist("off")
