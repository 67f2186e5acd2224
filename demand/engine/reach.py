"""People by ZIP code and open sites -> who has which class of site in reach; grain: one group of people who are alike.

A group is in reach of a class where the nearest such site is no farther than the radius; the radius is a number of miles, or by the
kind of area the group lives in (urban, suburban, rural). A site is permitted where no policy that exposes the group bars its class or
its hospital. Home infusion has no distance: a group has it where a provider serves its market. Specialty pharmacies are no places.
Miles are counted once per pair of a ZIP code and a site, whatever the number of people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sites.engine.distance import miles_matrix

HOME, PHARMACY = "home_infusion", "specialty_pharmacy"
PERMITTED, OURS = "permitted", "ours"
RADII = (10, 20, 30)
NO_SITE = np.inf


@dataclass(frozen=True)
class Thresholds:
    """Miles that people of an area will travel; where the kind of area is not known, the suburban number."""

    urban: float = 10
    suburban: float = 20
    rural: float = 30

    def miles(self, area_class: str) -> float:
        return {"urban": self.urban, "rural": self.rural}.get(area_class, self.suburban)


@dataclass(frozen=True)
class Place:
    """An open site. Latitude and longitude None: it is known and lies nowhere, so nobody is near it."""

    site_id: str
    site_class: str
    ownership: str
    market: str = ""
    latitude: float | None = None
    longitude: float | None = None
    hospital_affiliated: bool = False

    @property
    def is_visited(self) -> bool:
        return self.site_class not in (HOME, PHARMACY)


@dataclass(frozen=True)
class Barred:
    """What the policies over a group of people take away."""

    site_classes: frozenset[str] = frozenset()
    hospital_affiliated: bool = False

    def permits(self, place: Place) -> bool:
        return place.site_class not in self.site_classes and not (self.hospital_affiliated and place.hospital_affiliated)


@dataclass(frozen=True)
class Group:
    """People who are alike. `zip_code` '' where it is not known."""

    zip_code: str
    market: str
    payer: str
    family: str
    barred: Barred = Barred()
    at_risk: bool = False
    people: int = 1
    infusions: int = 0
    allowed_cents: int = 0


@dataclass(frozen=True)
class Reach:
    """Per group, in the order given. `miles[name]` to the nearest site: of a class, permitted, or ours and permitted; inf: none.

    `limit` is the group's own radius; `located` says whether its ZIP code's middle is known (others are in no share).
    `only[group]` is the position of the one permitted place in reach, −1 where there are none or several.
    """

    groups: tuple[Group, ...]
    places: tuple[Place, ...]
    people: np.ndarray
    located: np.ndarray
    limit: np.ndarray
    miles: Mapping[str, np.ndarray]
    permitted_in_reach: np.ndarray
    only: np.ndarray
    home_served: np.ndarray = field(default_factory=lambda: np.array([], dtype=bool))

    def within(self, name: str, radius: float | None = None) -> np.ndarray:
        """Which groups have it in reach: by the radius given, else by their own. Those not located have nothing in reach."""
        if name == HOME:
            return self.home_served & self.located
        return (self.miles[name] <= (self.limit if radius is None else radius)) & self.located


def reach(
    groups: Sequence[Group],
    places: Sequence[Place],
    middles: Mapping[str, tuple[float, float]],
    area_classes: Mapping[str, str],
    thresholds: Thresholds,
) -> Reach:
    """`middles`: ZIP code -> latitude and longitude; `area_classes`: ZIP code -> urban | suburban | rural, others unknown."""
    zips, zip_no = number_zips([group.zip_code for group in groups])
    visited = tuple(place for place in places if place.is_visited)
    miles = miles_matrix(_points([middles.get(zip_code) for zip_code in zips]), _points([_point(place) for place in visited]))
    limit_of_zip = np.array([thresholds.miles(area_classes.get(zip_code, "")) for zip_code in zips], dtype=float)
    limit = limit_of_zip[zip_no] if len(zips) else np.array([])
    nearest = {
        name: _nearest(miles, [place.site_class == name for place in visited])[zip_no]
        for name in sorted({place.site_class for place in visited})
    }
    sets, set_no = _numbered([group.barred for group in groups])
    nearest[PERMITTED], nearest[OURS] = np.full(len(groups), NO_SITE), np.full(len(groups), NO_SITE)
    count, only = np.zeros(len(groups), dtype=np.int64), np.full(len(groups), -1)
    for number, barred in enumerate(sets):
        mine = np.flatnonzero(set_no == number)
        permitted = np.array([barred.permits(place) for place in visited], dtype=bool)
        ours = permitted & np.array([place.ownership == "owned" for place in visited], dtype=bool)
        nearest[PERMITTED][mine] = _nearest(miles, permitted)[zip_no[mine]]
        nearest[OURS][mine] = _nearest(miles, ours)[zip_no[mine]]
        near = (miles <= limit_of_zip[:, None]) & permitted
        number_near = near.sum(axis=1)
        single = np.where(number_near == 1, near.argmax(axis=1) if near.shape[1] else -1, -1)
        count[mine], only[mine] = number_near[zip_no[mine]], single[zip_no[mine]]
    served = {place.market for place in places if place.site_class == HOME}
    return Reach(
        groups=tuple(groups),
        places=visited,
        people=np.array([group.people for group in groups], dtype=np.int64),
        located=np.array([group.zip_code in middles for group in groups], dtype=bool),
        limit=limit,
        miles=nearest,
        permitted_in_reach=count,
        only=only,
        home_served=np.array([group.market in served for group in groups], dtype=bool),
    )


def number_zips(zip_codes: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The distinct ZIP codes and, for each entry, which of them it is."""
    return _numbered(zip_codes)


def quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float | None:
    """The smallest value that at least this share of the weight does not exceed; None without weight."""
    total = weights.sum()
    if not total:
        return None
    order = np.argsort(values, kind="stable")
    at = np.searchsorted(np.cumsum(weights[order]), share * total - 1e-9)
    return float(values[order][min(at, len(order) - 1)])


def _numbered(values: Sequence) -> tuple[list, np.ndarray]:
    numbers: dict = {}
    return_codes = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), dtype=np.int64, count=len(values))
    return list(numbers), return_codes


def _point(place: Place) -> tuple[float, float] | None:
    return None if place.latitude is None or place.longitude is None else (place.latitude, place.longitude)


def _points(points: Sequence[tuple[float, float] | None]) -> np.ndarray:
    return np.array([point or (np.nan, np.nan) for point in points], dtype=float).reshape(-1, 2)


def _nearest(miles: np.ndarray, kept: Sequence[bool] | np.ndarray) -> np.ndarray:
    columns = miles[:, np.asarray(kept, dtype=bool)]
    return columns.min(axis=1) if columns.shape[1] else np.full(len(miles), NO_SITE)
