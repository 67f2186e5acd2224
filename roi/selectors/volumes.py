"""What a scenario's volumes are beside the numbers of “Where to open”, in one sentence with both."""

import re
from collections.abc import Mapping
from decimal import Decimal

from demand.where import MEASURES
from roi.engine.infusion_center import Center
from roi.engine.market import ELSEWHERE, HOSPITAL
from roi.engine.typed_volumes import measured_of
from roi.engine.yearly import month_number

_AMOUNT = re.compile(r"about \$?[0-9][0-9,.]{0,11}[KMB]?|0")  # as it is told to everybody


def begun_with(asked: Mapping[str, str]) -> dict[str, str]:
    """What the address brings along from “Where to open”: place, measure and amount as that page tells them; nothing where it does not."""
    place, measure, amount = (asked.get(name, "").strip() for name in ("place", "measure", "amount"))
    if not place or measure not in MEASURES or not _AMOUNT.fullmatch(amount):
        return {}
    return {"place": place[:90], "measure": measure, "amount": amount}


def reconciled(center: Center) -> str:
    """Why the scenario's infusions are another number than the people at risk of “Where to open”."""
    market = center.market
    months = month_number(market.first_month, market.last_month)
    here = market.at(HOSPITAL)
    leaving = _sum(cell for cell in here if cell.leaves_on)
    typed = f"; {_measured(here):,.0f} were measured, some are typed over" if any(cell.typed_over for cell in here) else ""
    ours = (
        f"This scenario counts infusions: {_sum(here):,.0f} a month in our hospitals ({market.first_month:%b %Y} to "
        f"{market.last_month:%b %Y}, {months} months{typed}), of which dated policies take {leaving:,.0f} a month from their day on, and "
        f"{_sum(market.at(ELSEWHERE)):,.0f} a month elsewhere, in the whole of {f'the {market.name} market' if market.name else 'all markets'}"
    )
    begun = center.begun_with
    what = MEASURES[begun["measure"]].lower() if begun.get("measure") in MEASURES else "people at risk"
    theirs = (
        f"“Where to open” said that {begun['place']} adds {begun['amount']} {what} to those with a site in reach"
        if begun
        else "“Where to open” says how many people at risk a place adds to those with a site in reach"
    )
    return (
        f"{ours}. {theirs}: everybody whom a decided policy reaches, counted once over 12 months, wherever they are infused. So the two differ by reach, by "
        "months, and by how often a person is infused."
    )


def _measured(cells) -> Decimal:
    return sum(map(measured_of, cells), Decimal(0))


def _sum(cells) -> Decimal:
    return sum((cell.infusions_per_month for cell in cells), Decimal(0))
