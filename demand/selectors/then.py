"""The monthly leakage rate as it would have been said then: what claims had told of by a month's end, completed on each feed's own curve.

Approximations, stated on the page: an infusion is known from the month of its first payment, with the outcome it has today (site, channel
and attribution as this run sees them), and one whose lines carry no paid date is in neither then nor now. Curves are estimated from the
payments up to that month alone.
"""

import calendar
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from itertools import product

from demand.engine.disclosure import HIDDEN
from demand.engine.maturity import MonthMaturity, completed_count, completion_curves, feeds_together, months_between
from demand.engine.parameters import Parameters
from demand.filters import DashboardFilters, next_month
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Measure
from demand.selectors.facts import ask_tables

ENOUGH = 100  # infusions of a month; fewer are not shown without the patient-level right, and others in tens
MONTHS = 24  # up to the day looked from
FEWEST = 12  # months of payments before a curve is drawn
WITH_THE_RIGHT = (
    "With filters this is shown with the patient-level right only: what arrived between two days would give small counts away."
)


@dataclass(frozen=True)
class MonthThen:
    """Infusions of the rate (kept, white-bagged, left) that were known then, what they were expected to become, and what is known now.

    rate_completed weighs each feed by its own completion; its band runs over the feeds' bands. `judged`: the month was complete then.
    Without the patient-level right the count is completed for all feeds together and the rate not at all.
    """

    month: dt.date
    left_then: Measure
    base_then: Measure
    completed: Measure
    completed_from: Measure
    completed_to: Measure
    left_now: Measure
    base_now: Measure
    rate_then: float | None
    rate_completed: float | None
    rate_from: float | None
    rate_to: float | None
    rate_now: float | None
    judged: bool
    settled: bool  # complete now

    @property
    def held(self) -> bool | None:
        """Whether what is known now lies in the band said then; None where nothing was completed, or it is not settled yet."""
        if self.judged or not self.settled or not isinstance(self.completed_from, int) or not isinstance(self.base_now, int):
            return None
        return self.completed_from <= self.base_now <= self.completed_to


@dataclass(frozen=True)
class Then:
    filters: DashboardFilters
    coverage: Coverage
    as_of: dt.date | None  # the first day of the month at whose end one looks
    choices: tuple[dt.date, ...]
    months: tuple[MonthThen, ...]
    undated: Measure
    restricted: bool
    withheld: str = ""


def what_we_would_have_said(run: Run, filters: DashboardFilters, as_of: dt.date | None, see_small: bool) -> Then:
    """`as_of` is a month's first day; None or one without payments: six months before the last. ResultsMissing: recompute first."""
    asked = filters.without("site", "site_owner")
    arrivals = ask_tables(run, ARRIVALS, asked)
    undated = sum(row[4] for row in arrivals if row[2] is None)
    told = [row for row in arrivals if row[2] is not None]
    triangle = ask_tables(run, "SELECT data_source, month, age, lines FROM {paid_triangle}")
    choices = _choices(triangle, _paid_through(run))
    if not choices:
        return Then(asked, coverage(run), None, (), (), undated if see_small else 0, not see_small)
    chosen = as_of if as_of in choices else choices[max(0, len(choices) - 7)]
    if not see_small and filters.any:
        return Then(asked, coverage(run), chosen, choices, (), 0, True, WITH_THE_RIGHT)
    settled = dict(ask_tables(run, "SELECT month, bool_and(mature) FROM {maturity} GROUP BY month"))
    curves = curves_then(triangle, chosen, Parameters.from_json(run.parameters))
    if not see_small:
        told, curves = _together(told, curves)
    months = [
        _month(month, chosen, told, curves, bool(settled.get(month, True)), run.parameters.get("band_z", Parameters.band_z))
        for month in sorted({row[1] for row in told})
        if 0 <= months_between(month, chosen) < MONTHS
    ]
    return Then(
        asked, coverage(run), chosen, choices, tuple(one if see_small else _in_tens(one) for one in months), undated if see_small else 0, not see_small
    )  # fmt: skip


ARRIVALS = """
SELECT data_source, month, known_month, outcome = 'site_leak', sum(infusions)::BIGINT
FROM {arrivals} WHERE outcome IN ('kept', 'margin_leak', 'site_leak') GROUP BY ALL
"""


def _paid_through(run: Run) -> dt.date | None:
    [(last,)] = ask_tables(run, "SELECT max(paid_through) FROM {feed_end}")
    return last


def _choices(triangle: list[tuple], paid_through: dt.date | None) -> tuple[dt.date, ...]:
    """Months at whose end one may look: enough payments before them, and all of them in."""
    months = sorted({row[1] for row in triangle})
    if not months or paid_through is None:
        return ()
    found, month = [], months[0]
    while _end_of(month) <= paid_through:
        if months_between(months[0], month) >= FEWEST:
            found.append(month)
        month = next_month(month)
    return tuple(found)


def _end_of(month: dt.date) -> dt.date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def curves_then(triangle: list[tuple], as_of: dt.date, parameters: Parameters) -> dict[tuple[str, dt.date], MonthMaturity]:
    """Each feed's curve from the payments up to the end of `as_of` alone."""
    known = [row for row in triangle if row[1] <= as_of and months_between(row[1], as_of) >= row[2]]
    months = {(source, month) for source, month, *_ in known}
    judged = completion_curves(known, months, {source: _end_of(as_of) for source, _ in months}, parameters)
    return {(one.data_source, one.month): one for one in judged}


ALL = "all feeds"


def _together(told: list[tuple], curves: dict[tuple[str, dt.date], MonthMaturity]) -> tuple[list[tuple], dict]:
    """The arrivals and the curves as of one feed. Where feeds are completed each by itself, the number expected beside the exact number seen
    (the strategy brief tells it) solves the feeds' own counts: the better, the less of a feed has come in, whatever tens they are told in."""
    by_month: dict[dt.date, list[MonthMaturity]] = defaultdict(list)
    for (_, month), curve in curves.items():
        by_month[month].append(curve)
    merged = {(ALL, month): _one_curve(month, of_feeds) for month, of_feeds in by_month.items()}
    return [(ALL, *rest) for _, *rest in told], merged


def _one_curve(month: dt.date, feeds: list[MonthMaturity]) -> MonthMaturity:
    """Lines seen ÷ lines expected of all feeds; not known where one of them cannot tell."""
    lines = sum(feed.lines for feed in feeds)

    def share(name: str) -> float | None:
        shares = [getattr(feed, name) for feed in feeds]
        return lines / sum(feed.lines / one for feed, one in zip(feeds, shares, strict=True)) if lines and all(shares) else None

    ends = (share(name) for name in ("completion", "completion_low", "completion_high"))
    return MonthMaturity(ALL, month, lines, *ends, all(feed.mature for feed in feeds))


def _month(month: dt.date, as_of: dt.date, told: list[tuple], curves: dict, settled: bool, band_z: float) -> MonthThen:
    then, now = defaultdict(lambda: [0, 0]), [0, 0]
    for source, service, known, left, number in told:
        if service == month:
            now[1] += number
            now[0] += number if left else 0
            if known <= as_of:
                then[source][1] += number
                then[source][0] += number if left else 0
    left, base = sum(one[0] for one in then.values()), sum(one[1] for one in then.values())
    of_feed = {source: curves.get((source, month)) for source in then}
    known = bool(then) and all(curve and curve.completion for curve in of_feed.values())
    judged = known and all(curve.mature for curve in of_feed.values())
    counts, rates = (None, None, None), (None, None, None)
    if known and not judged:
        parts = [
            completed_count(then[source][1], curve.completion, curve.completion_low, curve.completion_high, band_z)
            for source, curve in of_feed.items()
        ]
        counts = tuple(round(one) for one in feeds_together(parts))
        rates = _rates(then, of_feed)
    return MonthThen(
        month, left, base, *counts, *now, _share(left, base), *rates, _share(now[0], now[1]), judged, settled
    )  # fmt: skip


def _rates(then: dict, of_feed: dict[str, MonthMaturity]) -> tuple[float | None, float | None, float | None]:
    """The rate with each feed completed by its own curve, and its least and most over the ends of the feeds' bands."""

    def rate(shares: tuple[float, ...]) -> float | None:
        return _share(*(sum(then[source][part] / share for source, share in zip(of_feed, shares, strict=True)) for part in (0, 1)))

    ends = [(curve.completion_low or curve.completion, curve.completion_high) for curve in of_feed.values()]
    corners = [rate(shares) for shares in product(*ends)] if len(ends) <= 6 else []
    middle = rate(tuple(curve.completion for curve in of_feed.values()))
    told = [one for one in (*corners, middle) if one is not None]
    return middle, min(told, default=None), max(told, default=None)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _in_tens(one: MonthThen) -> MonthThen:
    """For readers without the right: whole tens and whole per cents, and nothing of a month with few infusions. All feeds completed
    together leave the rate what it was then, so that none is told as completed."""

    def tens(number):
        return number if number is None else int(number // 10 * 10)

    def cents(rate):
        return None if rate is None else round(rate, 2)

    shown = isinstance(one.base_then, int) and one.base_then >= ENOUGH
    numbers = (one.left_then, one.base_then, one.completed, one.completed_from, one.completed_to, one.left_now, one.base_now)
    rates = (one.rate_then, None, None, None, one.rate_now)
    return MonthThen(
        one.month,
        *(tens(number) if shown else HIDDEN for number in numbers),
        *(cents(rate) if shown else None for rate in rates),
        one.judged,
        one.settled,
    )
