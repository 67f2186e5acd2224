"""Who leaves without a policy: read from the run's risks to move, counted once, and in both baselines and their bridges."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest

from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import groups_of, inputs_of, values_of
from roi.engine.levels import risk_at
from roi.engine.market import Market
from roi.engine.measure_market import PolicyBook, RiskBook, measure_market
from roi.selectors.inputs import risk_note
from tests.roi import claims_run as claims
from tests.roi.test_infusion_center import cell, center

ON = dt.date(2026, 5, 1)
RISK = (D("0.01"),) * 12


def measured(tmp_path, rows, exposed=(), risks=(), status="better", name="") -> Market:
    infusions, facts = claims.write_run(tmp_path, rows)
    exposure = claims.write_exposure(tmp_path, [{"person_no": -1}, *exposed])
    book = RiskBook(claims.write_risk(tmp_path, risks), status, D("0.1"))
    policies = PolicyBook([claims.policy()], [], {}, [])
    return measure_market(7, infusions, facts, claims.price_book(), policies, exposure=exposure, risk=book, name=name, on=ON)


def test_chances_are_those_of_whom_no_policy_explains(tmp_path):
    """24 people: 12 have to leave, 12 may. Of the latter one was reached by a policy already and stayed; one has an anticipated one."""
    exposed = [{"person_no": person} for person in range(12)]
    exposed += [
        {"person_no": 12, "exposed_from": dt.date(2025, 12, 1)},
        {"person_no": 13, "status": "anticipated", "exposed_from": dt.date(2026, 9, 1)},
    ]
    risks = [{"person_no": person} for person in range(24)]
    risks[13] |= {"risk": 0.48, "months": [0.04] * 12}  # half of it would come with the anticipated policy alone
    market = measured(tmp_path, claims.everybody(range(24)), exposed, risks)
    by_fate = {one.leaves_on: one for one in market.cells}
    assert by_fate[dt.date(2026, 7, 1)].risk == ()
    may = by_fate[None]
    assert may.risk_from == dt.date(2026, 4, 1)
    assert may.risk == (D("0.9") * D("0.02"),) * 12  # 11 of 12 in steps of 5 %, each at 2 %
    assert Market.from_json(market.as_json()) == market


@pytest.mark.parametrize(("status", "says"), [("no better", "no better than the base rate"), ("too few", "too few moves")])
def test_a_forecast_that_is_no_better_is_left_out_and_said(tmp_path, status, says):
    market = measured(tmp_path, claims.everybody(range(12)), risks=[{"person_no": one} for one in range(12)], status=status)
    assert not any(one.risk for one in market.cells)
    assert says in risk_note(replace(center(), market=market))


def test_few_people_have_no_chances_of_their_own(tmp_path):
    market = measured(tmp_path, claims.everybody(range(20)), risks=[{"person_no": person} for person in range(10)])
    assert not any(one.risk for one in market.cells)
    rows = claims.everybody(range(12)) + claims.everybody(range(20, 35), market="rural")
    risks = [{"person_no": person} for person in (*range(12), *range(20, 25))]  # 5 in the rural market
    assert measured(tmp_path, rows, risks=risks).cells[0].risk[0] == D("0.02") * D("0.45")  # 12 of 27 in all markets


def test_both_baselines_and_their_bridges_by_hand():
    """100 infusions a month; 1 % of them leave in each of the months 1 to 12, half of those come to a site that is open at once."""
    answers = {
        "opens_in": "2026-06",
        "first_month": "2026-06",
        "ramp": "100",
        "capture_risk": "50",
        "recapture": "0",
        "capture_staying": "0",
    }
    made = center(
        cell(infusions_per_month=D(100), risk=RISK, risk_from=dt.date(2026, 6, 1)), **answers, move_risk="yes", horizon="24"
    )
    result = cash_flow(inputs_of(made))
    left = [min(month, 12) for month in range(1, 25)]  # infusions a month that are gone
    assert [float(n) for n in result.chairs.wanted] == [n / 2 for n in left]
    hospital, site = (groups_of(made.market.cells[0], values_of(made))[0].hospital.margin, inputs_of(made).groups[0].site.margin)
    nothing, today = result.values["do_nothing"], result.values["today"]
    assert nothing.parts["margin_kept_risk"] == pytest.approx(sum(left) / 2 * float(site), abs=24)
    assert today.parts["risks"] == pytest.approx(-sum(left) * float(hospital), abs=24)
    assert nothing.parts["risks"] == nothing.parts["margin_kept"] == nothing.parts["policies"] == today.parts["policies"] == 0
    off = cash_flow(inputs_of(center(*made.market.cells, **answers, move_risk="no", horizon="24")))
    assert off.values["today"].parts["risks"] == 0 and not any(off.chairs.wanted)


def test_three_groups_are_what_twelve_say():
    """Month by month, with an opening amid the months: the merged groups against those by month, to the cent."""
    made = center(
        cell(risk=RISK, risk_from=dt.date(2026, 4, 1)), cell(payer="B", leaves_on=dt.date(2026, 8, 1)),
        opens_in="2026-09", move_risk="yes", capture_risk="37", recapture="11",
    )  # fmt: skip
    short = inputs_of(made)
    value = values_of(made)
    long = replace(short, groups=tuple(group for one in made.market.cells for group in groups_of(one, value)))
    assert len(short.groups) < len(long.groups)
    assert cash_flow(short).as_json() == cash_flow(long).as_json()


def test_a_level_of_the_hazard_never_takes_more_than_there_are():
    assert risk_at(RISK, D(1)) == RISK
    assert sum(risk_at(RISK, D(1000))) <= 1
    assert sum(risk_at(RISK, D(2))) < 2 * sum(RISK)
