"""Entries of the site register -> pairs that may be one place; grain: one pair, with the reasons that make it one.

Two entries that were never open on the same day are no pair. Names are compared inside a ZIP code, city or market only.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

NPI, ADDRESS, NAME = "npi", "address", "name"
NEAR = 0.88  # of difflib's ratio, on names without their common words
MOST_TOGETHER = 40  # entries that share one number or address; more are a shared number, no duplicates
SHORT = {
    "street": "st", "avenue": "ave", "road": "rd", "boulevard": "blvd", "drive": "dr", "lane": "ln", "court": "ct", "highway": "hwy",
    "parkway": "pkwy", "suite": "ste", "north": "n", "south": "s", "east": "e", "west": "w", "circle": "cir", "place": "pl",
    "floor": "fl", "building": "bldg", "square": "sq",
}  # fmt: skip
COMMON = {"the", "of", "at", "and", "inc", "llc", "pllc", "pc", "infusion", "center", "centre", "department", "clinic", "services"}


@dataclass(frozen=True)
class Place:
    """What tells one site from another."""

    site_id: str
    name: str
    npis: tuple[
        tuple[str, dt.date | None, dt.date | None], ...
    ] = ()  # the number, its first day, the first day that no longer counts
    address: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    market: str = ""
    opened_on: dt.date | None = None
    closed_on: dt.date | None = None


@dataclass(frozen=True)
class Pair:
    """Two entries, in the order of their ids, and why: npi, address, name. `shared` are the provider numbers of both."""

    first: str
    second: str
    reasons: tuple[str, ...]
    shared: tuple[str, ...] = ()


def pairs(places: Sequence[Place], reasons: Iterable[str] = (NPI, ADDRESS, NAME)) -> list[Pair]:
    """Every pair that has at least one of the reasons; those with most reasons first."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    by_id = {place.site_id: place for place in places}
    for reason in reasons:
        for first, second in _ALIKE[reason](places):
            if _open_together(first, second):
                found[tuple(sorted((first.site_id, second.site_id)))].add(reason)
    made = [Pair(first, second, tuple(sorted(why)), _shared(by_id[first], by_id[second])) for (first, second), why in found.items()]
    return sorted(made, key=lambda pair: (-len(pair.reasons), pair.first, pair.second))


def _open_together(first: Place, second: Place) -> bool:
    starts = max(first.opened_on or dt.date.min, second.opened_on or dt.date.min)
    return starts < min(first.closed_on or dt.date.max, second.closed_on or dt.date.max)


def _together(keyed: Iterable[tuple[Hashable, Place]]) -> Iterable[tuple[Place, Place]]:
    groups: dict[Hashable, list[Place]] = defaultdict(list)
    for key, place in keyed:
        groups[key].append(place)
    for group in groups.values():
        if len(group) <= MOST_TOGETHER:
            yield from combinations(group, 2)


def _one_npi(places: Sequence[Place]) -> Iterable[tuple[Place, Place]]:
    alike = _together((npi, place) for place in places for npi, _, _ in place.npis)
    return (pair for pair in alike if _shared(*pair))


def _shared(first: Place, second: Place) -> tuple[str, ...]:
    """Numbers under which both bill on the same days."""
    return tuple(
        sorted(
            npi
            for npi, start, end in first.npis
            for other, other_start, other_end in second.npis
            if npi == other
            and max(start or dt.date.min, other_start or dt.date.min) < min(end or dt.date.max, other_end or dt.date.max)
        )
    )


def plain_address(address: str) -> str:
    """ "12 North Main Street, Suite 4" -> "12 n main st ste 4" """
    return " ".join(SHORT.get(word, word) for word in re.findall(r"[a-z0-9]+", address.lower()))


def _one_address(places: Sequence[Place]) -> Iterable[tuple[Place, Place]]:
    return _together(
        ((plain_address(place.address), place.zip_code[:5] or (place.city.lower(), place.state)), place)
        for place in places
        if place.address and (place.zip_code or place.city)
    )


def plain_name(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    return " ".join(word for word in words if word not in COMMON) or " ".join(words)


def _near_names(places: Sequence[Place]) -> Iterable[tuple[Place, Place]]:
    keyed = [
        (key, place)
        for place in places
        for key in (place.zip_code[:5], (place.city.lower(), place.state) if place.city else "", ("market", place.market))
        if key and key != ("market", "") and not (key == ("market", place.market) and place.city)
    ]
    matcher = SequenceMatcher(autojunk=False)
    for first, second in _together(keyed):
        matcher.set_seqs(plain_name(first.name), plain_name(second.name))
        if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR:
            yield first, second


_ALIKE = {NPI: _one_npi, ADDRESS: _one_address, NAME: _near_names}
