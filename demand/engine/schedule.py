"""A schedule, its hour and a moment -> when it was due last and will be next; grain: one feed. All times in UTC.

Daily: every day at the hour. Weekly: on Mondays. Monthly: on the first. A moment passed over is due once, however many were missed.
"""

from __future__ import annotations

import datetime as dt

NEVER, DAILY, WEEKLY, MONTHLY = "never", "daily", "weekly", "monthly"


def last_due(schedule: str, hour: int, now: dt.datetime) -> dt.datetime | None:
    """The newest moment of the schedule that is not after `now`; None for never."""
    if schedule == NEVER:
        return None
    moment = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if schedule == WEEKLY:
        moment -= dt.timedelta(days=moment.weekday())
    elif schedule == MONTHLY:
        moment = moment.replace(day=1)
    if moment <= now:
        return moment
    return _before(schedule, moment)


def next_due(schedule: str, hour: int, now: dt.datetime) -> dt.datetime | None:
    """The first moment of the schedule after `now`; None for never."""
    last = last_due(schedule, hour, now)
    if last is None:
        return None
    if schedule == MONTHLY:
        return (last + dt.timedelta(days=32)).replace(day=1)
    return last + dt.timedelta(days=7 if schedule == WEEKLY else 1)


def _before(schedule: str, moment: dt.datetime) -> dt.datetime:
    if schedule == MONTHLY:
        return (moment - dt.timedelta(days=1)).replace(day=1)
    return moment - dt.timedelta(days=7 if schedule == WEEKLY else 1)


def months_back(day: dt.date, months: int) -> dt.date:
    """The first day of the month that lies `months` before the day's."""
    number = day.year * 12 + day.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)
