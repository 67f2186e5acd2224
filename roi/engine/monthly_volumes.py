"""A center -> infusions a month of each payer and therapy by what becomes of them; grain: one month × payer × line of business × therapy.

If nothing is done: `here` (at our hospitals, growth or decline included), `taken` by policies and `moved` without one; `elsewhere`: of our
prescribers at sites of others. In the scenario: `at_site`, what the new site gives of all of them, new referrals included.
"""

from collections import defaultdict
from decimal import Decimal, localcontext
from typing import NamedTuple

from roi.engine.cents import EXACT
from roi.engine.chairs import chair_use, wanted
from roi.engine.infusion_center import Center, groups_by_month, inputs_of, values_of
from roi.engine.inputs import ZERO, at
from roi.engine.market import ELSEWHERE
from roi.engine.yearly import Yearly

HERE, TAKEN, MOVED, AWAY, AT_SITE = "here", "taken", "moved", "elsewhere", "at_site"
FATES = (HERE, TAKEN, MOVED, AWAY, AT_SITE)


class Group(NamedTuple):
    payer: str
    line_of_business: str
    family: str


Monthly = dict[Group, dict[str, list[Decimal]]]


def monthly_volumes(center: Center) -> Monthly:
    """By group and fate: infusions of the months 1 … horizon."""
    with localcontext(EXACT):
        value, inputs = values_of(center), inputs_of(center)
        fits, yearly = chair_use(inputs).fits, Yearly(value, value["horizon"])
        found: Monthly = defaultdict(lambda: {fate: [ZERO] * inputs.horizon for fate in FATES})
        for cell in center.market.cells:
            row = found[Group(cell.payer, cell.line_of_business, cell.family)]
            for month in inputs.months() if cell.place == ELSEWHERE else ():
                row[AWAY][month - 1] += cell.infusions_per_month * yearly.volume_level(month)
            for group in groups_by_month(cell, value):
                for month in inputs.months():
                    row[AT_SITE][month - 1] += wanted(inputs, group, month) * fits[month - 1]
                    if not group.is_new:
                        fate = HERE if not group.has_left(month) else MOVED if group.by_risk else TAKEN
                        row[fate][month - 1] += at(group.infusions, month)
    return dict(found)


def summed(found: Monthly) -> dict[str, list[Decimal]]:
    """All groups together, by fate."""
    return {fate: [sum(month, ZERO) for month in zip(*(row[fate] for row in found.values()), strict=True)] for fate in FATES}
