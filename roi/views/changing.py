"""Changing scenarios: asking the questions, saving, restoring, archiving, deleting. Whatever computes is sent to the worker."""

from dataclasses import replace

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from demand.access import sees_small_counts
from demand.tasks import enqueue
from roi.access import access_editable, access_editing, access_version
from roi.actions import scenarios
from roi.actions.compute import request_scenario_run
from roi.actions.example import months_after
from roi.engine.field import guess
from roi.engine.formulary import off_formulary, with_formulary
from roi.engine.infusion_center import Answer, Center, default_answers, read_value
from roi.engine.inputs import InputError
from roi.engine.options import CENTER, OPTIONS, Option
from roi.engine.typed_volumes import carried
from roi.forms import CenterForm
from roi.selectors.inputs import volume_name
from roi.selectors.launch import launch_answers
from roi.selectors.market import DataAtHand, data_at_hand, read_market
from roi.selectors.reach import NotTold, reach_answer
from roi.selectors.volumes import begun_with

NO_DATA = "No claims run is published yet, so there are no volumes and prices to build on; load claims first."
NO_PATIENTS = "The newest claims run has no group of 11 people or more in this market; choose another market, or all of them."


@require_http_methods(["GET", "HEAD", "POST"])
def create(request):
    access_editing(request.user)
    data = data_at_hand()
    if data is None:
        return render(request, "roi/form.html", {"no_data": True})
    first_month = months_after(timezone.localdate().replace(day=1), 1)
    opens_in = months_after(first_month, 6)
    option = OPTIONS.get(request.GET.get("option", ""), OPTIONS[CENTER])
    answers = default_answers(first_month, opens_in, option.key)
    market = request.GET.get("market", "")
    if market in data.markets:  # asked for from the market's launch checklist
        found = launch_answers(market, option.site_type, first_month, opens_in, timezone.localdate())
        answers |= {key: answer for key, answer in found.items() if option.asks(key)}
    affiliated = request.GET.get("affiliated", "")
    if affiliated in ("yes", "no") and option.asks("hospital_affiliated"):
        answers["hospital_affiliated"] = Answer(affiliated, guess("As asked at “Where to open”"))
    zip_code = request.GET.get("zip", "").strip()
    if zip_code and option.asks("in_reach") and sees_small_counts(request.user):
        try:
            answers["in_reach"] = reach_answer(data.run, market if market in data.markets else "", zip_code)
        except NotTold as reason:
            messages.warning(request, str(reason))
    form = CenterForm(request.POST or None, initial=_asked(request, data), option=option, answers=answers, markets=data.markets)
    if request.method == "POST" and form.is_valid():
        center = _center(form, data, None, option)
        center = center and replace(center, begun_with=begun_with(request.GET))
        saved = center and _saved(
            form, lambda: scenarios.create_scenario(request.user, form.cleaned_data["name"], center, form.cleaned_data["note"])
        )
        if saved:
            return _computing(request, form, saved)
    begin = {"market": market, "zip": zip_code, "affiliated": affiliated}
    begin |= {name: request.GET.get(name, "") for name in ("place", "measure", "amount")}
    return _form(request, form, {"data": data, "options": OPTIONS.values(), "begin": begin})


def _asked(request, data: DataAtHand) -> dict:
    """What the address brings along, as “Where to open” writes it: the market and the place that names the scenario."""
    place, market = request.GET.get("place", "")[:90].strip(), request.GET.get("market", "")
    option = OPTIONS.get(request.GET.get("option", ""), OPTIONS[CENTER])
    name = "Infusion center" if option.key == CENTER else option.name
    return {"market": market if market in data.markets else "", "name": f"{name}: {place}" if place else ""}


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, pk: int):
    scenario = access_editable(request.user, pk)
    version = access_version(request.user, pk)
    before = Center.from_json(version.inputs)
    data = data_at_hand()
    known = {*(data.markets if data else ()), before.market.name} - {""}
    initial = {"name": scenario.name, "market": before.market.name, "based_on": version.number}
    form = CenterForm(
        request.POST or None, initial=initial, option=before.kind, answers=dict(before.answers), markets=sorted(known)
    )
    if request.method == "POST" and form.is_valid():
        center = _center(form, data, before, before.kind)
        saved = center and _saved(
            form,
            lambda: scenarios.save_version(
                request.user,
                scenario,
                center,
                based_on=form.cleaned_data["based_on"] or 0,
                name=form.cleaned_data["name"],
                note=form.cleaned_data["note"],
            ),
        )
        if saved:
            return _computing(request, form, saved)
    newer = data and data.run.pk != before.market.run_id
    return _form(request, form, {"scenario": scenario, "data": data, "market": before.market, "newer": newer})


@require_POST
def restore(request, pk: int, number: int):
    scenario = access_editable(request.user, pk)
    try:
        saved = scenarios.restore_version(request.user, scenario, number)
    except scenarios.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("roi:scenario", pk)
    enqueue(saved.run)
    messages.success(request, f"Version {number} was restored as version {saved.version.number}; nothing was taken away.")
    return redirect("roi:scenario", pk)


@require_POST
def compute(request, pk: int):
    """Try again after a failure, or after the engine changed."""
    access_editable(request.user, pk)
    run = request_scenario_run(access_version(request.user, pk), user=request.user)
    enqueue(run)
    return redirect("roi:scenario", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def archive(request, pk: int):
    scenario = access_editable(request.user, pk)
    if request.method != "POST":
        return render(request, "roi/archive.html", {"scenario": scenario})
    scenarios.archive_scenario(scenario)
    messages.success(request, f"“{scenario}” is in the archive; it can be brought back from there.")
    return redirect("roi:scenarios")


@require_POST
def unarchive(request, pk: int):
    scenario = access_editable(request.user, pk)
    scenarios.unarchive_scenario(scenario)
    messages.success(request, f"“{scenario}” is back in the list.")
    return redirect("roi:scenario", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request, pk: int):
    scenario = access_editable(request.user, pk)
    if request.method != "POST":
        return render(request, "roi/delete.html", {"scenario": scenario, "versions": scenario.versions.count()})
    name = scenario.name
    try:
        scenarios.delete_scenario(scenario)
    except scenarios.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("roi:scenario", pk)
    messages.success(request, f"“{name}” was deleted with all its versions and results.")
    return redirect("roi:scenarios")


def _center(form: CenterForm, data: DataAtHand | None, before: Center | None, option: Option) -> Center | None:
    """The answers on their market: the version's own, unless another is chosen or the newest run is asked for."""
    answers, name = form.cleaned_data["answers"], form.cleaned_data["market"]
    if before is not None and before.market.name == name and not form.cleaned_data["refresh"]:
        return replace(before, answers=answers)
    if data is None:
        form.add_error(None, NO_DATA)
        return None
    try:
        market = read_market(data.run, name, read_value("first_month", answers["first_month"].text))
    except scenarios.Refused as refusal:
        form.add_error(None, str(refusal))
        return None
    if market is None or not market.cells:
        form.add_error("market", NO_PATIENTS)
        return None
    market = market.at_class(option.site_class)
    if before is None:
        return Center(answers, market, option=option.key)
    market, lost = carried(before.market, market)
    form.lost += [volume_name(volume.key) for volume in lost]
    return with_formulary(replace(before, answers=answers, market=market), off_formulary(before))


def _saved(form: CenterForm, save) -> scenarios.Saved | None:
    try:
        return save()
    except InputError as error:
        sentence = f"{error.sentence[0].upper()}{error.sentence[1:]}"
        form.add_error(error.field if error.field in form.fields else None, sentence)
    except scenarios.Refused as refusal:
        form.add_error(None, str(refusal))
    return None


def _computing(request, form: CenterForm, saved: scenarios.Saved):
    enqueue(saved.run)
    if form.downgraded:
        labels = ", ".join(form.downgraded)
        messages.warning(request, f"Changed without a new source, so now marked as guessed: {labels}.")
    if form.lost:
        messages.warning(request, f"Typed over before, and not among the volumes of this market: {', '.join(form.lost)}.")
    messages.success(request, f"Version {saved.version.number} is saved.")
    return redirect("roi:scenario", saved.version.scenario_id)


def _form(request, form: CenterForm, context: dict):
    return render(request, "roi/form.html", {"form": form, **context}, status=422 if form.errors else 200)
