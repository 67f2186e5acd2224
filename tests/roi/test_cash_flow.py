"""The cash flow against closed forms, by-hand examples and a second, slow implementation."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roi.engine.cash_flow import OF_THE_BASELINE, PARTS, cash_flow
from roi.engine.cents import add_up, round_half_up
from roi.engine.inputs import Cost, Days, InputError, Inputs, Outlay, PatientGroup, Terms
from tests.roi import slow_ways_roi as slow


def group(**changes) -> PatientGroup:
    """One infusion a month that earns 100,000 cents at the hospital and 60,000 at the site."""
    defaults = {"name": "patients", "infusions": D(1), "hospital": Terms(D(100_000)), "site": Terms(D(60_000))}
    return PatientGroup(**(defaults | changes))


def case(*groups: PatientGroup, **changes) -> Inputs:
    defaults = {"groups": groups or (group(),), "opens": 1, "rate": D("0.08"), "horizon": 12}
    return Inputs(**(defaults | changes))


def against_do_nothing(inputs):
    return cash_flow(inputs).values["do_nothing"]


# by hand


def test_three_patients_by_hand():
    """One has to leave at once, one in month 7, one stays; all come to the site, which pays less than the hospital."""
    people = (group(name="at once", leave_month=1), group(name="later", leave_month=7), group(name="stays"))
    value = against_do_nothing(case(*people))
    assert value.parts["margin_kept"] == 12 * 60_000 + 6 * 60_000  # months 1–12 and 7–12
    assert value.parts["margin_given_up"] == 12 * (60_000 - 100_000)  # the third would have stayed
    assert value.total_cents == 18 * 60_000 - 12 * 40_000
    today = cash_flow(case(*people)).values["today"]
    assert today.parts["policies"] == -18 * 100_000  # what the policies take, whoever does what
    assert today.total_cents == value.total_cents - 18 * 100_000


def test_all_movers_would_have_stayed_is_negative():
    value = against_do_nothing(case(group(name="a"), group(name="b"), group(name="c")))
    assert value.total_cents == value.parts["margin_given_up"] == -3 * 12 * 40_000
    assert value.npv_cents < 0
    assert value.irr.as_json() == "none"


def test_all_movers_would_have_left_is_the_margin_kept():
    value = against_do_nothing(case(group(leave_month=1)))
    assert value.parts == dict.fromkeys(PARTS, 0) | {"margin_kept": 12 * 60_000}


def test_those_who_would_leave_move_when_they_leave_unless_said_otherwise():
    late = group(leave_month=7)
    assert against_do_nothing(case(late)).parts["margin_given_up"] == 0
    at_opening = against_do_nothing(case(late, moves="at_opening"))
    assert at_opening.parts["margin_given_up"] == 6 * -40_000
    assert at_opening.parts["margin_kept"] == 6 * 60_000


def test_those_gone_before_the_opening_come_back_at_their_own_share():
    gone = group(leave_month=2, capture=D(1), recapture=D("0.25"))
    value = against_do_nothing(case(gone, opens=7))
    assert value.parts["margin_kept"] == 6 * 15_000


def test_340b_loss_larger_than_the_gain():
    """The site earns more than the hospital, and yet the move loses: the hospital's 340B benefit is gone."""
    terms = {"hospital": Terms(D(100_000), benefit_340b=D(80_000)), "site": Terms(D(130_000))}
    value = against_do_nothing(case(group(**terms)))
    assert value.parts["margin_given_up"] == 12 * 30_000
    assert value.parts["effect_340b"] == 12 * -80_000
    assert value.total_cents == -12 * 50_000


def test_new_patients_are_in_neither_baseline():
    result = cash_flow(case(group(is_new=True, hospital=Terms(D(0)))))
    for value in result.values.values():
        assert value.parts["new_volume"] == value.total_cents == 12 * 60_000


# closed forms


def test_level_annuity():
    """500,000 a month for 60 months at 8 %: an annuity at the monthly rate, and its price back as the rate of return."""
    monthly = 1.08 ** (1 / 12) - 1
    annuity = 500_000_00 * (1 - 1.08**-5) / monthly
    earns = group(leave_month=1, site=Terms(D(500_000_00)))
    value = against_do_nothing(case(earns, horizon=60))
    assert value.npv_cents == pytest.approx(annuity, abs=1)
    bought = against_do_nothing(case(earns, horizon=60, outlays=(Outlay("build", D(round(annuity))),)))
    assert bought.npv_cents == pytest.approx(0, abs=1)
    assert bought.irr.rate == pytest.approx(0.08, abs=1e-9)
    assert bought.discounted_payback_month in (60, None)  # to the last cent of rounding


def test_payback_by_hand():
    earns = group(leave_month=1, site=Terms(D(100_00)))
    value = against_do_nothing(case(earns, outlays=(Outlay("build", D(450_00)),)))
    assert value.payback_month == 5  # 5 × 100 is the first to cover 450
    assert value.peak_cash_cents == 450_00
    assert value.peak_cash_month == 0
    assert against_do_nothing(case(earns, outlays=(Outlay("build", D(1_200_00)),))).payback_month == 12
    never = against_do_nothing(case(earns, outlays=(Outlay("build", D(1_200_01)),)))
    assert never.payback_month is None
    assert never.discounted_payback_month is None


def test_payback_waits_until_the_deficit_is_over_for_good():
    earns = group(leave_month=1, site=Terms(D(100)))
    value = against_do_nothing(case(earns, outlays=(Outlay("build", D(150)), Outlay("again", D(300), month=6))))
    # 2 × 100 covers 150, but month 6 brings 600 − 450 = 150 … still above; a larger second outlay does not.
    assert value.payback_month == 2
    later = against_do_nothing(case(earns, outlays=(Outlay("build", D(150)), Outlay("again", D(900), month=6))))
    assert later.payback_month == 11


def test_zero_capital_pays_back_at_once_and_has_no_rate_of_return():
    value = against_do_nothing(case(group(leave_month=1)))
    assert value.payback_month == 0
    assert value.discounted_payback_month == 0
    assert value.peak_cash_cents == 0
    assert value.irr.as_json() == "none"


def test_two_changes_of_sign_are_not_unique():
    """−100 now, 230 after a month, −132 after two: zero at 10 % and at 20 % a month."""
    earns = group(leave_month=1, site=Terms((D(230_00), D(0), D(0))))
    value = against_do_nothing(case(earns, horizon=3, outlays=(Outlay("build", D(100_00)), Outlay("close", D(132_00), month=2))))
    assert value.flows == (-100_00, 230_00, -132_00, 0)
    assert value.irr.as_json() == "not unique"


def test_working_capital_is_tied_up_and_released():
    buys = group(leave_month=1, infusions=D(10), site=Terms(D(0), purchases=D(365_00)))
    days = Days(receivable=D(40), stock=D(10), supplier=D(30))
    value = against_do_nothing(case(buys, days=days, release_working_capital=True))
    tied_up = 10 * 365_00 * 12 * 20 // 365
    assert value.flows == (0, -tied_up, *([0] * 10), tied_up)
    assert value.parts["working_capital"] == 0
    assert value.parts_npv["working_capital"] < 0
    kept = against_do_nothing(case(buys, days=days))
    assert kept.total_cents == -tied_up


def test_moving_a_purchase_from_the_hospital_ties_up_nothing_new():
    buys = group(hospital=Terms(D(1), purchases=D(500_00)), site=Terms(D(1), purchases=D(500_00)))
    value = against_do_nothing(case(buys, days=Days(receivable=D(45))))
    assert value.total_cents == 0


def test_ramp_delay_costs_what_it_delays():
    earns = group(leave_month=1)
    at_once = against_do_nothing(case(earns))
    ramped = against_do_nothing(case(earns, ramp=(D("0.5"), D("0.75"), D(1))))
    later = against_do_nothing(case(earns, opens=4))
    assert at_once.total_cents - ramped.total_cents == 60_000 * 3 // 4
    assert at_once.total_cents - later.total_cents == 3 * 60_000
    assert later.flows[:4] == (0, 0, 0, 0)


def test_a_site_full_in_month_seven_earns_no_more():
    """One chair open 10 hours a month at 60 %: 6 infusions of an hour. The ramp asks for one more each month."""
    asks = group(leave_month=1, infusions=D(10), chair_minutes=D(60))
    site = {"chairs": D(1), "open_hours_per_month": D("10.5"), "target_use": D("0.6")}
    result = cash_flow(case(asks, ramp=tuple(D(m) / 10 for m in range(1, 11)), **site))
    assert result.chairs.month_full == result.chairs.month_turned_away == 7
    assert [round(float(given), 3) for given in result.chairs.given] == [1, 2, 3, 4, 5, 6] + [6.3] * 6
    value = result.values["do_nothing"]
    assert value.flows[6:9] == (6 * 60_000, 378_000, 378_000)
    assert float(result.chairs.needed[9]) == pytest.approx(10 / 6.3)


def test_a_site_that_fits_exactly_is_full_and_turns_nobody_away():
    asks = group(leave_month=1, infusions=D(10), chair_minutes=D(60))
    site = {"chairs": D(1), "open_hours_per_month": D(10), "target_use": D("0.6")}
    chairs = cash_flow(case(asks, ramp=tuple(D(m) / 10 for m in range(1, 8)), **site)).chairs
    assert (chairs.month_full, chairs.month_turned_away) == (6, 7)


def test_turned_away_patients_stay_where_they_would_have_been():
    """Half fits: of those who would have stayed, the other half still earns the hospital's margin."""
    full = {"chairs": D(1), "open_hours_per_month": D(1), "target_use": D("0.5")}
    value = against_do_nothing(case(group(chair_minutes=D(60)), **full))
    assert value.parts["margin_given_up"] == 12 * -20_000


def test_mid_life_price_cut():
    cut = group(leave_month=1, site=Terms((D(60_000),) * 6 + (D(-10_000),) * 6))
    value = against_do_nothing(case(cut))
    assert value.flows == (0, *[60_000] * 6, *[-10_000] * 6)
    assert value.irr.as_json() == "none" or value.total_cents == 300_000


def test_running_costs_begin_when_they_are_due():
    cost = Cost("staff", per_month=(D(0),) * 3 + (D(1_000),) * 9, per_infusion=D(30))
    value = against_do_nothing(case(group(leave_month=1), opens=4, costs=(cost,)))
    assert value.lines["cost_staff"] == (0, 0, 0, 0, *[-1_030] * 9)


# what must hold whatever the inputs

amounts = st.integers(-300_000, 300_000).map(lambda n: D(n) / 100)
shares = st.integers(0, 100).map(lambda n: D(n) / 100)
terms = st.builds(Terms, amounts, st.integers(0, 50_000).map(D), st.integers(0, 90_000).map(D))
current = st.builds(
    PatientGroup,
    name=st.just("group"),
    infusions=st.integers(0, 4_000).map(lambda n: D(n) / 40),
    hospital=terms,
    site=terms,
    leave_month=st.none() | st.integers(1, 20),
    capture=shares,
    recapture=shares,
    by_risk=st.booleans(),
    chair_minutes=st.integers(15, 300).map(D),
)
groups = current | current.map(lambda g: replace(g, is_new=True, leave_month=None))
cases = st.builds(
    Inputs,
    groups=st.lists(groups, min_size=1, max_size=4).map(tuple),
    opens=st.integers(1, 12),
    rate=st.integers(-20, 60).map(lambda n: D(n) / 100),
    ramp=st.lists(shares, min_size=1, max_size=6).map(tuple),
    costs=st.just((Cost("staff", D("1234.5"), D("17.25")),)),
    outlays=st.lists(
        st.builds(Outlay, name=st.sampled_from(["build", "pumps"]), cents=st.integers(0, 10**7).map(D), month=st.integers(0, 12)),
        max_size=3,
    ).map(tuple),
    days=st.builds(Days, *[st.integers(0, 60).map(D)] * 3),
    release_working_capital=st.booleans(),
    horizon=st.just(12),
    moves=st.sampled_from(["when_leaving", "at_opening"]),
    chairs=st.none() | st.integers(0, 6).map(D),
    open_hours_per_month=st.integers(1, 200).map(D),
)


@settings(deadline=None, max_examples=80)
@given(cases)
def test_the_slow_way_agrees_to_the_cent(inputs):
    result = cash_flow(inputs)
    for baseline, value in result.values.items():
        flows, parts = slow.monthly_value(inputs, baseline)
        assert list(value.flows) == flows
        assert value.parts == {name: sum(months) for name, months in parts.items()}
        assert sum(value.parts.values()) == value.total_cents == sum(flows)
        assert value.npv_cents == slow.npv(flows, inputs.rate)
        assert sum(value.parts_npv.values()) == value.npv_cents
        assert value.payback_month == slow.payback(flows)
        assert value.peak_cash_cents == max(0, -min(sum(flows[: m + 1]) for m in range(len(flows))))


@settings(deadline=None, max_examples=40)
@given(cases)
def test_the_baselines_differ_by_what_policies_do(inputs):
    """Whatever the site is: value against today less value against doing nothing = the two baselines' own difference."""
    result = cash_flow(inputs)
    without_site = cash_flow(
        replace(inputs, groups=tuple(g for g in inputs.groups if not g.is_new), ramp=(D(0),), costs=(), outlays=())
    )
    difference = [a - b for a, b in zip(result.values["today"].flows, result.values["do_nothing"].flows, strict=True)]
    assert list(without_site.values["today"].flows) == difference
    assert without_site.values["do_nothing"].flows == (0,) * 13
    nothing, today = (result.values[baseline] for baseline in ("do_nothing", "today"))
    differing = {part for part, cents in nothing.parts_npv.items() if today.parts_npv[part] != cents}
    assert differing <= set(OF_THE_BASELINE), "the other parts are one figure on every page, to the cent"
    more = sum(today.parts_npv[part] - nothing.parts_npv[part] for part in OF_THE_BASELINE)
    assert more == today.npv_cents - nothing.npv_cents


@settings(deadline=None, max_examples=40)
@given(cases, st.integers(1, 30).map(lambda n: D(n) / 100))
def test_a_higher_rate_never_raises_a_normal_flow(inputs, more):
    value = against_do_nothing(inputs)
    signs = [flow > 0 for flow in value.flows if flow]
    if signs == sorted(signs) and signs and not signs[0]:  # outlays first, then returns
        if value.npv_cents >= 0:
            assert against_do_nothing(replace(inputs, rate=inputs.rate + more)).npv_cents <= value.npv_cents


@settings(deadline=None, max_examples=40)
@given(cases)
def test_twice_the_volume_of_a_profitable_drug_never_lowers_value(inputs):
    """Until capacity: chairs are left out, no time is tied up in drugs, and the drug is profitable wherever it is new or kept."""
    profitable = tuple(replace(g, site=Terms(abs(g.site.margin)), is_new=True, leave_month=None) for g in inputs.groups)
    once = replace(inputs, groups=profitable, chairs=None, days=Days(), costs=())
    twice = replace(once, groups=tuple(replace(g, infusions=g.infusions * 2) for g in profitable))
    assert against_do_nothing(twice).npv_cents >= against_do_nothing(once).npv_cents


@settings(deadline=None, max_examples=30)
@given(cases)
def test_the_order_of_groups_does_not_matter(inputs):
    assert cash_flow(replace(inputs, groups=inputs.groups[::-1])).as_json() == cash_flow(inputs).as_json()


# rounding, and refusals


def test_half_a_cent_goes_away_from_zero():
    assert [round_half_up(D(n)) for n in ("0.5", "1.5", "-0.5", "2.4999", "0.49999999999")] == [1, 2, -1, 2, 0]
    assert round_half_up(D(1) / D(3) * D("1.5")) == 1  # a third of 1.5 is a half, whatever its decimals say


def test_parts_of_cents_add_up_and_the_largest_takes_the_rest():
    assert add_up({"a": D("0.4"), "b": D("0.4"), "c": D("0.2")}, 1) == {"a": 1, "b": 0, "c": 0}
    assert add_up({"a": D("-3.5"), "b": D("1.2"), "c": D("0.3")}, -2) == {"a": -3, "b": 1, "c": 0}
    with pytest.raises(ValueError, match="do not add up"):
        add_up({"a": D(1)}, 9)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"opens": 0}, "opens"),
        ({"opens": 13}, "opens"),
        ({"ramp": ()}, "ramp"),
        ({"ramp": (D("1.2"),)}, "ramp"),
        ({"rate": D(-1)}, "rate"),
        ({"moves": "never"}, "moves"),
        ({"chairs": D(2)}, "open_hours_per_month"),
        ({"chairs": D(2), "open_hours_per_month": D(100)}, "chair_minutes"),
        ({"groups": (group(infusions=D(-1)),)}, "patients.patients"),
        ({"groups": (group(capture=D(2)),)}, "capture.patients"),
        ({"groups": (group(leave_month=0),)}, "leave_month.patients"),
        ({"groups": (group(leave_month=5, is_new=True),)}, "leave_month.patients"),
        ({"groups": (group(infusions=(D(1),) * 5),)}, "patients.patients"),
        ({"outlays": (Outlay("build", D(1), month=99),)}, "outlays.build"),
    ],
)
def test_an_unusable_input_is_named(changes, field):
    with pytest.raises(InputError) as refused:
        case(**changes)
    assert refused.value.field == field
