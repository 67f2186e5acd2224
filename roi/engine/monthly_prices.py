"""A cell and the answers -> the same cell at the prices of a month: at its level of average sales prices, and at the contract rates that
are in force by then; grain: one month. A rate holds from the month on in which it begins.
"""

import datetime as dt
from collections.abc import Mapping

from roi.engine.market import Cell
from roi.engine.yearly import Yearly, month_number


def rate_days(cell: Cell, value: Mapping) -> list[tuple[int, dt.date]]:
    """(month, day) within the months looked at in which a contract rate of the cell begins; before the first of them: as priced."""
    days = sorted({change.since for change in (*cell.site_changes, *cell.hospital_changes)})
    found = {max(1, month_number(value["first_month"], day)): day for day in days}
    return [(month, day) for month, day in found.items() if month <= value["horizon"]]


def rate_periods(cell: Cell, value: Mapping) -> list[tuple[int, int, dt.date | None]]:
    """(first month, last month, day of the contract rates that hold in them), from month 1 to the horizon without a gap."""
    begun = {1: None} | dict(rate_days(cell, value))
    lasts = [*(month - 1 for month in list(begun)[1:]), value["horizon"]]
    return [(first, last, day) for (first, day), last in zip(begun.items(), lasts, strict=True)]


def prices_by_month(cell: Cell, value: Mapping) -> list[tuple]:
    """For each month 1 … horizon what `cell_in` asks for: (level of average sales prices, day of the contract rates); alike where
    prices are."""
    yearly, days = Yearly(value, value["horizon"]), rate_days(cell, value)
    return [
        (yearly.price_level(month, cell.negotiated_from), max((day for since, day in days if since <= month), default=None))
        for month in yearly.months
    ]


def cell_in(cell: Cell, price_level, day: dt.date | None) -> Cell:
    """The cell at a level of average sales prices, and at the contract rates of a day (None: as priced)."""
    return (cell if day is None else cell.at_rates(day)).at_asp(price_level)


def cell_in_month(cell: Cell, value: Mapping, month: int) -> Cell:
    """The cell at the prices of one month."""
    return cell_in(cell, *prices_by_month(cell, value)[month - 1])
