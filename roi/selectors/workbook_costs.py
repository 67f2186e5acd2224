"""The sheet “Costs”: what each running cost and outlay comes to by the answers, as roi.engine.center_costs has it, and the ramp."""

from decimal import Decimal

from roi import words
from roi.engine import worlds
from roi.engine.cost_fields import STAFF, STAFF_LEAST
from roi.engine.inputs import Inputs, at
from roi.selectors.workbook_book import CENTS, FIRST_ROW, Book

CHAIRS = "chairs*needs_chairs"
A_MONTH = {
    **{
        least: f"MAX({least},{CHAIRS}*open_hours/(chairs_per_{word}*full_time_hours))*{word}_pay*(1+benefits)/12*our_share"
        for word, least in ((word, STAFF_LEAST[word]) for word in STAFF)
    },
    "rent": "square_feet*rent_per_square_foot/12*our_share",
    "it": "it_per_month*our_share",
    "insurance": "insurance_per_month*our_share",
    "courier": "courier_per_month*our_share",
    "accreditation": "accreditation_per_year/12*our_share",
    "sterile_room": 'sterile_upkeep*(compounds="yes")*our_share',
    "other": "other_per_month*our_share",
    "own": "own_per_month",
    "paid_by_partner": "-partner_income",
}
AN_INFUSION = {
    "supplies": "supplies*our_share",
    "visits": "visit_hours*nurse_pay*(1+benefits)/(full_time_hours*52)*our_share",
    "delivery": "delivery*our_share",
}
OUTLAYS = {
    "building": f"build_per_chair*{CHAIRS}*our_share",
    "equipment": f"equipment_per_chair*{CHAIRS}*our_share",
    "sterile_room": 'sterile_room*(compounds="yes")*our_share',
    "it": "it_opening*our_share",
    "accreditation": "accreditation_opening*our_share",
    "licences": "licences_opening*our_share",
    "opening": "opening_costs*our_share",
    "own_opening": "own_opening",
}
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
        sheet.write_formula(row, 1, f"={A_MONTH.get(cost.name, '0')}", made.money, float(monthly / CENTS))
        sheet.write_formula(row, 2, f"={AN_INFUSION.get(cost.name, '0')}", made.money, float(each / CENTS))
    for outlay in inputs.outlays:
        row = OUTLAY_ROW[outlay.name]
        sheet.write_string(row, 0, words.line_name(worlds.OUTLAY + outlay.name))
        sheet.write_formula(row, 1, f"={OUTLAYS[outlay.name]}", made.money, float(outlay.cents / CENTS))
    for number, share in enumerate(ramp):
        sheet.write_number(FIRST_ROW + number, 4, number + 1)
        sheet.write_number(FIRST_ROW + number, 5, float(share), made.blue("0.0##%"))
    made.book.define_name("ramp", f"=Costs!$F${FIRST_ROW + 1}:$F${FIRST_ROW + len(ramp)}")
