"""A scenario's question in frozen objects: who is infused where, on what terms, and at what cost.

Amounts are Decimal cents, shares lie between 0 and 1, months count from 1 (month 0 is the day before month 1: outlays).
An `Amount` is one value for every month or a tuple with one value for each of the months 1 … horizon.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

Amount = Decimal | tuple[Decimal, ...]
ZERO, ONE = Decimal(0), Decimal(1)

LONGEST_HORIZON = 600
WHEN_LEAVING, AT_OPENING = "when_leaving", "at_opening"


class InputError(ValueError):
    """One input is not usable: its name, and one sentence that says why and what would be."""

    def __init__(self, field: str, sentence: str):
        super().__init__(f"{field}: {sentence}")
        self.field, self.sentence = field, sentence


def at(amount: Amount, month: int) -> Decimal:
    """The amount of one month."""
    return amount[month - 1] if isinstance(amount, tuple) else amount


@dataclass(frozen=True)
class Terms:
    """What one infusion leaves at one place, in cents: margin without 340B, 340B benefit, and the drug bought for it.

    The margin may be negative: a drug can cost more than the contract allows.
    """

    margin: Amount
    benefit_340b: Amount = ZERO
    purchases: Amount = ZERO


@dataclass(frozen=True)
class PatientGroup:
    """Patients who are alike: the same drug and payer, the same fate under the policies, the same terms.

    `infusions` is their number a month at full volume. `leave_month` is the first month in which, if nothing is done,
    they are no longer at the hospital (None: they stay). `capture` is the share that comes to the new site, `recapture`
    the share of those who had left before it opened. New patients (`is_new`) are with us in neither baseline; `by_risk`: no policy makes
    them leave.
    """

    name: str
    infusions: Amount
    hospital: Terms
    site: Terms
    leave_month: int | None = None
    capture: Decimal = ONE
    recapture: Decimal = ONE
    is_new: bool = False
    by_risk: bool = False
    chair_minutes: Decimal = ZERO

    def has_left(self, month: int) -> bool:
        """True where the patients have left the hospital by that month, unless something is done."""
        return self.leave_month is not None and month >= self.leave_month


@dataclass(frozen=True)
class Cost:
    """A running cost of the new site: cents a month (months 1 … horizon, as given) and cents an infusion there."""

    name: str
    per_month: Amount = ZERO
    per_infusion: Amount = ZERO


@dataclass(frozen=True)
class Outlay:
    """Money spent once, at the end of a month; month 0 is before anything is earned."""

    name: str
    cents: Decimal
    month: int = 0


@dataclass(frozen=True)
class Days:
    """How long money is tied up in drugs: owed by payers, lying in stock, less the time suppliers wait."""

    receivable: Decimal = ZERO
    stock: Decimal = ZERO
    supplier: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.receivable + self.stock - self.supplier


@dataclass(frozen=True)
class Inputs:
    """All that one cash flow is computed from. `ramp`: share of full volume by month since opening; its last holds."""

    groups: tuple[PatientGroup, ...]
    opens: int
    rate: Decimal
    ramp: tuple[Decimal, ...] = (ONE,)
    costs: tuple[Cost, ...] = ()
    outlays: tuple[Outlay, ...] = ()
    days: Days = Days()
    release_working_capital: bool = False
    horizon: int = 60
    moves: str = WHEN_LEAVING
    chairs: Decimal | None = None
    open_hours_per_month: Decimal | None = None
    target_use: Decimal = Decimal("0.75")

    def __post_init__(self) -> None:
        _whole("horizon", self.horizon, 1, LONGEST_HORIZON)
        _whole("opens", self.opens, 1, self.horizon)
        _between("rate", self.rate, Decimal("-0.99"), Decimal(10))
        _between("target_use", self.target_use, Decimal("0.01"), ONE)
        if not self.ramp:
            raise InputError("ramp", "give at least one share.")
        for share in self.ramp:
            _between("ramp", share, ZERO, ONE)
        if self.moves not in (WHEN_LEAVING, AT_OPENING):
            raise InputError("moves", f"use {WHEN_LEAVING} or {AT_OPENING}.")
        if self.chairs is not None:
            _check_chairs(self)
        for group in self.groups:
            _check_group(group, self.horizon)
        for cost in self.costs:
            _length(f"opex.{cost.name}", (cost.per_month, cost.per_infusion), self.horizon)
        for outlay in self.outlays:
            _whole(f"outlays.{outlay.name}", outlay.month, 0, self.horizon)
        for name in ("receivable", "stock", "supplier"):
            _between(f"days.{name}", getattr(self.days, name), ZERO, Decimal(3650))

    def months(self) -> range:
        return range(1, self.horizon + 1)

    def ramped(self, month: int) -> Decimal:
        """The site's share of full volume in that month; nothing before it opens."""
        since = month - self.opens
        return ZERO if since < 0 else self.ramp[min(since, len(self.ramp) - 1)]


def _check_group(group: PatientGroup, horizon: int) -> None:
    name = group.name
    _length(f"patients.{name}", (group.infusions,), horizon)
    for terms in (group.hospital, group.site):
        _length(f"margins.{name}", (terms.margin, terms.benefit_340b, terms.purchases), horizon)
    if any(at(group.infusions, month) < 0 for month in range(1, horizon + 1)):
        raise InputError(f"patients.{name}", "a number of patients or infusions below zero means nothing.")
    _between(f"capture.{name}", group.capture, ZERO, ONE)
    _between(f"recapture.{name}", group.recapture, ZERO, ONE)
    if group.leave_month is not None:
        _whole(f"leave_month.{name}", group.leave_month, 1, 10_000)
        if group.is_new:
            raise InputError(f"leave_month.{name}", "new patients are not here yet, so they cannot leave.")
    if group.chair_minutes < 0:
        raise InputError("chair_minutes", "minutes below zero mean nothing.")


def _check_chairs(inputs: Inputs) -> None:
    if inputs.chairs < 0:
        raise InputError("chairs", "a number of chairs below zero means nothing.")
    if not inputs.open_hours_per_month or inputs.open_hours_per_month <= 0:
        raise InputError("open_hours_per_month", "chairs are given, so give the hours a month that they are open.")
    if any(group.chair_minutes == 0 for group in inputs.groups):
        raise InputError("chair_minutes", "chairs are given, so give the chair minutes of an infusion.")


def _whole(field: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(field, f"give a whole number from {low} to {high}.")


def _between(field: str, value: Decimal, low: Decimal, high: Decimal) -> None:
    if not low <= value <= high:
        raise InputError(field, f"give a number from {low} to {high}.")


def _length(field: str, amounts: Iterable[Amount], horizon: int) -> None:
    for amount in amounts:
        if isinstance(amount, tuple) and len(amount) != horizon:
            raise InputError(field, f"a list needs one value for each of the {horizon} months, this one has {len(amount)}.")
