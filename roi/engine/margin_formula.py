"""A market cell and the answers -> the margin of one infusion as a formula with the numbers in it; grain: one cell and place.

The formulas are those of roi.engine.infusion_center; `cents` is what they make of the numbers shown, exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine.cents import EXACT
from roi.engine.infusion_center import hospital_amounts, site_amounts
from roi.engine.market import Cell


@dataclass(frozen=True)
class MarginFormula:
    words: str
    cents: Decimal


def site_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        made, share = site_amounts(cell, value), value["share"]
        never, administration = made.allowed * made.lost, made.administration * (1 - made.lost)
        words = (
            f"(1 − {_percent(made.bagged)} white-bagged) × ({_dollars(made.allowed)} allowed − {_dollars(made.drug)} drug − "
            f"{_dollars(never)} denied or unpaid − {_dollars(made.waste)} waste) + {_dollars(administration)} administration less denials"
        )
        words = words if share == 1 else f"{_percent(share)} our share × ({words})"
        return MarginFormula(words, share * (administration + (1 - made.bagged) * (made.allowed - made.drug - never - made.waste)))


def hospital_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        made = hospital_amounts(cell, value)
        kept, with_waste = made.allowed * (1 - made.lost), made.drug + made.waste
        administration = made.administration * (1 - made.lost)
        words = (
            f"(1 − {_percent(made.bagged)} white-bagged) × ({_dollars(kept)} allowed less denials − {_dollars(with_waste)} drug with waste) "
            f"+ {_percent(made.bagged)} × {_dollars(administration)} administration less denials − {_dollars(value['hospital_cost'])} saved when it leaves"
        )
        return MarginFormula(words, (1 - made.bagged) * (kept - with_waste) + made.bagged * administration - value["hospital_cost"])


def _dollars(cents: Decimal) -> str:
    return f"${cents / 100:,.2f}"


def _percent(share: Decimal) -> str:
    return f"{Decimal(100 * share).normalize():f} %"
