"""People behind chair-hours -> what a reader without the patient-level right may see of them; grain: one site and month.

Hours tell counts, so they are hidden with them (definitions.md, section 9): by month, by site and over the months of today, whose sums
may be known from other pages. Lines of few people join a larger one, so that growth of one line alone cannot single them out. People
who leave are told of once 11 or more do together.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demand.engine.capacity import Leaver
from demand.engine.disclosure import KNOWN, SMALLEST_SHOWN, Lines, hide

SYSTEM = ""
POOLED = "lines of few people, and the next larger one"


@dataclass(frozen=True)
class Hidden:
    """`sites` are hidden altogether, `months` in their history only; SYSTEM stands for all sites together."""

    sites: frozenset[str] = frozenset()
    months: frozenset[tuple[str, dt.date]] = frozenset()

    def months_of(self, site: str) -> frozenset[dt.date]:
        return frozenset(month for one, month in self.months if one == site)


def hidden_months(by_month: Mapping[tuple[str, dt.date], int], today: Mapping[str, int], classes: Mapping[str, str]) -> Hidden:
    """Different people by site and month, and by site over the months of today; `classes`: what pages add sites up by."""
    months = [key for key, people in by_month.items() if people]
    sites = [site for site, people in today.items() if people]
    if not months:
        return Hidden()
    place = {key: number for number, key in enumerate([*months, *sites])}
    groups: dict[tuple, list[int]] = defaultdict(list)
    for site, month in months:
        for name in (("all", month), ("class", classes.get(site, ""), month), ("site", site)):
            groups[name].append(place[site, month])
    for site in sites:
        for name in (("today",), ("class of today", classes.get(site, ""))):
            groups[name].append(place[site])
    hidden = hide(np.array([*(by_month[key] for key in months), *(today[site] for site in sites)]), known_sums(groups.values()))
    return Hidden(
        frozenset(site for site in sites if hidden[place[site]]), frozenset(key for key in months if hidden[place[key]])
    )  # fmt: skip


def with_system(hidden: Hidden, together: Mapping[dt.date, int], base: Sequence[dt.date]) -> Hidden:
    """The same with the sums of all sites: a month of few people; everything where it is one of the months of today."""
    few = {month for month, people in together.items() if 0 < people < SMALLEST_SHOWN}
    sites = hidden.sites | ({SYSTEM} if few & set(base) else set())
    return Hidden(sites, hidden.months | {(SYSTEM, month) for month in few})


def known_sums(groups: Iterable[Sequence[int]]) -> Lines:
    """Sums over these cells that readers may know from elsewhere."""
    lists = [list(group) for group in groups]
    parts = np.array([part for group in lists for part in group], dtype=np.int64)
    lines = np.repeat(np.arange(len(lists)), [len(group) for group in lists])
    least = np.array([2] * len(parts))
    return Lines.from_pairs(lines, np.full(len(parts), KNOWN), parts, least, np.zeros(len(parts), dtype=np.int64))


def pooled_lines(people: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], str]:
    """Different people by site and line -> the line under which each is counted: small ones join the smallest that is large enough."""
    by_site: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for (site, line), number in people.items():
        by_site[site].append((number, line))
    names = {}
    for site, lines in by_site.items():
        small = {line for number, line in lines if 0 < number < SMALLEST_SHOWN}
        large = sorted((number, line) for number, line in lines if line not in small)
        pool = small | ({large[0][1]} if small and large else set())
        names |= {(site, line): POOLED if line in pool else line for _, line in lines}
    return names


def together(leavers: Iterable[tuple[Leaver, int]]) -> list[Leaver]:
    """Leavers with their different people -> the same, told of in the month in which 11 or more of a site have gathered."""
    by_site: dict[str, list[tuple[Leaver, int]]] = defaultdict(list)
    for leaver, people in leavers:
        by_site[leaver.site_id].append((leaver, people))
    told = []
    for rows in by_site.values():
        waiting: list[Leaver] = []
        number = 0
        for month in sorted({leaver.month for leaver, _ in rows}):
            now = [(leaver, people) for leaver, people in rows if leaver.month == month]
            waiting += [leaver for leaver, _ in now]
            number += max(people for _, people in now)  # a person may leave with two therapies: at least so many are different
            if number >= SMALLEST_SHOWN:
                told += [Leaver(one.site_id, one.line, month, one.hours) for one in waiting]
                waiting, number = [], 0
    return told
