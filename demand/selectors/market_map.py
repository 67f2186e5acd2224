"""The map's ZIP codes and sites as they may be shown: five digits with the patient-level right, three without it."""

from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.engine.reach import PHARMACY, quantile
from demand.places import PlaceQuestion
from demand.selectors.hidden_reach import Everything, VisibleReach, columns, judge
from demand.selectors.reach import Reached, area_words
from sites.centroids import PACKAGE, SOURCES
from sites.engine.zip_places import area_of, city_of, middle_of_prefix


@dataclass(frozen=True)
class Spot:
    """One ZIP code (three digits without the right). People counts may be HIDDEN; latitude None: nowhere to draw it."""

    zip_code: str
    place: str
    area: str
    people: object
    at_risk: object
    outside: object
    miles: float | None
    share_65_plus: float | None
    latitude: float | None
    longitude: float | None
    middle: str


@dataclass(frozen=True)
class Pin:
    site_id: str
    name: str
    site_class: str
    ownership: str
    owner: str
    market: str
    latitude: float | None
    longitude: float | None
    middle: str


_judged: dict[int, tuple[Reached, VisibleReach]] = {}


def visible(found: Reached, see_small: bool) -> Everything | VisibleReach:
    """Judged once per value of `reached`, which is itself kept: judging takes longer than anything else on these pages."""
    if see_small:
        return Everything()
    kept = _judged.get(id(found))
    if kept is None or kept[0] is not found:
        if len(_judged) >= 4:
            _judged.clear()
        kept = _judged[id(found)] = (found, judge(found.reach))
    return kept[1]


def matching(found: Reached, question: PlaceQuestion) -> np.ndarray:
    """Which groups the filters keep."""
    split = columns(found.reach)
    keep = np.ones(len(found.reach.groups), dtype=bool)
    for name, value in question.chosen.items():
        keep &= split[name] == value
    return keep


def spots(found: Reached, question: PlaceQuestion, see_small: bool) -> tuple[Spot, ...]:
    """Most people out of reach first; hidden counts last."""
    reach, seen = found.reach, visible(found, see_small)
    mine = matching(found, question) & reach.located
    inside = reach.within(question.reached)
    digits = 5 if see_small else 3
    keys = np.array([group.zip_code[:digits] for group in reach.groups], dtype=object)
    risk = np.array([group.at_risk for group in reach.groups], dtype=bool)
    made = []
    for key in sorted(set(keys[mine])):
        here = mine & (keys == key)
        of = {**question.chosen, "zip3": key[:3]}
        total, within = int(reach.people[here].sum()), int(reach.people[here & inside].sum())
        # How many are at risk is judged without other filters only.
        at_risk = int(reach.people[here & risk].sum())
        hide_risk = not see_small and bool(question.chosen)
        made.append(
            Spot(
                zip_code=key if see_small else f"{key}••",
                place=city_of(key) if see_small else "",
                area=_area(found, key, here),
                people=seen.count(total, **of),
                at_risk=HIDDEN if hide_risk else seen.count(at_risk, zip3=key[:3], risk="yes"),
                outside=seen.count(total - within, question.reached, outside=True, **of),
                miles=_miles(found, question.reached, here, see_small or total >= 11),
                share_65_plus=_older(found, here),
                **_middle(found, key, see_small),
            )
        )
    return tuple(sorted(made, key=lambda one: (one.outside is HIDDEN, 0 if one.outside is HIDDEN else -one.outside, one.zip_code)))


def _miles(found: Reached, name: str, here: np.ndarray, may: bool) -> float | None:
    """The median of people's miles to the nearest; None for home infusion, which has no distance."""
    miles = found.reach.miles.get(name)
    return quantile(miles[here], found.reach.people[here], 0.5) if may and miles is not None else None


def _area(found: Reached, key: str, here: np.ndarray) -> str:
    kinds = {found.area_classes[found.reach.groups[place].zip_code] for place in np.flatnonzero(here)}
    return area_words(kinds.pop()) if len(kinds) == 1 else "mixed"


def _older(found: Reached, here: np.ndarray) -> float | None:
    areas = [area_of(zip_code) for zip_code in {found.reach.groups[place].zip_code for place in np.flatnonzero(here)}]
    known = [area for area in areas if area.population and area.share_65_plus is not None]
    people = sum(area.population for area in known)
    return sum(area.population * area.share_65_plus for area in known) / people if people else None


def _middle(found: Reached, key: str, see_small: bool) -> dict:
    if see_small:
        point = found.zip_points[key]
        return {
            "latitude": point.latitude,
            "longitude": point.longitude,
            "middle": "package" if point.source == PACKAGE else "loaded",
        }
    middle = middle_of_prefix(key)  # of all ZIP codes that begin so: where our people live in it is not told
    return {"latitude": middle and middle[0], "longitude": middle and middle[1], "middle": "area's middle"}


def unplaced(found: Reached, question: PlaceQuestion, see_small: bool):
    number = int(found.reach.people[matching(found, question) & ~found.reach.located].sum())
    return HIDDEN if not see_small and 0 < number < 11 else number


def pins(found: Reached, question: PlaceQuestion) -> tuple[Pin, ...]:
    """Open sites that can be visited, and home infusion's offices; of the market chosen."""
    return tuple(
        Pin(
            place.site_id, found.names[place.site_id], place.site_class, place.ownership, found.owners[place.site_id], place.market,
            place.latitude, place.longitude, SOURCES.get(found.site_sources.get(place.site_id, ""), "not placed"),
        )
        for place in found.places
        if place.site_class != PHARMACY and question.market in (None, place.market)
    )  # fmt: skip
