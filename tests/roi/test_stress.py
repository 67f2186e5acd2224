"""What each patient group contributes, and what one thing going wrong does, against algebra and the exact engine."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest

from roi.engine.cash_flow import cash_flow
from roi.engine.chairs import chair_use
from roi.engine.contributions import PATIENTS, PAYER, SHARED, WAYS, contributions
from roi.engine.infusion_center import Answer, inputs_of
from roi.engine.levels import center_at
from roi.engine.stress import bagging, stress
from tests.roi.test_draws import mixed
from tests.roi.test_infusion_center import SITE_MARGIN, cell, center


def contributed(made):
    inputs = inputs_of(made)
    result = cash_flow(inputs)
    return contributions(made, inputs, result), result.values["do_nothing"].npv_cents


def test_contributions_and_what_is_shared_add_up_to_the_cent():
    found, npv = contributed(mixed())
    for way in WAYS:
        assert sum(row.npv_cents for row in found[way]) == npv
        own = [row.npv_cents for row in found[way][:-1]]
        assert own == sorted(own)  # what loses stands first
        assert found[way][-1].name == (SHARED,)


def test_a_payer_contributes_its_infusions_times_its_margin():
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P"), rate="0", chairs="50")
    found, _ = contributed(made)
    assert {row.name: (row.npv_cents, row.infusions) for row in found[PAYER]}["Plan A", "commercial"] == (600 * SITE_MARGIN, 600)
    assert found[PATIENTS][0].name == ("leaving",)


def test_each_stress_is_the_exact_engine_on_the_changed_center():
    made = mixed()
    found = {one.key: one for one in stress(made)}
    typed = {
        "none": made,
        "denials": replace(made, answers={**made.answers, "denials": Answer("12", made.answers["denials"].source)}),
        "ramp": replace(made, answers={**made.answers, "ramp": Answer("0, 20, 45, 70, 90, 100", made.answers["ramp"].source)}),
        "opening": replace(made, answers={**made.answers, "opens_in": Answer("2027-03")}),
        "bag_all": replace(made, answers={**made.answers, "white_bag": Answer("100", made.answers["white_bag"].source)}),
        "chairs": replace(made, answers={**made.answers, "target_use": Answer("37.5", made.answers["target_use"].source)}),
        "affiliated": replace(made, answers={**made.answers, "hospital_affiliated": Answer("yes", made.answers["denials"].source)}),
    }
    for key, center_ in typed.items():
        exact = cash_flow(inputs_of(center_)).values
        for baseline, value in exact.items():
            assert found[key].npv[baseline] == value.npv_cents, key
            assert found[key].payback[baseline] == value.payback_month
            assert found[key].peak[baseline] == value.peak_cash_cents
    assert found["payer"].changed.startswith("Plan")
    assert found["rule_340b"].npv != found["none"].npv


def test_half_the_chair_hours_cost_what_all_cost_and_ample_chairs_do_not_feel_it():
    ample = {one.key: one for one in stress(center(chairs="50", nurses="0"))}
    assert ample["chairs"].npv == ample["none"].npv
    tight = {one.key: one for one in stress(center(cell(infusions_per_month=D(400)), chairs="2"))}
    assert tight["chairs"].npv != tight["none"].npv


def test_a_lost_payer_sends_nobody():
    made = mixed()
    alone = replace(made, market=replace(made.market, cells=tuple(c for c in made.market.cells if c.payer == "Plan E")))
    lost = {one.key: one for one in stress(alone)}["payer"]
    nobody = center_at(alone, {"capture_elsewhere": D(0)})
    assert lost.npv["do_nothing"] == cash_flow(inputs_of(nobody)).values["do_nothing"].npv_cents


def test_a_stress_that_cannot_be_is_left_out():
    keys = {one.key for one in stress(center(cell(leaves_on=None), opens_in="2030-11", hospital_affiliated="yes"))}
    assert not {"opening", "affiliated", "rule_340b", "nobody_leaves"} & keys


def test_buy_and_bill_stops_paying_where_a_month_costs_what_it_brings():
    """By algebra: infusions × ((1 − w) × drug margin + administration) = cost."""
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P", infusions_per_month=D(100)))
    cost = sum(c.per_month[-1] for c in inputs_of(made).costs if isinstance(c.per_month, tuple))
    expected = 1 - (float(cost) / 100 - 15_000) / 40_000
    found = bagging(made)
    assert 0 < expected < 1
    assert found.stops_at == pytest.approx(expected, abs=1e-9)
    assert list(found.site_only) == sorted(found.site_only, reverse=True)  # more bagging never helps a site that earns on drugs


def test_white_bagging_at_the_hospital_too_is_the_exact_engine_on_bagged_cells():
    made = mixed()
    found = bagging(made)
    share = D(repr(found.shares[10]))
    cells = tuple(
        replace(c, white_bag_share=max(c.white_bag_share, share)) if c.line_of_business in ("commercial", "exchange") else c
        for c in made.market.cells
    )
    typed = center_at(replace(made, market=replace(made.market, cells=cells)), {"white_bag": share})
    assert found.everywhere[10] == cash_flow(inputs_of(typed)).values["do_nothing"].npv_cents


def test_patients_of_a_site_that_closes_are_conserved():
    made = mixed()
    assert sum(bagging(made).turned.values()) == pytest.approx(float(chair_use(inputs_of(made)).given[-1]))


def test_what_returns_to_the_hospital_costs_payers_the_difference():
    """Ten infusions a month come and would return: 5,000 dollars there, 2,550 at the site."""
    assert bagging(center()).payers_pay_more == 10 * (500_000 - 255_000)
