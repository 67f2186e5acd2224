"""A center -> what its value becomes when one thing goes wrong (or another rule comes); grain: one stress, each a recomputation.

Also where buy-and-bill stops paying: the share of commercial infusions that payers supply themselves (white bagging) at which the
site's last month brings as much as it costs. The site's result of a month is a straight line of that share, so the share follows
from two points of it: w = r(0) ÷ (r(0) − r(1)).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from payers.engine.prices import MEDICARE_PAID_SHARE
from roi.engine.cash_flow import BASELINES
from roi.engine.cell_terms import NEGOTIATING_PAYERS, WHITE_BAGGING_PAYERS, average_sales_price
from roi.engine.cents import round_half_up
from roi.engine.chairs import ChairUse, chair_use, wanted
from roi.engine.draws import draw_values
from roi.engine.infusion_center import Answer, Center, groups_by_month, inputs_of, read_value, values_of
from roi.engine.inputs import InputError, Inputs, at
from roi.engine.levels import ASP, RAMP, center_at
from roi.engine.market import HOSPITAL
from roi.engine.prices import MEDICARE
from roi.engine.worlds import DO_NOTHING

# The proposed outpatient rule for 2027 (CMS-1850-P, 2 July 2026): drugs bought under 340B at average sales price less 33.4 %.
PROPOSED_340B = Decimal("0.666")
ADD_ON = Decimal("1.06")
BAG_POINTS = 21


@dataclass(frozen=True)
class Stressed:
    """`npv`, `payback` and `peak` by baseline; `payback` None where the money is not back within the months looked at."""

    key: str
    changed: str
    npv: dict[str, int]
    payback: dict[str, int | None]
    peak: dict[str, int]
    full: bool


@dataclass(frozen=True)
class Bagging:
    """White-bagged share of commercial infusions at the site -> value against doing nothing (`site_only`), and where payers do the
    same at the hospital (`everywhere`). `stops_at`: the share from which a month costs more than it brings; `turned`: then, by month,
    infusions that return to the hospital, are lost to policies, go back elsewhere; `payers_pay_more`: cents a month for those that
    return, at what the hospital is allowed."""

    shares: tuple[float, ...]
    site_only: tuple[int, ...]
    everywhere: tuple[int, ...]
    stops_at: float | None
    pays_at_none: bool
    turned: dict[str, float]
    payers_pay_more: int


def stress(center: Center) -> list[Stressed]:
    """As answered first, then one change at a time. A change that cannot be (no payer to lose) is left out."""
    found = [_computed("none", "Nothing: as answered", center)]
    for key, words, change in _changes(center):
        try:
            changed = change()
            if changed is not None:
                found.append(_computed(key, words, changed))
        except InputError:  # it opens after the last month looked at
            continue
    return found


def _changes(center: Center) -> list[tuple[str, str, Callable[[], Center | None]]]:
    value = {key: read_value(key, center.answers[key].text) for key in ("denials", "opens_in")}
    payer = _key_payer(center)
    return [
        ("denials", "Denials written off 10 points higher", lambda: center_at(center, {"denials": min(Decimal(1), value["denials"] + Decimal("0.1"))})),
        ("ramp", "Every share of the ramp reached 6 months later", lambda: center_at(center, {RAMP: Decimal(6)})),
        ("opening", "Opening 6 months later", lambda: _with_answer(center, "opens_in", f"{_six_months_on(value['opens_in']):%Y-%m}")),
        ("asp", "Average sales prices 10 % lower, and all prices that follow them", lambda: center_at(center, {ASP: Decimal("0.9")})),
        ("bag_half", "White bagging of 50 % of commercial infusions at the site", lambda: center_at(center, {"white_bag": Decimal("0.5")})),
        ("bag_all", "White bagging of all commercial infusions at the site", lambda: center_at(center, {"white_bag": Decimal(1)})),
        ("payer", f"{payer} does not contract with the site", lambda: _without(center, payer) if payer else None),
        ("rule_340b", "340B drugs paid at average sales price less 33.4 % by Medicare (proposed for 2027)", lambda: _proposed_340b(center)),
        ("chairs", "Half the chair hours that were planned, at the same costs", lambda: _half_the_hours(center)),
        ("affiliated", "Payers read the site as affiliated with a hospital", lambda: _with_answer(center, "hospital_affiliated", "yes") if center.answers["hospital_affiliated"].text.strip() == "no" else None),
        ("nobody_leaves", "Policies are withdrawn: nobody has to leave", lambda: _no_policies(center)),
    ]  # fmt: skip


def _computed(key: str, words: str, center: Center) -> Stressed:
    inputs_of(center)  # refuses what cannot be computed
    made = draw_values(center, {}, 1)
    cumulative = {baseline: made.flows[baseline][:, 0].cumsum() for baseline in BASELINES}
    return Stressed(
        key=key,
        changed=words,
        npv={baseline: int(made.npv[baseline][0]) for baseline in BASELINES},
        payback={baseline: _payback(cumulative[baseline]) for baseline in BASELINES},
        peak={baseline: max(0, -int(cumulative[baseline].min())) for baseline in BASELINES},
        full=bool(made.full[0]),
    )


def _payback(cumulative: np.ndarray) -> int | None:
    below = np.flatnonzero(cumulative < 0)
    if not below.size:
        return 0
    return None if below[-1] == len(cumulative) - 1 else int(below[-1]) + 1


def _with_answer(center: Center, key: str, text: str) -> Center:
    return replace(center, answers={**center.answers, key: Answer(text, center.answers[key].source)})


def _six_months_on(month: dt.date) -> dt.date:
    months = month.year * 12 + month.month - 1 + 6
    return dt.date(months // 12, months % 12 + 1, 1)


def _with_cells(center: Center, change) -> Center:
    return replace(center, market=replace(center.market, cells=tuple(change(cell) for cell in center.market.cells)))


def _key_payer(center: Center) -> str:
    """The payer that brings the site most infusions over all months; empty where nobody comes."""
    value = values_of(center)
    inputs = inputs_of(center)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for cell in center.market.cells:
        for group in groups_by_month(cell, value):
            sums[cell.payer] += sum((wanted(inputs, group, month) for month in inputs.months()), Decimal(0))
    return max(sums, key=lambda payer: (sums[payer], payer)) if any(sums.values()) else ""


def _without(center: Center, payer: str) -> Center:
    return _with_cells(center, lambda cell: replace(cell, bars_centers=True) if cell.payer == payer else cell)


def _no_policies(center: Center) -> Center | None:
    if not any(cell.leaves_on for cell in center.market.cells):
        return None
    return _with_cells(center, lambda cell: replace(cell, leaves_on=None, bars_centers=False, bars_affiliated=False))


def _half_the_hours(center: Center) -> Center:
    """By the use of the open hours: with half of the open hours fewer nurses would be paid, and the costs would not stay."""
    use = read_value("target_use", center.answers["target_use"].text)
    return center_at(center, {"target_use": use / 2})


def _proposed_340b(center: Center) -> Center | None:
    """Medicare pays the hospital less for what it buys under 340B; what the new site is paid stays."""

    def change(cell):
        if cell.place != HOSPITAL or cell.line_of_business != MEDICARE:
            return cell
        less = average_sales_price(cell) * (ADD_ON - PROPOSED_340B) * MEDICARE_PAID_SHARE * cell.share_340b
        return replace(cell, hospital_allowed=max(Decimal(0), cell.hospital_allowed - less))

    touched = any(cell.place == HOSPITAL and cell.line_of_business == MEDICARE and cell.share_340b for cell in center.market.cells)
    return _with_cells(center, change) if touched else None


def bagging(center: Center) -> Bagging:
    """White bagging from none to all of the commercial infusions."""
    shares = np.linspace(0, 1, BAG_POINTS)
    site_only = draw_values(center, {"white_bag": shares}, BAG_POINTS).npv[DO_NOTHING]
    everywhere = draw_values(_bagged_everywhere(center, shares), {"white_bag": shares}, BAG_POINTS).npv[DO_NOTHING]
    inputs = inputs_of(center)
    use = chair_use(inputs)
    none, every = (_month_result(center_at(center, {"white_bag": Decimal(share)}), use) for share in (0, 1))
    return Bagging(
        shares=tuple(float(share) for share in shares),
        site_only=tuple(int(cents) for cents in site_only),
        everywhere=tuple(int(cents) for cents in everywhere),
        stops_at=float(none / (none - every)) if none > 0 >= every else None,
        pays_at_none=none > 0,
        turned=_turned(inputs, use),
        payers_pay_more=_payers_pay_more(center, inputs, use),
    )


def _bagged_everywhere(center: Center, shares: np.ndarray) -> Center:
    """Commercial cells with the share of each draw, or their own where that is more."""

    def change(cell):
        bagged = cell.line_of_business in WHITE_BAGGING_PAYERS
        return replace(cell, white_bag_share=np.maximum(float(cell.white_bag_share), shares)) if bagged else cell

    return _with_cells(center, change)


def _month_result(center: Center, use: ChairUse) -> Decimal:
    """What the site's last month brings (drug, administration, 340B) less what it costs to run."""
    inputs = inputs_of(center)
    month = inputs.horizon
    earned = sum(
        (
            wanted(inputs, group, month) * (at(group.site.margin, month) + at(group.site.benefit_340b, month))
            for group in inputs.groups
        ),
        Decimal(0),
    )
    cost = sum(
        (at(cost.per_month, month) + at(cost.per_infusion, month) * use.given[month - 1] for cost in inputs.costs), Decimal(0)
    )
    return earned * use.fits[month - 1] - cost


def _turned(inputs: Inputs, use: ChairUse) -> dict[str, float]:
    """If the site closes: where its last month's infusions go. Their sum is what it gives."""
    month = inputs.horizon
    sums = {"hospital": Decimal(0), "lost": Decimal(0), "elsewhere": Decimal(0)}
    for group in inputs.groups:
        place = "elsewhere" if group.is_new else "lost" if group.has_left(month) else "hospital"
        sums[place] += wanted(inputs, group, month) * use.fits[month - 1]
    return {place: float(number) for place, number in sums.items()}


def _payers_pay_more(center: Center, inputs: Inputs, use: ChairUse) -> int:
    """Of the last month's infusions that would return: what the hospital is allowed less what the site is."""
    value, month, more = values_of(center), inputs.horizon, Decimal(0)
    for cell in center.market.at(HOSPITAL):
        level = value["contract_level"] if cell.line_of_business in NEGOTIATING_PAYERS else 1
        dearer = cell.hospital_allowed - (cell.site_drug + cell.site_administration) * level
        for group in groups_by_month(cell, value):
            if not group.is_new and not group.has_left(month):
                more += wanted(inputs, group, month) * use.fits[month - 1] * dearer
    return round_half_up(more)
