"""Calendar days as whole numbers; grain: one number a day (proleptic ordinal), with its ISO text from a table.

A million claim lines carry several dates each; `date.isoformat` for every one of them would cost more than the simulation.
"""

from __future__ import annotations

import datetime as dt

_FIRST = dt.date(1920, 1, 1).toordinal()
_TEXT = [dt.date.fromordinal(_FIRST + offset).isoformat() for offset in range(dt.date(2041, 1, 1).toordinal() - _FIRST)]


def text(day: int) -> str:
    """'2026-03-01' for an ordinal between 1920 and 2040."""
    return _TEXT[day - _FIRST]


def of(year: int, month: int, day: int) -> int:
    return dt.date(year, month, day).toordinal()


def add_months(first_of_month: dt.date, months: int) -> dt.date:
    """The first of the month so many months later (or earlier)."""
    index = first_of_month.year * 12 + first_of_month.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def month_of(day: int) -> str:
    """'2026-03' for an ordinal."""
    return _TEXT[day - _FIRST][:7]
