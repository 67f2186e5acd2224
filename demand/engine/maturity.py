"""Run-off triangle -> how complete each feed's months are; grain: data source x service month.

Formula: chain ladder on counts of accepted medical lines. For a feed, f(k) = lines paid within k + 1 months / within k
months, over the service months old enough to know both; completion at age k = 1 / (f(k) f(k+1) …). Only whole calendar months
of payment count. A month less than 90 % complete is immature; its counts divided by its completion are the completed value, and
the band comes from how much the single months' factors scattered (Mack's formula).
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import duckdb

from demand.engine import stage
from demand.engine.parameters import Parameters


@dataclass(frozen=True)
class MonthMaturity:
    """`completion` is a share, None where the feed cannot tell (no paid dates, or the month is not over); then it is not mature.

    A count of the month, divided by `completion`, is the completed count; divided by `completion_high` and `completion_low` it
    gives the band's lower and upper end.
    """

    data_source: str
    month: dt.date
    lines: int
    completion: float | None
    completion_low: float | None
    completion_high: float | None
    mature: bool


def completion_curves(
    triangle: Iterable[tuple[str, dt.date, int, int]],
    months: Iterable[tuple[str, dt.date]],
    paid_through: Mapping[str, dt.date],
    parameters: Parameters,
) -> list[MonthMaturity]:
    """Completion of every month of every feed.

    `triangle`: (data source, service month, age in months, lines). `months`: the feed's months to judge.
    `paid_through`: the last day of payment each feed holds; a feed without one has no paid dates.
    """
    counts: dict[str, dict[dt.date, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for source, month, age, lines in triangle:
        counts[source][month][age] += lines
    found = []
    for source, month in sorted(set(months)):
        by_month = counts.get(source, {})
        lines = sum(by_month.get(month, {}).values())
        last_whole = last_whole_month(paid_through.get(source), parameters.month_end_days)
        if last_whole is None or month > last_whole:
            found.append(MonthMaturity(source, month, lines, None, None, None, False))
            continue
        completion, low, high = _completion(by_month, month, last_whole, parameters.band_z)
        mature = completion is not None and completion >= parameters.mature_completion
        found.append(MonthMaturity(source, month, lines, completion, low, high, mature))
    return found


def completed_count(seen: int, completion: float, low: float, high: float, z: float) -> tuple[float, float, float]:
    """What `seen` events of a month that is `completion` complete will be in the end: (expected, from, to).

    Two things are not known: the curve (its band, low to high, is about lines) and which of few events are still to come, whose variance
    is (1 - completion) / seen of the expected number's square. Without the second part the band of infusions held half of them only.
    """
    expected = seen / completion
    if not seen:
        return 0.0, 0.0, 0.0
    width = math.sqrt((math.log(high / low) / 2) ** 2 + z**2 * (1 - completion) / seen) if low else math.inf
    return expected, max(float(seen), expected * math.exp(-width)), expected * math.exp(min(width, 5.0))


def feeds_together(parts: Iterable[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Several feeds' (expected, from, to) -> those of their sum. Feeds miss independently: distances to the bands' ends add up as squares."""
    parts = list(parts)
    expected = sum(part[0] for part in parts)
    below = math.sqrt(sum((part[0] - part[1]) ** 2 for part in parts))
    above = math.sqrt(sum((part[2] - part[0]) ** 2 for part in parts))
    return expected, expected - below, expected + above


def months_between(first: dt.date, second: dt.date) -> int:
    return (second.year - first.year) * 12 + second.month - first.month


def last_whole_month(paid_through: dt.date | None, tolerance_days: int) -> dt.date | None:
    """The last calendar month of which every payment day is in; the last days of a month may be a weekend."""
    if paid_through is None:
        return None
    first = paid_through.replace(day=1)
    if calendar.monthrange(paid_through.year, paid_through.month)[1] - paid_through.day < tolerance_days:
        return first
    return (first - dt.timedelta(days=1)).replace(day=1)


def _completion(
    by_month: Mapping[dt.date, Mapping[int, int]], month: dt.date, last_whole: dt.date, z: float
) -> tuple[float | None, float | None, float | None]:
    """(completion, low, high) of a month, as of the end of the last whole month of payments."""
    age = months_between(month, last_whole)
    ages = {other: months_between(other, last_whole) for other in by_month if other <= last_whole}
    oldest = max(ages.values(), default=0)
    paid = {other: _cumulative(by_month[other], ages[other]) for other in sorted(ages)}  # as far as each month is old
    if age > oldest:
        return None, None, None
    whole, scatter = Fraction(1), 0.0  # exact, so that nine tenths are nine tenths
    own = float(paid[month][age]) if month in paid else 0.0
    for step in range(age, oldest):
        known = [(line[step], line[step + 1]) for line in paid.values() if len(line) > step + 1]
        before = sum(first for first, _ in known)
        if before == 0:
            return None, None, None
        exact = Fraction(sum(second for _, second in known), before)
        if exact == 0:
            return None, None, None
        factor = float(exact)
        if len(known) > 1 and own > 0:
            variance = sum(first * (second / first - factor) ** 2 for first, second in known if first) / (len(known) - 1)
            scatter += variance / factor**2 * (1 / own + 1 / before)
        whole *= exact
        own *= factor
    completion = float(1 / whole)
    width = math.exp(z * math.sqrt(scatter))
    return completion, max(completion / width, 0.0), min(completion * width, 1.0)


def _cumulative(lines_by_age: Mapping[int, int], age: int) -> list[int]:
    total, found = 0, []
    for step in range(age + 1):
        total += lines_by_age.get(step, 0)
        found.append(total)
    return found


def count_lines(connection: duckdb.DuckDBPyConnection, lines: str) -> None:
    """SQL of a run's accepted medical lines -> paid_triangle, feed_seen and enrolled_seen (`sql/maturity.sql`, `sql/enrolled.sql`)."""
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW paid_line AS SELECT extract_id, data_source, service_date, paid_date, flags, person_id, is_enrolled, "
        f"allowed_cents, paid_cents FROM {lines}"
    )
    stage.run(connection, "maturity")
    stage.run(connection, "enrolled")


def judge_months(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
    """paid_triangle, feed_seen, extract -> maturity (one row per feed and month) and feed_end (what each feed knows until when).

    A feed's payments reach to the extract's paid_through where it is told, else to the last paid date seen. `known_until` is the
    first day that the feed says nothing of: the day after its last service, or after its last payment where that is earlier.
    """
    ends = connection.execute(
        "SELECT seen.data_source, max(coalesce(extract.paid_through, seen.last_paid)), max(seen.last_service) "
        "FROM (SELECT extract_id, data_source, max(last_paid) AS last_paid, max(last_service) AS last_service "
        "FROM feed_seen GROUP BY ALL) AS seen "
        "JOIN extract USING (extract_id) WHERE seen.last_paid IS NOT NULL OR extract.paid_through IS NULL GROUP BY ALL"
    ).fetchall()
    paid_through = {source: paid for source, paid, _ in ends if paid is not None}
    triangle = connection.execute("SELECT data_source, month, age, sum(lines)::BIGINT FROM paid_triangle GROUP BY ALL").fetchall()
    months = connection.execute("SELECT DISTINCT data_source, month FROM feed_seen").fetchall()
    judged = completion_curves(triangle, months, paid_through, parameters)
    connection.execute(
        "CREATE OR REPLACE TABLE maturity (data_source VARCHAR, month DATE, lines BIGINT, completion DOUBLE, "
        "completion_low DOUBLE, completion_high DOUBLE, mature BOOLEAN)"
    )
    if judged:
        connection.executemany("INSERT INTO maturity VALUES (?, ?, ?, ?, ?, ?, ?)", [list(vars(one).values()) for one in judged])
    connection.execute("CREATE OR REPLACE TABLE feed_end (data_source VARCHAR, paid_through DATE, known_until DATE)")
    for source, paid, served in ends:
        last = min(day for day in (paid, served) if day is not None)
        connection.execute("INSERT INTO feed_end VALUES (?, ?, ?)", [source, paid, last + dt.timedelta(days=1)])
