"""Sliders in the meeting: each move is a GET that is answered at once; only "keep as scenario" saves."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demand.tasks import enqueue
from roi import words
from roi.access import access_editable, access_editing, access_version
from roi.actions import scenarios as saving
from roi.charts import value as value_charts
from roi.engine.infusion_center import Center
from roi.engine.inputs import InputError
from roi.engine.worlds import DO_NOTHING, TODAY
from roi.selectors import scenarios
from roi.selectors.sliders import FIRST, moved_center, recomputed, sliders_of
from sites.converters import whole_number


@require_safe
def sliders(request, pk: int):
    version = access_version(request.user, pk)
    center = Center.from_json(version.inputs)
    try:
        made = sliders_of(center, request.GET)
        answer = recomputed(moved_center(center, made)).as_json()
    except InputError as error:
        if request.headers.get("HX-Target") == "answers":
            return HttpResponse(f"{words.input_label(error.field)}: {error.sentence}", status=422, content_type="text/plain")
        messages.error(request, f"{words.input_label(error.field)}: {error.sentence} The inputs of the version are shown instead.")
        return redirect("roi:sliders", pk)
    before = scenarios.summary_of(version) or recomputed(center).as_json()
    moved = [slider for slider in made if slider.moved]
    measures = _measures(answer, before)
    context = {
        "version": version,
        "sliders": made,
        "first": [slider for slider in made if slider.key in FIRST],
        "others": [slider for slider in made if slider.key not in FIRST],
        "others_moved": any(slider.key not in FIRST for slider in moved),
        "moved": moved,
        "headline": value_charts.headline(answer),
        "measures": measures,
        "counts": any(measure["changed"] for measure in measures),
        "figure": value_charts.bridge(answer, DO_NOTHING),
        "may_keep": request.user.has_perm("roi.edit_scenarios") and version.scenario.archived_at is None,
    }
    if request.headers.get("HX-Target") == "answers":
        response = render(request, "roi/answers.html", context | {"swapped": True})
        asked = urlencode({slider.key: slider.value for slider in moved})
        response["HX-Replace-Url"] = f"{request.path}?{asked}" if asked else request.path  # so that it can be sent to others
        return response
    return render(request, "roi/sliders.html", context | {"page": scenarios.page(request.user, pk)})


@require_POST
def keep(request, pk: int):
    """The moved inputs become the next version, or a new scenario where a name is given."""
    access_editing(request.user)
    scenario = access_editable(request.user, pk)
    version = access_version(request.user, pk)
    center = Center.from_json(version.inputs)
    name, note = request.POST.get("name", "").strip()[:120], request.POST.get("note", "").strip()
    based_on = request.POST.get("based_on", "")
    try:
        moved = moved_center(center, sliders_of(center, request.POST))
        if name:
            saved = saving.create_scenario(request.user, name, moved, note or f"Moved in a meeting, from {scenario}")
        else:
            saved = saving.save_version(
                request.user,
                scenario,
                moved,
                based_on=whole_number(based_on) or 0,
                note=note or "Moved in a meeting",
            )
    except InputError as error:
        messages.error(request, f"Nothing was saved. {words.input_label(error.field)}: {error.sentence}")
        return redirect("roi:sliders", pk)
    except saving.Refused as refusal:
        messages.error(request, f"Nothing was saved. {refusal}")
        return redirect("roi:sliders", pk)
    enqueue(saved.run)
    messages.success(request, f"Kept as version {saved.version.number} of “{saved.version.scenario}”; the draws follow.")
    return redirect("roi:scenario", saved.version.scenario_id)


def _measures(answer: dict, before: dict) -> list[dict]:
    """Headline measures where the sliders stand, with the version's own beside them."""
    nothing, today = (answer["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    was_nothing, was_today = (before["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    full, was_full = (words.full_text(summary["chairs"]["month_full"]) for summary in (answer, before))

    def money(label, now, was):
        return {
            "label": label,
            "value": words.dollars_short(now),
            "was": words.dollars_short(was),
            "exact": now,
            "changed": now != was,
        }

    def text(label, now, was):
        return {"label": label, "value": now, "was": was, "exact": None, "changed": now != was}

    return [
        money("Net present value against doing nothing", nothing["npv_cents"], was_nothing["npv_cents"]),
        money("Against today unchanged", today["npv_cents"], was_today["npv_cents"]),
        text("Payback", words.payback_text(nothing["payback_month"]), words.payback_text(was_nothing["payback_month"])),
        text("Rate of return a year", words.irr_text(nothing["irr"]), words.irr_text(was_nothing["irr"])),
        money("Peak cash", nothing["peak_cash_cents"], was_nothing["peak_cash_cents"]),
        text("Site full", full, was_full),
    ]
