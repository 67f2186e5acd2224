"""A dose far from usual -> the mistake in billing units that would explain it. Formula: the first whose arithmetic lands in the usual range.

Doses and amounts are in the unit of the drug reference. A reason is a likely one, never a correction: nothing is changed by it.
"""

from __future__ import annotations

from collections.abc import Iterable

REASONS = {
    "milligrams": "Milligrams look billed as units: divided by the code's unit the dose is usual.",
    "package": "One unit billed for the whole dose.",
    "other_code": "Counted in the unit of another code of the drug.",
    "twice": "Units look divided by the code's unit twice.",
    "decimal": "A decimal point has slipped.",
    "several": "Several doses stand on one day.",
    "": "No simple slip explains it: look at the claims.",
}


def dose_reason(dose: float, low: float, high: float, units: Iterable[float], other_units: Iterable[float] = ()) -> str:
    """`units`: what one unit of the billed codes is; `other_units`: of the drug's other codes. A key of REASONS."""
    own = sorted({unit for unit in units if unit > 0})
    others = sorted({unit for unit in other_units if unit > 0})

    def usual(amount: float) -> bool:
        return low <= amount <= high

    if dose <= 0 or usual(dose):
        return ""
    if dose > high and any(unit > 1 and usual(dose / unit) for unit in own):
        return "milligrams"
    if dose < low and any(_same(dose, unit) for unit in own):
        return "package"
    if any(usual(dose / unit * other) for unit in own for other in others if unit != other):
        return "other_code"
    if dose < low and any(unit > 1 and usual(dose * unit) for unit in own):
        return "twice"
    if any(usual(dose * shift) for shift in (10, 100, 1000, 0.1, 0.01, 0.001)):
        return "decimal"
    if any(usual(dose / several) for several in (2, 3, 4)):
        return "several"
    return ""


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(one, other)
