"""The sheet “Costs”: what each running cost and outlay comes to by the answers, as roi.engine.center_costs has it, and the ramp."""

import re
from decimal import Decimal

from roi import words
from roi.engine import worlds
from roi.engine.cost_formula import A_MONTH, AN_INFUSION, OUTLAYS
from roi.engine.inputs import Inputs, at
from roi.selectors.workbook_book import CENTS, FIRST_ROW, Book

# Answers whose name in the workbook is not their key.
RENAMED = {"rate": "discount_rate", "growth": "yearly_growth", "asp_erosion": "yearly_price_fall", "share": "our_share"}
COST_ROW = {name: FIRST_ROW + number for number, name in enumerate((*A_MONTH, *AN_INFUSION))}
OUTLAY_ROW = {name: FIRST_ROW + len(COST_ROW) + number for number, name in enumerate(OUTLAYS)}
EVERY = (*(worlds.COST + name for name in COST_ROW), *(worlds.OUTLAY + name for name in OUTLAY_ROW))
_HEAD = (
    "Cost",
    "Dollars a month, once open; outlays once",
    "Dollars an infusion",
    "",
    "Half-year since opening",
    "Share of full volume",
)


def write_costs(made: Book, inputs: Inputs, ramp: tuple[Decimal, ...]) -> None:
    """Amounts follow the answers on the sheet “Inputs”."""
    note = "What the answers on pay, staff, space and opening come to. The ramp in blue may be changed."
    sheet = made.sheet("Costs", "Costs and ramp", note, _HEAD, (44, 22, 18, 4, 14, 14))
    for cost in inputs.costs:
        monthly, each = at(cost.per_month, inputs.horizon), at(cost.per_infusion, 1)
        row = COST_ROW[cost.name]
        sheet.write_string(row, 0, words.line_name(worlds.COST + cost.name))
        sheet.write_formula(row, 1, f"={_named(A_MONTH.get(cost.name, '0'))}", made.money, float(monthly / CENTS))
        sheet.write_formula(row, 2, f"={_named(AN_INFUSION.get(cost.name, '0'))}", made.money, float(each / CENTS))
    for outlay in inputs.outlays:
        row = OUTLAY_ROW[outlay.name]
        sheet.write_string(row, 0, words.line_name(worlds.OUTLAY + outlay.name))
        sheet.write_formula(row, 1, f"={_named(OUTLAYS[outlay.name])}", made.money, float(outlay.cents / CENTS))
    for number, share in enumerate(ramp):
        sheet.write_number(FIRST_ROW + number, 4, number + 1)
        sheet.write_number(FIRST_ROW + number, 5, float(share), made.blue("0.0##%"))
    made.book.define_name("ramp", f"=Costs!$F${FIRST_ROW + 1}:$F${FIRST_ROW + len(ramp)}")


def _named(formula: str) -> str:
    """With the workbook's names for answers."""
    return re.sub(r"[a-z][a-z_]+", lambda found: RENAMED.get(found[0], found[0]), formula)
