"""Answers and a month -> how far volumes and average sales prices are from the first month's; grain: one month, counted from 1.

Volume level = (1 + growth)^years, price level = (1 - erosion)^years × (1 - Medicare's negotiated cut, from its month on); years are
whole ones since the first month. The formulas hold for exact decimals and for arrays of floats alike.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

YEAR = 12


def month_number(first: dt.date, month: dt.date) -> int:
    """Months count from 1: the first month counted is month 1."""
    return (month.year - first.year) * YEAR + month.month - first.month + 1


@dataclass(frozen=True)
class Yearly:
    """The levels by month; `value` holds growth, asp_erosion, negotiated_cut and first_month."""

    value: Mapping
    horizon: int

    @property
    def months(self) -> range:
        return range(1, self.horizon + 1)

    def volume_level(self, month: int):
        return (1 + self.value["growth"]) ** years(month)

    def price_level(self, month: int, negotiated_from: dt.date | None):
        level = (1 - self.value["asp_erosion"]) ** years(month)
        return level * (1 - self.value["negotiated_cut"]) if self.is_negotiated(month, negotiated_from) else level

    def is_negotiated(self, month: int, negotiated_from: dt.date | None) -> bool:
        return negotiated_from is not None and month >= month_number(self.value["first_month"], negotiated_from)


def years(month: int) -> int:
    """Whole years since the first month."""
    return (month - 1) // YEAR
