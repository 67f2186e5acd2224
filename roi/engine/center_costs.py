"""Answers -> what an option costs: outlays before it opens, running costs a month and an infusion, staff by ratio and hours.

The site's own costs count at our share of the site; `own` costs are ours alone. The formulas hold for exact decimals and for
arrays of floats alike.
"""

from collections.abc import Mapping
from decimal import Decimal

from roi.engine.cost_fields import STAFF, STAFF_LEAST
from roi.engine.inputs import ZERO, Cost, Outlay

WEEKS, MONTHS = 52, 12
BUILDING, EQUIPMENT, STERILE_ROOM, IT = "building", "equipment", "sterile_room", "it"
BUILT = (BUILDING, EQUIPMENT, STERILE_ROOM, IT)  # what is written off over years


def outlays_of(value: Mapping) -> tuple[Outlay, ...]:
    chairs, share = _chairs(value), value["share"]
    return (
        Outlay(BUILDING, value["build_per_chair"] * chairs * share),
        Outlay(EQUIPMENT, value["equipment_per_chair"] * chairs * share),
        Outlay(STERILE_ROOM, value["sterile_room"] * value["compounds"] * share),
        Outlay(IT, value["it_opening"] * share),
        Outlay("accreditation", value["accreditation_opening"] * share),
        Outlay("licences", value["licences_opening"] * share),
        Outlay("opening", value["opening_costs"] * share),
        Outlay("own_opening", value["own_opening"]),
    )


def costs_of(value: Mapping, opens: int) -> tuple[Cost, ...]:
    share = value["share"]

    def monthly(name: str, amount: Decimal) -> Cost:
        return Cost(name, tuple(ZERO if month < opens else amount for month in range(1, value["horizon"] + 1)))

    def pay(word: str) -> Decimal:
        return value[f"{word}_pay"] * (1 + value["benefits"])

    return (
        *(monthly(STAFF_LEAST[word], staff(value, word) * pay(word) / MONTHS * share) for word in STAFF),
        monthly("rent", value["square_feet"] * value["rent_per_square_foot"] / MONTHS * share),
        monthly("it", value["it_per_month"] * share),
        monthly("insurance", value["insurance_per_month"] * share),
        monthly("courier", value["courier_per_month"] * share),
        monthly("accreditation", value["accreditation_per_year"] / MONTHS * share),
        monthly("sterile_room", value["sterile_upkeep"] * value["compounds"] * share),
        monthly("other", value["other_per_month"] * share),
        monthly("own", value["own_per_month"]),
        monthly("paid_by_partner", -value["partner_income"]),
        Cost("supplies", per_infusion=value["supplies"] * share),
        Cost("visits", per_infusion=value["visit_hours"] * pay("nurse") / (value["full_time_hours"] * WEEKS) * share),
        Cost("delivery", per_infusion=value["delivery"] * share),
    )


def staff(value: Mapping, word: str):
    """Full-time people: at least so many, or what the chairs ask for while they are open, whichever is more."""
    least = value[STAFF_LEAST[word]]
    asked = _chairs(value) * value["open_hours"] / (value[f"chairs_per_{word}"] * value["full_time_hours"])
    return (least + asked + abs(least - asked)) / 2


def _chairs(value: Mapping):
    return value["chairs"] * value["needs_chairs"]
