"""An approved center and what its hospital departments gave -> the error in what they keep; grain: one window of months.

The scenario says which share of today's infusions as measured, and of what is allowed for them, stays at the hospital. That share of the
months it was measured on is what is expected, so that groups too small to be in the scenario count on both sides; more than was measured is
expected where somebody typed more.

    kept  = (infusions given − infusions expected) × expected price
    price = amount allowed − infusions given × expected price
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine import worlds
from roi.engine.cell_terms import hospital_amounts
from roi.engine.cents import EXACT, add_up, round_half_up
from roi.engine.chairs import chair_use
from roi.engine.infusion_center import Center, groups_by_month, inputs_of, values_of
from roi.engine.inputs import ZERO
from roi.engine.line_month import numbers
from roi.engine.look_back import KEPT, KEPT_PRICE, Actual, Window
from roi.engine.market import HOSPITAL, Cell
from roi.engine.monthly_prices import cell_in, prices_by_month
from roi.engine.terms import MEDICARE_PAID_SHARE
from roi.engine.typed_volumes import measured_of


@dataclass(frozen=True)
class Share:
    """By month 1 … horizon: what the hospital keeps, over what it gave in the months measured; of infusions and of amounts allowed."""

    infusions: tuple[Decimal, ...]
    allowed: tuple[Decimal, ...]


def share_kept(center: Center) -> Share | None:
    """None where the scenario has nobody at the hospital."""
    with localcontext(EXACT):
        value, inputs = values_of(center), inputs_of(center)
        use = chair_use(inputs)
        kept, allowed = [ZERO] * inputs.horizon, [ZERO] * inputs.horizon
        today, worth = ZERO, ZERO
        for cell in center.market.at(HOSPITAL):
            today += measured_of(cell)
            worth += measured_of(cell) * allowed_at_hospital(cell, value)
            prices = prices_by_month(cell, value)
            at_prices = {price: allowed_at_hospital(cell_in(cell, *price), value) for price in dict.fromkeys(prices)}
            for group in groups_by_month(cell, value):
                for month, price in enumerate(prices, start=1):
                    ours, _ = numbers(inputs, use, group, worlds.HOSPITAL, worlds.DO_NOTHING, month)
                    kept[month - 1] += ours
                    allowed[month - 1] += ours * at_prices[price]
        if not today or not worth:
            return None
        return Share(tuple(each / today for each in kept), tuple(each / worth for each in allowed))


def allowed_at_hospital(cell: Cell, value: Mapping) -> Decimal:
    """What claims show as allowed for an infusion there; a white-bagged one shows its administration."""
    made = hospital_amounts(cell, value)
    reaches = MEDICARE_PAID_SHARE if cell.line_of_business == "medicare" else 1
    return (made.allowed * (1 - made.bagged) + made.administration * made.bagged) / reaches


def hospital_window(
    center: Center, share: Share, measured: tuple[Decimal, Decimal], actual: Mapping[int, Actual], months: int
) -> Window | None:
    """The first `months` since the approved opening; `measured` are infusions and cents of a mean month that the scenario was measured
    on. None where a month is not known."""
    opens = inputs_of(center).opens
    span = range(opens, opens + months)
    if span[-1] > len(share.infusions) or any(month not in actual for month in span):
        return None
    with localcontext(EXACT):
        expected = sum((share.infusions[month - 1] for month in span), ZERO) * measured[0]
        worth = sum((share.allowed[month - 1] for month in span), ZERO) * measured[1]
        given, allowed = sum(actual[month].infusions for month in span), sum(actual[month].allowed_cents for month in span)
        whole = round_half_up(worth)
        effects = None
        if expected:
            price = worth / expected
            effects = add_up({KEPT: (given - expected) * price, KEPT_PRICE: allowed - given * price}, allowed - whole)
    return Window(months, expected, given, whole, allowed, effects)
