"""Medicare's quarterly payment limits -> the limit and the average sales price of a code on a day; grain: one code, one day.

The limit published for a quarter is for service dates in that quarter, and rests on sales of two quarters before (CMS, note 1 of
the payment limits). limit = ASP + 6 % of it; of a biosimilar: own ASP + 6 or 8 % of the reference product's ASP, by its window.
So ASP = limit ÷ 1.06, and of a biosimilar: limit − percent × (reference limit ÷ 1.06). Dollars per HCPCS unit.

Where the quarter is not on file the nearest earlier one is carried forward, two years at most, else the nearest later one back, a
year at most: it says so.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from payers.engine.medicare_rules import AddOn, MedicareRules

ADD_ON_PERCENT = Decimal(6)
LAG_QUARTERS = 2
MOST_FORWARD, MOST_BACK = 8, 4  # quarters; beyond a year forward the price is a poor one and says so
A_YEAR = 4


@dataclass(frozen=True)
class Limit:
    """One published payment limit: dollars per HCPCS unit, add-on included."""

    quarter_start: dt.date
    amount: Decimal
    source: str = ""


@dataclass(frozen=True)
class AspOn:
    """What Medicare's file says of a code on a day. `carried` is the number of quarters between the day's and the file's."""

    hcpcs_code: str
    limit: Decimal
    average_sales_price: Decimal
    add_on_percent: Decimal
    reference_hcpcs_code: str | None
    published: Limit
    carried: int
    words: str
    confidence: str = "high"


def quarter_of(day: dt.date) -> dt.date:
    """The first day of a day's quarter."""
    return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def quarters_between(earlier: dt.date, later: dt.date) -> int:
    return (later.year - earlier.year) * 4 + (later.month - earlier.month) // 3


def sales_quarter(quarter_start: dt.date) -> dt.date:
    """The quarter whose sales a quarter's limit rests on: two quarters before."""
    month = quarter_start.month - 3 * LAG_QUARTERS
    return dt.date(quarter_start.year - (month < 1), month + 12 * (month < 1), 1)


def in_words(quarter_start: dt.date) -> str:
    """2025-10-01 -> Q4 2025"""
    return f"Q{(quarter_start.month + 2) // 3} {quarter_start.year}"


def asp_on(
    code: str,
    on: dt.date,
    limits: Mapping[str, Sequence[Limit]],
    rules: MedicareRules,
    unit_ratio: Decimal = Decimal(1),
) -> AspOn | None:
    """The limit and the ASP of a code on a day; None where no limit near enough is on file.

    `unit_ratio`: how much of the reference product's unit one unit of a biosimilar is.
    """
    found = _nearest(limits.get(code, ()), quarter_of(on))
    if found is None:
        return None
    limit, carried = found
    said = [f"payment limit of {in_words(limit.quarter_start)}, on sales of {in_words(sales_quarter(limit.quarter_start))}"]
    if carried > 0:
        said.append(f"carried forward to {in_words(quarter_of(on))}, whose limit is not on file")
    elif carried < 0:
        said.append(f"carried back to {in_words(quarter_of(on))}, whose limit is not on file")
    reference = rules.reference_of(code)
    confidence = "high" if carried == 0 else "medium" if carried <= A_YEAR else "low"
    reference_limit = _of_quarter(limits.get(reference, ()), limit.quarter_start) if reference else None
    if reference_limit is None:
        if reference:
            said.append(f"the add-on is taken as 6 % of its own price: the limit of {reference} is not on file")
            confidence = "low"
        asp = limit.amount / (1 + ADD_ON_PERCENT / 100)
        return AspOn(code, limit.amount, asp, ADD_ON_PERCENT, None, limit, carried, "; ".join(said), confidence)
    return _of_biosimilar(code, on, limit, carried, reference_limit, unit_ratio, rules, said, confidence)


def _of_biosimilar(code, on, limit, carried, reference_limit, unit_ratio, rules, said, confidence) -> AspOn:
    reference_asp = reference_limit.amount / (1 + ADD_ON_PERCENT / 100) * unit_ratio
    then, now = _percent(rules.add_on(code, limit.quarter_start)), _percent(rules.add_on(code, on))
    asp = limit.amount - then / 100 * reference_asp
    amount = limit.amount + (now - then) / 100 * reference_asp
    reference = rules.reference_of(code)
    said.append(f"with {now:f} % of the price of {reference} added")
    if now != then:
        said.append(f"the published limit has {then:f} %: its window is another on this day")
    return AspOn(code, amount, asp, now, reference, limit, carried, "; ".join(said), confidence)


def _percent(add_on: AddOn | None) -> Decimal:
    return ADD_ON_PERCENT if add_on is None else add_on.percent


def _of_quarter(limits: Sequence[Limit], quarter_start: dt.date) -> Limit | None:
    return next((limit for limit in limits if limit.quarter_start == quarter_start), None)


def _nearest(limits: Sequence[Limit], quarter_start: dt.date) -> tuple[Limit, int] | None:
    """The limit of the quarter, else the newest before it, else the first after it; and the quarters it is carried."""
    before = max((limit for limit in limits if limit.quarter_start <= quarter_start), key=_start, default=None)
    found = before or min((limit for limit in limits if limit.quarter_start > quarter_start), key=_start, default=None)
    if found is None:
        return None
    carried = quarters_between(found.quarter_start, quarter_start)
    return (found, carried) if -MOST_BACK <= carried <= MOST_FORWARD else None


def _start(limit: Limit) -> dt.date:
    return limit.quarter_start
