"""Infusions of sites by month and clinical line -> chair-hours needed against open ones, ahead too; grain: one site and month.

Chair need = Σ infusions × chair minutes ÷ 60 ÷ (open hours × target use); the one formula for scenarios and capacity. Ahead of the last
complete month: hours of month m = today × (1 + growth)^(m ÷ 12), + today × change × m ÷ 12 for each driver, - hours of people who leave
(never more than today's of their line), each ÷ (1 - no-show) ÷ the share of our infusions that the claims hold. Today is the mean of the last complete months. The parts add up to the
hours, sites add up to the system. A site full is a month: the first whose hours reach open hours × target use. Units: hours a month.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

USUAL_CHAIR_MINUTES = Decimal(120)  # of a therapy whose minutes no reference tells
BASE_MONTHS = 12
EVERY_LINE = ""
TODAY, GROWTH, LEAVING = "today", "growth", "leaving"


def open_hours_a_month(hours_a_week):
    """Hours a month that a place is open which opens so many a week."""
    return hours_a_week * 52 / 12


def chairs_needed(chair_minutes, open_hours, target_use):
    """Chairs that so many minutes in the chair ask for, in a place open that many hours a month."""
    return chair_minutes / (open_hours * 60 * target_use)


@dataclass(frozen=True)
class Place:
    """A site with what the register says of it. None: not stated."""

    site_id: str
    name: str
    chairs: int | None = None
    hours_a_week: float | None = None
    opens_on: dt.date | None = None
    closes_on: dt.date | None = None

    def is_open_in(self, month: dt.date) -> bool:
        """Whether it is open on the first of the month; without dates it always is."""
        return (self.opens_on is None or self.opens_on <= month) and (self.closes_on is None or month < self.closes_on)

    @property
    def open_hours(self) -> float | None:
        """Chair-hours that it is open for in a month; None where chairs or hours are not stated."""
        if not self.chairs or not self.hours_a_week:
            return None
        return self.chairs * open_hours_a_month(self.hours_a_week)


@dataclass(frozen=True)
class Given:
    """Chair-hours of one line at one site in one month, from its infusions."""

    site_id: str
    month: dt.date
    line: str
    hours: float


@dataclass(frozen=True)
class Driver:
    """Something that changes volumes beside growth: `change` is the share of today's hours of a line it adds (or takes) in a year."""

    key: str
    name: str
    change: float
    line: str = EVERY_LINE
    on: bool = True


@dataclass(frozen=True)
class Leaver:
    """Hours a month at a site, of one line, that are gone from `month` on because a policy takes the people away."""

    site_id: str
    line: str
    month: dt.date
    hours: float


@dataclass(frozen=True)
class Move:
    """Care that is to be given elsewhere: a share (0 to 1) of today's hours of a line."""

    share: float
    line: str = EVERY_LINE


@dataclass(frozen=True)
class Waiting:
    """People who wait at a site, the chair-hours a month that one of them needs, the chair-hours that are staffed, what one is worth."""

    people: int
    hours_a_person: float
    staffed_hours: float | None = None
    value_cents_an_hour: int | None = None


@dataclass(frozen=True)
class Assumptions:
    """`growth` is a year's, by line; `other_growth` that of every other line. `seen`: the share of our infusions that is in the claims."""

    target_use: float = 0.75
    no_show: float = 0.0
    seen: float = 1.0
    months: int = 36
    other_growth: float = 0.0
    growth: Mapping[str, float] = ()
    drivers: Sequence[Driver] = ()

    def __post_init__(self) -> None:
        if not 0 < self.target_use <= 1:
            raise ValueError("The target use must be above 0 and not above 1.")
        if not 0 <= self.no_show < 1:
            raise ValueError("The no-show share must be 0 or more and below 1.")
        if not 0 < self.seen <= 1:
            raise ValueError("The share of infusions in the claims must be above 0 and not above 1.")

    @property
    def booked(self) -> float:
        """Hours to be open for, for one hour that the claims show in a chair."""
        return 1 / (1 - self.no_show) / self.seen

    def growth_of(self, line: str) -> float:
        return dict(self.growth).get(line, self.other_growth)


@dataclass(frozen=True)
class Ahead:
    """A month to come: its hours by part (today, growth, each driver by key, leaving); they add up to `hours`."""

    month: dt.date
    parts: Mapping[str, float]

    @property
    def hours(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Freed:
    """`freed` + `kept` = `now`. `served` and `value_cents` are nothing where nobody is known to wait; `why` says what bounds them."""

    now: float
    freed: float
    kept: float
    served_people: int
    served_hours: float
    value_cents: int | None
    why: str


@dataclass(frozen=True)
class SiteCapacity:
    """One site, or the system where `place` is named so. `rooms`: the open sites' hours × target use, None where they are not stated."""

    place: Place
    history: Mapping[dt.date, float]
    today: float
    by_line: Mapping[str, float]
    rooms: tuple[tuple[Place, float], ...] | None
    ahead: tuple[Ahead, ...]
    target_use: float = 0.75
    last_month: dt.date | None = None

    def usable_in(self, month: dt.date) -> float | None:
        """Room of the sites that are open in the month; None where it is not stated."""
        if self.rooms is None:
            return None
        return sum(room for place, room in self.rooms if place.is_open_in(month))

    @property
    def usable(self) -> float | None:
        """Room in the last complete month; without one, of all sites."""
        if self.rooms is None or self.last_month is None:
            return None if self.rooms is None else sum(room for _, room in self.rooms)
        return self.usable_in(self.last_month)

    @property
    def is_full_now(self) -> bool:
        return self.usable is not None and self.today > 0 and self.today >= self.usable

    @property
    def month_full(self) -> dt.date | None:
        """The first month ahead with no room left."""
        if self.rooms is None:
            return None
        return next((one.month for one in self.ahead if one.hours > 0 and one.hours >= (self.usable_in(one.month) or 0.0)), None)

    @property
    def chairs_today(self) -> float | None:
        """Chairs that today's hours need at the target use."""
        if not self.place.hours_a_week:
            return None
        return chairs_needed(self.today * 60, open_hours_a_month(self.place.hours_a_week), self.target_use)

    @property
    def use_today(self) -> float | None:
        """Hours needed ÷ hours open."""
        return self.today / self.place.open_hours if self.place.open_hours else None


@dataclass(frozen=True)
class Capacity:
    """The sites in the order given, and all of them together."""

    sites: tuple[SiteCapacity, ...]
    system: SiteCapacity
    last_month: dt.date | None
    base_months: tuple[dt.date, ...]


def capacity(
    places: Sequence[Place],
    given: Iterable[Given],
    complete_months: Iterable[dt.date],
    assumptions: Assumptions,
    leavers: Iterable[Leaver] = (),
) -> Capacity:
    """Every place with its history and forecast. Rows of sites that are not among the places are left out."""
    base = tuple(sorted(set(complete_months)))[-BASE_MONTHS:]
    rows, leaving = defaultdict(list), defaultdict(list)
    for row in given:
        rows[row.site_id].append(row)
    for one in leavers:
        leaving[one.site_id].append(one)
    sites = tuple(_site(place, rows[place.site_id], base, assumptions, leaving[place.site_id]) for place in places)
    return Capacity(sites, _together(sites, assumptions.target_use), base[-1] if base else None, base)


def _site(
    place: Place, rows: Sequence[Given], base: Sequence[dt.date], assumptions: Assumptions, leavers: Sequence[Leaver]
) -> SiteCapacity:
    booked = assumptions.booked
    history, by_line, inside = defaultdict(float), defaultdict(float), set(base)
    for row in rows:
        history[row.month] += row.hours * booked
        if row.month in inside:
            by_line[row.line] += row.hours * booked / len(base)
    ahead = tuple(
        Ahead(month_after(base[-1], number), _parts(by_line, number, month_after(base[-1], number), assumptions, leavers, booked))
        for number in range(1, assumptions.months + 1)
    ) if base else ()  # fmt: skip
    rooms = None if place.open_hours is None else ((place, place.open_hours * assumptions.target_use),)
    last = base[-1] if base else None
    return SiteCapacity(place, dict(history), sum(by_line.values()), dict(by_line), rooms, ahead, assumptions.target_use, last)


def _parts(
    by_line: Mapping[str, float], number: int, month: dt.date, assumptions: Assumptions, leavers: Sequence[Leaver], booked: float
) -> dict[str, float]:
    gone = defaultdict(float)
    for one in leavers:
        if one.month <= month:
            gone[one.line] += one.hours * booked
    return {
        TODAY: sum(by_line.values()),
        GROWTH: sum(hours * ((1 + assumptions.growth_of(line)) ** (number / 12) - 1) for line, hours in by_line.items()),
        **{
            driver.key: driver_hours(by_line, driver, number)
            for driver in assumptions.drivers
            if driver.on
        },
        LEAVING: -sum(min(hours, by_line.get(line, 0.0)) for line, hours in gone.items()),
    }  # fmt: skip


def driver_hours(by_line: Mapping[str, float], driver: Driver, number: int) -> float:
    """What a driver adds (or takes) after so many months, switched on or not."""
    return _of_line(by_line, driver.line) * driver.change * number / 12


def _of_line(by_line: Mapping[str, float], line: str) -> float:
    return sum(by_line.values()) if line == EVERY_LINE else by_line.get(line, 0.0)


def _together(sites: Sequence[SiteCapacity], target_use: float) -> SiteCapacity:
    """The sum. Open hours only where every site with infusions states them: a missing site would look like a full system."""
    history, by_line = defaultdict(float), defaultdict(float)
    for site in sites:
        for month, hours in site.history.items():
            history[month] += hours
        for line, hours in site.by_line.items():
            by_line[line] += hours
    rooms = None
    if sites and all(site.rooms is not None for site in sites if site.today):
        rooms = tuple(room for site in sites for room in site.rooms or ())
    ahead = []
    for months in zip(*(site.ahead for site in sites), strict=True):
        keys = dict.fromkeys(key for month in months for key in month.parts)
        ahead.append(Ahead(months[0].month, {key: sum(month.parts[key] for month in months) for key in keys}))
    today = sum(site.today for site in sites)
    return SiteCapacity(
        Place("", "the system"),
        dict(history),
        today,
        dict(by_line),
        rooms,
        tuple(ahead),
        target_use,
        sites[0].last_month if sites else None,
    )


def freed(site: SiteCapacity, move: Move, waiting: Waiting | None) -> Freed:
    """What moving care leaves free at a site today, and whom it serves of those who wait. No list, no value."""
    gone = _of_line(site.by_line, move.line) * move.share
    kept = site.today - gone
    if waiting is None or waiting.people == 0:
        why = "No waiting list is recorded: the freed hours are given no value." if waiting is None else "Nobody waits."
        return Freed(site.today, gone, kept, 0, 0.0, 0, why)
    limit = waiting.staffed_hours if waiting.staffed_hours is not None else site.usable
    if limit is None:
        return Freed(
            site.today, gone, kept, 0, 0.0, 0, "Neither staffed nor open hours are stated: nobody can be said to be served."
        )
    room = max(0.0, min(gone, limit - kept))
    people = min(waiting.people, int(room / waiting.hours_a_person + 1e-9))
    hours = people * waiting.hours_a_person
    if people == waiting.people:
        why = "Everybody who waits is served."
    elif room < gone:
        why = "The staffed hours end first." if waiting.staffed_hours is not None else "The open hours at target use end first."
    else:
        why = "The freed hours end first."
    value = None if waiting.value_cents_an_hour is None else round(hours * waiting.value_cents_an_hour)
    return Freed(site.today, gone, kept, people, hours, value, why)


def month_after(month: dt.date, number: int) -> dt.date:
    """The first day of the month so many months on."""
    at = month.year * 12 + month.month - 1 + number
    return dt.date(at // 12, at % 12 + 1, 1)
