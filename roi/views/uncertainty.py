"""How sure a scenario's value is: the draws, the two-way table, and the spreads that somebody gives."""

from dataclasses import replace

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from demand.tasks import enqueue
from roi import words
from roi.access import access_editable, access_version
from roi.actions import scenarios as saving
from roi.charts import uncertainty as charts
from roi.engine.cash_flow import BASELINES
from roi.engine.infusion_center import Center
from roi.engine.inputs import InputError
from roi.engine.sampling import TOGETHER
from roi.engine.spreads import RELATIVE, SHAPE_WORDS, spreads_of
from roi.engine.worlds import DO_NOTHING
from roi.selectors import scenarios
from roi.selectors.uncertainty import Pair, pair
from sites.converters import whole_number


@require_safe
def uncertainty(request, pk: int):
    page = scenarios.page(request.user, pk)
    drawn = page.result.summary.get("uncertainty") if page.result else None
    chosen = pair(page, request.GET.get("a", ""), request.GET.get("b", ""))
    context = {"page": page, **_two_way(chosen)}
    if request.headers.get("HX-Target") == "two-way":
        return render(request, "roi/two_way.html", context)
    if drawn:
        context |= {
            "drawn": drawn,
            "opening": charts.headline(drawn),
            "rows": [_row(drawn["baselines"][baseline], baseline) for baseline in BASELINES],
            "full": words.chance(drawn["chance_full"]),
            "figures": charts.figures(drawn, page.result.summary["baselines"][DO_NOTHING]["npv_cents"]),
            "reaches": RELATIVE,
            "together": [(", ".join(words.input_label(key) for key in keys), rho, why) for keys, rho, why in TOGETHER],
            "unseen": scenarios.unseen([page.version.pk]),
        }
    return render(request, "roi/uncertainty.html", context)


def _row(value: dict, baseline: str) -> dict:
    rates = value["irr"]
    between = " to ".join(dict.fromkeys(words.irr_text(rate) for rate in (rates[0], rates[2]))) if rates else ""
    return {
        "name": words.BASELINE_NAMES[baseline],
        "npv": value["npv_cents"],
        "chance": words.chance(value["probability_positive"]),
        "paid": words.chance(value["chance_paid_back"]),
        "payback": words.payback_text(value["payback_months"][1]) if value["payback_months"] else "–",
        "irr": f"{between} ({words.chance(value['chance_of_an_irr'])})" if rates else "none",
        "peak": value["peak_cash_cents"][2],
    }


def _two_way(chosen: Pair) -> dict:
    labels = words.input_label(chosen.row_key), words.input_label(chosen.column_key)
    context = {
        "pair": chosen,
        "row_label": labels[0],
        "column_label": labels[1],
        "choosers": (("a", chosen.row_key, "Down the rows"), ("b", chosen.column_key, "Across the columns")),
    }
    if chosen.grid is None:
        return context
    grid = chosen.grid
    cells = [cents for row in grid.npv for cents in row]
    losing = sum(cents < 0 for cents in cells)
    return context | {
        "column_values": [words.short_value(chosen.column_key, value) for value in grid.columns],
        "grid_rows": [(words.short_value(chosen.row_key, value), cents) for value, cents in zip(grid.rows, grid.npv, strict=True)],
        "pair_reading": f"{losing} of {len(cells)} pairs lose against doing nothing; the value lies between "
        f"{words.dollars_short(min(cells))} and {words.dollars_short(max(cells))}.",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def spreads(request, pk: int):
    """Low and high by input; what is left empty follows from the input's mark. Saving makes the next version."""
    scenario = access_editable(request.user, pk)
    version = access_version(request.user, pk)
    center = Center.from_json(version.inputs)
    usual = spreads_of(replace(center, spreads={}))
    rows = [_spread_row(request, center, spread) for spread in usual]
    problem = ""
    if request.method == "POST":
        problem = _save_spreads(request, scenario, version, center, rows)
        if not problem:
            return redirect("roi:uncertainty", pk)
    context = {"scenario": scenario, "version": version, "rows": rows, "problem": problem}
    return render(request, "roi/spreads.html", context, status=422 if problem else 200)


def _spread_row(request, center: Center, spread) -> dict:
    key = spread.key
    given = center.spreads.get(key, {})
    sent = request.POST if request.method == "POST" else {}
    return {
        "key": key,
        "label": words.input_label(key),
        "mark": spread.mark,
        "shape": SHAPE_WORDS[spread.shape],
        "likely": words.input_value(key, spread.likely),
        "usual": f"{words.input_value(key, spread.low)} to {words.input_value(key, spread.high)}",
        "low": sent.get(f"{key}_low", given.get("low", "")).strip(),
        "high": sent.get(f"{key}_high", given.get("high", "")).strip(),
        "error": "",
    }


def _save_spreads(request, scenario, version, center: Center, rows: list[dict]) -> str:
    """Empty where it is saved, else one sentence that says what is in the way."""
    given = {}
    for row in rows:
        if row["low"] and row["high"]:
            given[row["key"]] = {"low": row["low"], "high": row["high"]}
        elif row["low"] or row["high"]:
            row["error"] = "Give both ends, or neither."
    for key, ends in given.items():
        try:
            spreads_of(replace(center, spreads={key: ends}))
        except InputError as error:
            row = next(row for row in rows if row["key"] == key)
            row["error"] = f"{error.sentence[0].upper()}{error.sentence[1:]}"
    if any(row["error"] for row in rows):
        return "Nothing was saved: correct the ends that are marked."
    based_on = request.POST.get("based_on", "")
    try:
        saved = saving.save_version(
            request.user,
            scenario,
            replace(center, spreads=given),
            based_on=whole_number(based_on) or 0,
            note=request.POST.get("note", "").strip() or "Spreads given",
        )
    except saving.Refused as refusal:
        return str(refusal)
    enqueue(saved.run)
    messages.success(request, f"Version {saved.version.number} is saved.")
    return ""
