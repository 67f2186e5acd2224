"""A market cell and the answers -> margin, 340B benefit and drug bought of one infusion as formulas with the numbers in; grain: one cell and place.

The formulas are those of roi.engine.cell_terms; `cents` is what they make of the numbers shown, exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from roi.engine.cell_terms import Amounts, hospital_amounts, site_amounts
from roi.engine.cents import EXACT
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
        return _shared(words, administration + (1 - made.bagged) * (made.allowed - made.drug - never - made.waste), share)


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


def hospital_benefit_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        made, normal, reduced = hospital_amounts(cell, value), value["acquisition_hospital"], value["acquisition_340b"]
        words = (
            f"(1 − {_percent(made.bagged)} white-bagged) × {_dollars(made.asp)} average sales price × "
            f"({_percent(normal)} − {_percent(reduced)} at 340B prices) × {_percent(cell.share_340b)} of infusions"
        )
        return MarginFormula(words, (1 - made.bagged) * made.asp * (normal - reduced) * cell.share_340b)


def site_benefit_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        made, normal, reduced = site_amounts(cell, value), value["acquisition_site"], value["acquisition_340b"]
        if not value["site_340b"]:
            return MarginFormula("the site is not registered for 340B", Decimal(0))
        words = (
            f"(1 − {_percent(made.bagged)} white-bagged) × {_dollars(made.asp)} average sales price × "
            f"({_percent(normal)} − {_percent(reduced)} at 340B prices)"
        )
        return _shared(words, (1 - made.bagged) * made.asp * (normal - reduced), value["share"])


def hospital_bought_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        return _bought(hospital_amounts(cell, value), hospital_benefit_formula(cell, value).cents)


def site_bought_formula(cell: Cell, value: Mapping) -> MarginFormula:
    with localcontext(EXACT):
        share, whole = value["share"], {**value, "share": Decimal(1)}
        made = _bought(site_amounts(cell, value), site_benefit_formula(cell, whole).cents)
        return _shared(made.words, made.cents, share)


def _bought(made: Amounts, benefit: Decimal) -> MarginFormula:
    words = f"(1 − {_percent(made.bagged)} white-bagged) × {_dollars(made.drug)} drug"
    words += f" − {_dollars(benefit)} less at 340B prices" if benefit else ""
    return MarginFormula(words, (1 - made.bagged) * made.drug - benefit)


def _shared(words: str, cents: Decimal, share: Decimal) -> MarginFormula:
    return MarginFormula(words if share == 1 else f"{_percent(share)} our share × ({words})", share * cents)


def _dollars(cents: Decimal) -> str:
    return f"${cents / 100:,.2f}"


def _percent(share: Decimal) -> str:
    return f"{Decimal(100 * share).normalize():f} %"
