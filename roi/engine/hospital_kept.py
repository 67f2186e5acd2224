"""An approved center and what its hospital departments gave -> the error in what they keep; grain: one window of months.

The scenario says which share of today's infusions, and of what is allowed for them, stays at the hospital. That share of the months
it was measured on is what is expected, so that groups too small to be in the scenario count on both sides.

    kept  = (infusions given − infusions expected) × expected price
    price = amount allowed − infusions given × expected price
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine import worlds
from roi.engine.cents import EXACT, add_up, round_half_up
from roi.engine.chairs import chair_use
from roi.engine.infusion_center import Center, groups_by_month, hospital_amounts, inputs_of, values_of
from roi.engine.inputs import ZERO, at
from roi.engine.line_month import numbers
from roi.engine.look_back import KEPT, KEPT_PRICE, Actual, Window
from roi.engine.market import Cell
from roi.engine.terms import MEDICARE_PAID_SHARE
from roi.engine.yearly import Yearly


@dataclass(frozen=True)
class Share:
    """By month 1 … horizon: what the hospital keeps, over what it gave in the months measured; of infusions and of amounts allowed."""

    infusions: tuple[Decimal, ...]
    allowed: tuple[Decimal, ...]


def share_kept(center: Center) -> Share | None:
    """None where the scenario has nobody at the hospital."""
    with localcontext(EXACT):
        value, inputs = values_of(center), inputs_of(center)
        use, yearly = chair_use(inputs), Yearly(value, inputs.horizon)
        kept, allowed = [ZERO] * inputs.horizon, [ZERO] * inputs.horizon
        today, worth = ZERO, ZERO
        for cell in center.market.cells:
            for group in groups_by_month(cell, value):
                if group.is_new:
                    continue
                today += at(group.infusions, 1)
                worth += at(group.infusions, 1) * allowed_at_hospital(cell, value)
                for month in inputs.months():
                    ours, _ = numbers(inputs, use, group, worlds.HOSPITAL, worlds.DO_NOTHING, month)
                    kept[month - 1] += ours
                    allowed[month - 1] += ours * allowed_at_hospital(
                        cell.at_asp(yearly.price_level(month, cell.negotiated_from)), value
                    )
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
