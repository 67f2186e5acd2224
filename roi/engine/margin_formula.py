"""A market cell and the answers -> the margin of one infusion as a formula with the numbers in it; grain: one cell and place.

The formulas are those of roi.engine.infusion_center; `cents` is what they make of the numbers shown, exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine.cents import EXACT
from roi.engine.infusion_center import NEGOTIATING_PAYERS, WHITE_BAGGING_PAYERS, average_sales_price
from roi.engine.market import Cell


@dataclass(frozen=True)
class MarginFormula:
    words: str
    cents: Decimal


def site_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        level = value["contract_level"] if cell.line_of_business in NEGOTIATING_PAYERS else Decimal(1)
        bagged = value["white_bag"] if cell.line_of_business in WHITE_BAGGING_PAYERS else Decimal(0)
        drug = average_sales_price(cell) * value["acquisition_site"]
        allowed, kept = cell.site_drug * level, 1 - value["denials"]
        denied, waste, administration = allowed * value["denials"], drug * value["waste"], cell.site_administration * level * kept
        words = (
            f"(1 − {_percent(bagged)} white-bagged) × ({_dollars(allowed)} allowed − {_dollars(drug)} drug − {_dollars(denied)} denied "
            f"− {_dollars(waste)} waste) + {_dollars(administration)} administration less denials"
        )
        return MarginFormula(words, administration + (1 - bagged) * (allowed - drug - denied - waste))


def hospital_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        bagged, kept = cell.white_bag_share, 1 - value["denials"]
        drug = average_sales_price(cell) * value["acquisition_hospital"]
        allowed, with_waste = cell.hospital_allowed * kept, drug * (1 + value["waste"])
        administration = cell.hospital_administration * kept
        words = (
            f"(1 − {_percent(bagged)} white-bagged) × ({_dollars(allowed)} allowed less denials − {_dollars(with_waste)} drug with waste) "
            f"+ {_percent(bagged)} × {_dollars(administration)} administration less denials − {_dollars(value['hospital_cost'])} saved when it leaves"
        )
        return MarginFormula(words, (1 - bagged) * (allowed - with_waste) + bagged * administration - value["hospital_cost"])


def _dollars(cents: Decimal) -> str:
    return f"${cents / 100:,.2f}"


def _percent(share: Decimal) -> str:
    return f"{(100 * share).normalize():f} %"
