"""An approved center and what a site really gave -> the error by assumption, in cents of allowed amounts; grain: one window of months.

What was allowed in a window differs from the scenario's by exactly three causes, one after the other:

    opening = (infusions of the scenario had it opened when the site did − infusions of the scenario) × predicted price
    volume  = (infusions given − infusions of the scenario had it opened when the site did) × predicted price
    price   = amount allowed − infusions given × predicted price

Predicted price = amount allowed ÷ infusions of the scenario in the window, so that a changed mix of payers and drugs is part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from demand.engine.capacity import month_after
from roi.engine.cell_terms import site_amounts
from roi.engine.cents import EXACT, add_up, round_half_up
from roi.engine.chairs import chair_use, wanted
from roi.engine.infusion_center import Answer, Center, groups_by_month, inputs_of, values_of
from roi.engine.inputs import ZERO
from roi.engine.market import Cell
from roi.engine.monthly_prices import cell_in, prices_by_month
from roi.engine.terms import MEDICARE_PAID_SHARE

OPENING, VOLUME, PRICE = "opening", "volume", "price"
ASSUMPTIONS = (OPENING, VOLUME, PRICE)
RUNNING, OUTLAYS = "running_costs", "outlays"  # roi.engine.cost_errors
KEPT, KEPT_PRICE = "hospital_kept", "hospital_price"  # roi.engine.hospital_kept
OWNED = (*ASSUMPTIONS, RUNNING, OUTLAYS, KEPT, KEPT_PRICE)  # what somebody answers for
WINDOWS = (3, 6, 12)  # months since the opening that was approved


@dataclass(frozen=True)
class Predicted:
    """By month 1 … horizon: infusions at the site, and what payers allow for them, in cents (patients' shares included)."""

    infusions: tuple[Decimal, ...]
    allowed: tuple[Decimal, ...]


@dataclass(frozen=True)
class Actual:
    infusions: int
    allowed_cents: int


@dataclass(frozen=True)
class Window:
    """`effects` by assumption add up to allowed less predicted, to the cent; None where the scenario expected no infusion."""

    months: int
    predicted_infusions: Decimal
    infusions: int
    predicted_cents: int
    allowed_cents: int
    effects: Mapping[str, int] | None

    @property
    def error_cents(self) -> int:
        return self.allowed_cents - self.predicted_cents


def predicted(center: Center, opens: int | None = None) -> Predicted:
    """What the center expects at the site, or would have had it opened in month `opens`."""
    if opens is not None:
        day = month_after(values_of(center)["first_month"], opens - 1)
        center = replace(center, answers={**center.answers, "opens_in": Answer(f"{day:%Y-%m}")})
    with localcontext(EXACT):
        value, inputs = values_of(center), inputs_of(center)
        fits = chair_use(inputs).fits
        infusions, allowed = [ZERO] * inputs.horizon, [ZERO] * inputs.horizon
        for cell in center.market.cells:
            prices = _prices(cell, value)
            for group in groups_by_month(cell, value):
                for month in inputs.months():
                    given = wanted(inputs, group, month) * fits[month - 1]
                    infusions[month - 1] += given
                    allowed[month - 1] += given * prices[month - 1]
    return Predicted(tuple(infusions), tuple(allowed))


def _prices(cell: Cell, value: Mapping) -> list[Decimal]:
    """What is allowed in each month, at its average sales prices and at the contract rates in force by then."""
    prices = prices_by_month(cell, value)
    at_prices = {price: allowed_at_site(cell_in(cell, *price), value) for price in dict.fromkeys(prices)}
    return [at_prices[price] for price in prices]


def allowed_at_site(cell: Cell, value: Mapping) -> Decimal:
    """What claims will show as allowed for an infusion at the new site; Medicare's whole amount, of which the payer keeps 1.6 %."""
    made = site_amounts(cell, value)
    reaches = MEDICARE_PAID_SHARE if cell.line_of_business == "medicare" else 1
    return (made.allowed * (1 - made.bagged) + made.administration) / reaches


def looked_back(center: Center, actual: Mapping[int, Actual], months: int) -> Window | None:
    """The first `months` since the approved opening; None where one of them is not known. `actual` by month of the scenario."""
    opens = inputs_of(center).opens
    span = range(opens, opens + months)
    as_approved = predicted(center)
    if span[-1] > len(as_approved.infusions) or any(month not in actual for month in span):
        return None
    began = next((month for month in sorted(actual) if actual[month].infusions), None)
    with localcontext(EXACT):
        as_opened = predicted(center, began).infusions if began else (ZERO,) * len(as_approved.infusions)
        expected, would_be = (sum((of[month - 1] for month in span), ZERO) for of in (as_approved.infusions, as_opened))
        worth = sum((as_approved.allowed[month - 1] for month in span), ZERO)
        given = sum(actual[month].infusions for month in span)
        allowed, whole = sum(actual[month].allowed_cents for month in span), round_half_up(worth)
        effects = None
        if expected:
            price = worth / expected
            exact = {OPENING: (would_be - expected) * price, VOLUME: (given - would_be) * price, PRICE: allowed - given * price}
            effects = add_up(exact, allowed - whole)
    return Window(months, expected, given, whole, allowed, effects)
