"""Value lines -> the income view by year: what comes in and what it costs to run, less the depreciation of what was built.

Outlays on what is built (building, equipment, sterile room, computers) are written off in equal months from the opening on, each
month's amount rounded so that the sum is what has been written off by then; other outlays before opening are costs of the first year.
Working capital is money tied up, no income. What is not yet written off at the end is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from roi.engine.center_costs import BUILT
from roi.engine.worlds import COST, OUTLAY, WORKING_CAPITAL

YEAR = 12
_BUILT_LINES = frozenset(OUTLAY + name for name in BUILT)


@dataclass(frozen=True)
class IncomeYear:
    """One year against a baseline, in cents: income = margin + running + opening + depreciation (the last three below zero)."""

    year: int
    margin: int
    running: int
    opening: int
    depreciation: int

    @property
    def income(self) -> int:
        return self.margin + self.running + self.opening + self.depreciation


def income(lines: Iterable[tuple[int, str, int]], horizon: int, opens: int, years: float) -> tuple[tuple[IncomeYear, ...], int]:
    """(month, line item, cents) of one baseline -> its years, and what is left to write off at the end (cents)."""
    sums: dict[int, dict[str, int]] = {
        year: dict.fromkeys(("margin", "running", "opening"), 0) for year in range(1, ceil(horizon / YEAR) + 1)
    }
    built = 0
    for month, line, cents in lines:
        if line in _BUILT_LINES:
            built -= cents
        elif line != WORKING_CAPITAL:
            kind = "opening" if line.startswith(OUTLAY) else "running" if line.startswith(COST) else "margin"
            sums[max(1, ceil(month / YEAR))][kind] += cents
    written_off = {month: _written_off(built, month - opens + 1, years) for month in range(horizon + 1)}
    found = tuple(
        IncomeYear(
            year=year,
            depreciation=-(written_off[min(year * YEAR, horizon)] - written_off[(year - 1) * YEAR]),
            **each,
        )
        for year, each in sums.items()
    )
    return found, built - written_off[horizon]


def _written_off(built: int, months: int, years: float) -> int:
    """Cents written off after so many months in use, half a cent up."""
    share = min(max(months, 0) / (years * YEAR), 1.0)
    return int(built * share + 0.5)
