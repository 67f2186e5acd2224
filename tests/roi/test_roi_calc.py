"""`roi_calc`: every documented key does what it says, and what is not documented is refused by name."""

import json
from decimal import Decimal as D

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from roi.engine.calc_file import case_from_values, read_case
from roi.engine.calc_keys import KEYS
from roi.engine.cash_flow import cash_flow
from roi.engine.inputs import InputError
from roi.management.commands.roi_calc import EXAMPLE

BASE = {"rate": 0.08, "horizon": 12, "patients": 3, "infusions_per_patient_month": 0.5, "margins": {"hospital": 1000, "site": 600}}


def value(baseline="do_nothing", **changes):
    return cash_flow(read_case(json.dumps(BASE | changes)).inputs).values[baseline]


def calculated(tmp_path, capsys, **changes) -> dict:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(BASE | changes))
    call_command("roi_calc", str(path), "--json")
    return json.loads(capsys.readouterr().out)


def test_the_example_runs_and_shows_most_keys():
    text = EXAMPLE.read_text()
    case = read_case(text)
    assert case.name == "Three patients, by hand"
    assert set(json.loads(text)) <= set(KEYS)
    assert cash_flow(case.inputs).values["do_nothing"].npv_cents == -568_045


def test_the_example_by_hand():
    """Months 3–12. Kept: patient 1 had left before (half of them return), patient 2 leaves in month 7. Terms at the site:
    152 + 5,200 − 4,600 − 52 = 700 dollars. Half volume in month 3, full afterwards; half an infusion a month each."""
    parts = cash_flow(read_case(EXAMPLE.read_text()).inputs).values["do_nothing"].parts
    assert parts["margin_kept"] == 100 * (0.5 * 700 * 0.5 * 9.5 + 0.5 * 700 * 6)
    # Patient 3 would have stayed.
    assert parts["margin_given_up"] == 100 * 0.5 * (700 - 1500) * 9.5
    assert parts["effect_340b"] == 100 * 0.5 * -400 * 9.5
    assert parts["new_volume"] == 100 * 0.5 * 700 * 9.5


def test_money_units_change_nothing_but_the_unit():
    in_cents = value(margins={"hospital": 100_000, "site": 60_000}, outlays=5_000_00, opex=7_000)
    in_dollars = value(money="dollars", margins={"hospital": 1000, "site": 600}, outlays=5000, opex=70)
    assert in_cents == in_dollars


def test_a_list_of_patients_is_the_same_as_groups():
    by_patient = value(leave_month=[1, 7, None])
    groups = [{"name": "a", "patients": 1, "leave_month": 1}, {"patients": 1, "leave_month": 7}, {"patients": 1}]
    assert value(patients=groups) == by_patient
    one_by_one = [{"id": "A", "leave_month": 1}, {"id": "B", "leave_month": 7}, {"id": "C"}]
    assert value(patients=one_by_one) == by_patient


def test_margins_that_do_not_tell_the_places_apart_are_refused_as_such():
    with pytest.raises(InputError, match="must tell the places apart"):
        value(margins=1000)


def test_capture_by_fate():
    some = value(leave_month=[1, None, None], capture={"would_leave": 0.5, "would_stay": 0})
    assert some.parts["margin_kept"] == 12 * 0.5 * 0.5 * 600
    assert some.parts["margin_given_up"] == 0


def test_capture_by_patient():
    assert value(leave_month=1, capture=[1, 0, 0]).parts["margin_kept"] == 12 * 0.5 * 600


def test_ramp_as_months_grows_evenly():
    thirds = value(leave_month=1, ramp=3, infusions_per_patient_month=1)
    assert thirds.flows[1:5] == (600, 1200, 1800, 1800)
    assert value(leave_month=1, ramp=[0.5]).flows[1:] == (450,) * 12


def test_amounts_by_month():
    rising = value(leave_month=1, infusions_per_patient_month=[1] * 6 + [2] * 6)
    assert rising.flows[6:8] == (1800, 3600)
    cut = value(leave_month=1, margins={"hospital": 0, "site": [600] * 6 + [-100] * 6})
    assert cut.flows[6:8] == (900, -150)
    growing = value(leave_month=1, patients=[1] * 11 + [5])
    assert growing.flows[11:] == (300, 1500)


def test_running_costs_from_the_opening_and_by_month():
    costs = value(opens=11, opex={"staff": 100, "fee": [5] * 12, "supplies": {"per_month": 1, "per_infusion": 10}})
    assert costs.lines["cost_staff"] == (*[0] * 11, -100, -100)
    assert costs.lines["cost_fee"] == (0, *[-5] * 12)
    assert costs.lines["cost_supplies"][-1] == -1 - 10 * 1.5


def test_outlays_in_each_form():
    assert value(outlays=500).flows[0] == -500
    assert value(outlays={"build": 300, "pumps": 200}).lines["outlay_pumps"][0] == -200
    assert value(outlays=[300, 0, 200]).lines["outlay_capital"][:3] == (-300, 0, -200)
    assert value(outlays=[{"name": "chairs", "amount": 40, "month": 6}]).lines["outlay_chairs"][6] == -40


def test_margins_from_their_parts():
    site = {"allowed": 5000, "acquisition": 4000, "denials": 90, "waste": 50, "administration": 150, "white_bag_share": 0.5}
    assert value(leave_month=1, margins={"hospital": 0, "site": site}).flows[1] == 1.5 * (150 + 0.5 * 860)


def test_340b_apart_and_purchases_net_of_it():
    site = {"allowed": 5000, "acquisition": 4000, "benefit_340b": 1000}
    result = value(leave_month=1, margins={"hospital": 0, "site": site}, days=365, patients=1, infusions_per_patient_month=1)
    assert result.parts["effect_340b"] == 12_000
    assert result.lines["working_capital"][1] == -3000 * 12
    assert value(margins={"hospital": 1000, "site": 600, "hospital_340b": 300}).parts["effect_340b"] == -12 * 1.5 * 300


def test_purchases_beside_plain_margins():
    result = value(
        leave_month=1, patients=1, infusions_per_patient_month=1, purchases={"site": 730}, days={"receivable": 50, "supplier": 35}
    )
    assert result.lines["working_capital"][:3] == (0, -730 * 12 * 15 // 365, 0)


def test_new_patients():
    assert value(patients=0, new_patients=4).parts["new_volume"] == 12 * 2 * 600
    assert value(patients=0, new_patients=4, margins={"hospital": 0, "site": 600, "new": 50}).total_cents == 12 * 2 * 50


def test_open_hours_by_week_or_month():
    site = {"chairs": 1, "chair_minutes": 60, "infusions_per_patient_month": 100}
    weekly = cash_flow(read_case(json.dumps(BASE | site | {"open_hours_per_week": 12})).inputs)
    monthly = cash_flow(read_case(json.dumps(BASE | site | {"open_hours_per_month": 52})).inputs)
    assert weekly.as_json() == monthly.as_json()
    assert weekly.chairs.month_full == 1
    assert round(weekly.chairs.given[0], 9) == 39  # 52 hours × 75 %


def test_the_command_prints_one_object(tmp_path, capsys):
    answer = calculated(
        tmp_path, capsys, name="a case", leave_month=[1, 7, None], outlays=900, sources={"rate": {"mark": "borrowed"}}
    )
    assert answer["name"] == "a case"
    assert set(answer["baselines"]) == {"do_nothing", "today"}
    for baseline in answer["baselines"].values():
        assert sum(baseline["parts_cents"].values()) == baseline["total_cents"] == sum(baseline["monthly_cents"])
        assert sum(baseline["parts_npv_cents"].values()) == baseline["npv_cents"]
        assert len(baseline["monthly_cents"]) == 13
    assert answer["npv_cents"] == answer["baselines"]["do_nothing"]["npv_cents"]
    assert answer["marks"] == {"measured": 0, "borrowed": 1, "guessed": 6}


def test_the_command_speaks_to_people(capsys):
    call_command("roi_calc", str(EXAMPLE))
    text = capsys.readouterr().out
    assert "Net present value" in text
    assert "−$5,680.45" in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patientz": 1}, "patientz"),
        ({"rate": None}, "rate"),
        ({"rate": "8%"}, "rate"),
        ({"money": "euros"}, "money"),
        ({"horizon": 10**9}, "horizon"),
        ({"horizon": 12.5}, "horizon"),
        ({"ramp": 0.5}, "ramp"),
        ({"patients": "three"}, "patients of patients"),
        ({"patients": True}, "patients of patients"),
        ({"patients": [1, 2]}, "patients of patients"),
        ({"patients": [{"name": "a", "payer": "x"}]}, "payer"),
        ({"leave_month": [1, 2]}, "leave_month"),
        ({"capture": [1, 2, 3, 4]}, "capture"),
        ({"margins": 5}, "margins"),
        ({"margins": {"hospital": 5}}, "margins.site"),
        ({"margins": {"hospital": 5, "site": {"acquisition": 3}}}, "margins.site.allowed"),
        ({"margins": {"hospital": 5, "site": {"allowed": 3, "price": 3}}}, "price"),
        ({"opex": -5}, "opex.operating"),
        ({"outlays": -5}, "outlays.capital"),
        ({"outlays": [{"name": "x"}]}, "outlays.x"),
        ({"days": {"receivables": 3}}, "receivables"),
        ({"release_working_capital": "yes"}, "release_working_capital"),
        ({"sources": {"rate": {"mark": "sure"}}}, "sources.rate.mark"),
        ({"open_hours_per_week": 40, "open_hours_per_month": 160}, "open_hours_per_week"),
        ({"new_patients": 1e300}, "new_patients"),
    ],
)
def test_what_cannot_be_used_is_named(changes, field):
    with pytest.raises(InputError) as refused:
        read_case(json.dumps(BASE | changes))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"rate": NaN}', '{"rate": Infinity}', '{"rate": 1, "rate": 2}', "[" * 100_000]
)
def test_what_is_no_file_of_inputs_is_refused(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=r"^odd\.json: "):
        call_command("roi_calc", str(path))


def test_a_missing_file_and_a_binary_one_are_refused(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("roi_calc", str(tmp_path / "none.json"))
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("roi_calc", str(tmp_path / "picture.json"))


def test_numbers_are_read_as_decimals():
    assert case_from_values(json.loads(json.dumps(BASE), parse_float=D)).inputs.rate == D("0.08")
    assert value(patients=1, leave_month=1, infusions_per_patient_month=0.1, margins={"hospital": 0, "site": 5}).flows[1] == 1
