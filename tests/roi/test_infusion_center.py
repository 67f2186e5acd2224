"""From answers and a market to the cash flow's inputs: every answer does what its label says."""

import datetime as dt
import json
from decimal import Decimal as D

import pytest

from roi.engine.cash_flow import cash_flow
from roi.engine.cell_terms import hospital_terms, site_terms
from roi.engine.center_fields import FIELDS, SECTIONS
from roi.engine.infusion_center import Answer, Center, default_answers, inputs_of, read_value
from roi.engine.inputs import InputError, at
from roi.engine.market import ELSEWHERE, HOSPITAL, Cell, Market, RateChange
from roi.engine.marks import Source

GUESS = Source("guessed")


def cell(**fields) -> Cell:
    """Ten infusions a month: 5,000 dollars allowed at the hospital, 2,400 and 150 at the site; average sales price 2,000."""
    defaults = {
        "place": HOSPITAL,
        "payer": "Plan A",
        "line_of_business": "commercial",
        "family": "infliximab",
        "infusions_per_month": D(10),
        "hospital_allowed": D(500_000),
        "hospital_administration": D(30_000),
        "hospital_source": Source("measured"),
        "site_drug": D(240_000),
        "site_administration": D(15_000),
        "site_source": Source("borrowed"),
        "limit": D(212_000),
        "white_bag_share": D(0),
        "share_340b": D(0),
        "chair_minutes": D(150),
    }
    return Cell(**(defaults | fields))


def center(*cells: Cell, **answers) -> Center:
    texts = {
        "denials": "0", "waste": "0", "hospital_cost": "0", "white_bag": "0", "supplies": "0", "ramp": "100", "exempt": "0",
        "capture_leaving": "100", "recapture": "50", "capture_staying": "100", "capture_elsewhere": "100",
        "hospital_affiliated": "no", "bad_debt": "0", "asp_erosion": "0", "negotiated_cut": "0",
    } | answers  # fmt: skip
    given = default_answers(dt.date(2026, 1, 1), dt.date(2026, 1, 1))
    given |= {key: Answer(text, given[key].source) for key, text in texts.items()}
    market = Market(1, "", dt.date(2025, 7, 1), dt.date(2025, 12, 1), True, "2025-10-01", cells or (cell(),))
    return Center(given, market)


def parts(made: Center, baseline="do_nothing") -> dict:
    return cash_flow(inputs_of(made)).values[baseline].parts


HOSPITAL_MARGIN = 500_000 - 200_000
SITE_MARGIN = 240_000 + 15_000 - 200_000


def test_those_who_would_stay_give_up_the_difference():
    assert parts(center())["margin_given_up"] == 60 * 10 * (SITE_MARGIN - HOSPITAL_MARGIN)


def test_a_rate_dated_ahead_counts_from_its_month_on():
    """From April of the second year on the contract pays a tenth less for the drug, and what is given up is that much more."""
    made = center(cell(site_changes=(RateChange(dt.date(2027, 4, 1), D("0.9"), D(1)),)))
    assert parts(made)["margin_given_up"] == 60 * 10 * (SITE_MARGIN - HOSPITAL_MARGIN) - 45 * 10 * 24_000


def test_those_whom_a_policy_takes_are_kept_from_its_month_on():
    made = center(cell(leaves_on=dt.date(2026, 7, 15), policy_id="P"))
    assert parts(made)["margin_kept"] == 54 * 10 * SITE_MARGIN  # July is the seventh month and the first without them
    assert parts(made, "today")["policies"] == -54 * 10 * HOSPITAL_MARGIN


def test_a_policy_that_took_effect_before_the_first_month_has_taken_them_by_month_one():
    assert parts(center(cell(leaves_on=dt.date(2025, 12, 20), policy_id="P")))["margin_kept"] == 60 * 10 * SITE_MARGIN


def test_the_exempt_stay_at_the_hospital_in_every_case():
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P"), exempt="25")
    assert parts(made)["margin_kept"] == 60 * 10 * SITE_MARGIN * D("0.75")
    assert parts(made)["margin_given_up"] == 0


def test_those_gone_before_the_opening_come_back_in_part():
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P"), opens_in="2026-03")
    assert parts(made)["margin_kept"] == 58 * 10 * SITE_MARGIN * D("0.5")


def test_patients_elsewhere_are_new_volume():
    made = center(cell(place=ELSEWHERE, hospital_allowed=None, hospital_administration=None), capture_elsewhere="20")
    assert parts(made)["new_volume"] == 60 * 2 * SITE_MARGIN
    assert parts(made, "today")["new_volume"] == 60 * 2 * SITE_MARGIN


@pytest.mark.parametrize(
    ("bars", "affiliated", "comes"),
    [("bars_affiliated", "yes", False), ("bars_affiliated", "no", True), ("bars_centers", "no", False)],
)
def test_a_policy_that_bars_the_site_lets_nobody_come(bars, affiliated, comes):
    leaving = cell(leaves_on=dt.date(2026, 1, 1), policy_id="P", **{bars: True})
    elsewhere = cell(place=ELSEWHERE, hospital_allowed=None, hospital_administration=None, **{bars: True})
    made = parts(center(leaving, elsewhere, hospital_affiliated=affiliated))
    assert bool(made["margin_kept"]) is comes
    assert bool(made["new_volume"]) is comes


def values(**answers):
    made = center(**answers)
    return {key: read_value(key, made.answers[key].text) for key in FIELDS}


def test_the_hospitals_margin_after_denials_waste_and_white_bagging():
    value = values(denials="2", waste="1", hospital_cost="40", acquisition_hospital="90", acquisition_340b="60")
    bagged = cell(white_bag_share=D("0.25"), share_340b=D("0.5"))
    terms = hospital_terms(bagged, value)
    bought = 500_000 * D("0.98") - 180_000 * D("1.01")
    assert terms.margin == D("0.75") * bought + D("0.25") * 30_000 * D("0.98") - 4_000
    assert terms.benefit_340b == D("0.75") * 200_000 * D("0.30") * D("0.5")
    assert terms.purchases == D("0.75") * 180_000 - terms.benefit_340b


def test_the_sites_margin_after_denials_waste_and_white_bagging():
    value = values(denials="2", waste="1", white_bag="10", acquisition_site="105", contract_level="110", site_340b="yes")
    terms = site_terms(cell(), value)
    allowed, drug = 240_000 * D("1.1"), 200_000 * D("1.05")
    assert terms.margin == 15_000 * D("1.1") * D("0.98") + D("0.9") * (allowed * D("0.98") - drug * D("1.01"))
    assert terms.benefit_340b == D("0.9") * 200_000 * D("0.35")


def test_medicare_neither_negotiates_nor_white_bags():
    value = values(white_bag="50", contract_level="200")
    assert site_terms(cell(line_of_business="medicare"), value).margin == SITE_MARGIN


def test_running_costs_and_outlays():
    made = inputs_of(center(opens_in="2026-04", nurses="2", nurse_pay="120,000", benefits="25", supplies="30"))
    nurses = next(cost for cost in made.costs if cost.name == "nurses")
    assert at(nurses.per_month, 3) == 0
    assert at(nurses.per_month, 4) == 2 * 120_000_00 * D("1.25") / 12
    assert next(cost for cost in made.costs if cost.name == "supplies").per_infusion == 30_00
    assert {outlay.name: outlay.cents for outlay in made.outlays}["building"] == 80_000_00 * 4


def test_ramp_by_half_year():
    made = inputs_of(center(ramp="20, 45,70"))
    assert [made.ramped(month) for month in (1, 6, 7, 12, 13, 60)] == [D("0.2"), D("0.2"), D("0.45"), D("0.45"), D("0.7"), D("0.7")]


def test_a_version_survives_json():
    made = center(cell(leaves_on=dt.date(2026, 7, 1)), rate="7.5")
    again = Center.from_json(json.loads(json.dumps(made.as_json())))
    assert again == made
    assert cash_flow(inputs_of(again)).as_json() == cash_flow(inputs_of(made)).as_json()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("chairs", "many"), ("chairs", ""), ("chairs", "2.5"), ("chairs", "0"), ("chairs", "1e3"), ("chairs", "٣"), ("rate", "51"),
        ("rate", "-1"), ("rate", "NaN"), ("rate", "1.2.3"), ("ramp", ""), ("ramp", "20;40"), ("ramp", "120"), ("opens_in", "soon"),
        ("opens_in", "2026-13"),
        ("release", "maybe"), ("nurse_pay", "-5"), ("nurse_pay", "99999999999"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_used_names_its_field(key, text):
    with pytest.raises(InputError) as refused:
        inputs_of(center(**{key: text}))
    assert refused.value.field == key


@pytest.mark.parametrize("opens_in", ["2025-12", "2031-01"])
def test_the_opening_lies_within_the_months_looked_at(opens_in):
    with pytest.raises(InputError) as refused:
        inputs_of(center(opens_in=opens_in))
    assert refused.value.field == "opens_in"


def test_a_number_may_be_written_the_way_people_write_it():
    assert read_value("nurse_pay", " $100,000 ") == 100_000_00
    assert read_value("rate", "8%") == D("0.08")


def test_every_default_is_usable_and_marked():
    answers = default_answers(dt.date(2026, 1, 1), dt.date(2026, 7, 1))
    for section in SECTIONS:
        for field in section.fields:
            read_value(field.key, answers[field.key].text)
    borrowed = [answer.source for answer in answers.values() if answer.source and answer.source.mark == "borrowed"]
    assert all(source.text and source.as_of for source in borrowed)  # a borrowed number names its source and its date
    assert not [answer for answer in answers.values() if answer.source and answer.source.mark == "measured"]
