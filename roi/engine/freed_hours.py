"""Hospital chair-hours that a center frees a month, and the people who really wait -> hours used and their margin; grain: one person waiting.

Freed = infusions of people who would still be at the hospital and come to the new site × chair minutes, in the last month looked at.
Those who wait are served in the order of their orders, each whole, until the next one does not fit; a person's hours a month are
infusions a month × chair minutes, the margin is the hospital's on that therapy. No list, no value; what nobody waits for is worth nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine.cell_terms import hospital_terms
from roi.engine.cents import EXACT
from roi.engine.chairs import chair_use, wanted
from roi.engine.infusion_center import Center, inputs_of, values_of
from roi.engine.inputs import ZERO, at
from roi.engine.market import HOSPITAL

DAYS_A_MONTH = Decimal("365.25") / 12


@dataclass(frozen=True)
class Waiting:
    """One person on the list: the therapy that was ordered, the days between infusions and the minutes in the chair."""

    family: str
    interval_days: int
    chair_minutes: int

    @property
    def infusions_a_month(self) -> Decimal:
        return DAYS_A_MONTH / self.interval_days

    @property
    def hours_a_month(self) -> Decimal:
        return self.infusions_a_month * self.chair_minutes / 60


@dataclass(frozen=True)
class Freed:
    """Hours a month; `margin` is cents a month of those served whose therapy has a known margin, `unpriced` counts the others."""

    freed: Decimal
    waiting: int
    served: int
    served_hours: Decimal
    margin: Decimal
    unpriced: int

    @property
    def margin_an_hour(self) -> Decimal | None:
        return self.margin / self.served_hours if self.served_hours else None


def freed_hours(center: Center) -> Decimal:
    with localcontext(EXACT):
        inputs = inputs_of(center)
        last, fits = inputs.horizon, chair_use(inputs).fits[-1]
        staying = (group for group in inputs.groups if not group.is_new and not group.has_left(last))
        return sum((wanted(inputs, group, last) * fits * group.chair_minutes / 60 for group in staying), ZERO)


def hospital_margins(center: Center) -> dict[str, Decimal]:
    """By therapy: what an infusion leaves at the hospital, 340B benefit included, mean over the market's payers there."""
    with localcontext(EXACT):
        value = values_of(center)
        sums: dict[str, list[Decimal]] = {}
        for cell in center.market.at(HOSPITAL):
            terms = hospital_terms(cell, value)
            known = sums.setdefault(cell.family, [ZERO, ZERO])
            known[0] += cell.infusions_per_month * (at(terms.margin, 1) + at(terms.benefit_340b, 1))
            known[1] += cell.infusions_per_month
        return {family: amount / infusions for family, (amount, infusions) in sums.items() if infusions}


def served(hours: Decimal, waiting: Sequence[Waiting], margins: dict[str, Decimal]) -> Freed:
    with localcontext(EXACT):
        used, margin, number, unpriced = ZERO, ZERO, 0, 0
        for person in waiting:
            if used + person.hours_a_month > hours:
                break
            used += person.hours_a_month
            number += 1
            if person.family in margins:
                margin += margins[person.family] * person.infusions_a_month
            else:
                unpriced += 1
        return Freed(hours, len(waiting), number, used, margin, unpriced)
