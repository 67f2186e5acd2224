"""A cell's chances to move and the answers -> who leaves without a policy, by month of the scenario; grain: one month in which some leave.

The run's forecast looks 12 months ahead. Who leaves in them stays away, and nobody after them is counted: fewer than will leave. Chances
of months before the first one counted have come by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from roi.engine.inputs import ZERO, PatientGroup
from roi.engine.market import Cell
from roi.engine.yearly import month_number

LIKELY = "likely to move"
STILL_HERE, BEFORE, SINCE = f"{LIKELY}, still here", f"{LIKELY}, gone before the opening", f"{LIKELY}, gone since the opening"


def likely_by_month(cell: Cell, value: Mapping) -> dict:
    """The share of a cell's infusions that leaves in each month of the scenario, from exact decimals or arrays of floats alike."""
    if not value["move_risk"] or cell.risk_from is None:
        return {}
    first = month_number(value["first_month"], cell.risk_from)
    shares: dict = {}
    for month, chance in enumerate(cell.risk, start=first):
        month = max(1, month)
        shares[month] = shares.get(month, 0) + chance
    return {month: share for month, share in shares.items() if month <= value["horizon"]}


def together(groups: Sequence[PatientGroup], opens: int, horizon: int) -> list[PatientGroup]:
    """The groups of `likely_by_month`, which differ in their month alone, as three with volumes by month: still here, gone before the
    opening and since. What they ask for and bring is the same in every month, and a cash flow has fewer to count."""
    likely = [group for group in groups if group.by_risk]
    if not likely:
        return list(groups)
    leaving = {group.leave_month: group.infusions for group in likely}
    gone = [leaving.get(month, ZERO) for month in range(1, horizon + 1)]
    here = [*accumulate(reversed(gone[1:]), initial=ZERO)][::-1]  # those of later months: adding up leaves no rest below zero
    before = accumulate([*gone[: opens - 1], *[ZERO] * (horizon - opens + 1)])
    since = accumulate([*[ZERO] * (opens - 1), *gone[opens - 1 :]])
    name = likely[0].name.removesuffix(LIKELY)
    stays = {"leave_month": None, "capture": ZERO, "recapture": ZERO, "by_risk": False}
    made = [
        replace(likely[0], name=name + words, infusions=volumes, **fate)
        for words, volumes, fate in zip(
            (STILL_HERE, BEFORE, SINCE),
            map(tuple, (here, before, since)),
            (stays, {"leave_month": 1}, {"leave_month": opens}),
            strict=True,
        )
    ]
    first = groups.index(likely[0])
    return [*groups[:first], *made, *groups[first + len(likely) :]]
