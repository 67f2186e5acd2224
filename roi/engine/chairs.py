"""Inputs -> what the new site is asked for and what it can give, by month.

The chair need is `demand.engine.capacity`'s. A site full is a month, not a percentage.
What does not fit is not earned: every group is cut by the same share, and those turned away are where they would have
been without the site.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from demand.engine.capacity import chairs_needed
from roi.engine.cents import EXACT
from roi.engine.inputs import AT_OPENING, ONE, ZERO, Inputs, PatientGroup, at

_GUARD = Decimal("1e-20")


@dataclass(frozen=True)
class ChairUse:
    """By month 1 … horizon: infusions asked for, chairs they need (None without opening hours), the share that fits."""

    wanted: tuple[Decimal, ...]
    needed: tuple[Decimal, ...] | None
    fits: tuple[Decimal, ...]
    month_full: int | None

    @property
    def month_turned_away(self) -> int | None:
        """The first month in which something does not fit: the month full or, where it fits exactly, a later one."""
        return next((month for month, fits in enumerate(self.fits, start=1) if fits < 1), None)

    @property
    def given(self) -> tuple[Decimal, ...]:
        with localcontext(EXACT):
            return tuple(wanted * fits for wanted, fits in zip(self.wanted, self.fits, strict=True))


def wanted(inputs: Inputs, group: PatientGroup, month: int) -> Decimal:
    """Infusions of a group that would come to the new site in a month if there were chairs enough."""
    if month < inputs.opens:
        return ZERO
    if group.leave_month is not None and not group.has_left(month) and inputs.moves != AT_OPENING:
        return ZERO
    return at(group.infusions, month) * share_who_come(inputs, group) * inputs.ramped(month)


def share_who_come(inputs: Inputs, group: PatientGroup) -> Decimal:
    """Of those who had left before the site opened, the share who come back; of the others, the share who come."""
    return group.recapture if group.has_left(inputs.opens - 1) else group.capture


def chair_use(inputs: Inputs) -> ChairUse:
    """Wanted infusions against the chair hours there are; month_full is the first month with no room left."""
    with localcontext(EXACT):
        asked = [[wanted(inputs, group, month) for group in inputs.groups] for month in inputs.months()]
        totals = tuple(sum(row, ZERO) for row in asked)
        if inputs.open_hours_per_month is None:
            return ChairUse(totals, None, (ONE,) * inputs.horizon, None)
        minutes = [sum((n * group.chair_minutes for n, group in zip(row, inputs.groups, strict=True)), ZERO) for row in asked]
        needed = tuple(chairs_needed(total, inputs.open_hours_per_month, inputs.target_use) for total in minutes)
        if inputs.chairs is None:
            return ChairUse(totals, needed, (ONE,) * inputs.horizon, None)
        full = [month for month, need in zip(inputs.months(), needed, strict=True) if need >= inputs.chairs - _GUARD]
        fits = tuple(ONE if need <= inputs.chairs else inputs.chairs / need for need in needed)
    return ChairUse(totals, needed, fits, full[0] if full else None)
