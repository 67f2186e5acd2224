"""A center and levels -> the same center with its data moved or its answers replaced; grain: one input.

A level multiplies what the data bring (1 is as read): volumes at our hospitals and elsewhere, average sales prices, and what is
allowed at the hospital and at the new site, by what those prices rest on. The ramp is moved in months. The formulas hold for
exact decimals and for arrays of floats alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext

from roi.engine.center_fields import FIELDS
from roi.engine.cents import EXACT
from roi.engine.field import MONEY, PERCENT, SHARES
from roi.engine.infusion_center import HALF_YEAR, Answer, Center, read_value
from roi.engine.market import HOSPITAL, Cell
from roi.engine.marks import MARKS

VOLUMES, ELSEWHERE, ASP, RAMP = "data_volumes", "data_elsewhere", "data_asp", "ramp_delay"
RISK, TYPED = "data_risk", "data_typed"
HOSPITAL_PRICES = {mark: f"data_hospital_{mark}" for mark in MARKS}
SITE_PRICES = {mark: f"data_site_{mark}" for mark in MARKS}
LEVELS = (VOLUMES, ELSEWHERE, TYPED, ASP, RISK, *HOSPITAL_PRICES.values(), *SITE_PRICES.values())


def cell_at(cell: Cell, level: Mapping) -> Cell:
    """A cell's volume and prices at their levels; what is not named stays. Average sales prices move what is bought and the drug
    prices that follow them, Medicare's limit first."""
    hospital = cell.place == HOSPITAL
    cell = cell.at_asp(level.get(ASP, 1))
    volumes = TYPED if cell.typed_over else VOLUMES if hospital else ELSEWHERE
    site = level.get(SITE_PRICES[cell.site_source.mark], 1)
    moved = {
        "infusions_per_month": cell.infusions_per_month * level.get(volumes, 1),
        "site_drug": cell.site_drug * site,
        "site_administration": cell.site_administration * site,
    }
    if RISK in level:
        moved["risk"] = risk_at(cell.risk, level[RISK])
    if cell.biosimilar_drug is not None:
        moved["biosimilar_drug"] = cell.biosimilar_drug * site
    if hospital:
        moved["hospital_allowed"] = cell.hospital_allowed * level.get(HOSPITAL_PRICES[cell.hospital_source.mark], 1)
    return replace(cell, **moved)


def risk_at(chances: Iterable, level) -> tuple:
    """Chances by month to leave, at a level of the hazard: who is still there stays with the level's power, so that nobody leaves twice."""
    still_there, moved = 1, []
    for chance in chances:
        after = still_there - chance
        moved.append(still_there**level - after**level)
        still_there = after
    return tuple(moved)


def delayed(shares: Iterable, months) -> tuple:
    """Ramp shares by half-year, each reached `months` later (−6 … 6; below zero earlier), between two half-years in proportion.
    Before the first share there is nothing, after the last one it holds."""
    shares = tuple(shares)
    later, sooner = (months + abs(months)) / 2 / HALF_YEAR, (abs(months) - months) / 2 / HALF_YEAR
    padded = (0, *shares, shares[-1], shares[-1])
    return tuple(
        own - later * (own - before) + sooner * (after - own)
        for before, own, after in zip(padded, padded[1:], padded[2:], strict=False)
    )


def center_at(center: Center, values: Mapping[str, Decimal]) -> Center:
    """Exact values of inputs by key (as `read_value` gives them; a level; months of delay) -> the center that has them."""
    with localcontext(EXACT):
        answers = dict(center.answers)
        for key, value in values.items():
            if key in FIELDS:
                answers[key] = Answer(text_of(key, value), answers[key].source)
        if values.get(RAMP):
            shares = delayed(read_value("ramp", answers["ramp"].text), values[RAMP])
            answers["ramp"] = Answer(text_of("ramp", shares), answers["ramp"].source)
        cells = tuple(cell_at(cell, values) for cell in center.market.cells) if values.keys() & set(LEVELS) else center.market.cells
    return replace(center, answers=answers, market=replace(center.market, cells=cells))


def text_of(key: str, value) -> str:
    """The text that `read_value` reads as this value."""
    kind = FIELDS[key].kind
    if kind == SHARES:
        return ", ".join(_plain(share * 100) for share in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    with localcontext(EXACT):
        number = Decimal(value)
        number = number * 100 if kind == PERCENT else number / 100 if kind == MONEY else number
    return _plain(number)


def _plain(number: Decimal) -> str:
    """Digits without trailing zeros and without an exponent."""
    return f"{Decimal(number).normalize(EXACT):f}"
