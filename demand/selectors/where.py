"""Which k new centers keep most within reach: the run's people at risk, the candidates, the search, its answers.

Kept without any new center are people with a site of ours in reach that their policies permit. What a center adds are the others.

`told` says what readers without the patient-level right may see: what rests on no people or on 11 or more, and differs by none or by 11
or more from all else that is told, be it in infusions or dollars.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.utils import timezone

from demand.engine.covering import Answer, Candidate, Limit, frontier, permitted
from demand.engine.disclosure import SMALLEST_SHOWN
from demand.engine.reach import HOME, OURS, PHARMACY, Barred, Place, quantile
from demand.selectors.choices import limits as recorded_limits
from demand.selectors.moves import parts_shown
from demand.selectors.reach import Reached
from demand.where import MOST, WhereQuestion
from sites.centroids import zip_points
from sites.engine.distance import miles_matrix
from sites.engine.limits import Limit as Recorded
from sites.engine.site_types import CLASSES
from sites.engine.zip_places import city_of

MOST_ZIPS = 60  # candidate ZIP codes taken from the data: those where most people at risk live
SECONDS = 8.0  # for each k while a reader waits


@dataclass(frozen=True)
class Opening:
    """A candidate with its place and name."""

    candidate: Candidate
    name: str
    zip_code: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Kept:
    """One answer. `total` = kept already + what the sites add; travel is that of the people at risk, over their nearest permitted site.
    `sites_told`: by site, whether what it keeps may be told."""

    answer: Answer
    sites: tuple[tuple[Opening, float, float], ...]
    total: float
    median_miles: float | None
    ninetieth_miles: float | None
    told: bool
    sites_told: tuple[bool, ...]


@dataclass(frozen=True)
class Search:
    """`barred`: candidates left out, each with the name of the first limit that binds; `recorded`: the register's that would bind today."""

    everything: float
    base: float
    people: int
    kept: tuple[Kept, ...]
    candidates: tuple[Opening, ...]
    barred: tuple[tuple[Opening, str], ...]
    recorded: tuple[Recorded, ...]
    median_miles: float | None
    ninetieth_miles: float | None
    not_placed: tuple[str, ...]
    everything_told: bool
    base_told: bool


def search(found: Reached, question: WhereQuestion, see_small: bool) -> Search:
    """The frontier k = 1 … 8 over everything asked; the same question is answered once."""
    today = timezone.localdate()
    recorded = tuple(limit for limit in recorded_limits() if limit.is_in_force(today))
    key = (id(found), replace(question, k=1), recorded, see_small)
    kept = _searched.get(key)
    if kept is None or kept[0] is not found:
        if len(_searched) >= 16:
            _searched.clear()
        kept = _searched[key] = (found, _search(found, question, recorded))
    return kept[1]


_searched: dict[tuple, tuple[Reached, Search]] = {}


def _search(found: Reached, question: WhereQuestion, recorded: tuple[Recorded, ...]) -> Search:
    reach = found.reach
    risk = np.array([group.at_risk or not found.knows_exposure for group in reach.groups], dtype=bool) & reach.located
    groups = [reach.groups[place] for place in np.flatnonzero(risk)]
    value = np.array([_value(group, question) for group in groups], dtype=float)
    load = np.array([group.infusions for group in groups], dtype=float)
    people = reach.people[risk]
    inside, limit, now = reach.within(OURS)[risk], reach.limit[risk], reach.miles[OURS][risk]
    everyone, not_placed = candidates(found, question)
    free, barred = permitted([spot.candidate for spot in everyone], _limits(found, question, recorded))
    by_key = {spot.candidate.key: spot for spot in everyone}
    spots = tuple(by_key[one.key] for one in free)
    homes = np.array(
        [(found.zip_points[group.zip_code].latitude, found.zip_points[group.zip_code].longitude) for group in groups]
    ).reshape(-1, 2)
    miles = miles_matrix(homes, np.array([(spot.latitude, spot.longitude) for spot in spots]).reshape(-1, 2))
    allowed = np.array([[_may(group.barred, spot.candidate, question) for spot in spots] for group in groups], dtype=bool).reshape(
        miles.shape
    )
    near = (miles <= limit[:, None]) & allowed & ~inside[:, None]
    answers = frontier(*_merged(groups, value, load, near), free, MOST, SECONDS) if len(groups) and len(spots) else ()
    base = float(value[inside].sum())
    reached_by = [near[:, list(answer.chosen)] for answer in answers]
    everything_told, base_told, *answers_told = _told(
        people, [np.ones(len(groups), dtype=bool), inside, *(inside | by.any(axis=1) for by in reached_by)]
    )
    sites_told = _sites_told(people, reached_by)
    kept = []
    for number, answer in enumerate(answers):
        chosen = list(answer.chosen)
        after = np.minimum(now, np.where(allowed[:, chosen], miles[:, chosen], np.inf).min(axis=1, initial=np.inf))
        sites = tuple((spots[c], amount, used) for c, amount, used in zip(chosen, answer.kept, answer.loads, strict=True))
        kept.append(Kept(answer, sites, base + answer.value, *_travel(after, people), answers_told[number], sites_told[number]))
    return Search(
        float(value.sum()), base, int(people.sum()), tuple(kept), spots,
        tuple((by_key[one.key], bound.name) for one, bound in barred), recorded, *_travel(now, people), tuple(not_placed),
        everything_told, base_told,
    )  # fmt: skip


def _told(people: np.ndarray, sums: Sequence[np.ndarray]) -> list[bool]:
    """Sums over groups of people (masks), the more important first -> which may be told beside those told before."""
    told: list[np.ndarray] = []
    found = []
    for one in sums:
        differences = (int(people[one ^ other].sum()) for other in (np.zeros_like(one), *told))
        found.append(not any(0 < difference < SMALLEST_SHOWN for difference in differences))
        if found[-1]:
            told.append(one)
    return found


def _sites_told(people: np.ndarray, reached_by: Sequence[np.ndarray]) -> list[tuple[bool, ...]]:
    """By answer the groups that each of its sites reaches -> which sites' parts may be told; each group counts at the first that does."""
    parts = [[by[:, site] & ~by[:, :site].any(axis=1) for site in range(by.shape[1])] for by in reached_by]
    apart = iter(_told(people, [part for of_answer in parts for part in of_answer]))
    of_total = [parts_shown([int(people[part].sum()) for part in of_answer], False) for of_answer in parts]
    return [tuple(next(apart) and beside for beside in of_answer) for of_answer in of_total]


def _limits(found: Reached, question: WhereQuestion, recorded: tuple[Recorded, ...]) -> list[Limit]:
    """The asker's limits and the register's that are not waived; a partnership never bars the partner's own sites."""
    made = [
        Limit(
            limit.name,
            site_classes=frozenset(one for kind in limit.site_types for one in CLASSES[kind]),
            markets=frozenset(limit.markets),
            spared=frozenset(site_id for site_id, owner in found.owners.items() if owner == limit.partner),
        )
        for limit in recorded
        if limit.number not in question.waived
    ]
    return [*question.limits(), *made]


def _merged(groups, value: np.ndarray, load: np.ndarray, near: np.ndarray):
    """One row per ZIP code and set of barred classes: payers and therapies make no difference to who is near what."""
    numbers: dict = {}
    row = np.array([numbers.setdefault((group.zip_code, group.barred), len(numbers)) for group in groups])
    first = np.full(len(numbers), -1)
    first[row[::-1]] = np.arange(len(groups))[::-1]
    return np.bincount(row, weights=value), np.bincount(row, weights=load), near[first]


def _value(group, question: WhereQuestion) -> float:
    if question.measure == "people":
        return group.people
    return group.infusions if question.measure == "infusions" else group.allowed_cents * question.margin_share / 100


def _may(barred: Barred, candidate: Candidate, question: WhereQuestion) -> bool:
    affiliated = question.affiliated and candidate.kind != "partner"
    return barred.permits(Place(candidate.key, candidate.site_class, "", hospital_affiliated=affiliated))


def _travel(miles: np.ndarray, people: np.ndarray) -> tuple[float | None, float | None]:
    """Median and 90th percentile of those who have any site at all."""
    somewhere = np.isfinite(miles)
    return quantile(miles[somewhere], people[somewhere], 0.5), quantile(miles[somewhere], people[somewhere], 0.9)


def candidates(found: Reached, question: WhereQuestion) -> tuple[list[Opening], list[str]]:
    """Where a center could be: ZIP codes, our departments and clinics, partners' sites; and what could not be placed."""
    made, not_placed = [], []
    given = {"capacity": question.capacity, "minimum": question.minimum}
    if "new" in question.kinds:
        wanted = question.zips or _busiest(found)
        markets, points = _markets(found), zip_points(wanted)
        for zip_code in wanted:
            point = points.get(zip_code)
            if point is None:
                not_placed.append(zip_code)
                continue
            one = Candidate(zip_code, "new", markets.get(zip_code, ""), "infusion_center", **given)
            made.append(Opening(one, city_of(zip_code) or "place not known", zip_code, point.latitude, point.longitude))
    for place in found.places:
        kind = {"owned": "clinic", "partner": "partner"}.get(place.ownership)
        if kind not in question.kinds or place.site_class in (HOME, PHARMACY):
            continue
        if place.latitude is None:
            not_placed.append(found.names[place.site_id])
            continue
        # Our hospital departments would be run as infusion centers: that is what policies ask for.
        site_class = "infusion_center" if kind == "clinic" else place.site_class
        one = Candidate(place.site_id, kind, place.market, site_class, **given)
        made.append(Opening(one, found.names[place.site_id], "", place.latitude, place.longitude))
    return made, not_placed


def _busiest(found: Reached) -> list[str]:
    """ZIP codes of 11 people or more, those with most people at risk first; so a ZIP code named here never tells of a few."""
    people: dict[str, int] = {}
    risk: dict[str, int] = {}
    for group in found.reach.groups:
        if group.zip_code in found.zip_points:
            people[group.zip_code] = people.get(group.zip_code, 0) + group.people
            risk[group.zip_code] = risk.get(group.zip_code, 0) + group.people * (group.at_risk or not found.knows_exposure)
    large = [zip_code for zip_code in people if people[zip_code] >= 11]
    return sorted(large, key=lambda zip_code: (-risk[zip_code], zip_code))[:MOST_ZIPS]


def _markets(found: Reached) -> dict[str, str]:
    """ZIP code -> the market of most of our people who live there."""
    counted: dict[str, dict[str, int]] = {}
    for group in found.reach.groups:
        mine = counted.setdefault(group.zip_code, {})
        mine[group.market] = mine.get(group.market, 0) + group.people
    return {zip_code: max(sorted(mine), key=mine.__getitem__) for zip_code, mine in counted.items()}
