"""Looking at scenarios: the list, one with its results, how its run is doing, two side by side."""

import re

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand.selectors.choices import limits_on
from demand.selectors.readiness_lists import readiness_of
from roi import words
from roi.access import access_scenarios, access_version
from roi.charts import answer as answer_charts
from roi.charts import market as market_charts
from roi.charts import value as value_charts
from roi.charts.income import income_by_year
from roi.engine.cash_flow import part_of
from roi.engine.formulary import off_formulary
from roi.engine.infusion_center import Center
from roi.engine.marks import GUESSED
from roi.engine.worlds import DO_NOTHING, TODAY
from roi.selectors import renewals, scenarios
from roi.selectors.changes import input_pairs, result_pairs
from roi.selectors.look_back import newest_approval
from roi.selectors.market import newest_run

_SIDE = re.compile(r"(\d{1,9})(?:\.(\d{1,6}))?")


@require_safe
def index(request):
    archived = "archived" in request.GET
    listed = scenarios.listed(request.user, archived)
    newest = newest_run()
    standings = renewals.standings(listed, newest) if newest and not archived else []
    context = {
        "listed": [(item, _headline(item.result)) for item in listed],
        "archived": archived,
        "unseen": scenarios.unseen([item.version.pk for item in listed]),
        "has_data": newest is not None,
        "newest": newest,
        "outdated": sum(not standing.current for standing in standings),
        "under_way": scenarios.under_way(),
        "comparable": len(listed) > 1,
    }
    return render(request, "roi/index.html", context)


@require_safe
def detail(request, pk: int, number: int | None = None):
    page = scenarios.page(request.user, pk, number)
    result = page.result
    context = {
        "page": page,
        "unseen": scenarios.unseen([page.version.pk]),
        "headline": _headline(result),
        "opening": value_charts.headline(result.summary) if result else "",
        "figures": _figures(page) if result else (),
        "chances": _chances(result),
        "market_figures": market_charts.figures(page.center),
        "changed_results": [pair for pair in page.change.results if pair.differs] if page.change else [],
        "off_formulary": off_formulary(page.center),
        "approval": newest_approval(pk),
        "limits": limits_on(page.center.market.name, page.center.kind.site_type),
        "launch": readiness_of(page.center.market.name, page.center.kind.site_type),
        "part_sentences": [(part, words.PART_NAMES[part], sentence) for part, sentence in words.PART_SENTENCES.items()],
        "explained_parts": {part_of(line) for _, _, line, _ in page.lines},
    }
    return render(request, "roi/detail.html", context)


@require_safe
def state(request, pk: int):
    """How the newest version's run is doing, polled while it is under way; tells the page to show the result when it is there."""
    page = scenarios.page(request.user, pk)
    if not page.under_way:
        return HttpResponse(headers={"HX-Redirect": reverse("roi:scenario", args=[pk])})
    return render(request, "roi/state.html", {"page": page})


@require_safe
def compare(request):
    """Two scenarios (or versions: 3.2 is scenario 3's version 2) side by side; the choice lives in the address."""
    sides = {name: request.GET.get(name, "") for name in ("a", "b")}
    options = [(str(scenario.pk), scenario.name) for scenario in access_scenarios(request.user).filter(archived_at=None)]
    context = {"choosers": list(sides.items()), "only_differences": "differences" in request.GET}
    if all(sides.values()):
        (a, old, before), (b, new, after) = (scenarios.compared(request.user, *_side(side)) for side in sides.values())
        inputs = input_pairs(old, new)
        context |= {
            "versions": (a, b),
            "inputs": [pair for pair in inputs if pair.differs or not context["only_differences"]],
            "differing": sum(pair.differs for pair in inputs),
            "results": result_pairs(before, after),
            "uncomputed": [version for version, summary in ((a, before), (b, after)) if summary is None],
            "same": a.pk == b.pk,
            "unseen": scenarios.unseen([a.pk, b.pk]),
        }
    known = {value for value, _ in options}
    options += [(side, _version_name(request.user, side)) for side in dict.fromkeys(sides.values()) if side and side not in known]
    context["options"] = options
    return render(request, "roi/compare.html", context)


def _side(text: str) -> tuple[int, int | None]:
    found = _SIDE.fullmatch(text)
    if found is None:
        raise Http404
    return int(found[1]), int(found[2]) if found[2] else None


def _version_name(user, side: str) -> str:
    version = access_version(user, *_side(side))
    return f"Version {version.number} of {version.scenario.name}"


def _headline(result) -> list[tuple[str, dict]]:
    """(baseline's name, its measures in words and cents) of a result; empty without one."""
    if result is None:
        return []
    return [
        (
            words.BASELINE_NAMES[baseline],
            {
                "key": baseline,
                "npv_cents": value["npv_cents"],
                "irr": words.irr_text(value["irr"]),
                "payback": words.payback_text(value["payback_month"]),
                "discounted_payback": words.payback_text(value["discounted_payback_month"]),
                "peak_cash_cents": value["peak_cash_cents"],
                "peak_cash_month": value["peak_cash_month"],
                "sentence": words.BASELINE_SENTENCES[baseline],
            },
        )
        for baseline, value in ((name, result.summary["baselines"][name]) for name in (DO_NOTHING, TODAY))
    ]


def _figures(page) -> tuple:
    """The bridges first, then what takes the answer apart, then the statements, the income view and the chairs."""
    summary, lines = page.result.summary, page.lines
    first, second, months, statement, *chairs = value_charts.figures(summary, lines)
    computed = Center.from_json(page.result.version.inputs)
    income = income_by_year(summary, lines, computed)
    return (first, second, *answer_charts.figures(summary, lines), months, statement, income, *chairs)


def _chances(result) -> dict | None:
    """The draws in one line, for the top of the page."""
    drawn = result.summary.get("uncertainty") if result else None
    if not drawn:
        return None
    value = drawn["baselines"][DO_NOTHING]
    debt = drawn["debt"]
    return {
        "positive": words.chance(value["probability_positive"]),
        "low": value["npv_cents"][0],
        "high": value["npv_cents"][2],
        "debt": f"{debt[GUESSED] * 100:.0f} %" if debt else "none",
    }
