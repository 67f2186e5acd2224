"""Markets: the map, what fits, where new centers would reach most people."""

from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand.access import access_dashboard, sees_small_counts
from demand.audit import note
from demand.charts import market_fit as fit_charts
from demand.charts import where as where_charts
from demand.charts.place_map import people_map, sites_table
from demand.places import MILES, REACHED, WORDS, PlaceQuestion
from demand.selectors.coverage import coverage, newest_published
from demand.selectors.facts import ResultsMissing
from demand.selectors.hidden_reach import columns
from demand.selectors.market_fit import VerdictThresholds, verdicts
from demand.selectors.market_map import pins, spots, unplaced, visible
from demand.selectors.reach import Reached, reached, travel
from demand.selectors.where import search
from demand.where import KINDS, MEASURES, MOST, WhereQuestion
from demand.words import named

MAP_ALONE = "With a filter people by ZIP code are hidden: they would give small counts away. Clear it to see them."
NAMED = 5  # barred candidates named in full; there may be sixty
RINGS_ALONE = "With a filter the shares within 10, 20 and 30 miles are hidden: they would give small counts away."


@require_safe
def market_map(request):
    """People by ZIP code, sites and rings; the equal table beside it."""

    def figures(run, found, question, see_small):
        placed = pins(found, question)
        people = people_map(
            spots(found, question, see_small), placed, question, found.knows_exposure, unplaced(found, question, see_small)
        )
        if see_small:
            note(request.user, run, "looked at people by ZIP code", filters=question.query_string())
        alone = [] if see_small or not question.chosen else [MAP_ALONE]
        return {"figures": (people, sites_table(placed)), "more_problems": alone}

    return _page(request, "map", "demand:market-map", figures)


@require_safe
def fit(request):
    """Who has which class of site in reach; access points; travel; is there unmet demand?"""

    def figures(run, found, question, see_small):
        seen, problems = visible(found, see_small), [] if see_small or not question.chosen else [RINGS_ALONE]
        held = VerdictThresholds.from_query(request.GET, problems)
        answers = verdicts(run, found, seen, held, see_small)
        return {
            "held": held,
            "more_problems": problems,
            "verdicts": [answer for answer in answers if question.market in (None, answer.market)],
            "figures": (
                fit_charts.by_class(found, seen, question),
                fit_charts.by_market_and_payer(found, seen, question),
                fit_charts.access_points(found, question, see_small),
                fit_charts.travel_now(travel(run, found, see_small, **question.chosen)),
            ),
        }

    return _page(request, "fit", "demand:market-fit", figures)


@require_safe
def where(request):
    """The k new centers that keep most within reach, and what another one would add."""
    access_dashboard(request.user)
    see_small = sees_small_counts(request.user)
    question, problems = WhereQuestion.from_query(request.GET, see_small)
    run = newest_published()
    context = {
        "question": question,
        "problems": problems,
        "page_url": reverse("demand:market-where"),
        "see_small": see_small,
    }
    if run:
        try:
            found = reached(run, question.thresholds)
        except ResultsMissing as missing:
            context["missing"] = str(missing)
        else:
            context |= _search(found, question, see_small) | {"coverage": coverage(run), "filter_words": question.words()}
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, "markets/where_figures.html" if fragment else "markets/where.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _search(found: Reached, question: WhereQuestion, see_small: bool) -> dict:
    answers = search(found, question, see_small)
    kept = next((one for one in answers.kept if one.answer.k == question.k), answers.kept[-1] if answers.kept else None)
    owned = [
        (place.latitude, place.longitude)
        for place in found.places
        if place.ownership == "owned" and place.is_visited and place.latitude is not None
    ]
    return {
        "found": found,
        "figures": (
            where_charts.frontier(answers, question, see_small),
            where_charts.answer(answers, kept, owned, question, see_small),
        ),
        "into_scenario": [
            _scenario_link(spot, where_charts.amount(added, question, False, told), question, see_small)
            for (spot, added, _), told in zip(kept.sites, kept.sites_told, strict=True)
        ]
        if kept
        else [],
        "barred": _barred(answers.barred, see_small),
        "binding": [limit for limit in answers.recorded if limit.name in {name for _, name in answers.barred}],
        "recorded": answers.recorded,
        "candidates": len(answers.candidates),
        "not_placed": answers.not_placed,
        "miles": [(name, getattr(question.thresholds, name)) for name in MILES],
        "measures": list(MEASURES.items()),
        "kinds": list(KINDS.items()),
        "most": range(1, MOST + 1),
        "markets": sorted(
            {group.market for group in found.reach.groups} | {place.market for place in found.places if place.market}
        ),
        "zips_text": ", ".join(question.zips),
        "barred_text": ", ".join(question.barred_sites),
    }


def _barred(barred, see_small: bool) -> list[tuple[str, int, list[str]]]:
    """Limit, how many candidates it bars, and the first of them."""
    names: dict[str, list[str]] = {}
    for spot, limit in barred:
        names.setdefault(limit, []).append(where_charts.name_of(spot, see_small))
    return [(limit, len(found), list(dict.fromkeys(found))[:NAMED]) for limit, found in names.items()]


def _scenario_link(spot, adds: str, question: WhereQuestion, see_small: bool) -> tuple[str, str]:
    """(name, address) of a new scenario that begins with this site, affiliated with a hospital or not as it was searched for, and with
    what it adds as readers without the patient-level right are told: they read scenarios too."""
    asked = {"market": spot.candidate.market, "place": where_charts.name_of(spot, see_small)}
    if spot.zip_code and see_small:
        asked["zip"] = spot.zip_code
    asked |= {"affiliated": "yes" if question.affiliated else "no", "measure": question.measure, "amount": adds}
    return asked["place"], f"{reverse('roi:create')}?{urlencode(asked)}"


def _page(request, key: str, url_name: str, figures):
    """What the pages share: the run, the question, the form, what is covered; for htmx the part that the form changes."""
    access_dashboard(request.user)
    see_small = sees_small_counts(request.user)
    question, problems = PlaceQuestion.from_query(request.GET, see_small)
    run = newest_published()
    context = {"question": question, "problems": problems, "page_url": reverse(url_name), "see_small": see_small}
    if run:
        try:
            found = reached(run, question.thresholds)
            context |= figures(run, found, question, see_small)
        except ResultsMissing as missing:
            context["missing"] = str(missing)
        else:
            context |= {
                "found": found,
                "fields": fields(found, question),
                "miles": [(name, getattr(question.thresholds, name)) for name in MILES],
                "coverage": coverage(run),
                "filter_words": question.words(),
            }
    fragment = request.htmx and not request.htmx.history_restore_request
    response = render(request, f"markets/{key}_figures.html" if fragment else f"markets/{key}.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def fields(found: Reached, question: PlaceQuestion) -> list[dict]:
    """The form's selects; a value that the data do not have stays chosen, so that the form says what the address says."""
    split = columns(found.reach)
    made = []
    for name, label in WORDS.items():
        values = sorted(set(split[name]))
        chosen = getattr(question, name)
        if chosen and chosen not in values:
            values.insert(0, chosen)
        made.append(
            {
                "name": name,
                "label": label,
                "chosen": chosen or "",
                "options": [("", "All"), *((value, named(value)) for value in values)],
            }
        )
    return [*made, {"name": "reached", "label": "In reach of", "chosen": question.reached, "options": list(REACHED.items())}]
