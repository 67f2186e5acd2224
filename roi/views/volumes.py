"""A scenario's volumes: measured and used side by side, typed over and taken back in view, and by month what becomes of them."""

from dataclasses import replace
from decimal import Decimal

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demand.downloads import csv_response
from demand.tasks import enqueue
from roi.access import access_editable, access_editing, access_version
from roi.actions import scenarios as saving
from roi.charts import volumes as charts
from roi.engine.infusion_center import Center
from roi.engine.inputs import InputError
from roi.engine.market import ELSEWHERE
from roi.engine.monthly_volumes import monthly_volumes
from roi.engine.typed_volumes import MOST, Volume, key_of, take_back, type_over, volumes_of
from roi.selectors import scenarios
from roi.selectors.inputs import fate_words, volume_name
from roi.selectors.volumes import reconciled
from sites.converters import whole_number
from sites.engine.cells import BadCell, decimal

infusions_a_month = decimal(4, int(MOST))


@require_safe
def volumes(request, pk: int):
    return _page(request, pk)


@require_safe
def volumes_csv(request, pk: int):
    """Every month of every payer and therapy."""
    version = access_version(request.user, pk)
    rows = charts.csv_rows(monthly_volumes(Center.from_json(version.inputs)))
    return csv_response(f"scenario-{pk}-version-{version.number}-volumes", charts.CSV_COLUMNS, rows)


@require_POST
def change(request, pk: int):
    """Type a number over a measured volume, or take it back: the next version, computed anew."""
    access_editing(request.user)
    scenario = access_editable(request.user, pk)
    center = Center.from_json(access_version(request.user, pk).inputs)
    asked = {name: request.POST.get(name, "").strip() for name in ("volume", "infusions", "reason", "said_by", "based_on")}
    found = dict(enumerate(volumes_of(center.market))).get(whole_number(asked["volume"]))
    back = "take_back" in request.POST
    try:
        if found is None:
            raise InputError("volume", "choose one of the list.")
        if back:
            market = take_back(center.market, found.key)
        else:
            market = type_over(center.market, found.key, _number(asked["infusions"]), asked["reason"], asked["said_by"])
        note = f"{'Measured again' if back else 'Typed over'}: {volume_name(found.key)}"
        saved = saving.save_version(
            request.user, scenario, replace(center, market=market), based_on=whole_number(asked["based_on"]) or 0, note=note
        )
    except InputError as error:
        return _page(request, pk, problem=(error.field, f"{error.sentence[0].upper()}{error.sentence[1:]}"), asked=asked)
    except saving.Refused as refusal:
        messages.error(request, f"Nothing was saved. {refusal}")
        return redirect("roi:volumes", pk)
    enqueue(saved.run)
    messages.success(request, f"{note}. Version {saved.version.number} is saved and being computed.")
    return redirect("roi:volumes", pk)


def _number(text: str) -> Decimal:
    try:
        return infusions_a_month(text.replace(",", ""))
    except BadCell as bad:
        raise InputError("infusions", f"infusions a month {bad}.") from None


def _page(request, pk: int, problem: tuple[str, str] | None = None, asked=None):
    page = scenarios.page(request.user, pk)
    center = page.center
    found = monthly_volumes(center)
    listed = volumes_of(center.market)
    context = {
        "page": page,
        "volumes": [
            (number, volume, volume_name(volume.key), _fates(center, volume))
            for number, volume in sorted(enumerate(listed), key=lambda each: each[1].key.place == ELSEWHERE)
        ],
        "typed": sum(volume.typed is not None for volume in listed),
        "reconciled": reconciled(center),
        "figures": charts.figures(found),
        "may_change": request.user.has_perm("roi.edit_scenarios") and page.scenario.archived_at is None,
        "problem": problem,
        "asked": asked or {},
        "unseen": scenarios.unseen([page.version.pk]),
    }
    return render(request, "roi/volumes.html", context, status=422 if problem else 200)


def _fates(center: Center, volume: Volume) -> str:
    affiliated = center.answers["hospital_affiliated"].text.strip() == "yes"
    cells = [cell for cell in center.market.cells if key_of(cell) == volume.key]
    words = [fate_words(cell, affiliated) for cell in cells]
    if volume.key.place == ELSEWHERE:
        words = ["may come" if said == "stay" else said for said in words]
    if len(set(words)) == 1:
        return words[0]
    return "; ".join(f"{cell.infusions_per_month:,.1f} {said}" for cell, said in zip(cells, words, strict=True))
