"""Running costs and outlays as formulas over the answers' keys, as roi.engine.center_costs computes them; grain: one cost or outlay.

In the notation of spreadsheets: the workbook calculates by them (with names for keys), explanations read them with the numbers in.
"""

from roi.engine.cost_fields import STAFF, STAFF_LEAST

CHAIRS, PAID_BY_PARTNER = "chairs*needs_chairs", "paid_by_partner"
A_MONTH = {
    **{
        least: f"MAX({least},{CHAIRS}*open_hours/(chairs_per_{word}*full_time_hours))*{word}_pay*(1+benefits)/12*share"
        for word, least in ((word, STAFF_LEAST[word]) for word in STAFF)
    },
    "rent": "square_feet*rent_per_square_foot/12*share",
    "it": "it_per_month*share",
    "insurance": "insurance_per_month*share",
    "courier": "courier_per_month*share",
    "accreditation": "accreditation_per_year/12*share",
    "sterile_room": 'sterile_upkeep*(compounds="yes")*share',
    "other": "other_per_month*share",
    "own": "own_per_month",
    PAID_BY_PARTNER: "-partner_income",
}
AN_INFUSION = {
    "supplies": "supplies*share",
    "visits": "visit_hours*nurse_pay*(1+benefits)/(full_time_hours*52)*share",
    "delivery": "delivery*share",
}
OUTLAYS = {
    "building": f"build_per_chair*{CHAIRS}*share",
    "equipment": f"equipment_per_chair*{CHAIRS}*share",
    "sterile_room": 'sterile_room*(compounds="yes")*share',
    "it": "it_opening*share",
    "accreditation": "accreditation_opening*share",
    "licences": "licences_opening*share",
    "opening": "opening_costs*share",
    "own_opening": "own_opening",
}
