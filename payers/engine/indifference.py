"""A payer's costs of an infusion here and elsewhere -> the drug rate at which both cost it the same; grain: one infusion, cents.

The payer compares paying our site for everybody with a program that moves a share s of patients to an alternative, while the
others stay with us at today's rate:

    here:      r + a
    program:   s × (D + A + K) + (1 − s) × (t + a)
    equal at   r* = s × (D + A + K − a) + (1 − s) × t

r is our drug rate, a our administration, t our drug rate today, D and A the alternative's drug and administration, and
K = one-off cost of moving a patient ÷ infusions it is spread over + extra cost of each infusion moved. With everybody moved
(s = 1) r* = D + A + K − a. Only what the payer pays belongs in K; our own write-offs and staff hours are ours and stay out.
Each cent of K is worth s cents of rate. A rate above r* makes moving patients pay for the payer, one below does not.
"""

from dataclasses import dataclass, fields, replace
from decimal import Decimal

STEP = Decimal("0.10")


@dataclass(frozen=True)
class PayerCosts:
    """What the payer pays, in cents per infusion unless said otherwise. `moved_share` is 0 to 1."""

    alternative_drug: Decimal
    alternative_administration: Decimal
    our_administration: Decimal
    our_drug_today: Decimal
    moved_share: Decimal = Decimal(1)
    infusions_per_patient: Decimal = Decimal(1)  # over which the one-off cost is spread
    delay_days: Decimal = Decimal(0)  # per patient moved
    cost_per_delay_day: Decimal = Decimal(0)
    handling_per_patient: Decimal = Decimal(0)  # authorizations, appeals, denials: the payer's own work, per patient moved
    events_per_infusion: Decimal = Decimal(0)  # extra adverse events at the alternative, per infusion
    cost_per_event: Decimal = Decimal(0)
    other_per_infusion: Decimal = Decimal(0)  # nursing visits, per diems, wasted drug that the alternative bills besides


@dataclass(frozen=True)
class Sensitivity:
    """What one input does: r* with it 10 % lower and 10 % higher, and cents of r* per unit of the input."""

    name: str
    low: Decimal
    high: Decimal
    slope: Decimal

    @property
    def spread(self) -> Decimal:
        return abs(self.high - self.low)


@dataclass(frozen=True)
class IndifferenceRate:
    """The result, cents per infusion. `room` is what today's rate lies above r* (negative: below)."""

    rate: Decimal
    moving_cost: Decimal
    alternative_total: Decimal
    our_total_today: Decimal
    room: Decimal
    sensitivity: tuple[Sensitivity, ...]

    def per_unit(self, units: Decimal) -> Decimal | None:
        return self.rate / units if units else None

    def of_average_sales_price(self, asp_cents: Decimal) -> Decimal | None:
        """r* as a multiple of an infusion's average sales price."""
        return self.rate / asp_cents if asp_cents else None


def indifference(costs: PayerCosts) -> IndifferenceRate:
    """The rate, and how much each input matters. ValueError where an input cannot be (the sentence says which)."""
    _check(costs)
    rate = _rate(costs)
    return IndifferenceRate(
        rate=rate,
        moving_cost=_moving_cost(costs),
        alternative_total=costs.alternative_drug + costs.alternative_administration + _moving_cost(costs),
        our_total_today=costs.our_drug_today + costs.our_administration,
        room=costs.our_drug_today - rate,
        sensitivity=_sensitivity(costs),
    )


def _rate(costs: PayerCosts) -> Decimal:
    elsewhere = costs.alternative_drug + costs.alternative_administration + _moving_cost(costs) - costs.our_administration
    return costs.moved_share * elsewhere + (1 - costs.moved_share) * costs.our_drug_today


def _moving_cost(costs: PayerCosts) -> Decimal:
    """K of the formula."""
    one_off = costs.delay_days * costs.cost_per_delay_day + costs.handling_per_patient
    each = costs.events_per_infusion * costs.cost_per_event + costs.other_per_infusion
    return one_off / costs.infusions_per_patient + each


def _sensitivity(costs: PayerCosts) -> tuple[Sensitivity, ...]:
    found = []
    for field in fields(costs):
        value = getattr(costs, field.name)
        if not value:
            continue
        step = value * STEP
        # A share cannot exceed one: there the step goes down only and is taken twice.
        top = min(value + step, Decimal(1)) if field.name == "moved_share" else value + step
        low, high = _rate(replace(costs, **{field.name: value - step})), _rate(replace(costs, **{field.name: top}))
        found.append(Sensitivity(field.name, low, high, (high - low) / (top - (value - step))))
    found = [each for each in found if each.spread]
    return tuple(sorted(found, key=lambda each: each.spread, reverse=True))


def _check(costs: PayerCosts) -> None:
    for field in fields(costs):
        if getattr(costs, field.name) < 0:
            raise ValueError(f"{field.name.replace('_', ' ').capitalize()} must not be negative.")
    if costs.moved_share > 1:
        raise ValueError("Moved share must lie between 0 and 1.")
    if not costs.infusions_per_patient:
        raise ValueError("Infusions per patient must be above 0.")
