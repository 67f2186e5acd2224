"""The draws against the exact engine, the spreads against scipy's distributions, the decomposition against algebra."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from roi.engine.break_even import MIX, VOLUME, break_even
from roi.engine.cash_flow import BASELINES, cash_flow
from roi.engine.draws import draw_values
from roi.engine.infusion_center import inputs_of
from roi.engine.inputs import InputError
from roi.engine.irr import UNIQUE, irr
from roi.engine.irr_draws import irr_of_draws
from roi.engine.levels import LEVELS, RAMP, center_at, delayed
from roi.engine.market import ELSEWHERE, RateChange
from roi.engine.marks import MARKS, Source
from roi.engine.sampling import TOGETHER, draw_inputs, quantile
from roi.engine.spreads import BETA, LOGNORMAL, PERT, TRIANGULAR, Spread, spreads_of
from roi.engine.two_way import two_way, variable_inputs
from roi.engine.uncertainty import uncertainty
from tests.roi.test_infusion_center import cell, center


def mixed(**answers):
    """Patients of every fate and line of business, a policy before and one after the opening, some who leave without one in the months
    before and after it, contract rates that change before and after it, a site that is full for a while."""
    cells = (
        cell(),
        cell(payer="Plan B", line_of_business="medicare", share_340b=D("0.4"), infusions_per_month=D("17.25")),
        cell(payer="Plan C", leaves_on=dt.date(2026, 6, 1), policy_id="P", white_bag_share=D("0.2")),
        cell(payer="Plan D", leaves_on=dt.date(2027, 2, 1), policy_id="Q", line_of_business="exchange", bars_affiliated=True),
        cell(place=ELSEWHERE, payer="Plan E", hospital_allowed=None, hospital_administration=None, infusions_per_month=D("33.3333"),
             site_source=Source("guessed")),
        cell(payer="Plan F", infusions_per_month=D("41.5"), risk=(D("0.011"), D("0.02"), *[D("0.007")] * 10), risk_from=dt.date(2026, 5, 1)),
        cell(payer="Plan G", infusions_per_month=D("12.5"), hospital_changes=(RateChange(dt.date(2027, 4, 1), D("0.91"), D(1)),),
             site_changes=(RateChange(dt.date(2026, 5, 1), D("1.05"), D("0.9")), RateChange(dt.date(2027, 3, 15), D("0.87"), D("1.2")))),
    )  # fmt: skip
    usual = {
        "opens_in": "2026-09", "ramp": "20, 45, 70, 90, 100", "chairs": "2", "capture_leaving": "61", "recapture": "23", "exempt": "9",
        "capture_staying": "4", "capture_elsewhere": "40", "move_risk": "yes", "capture_risk": "35", "denials": "2", "waste": "1", "hospital_cost": "40", "white_bag": "5",
        "supplies": "31",
    }  # fmt: skip
    return center(*cells, **(usual | answers))


@pytest.mark.parametrize("answers", [{}, {"hospital_affiliated": "yes", "chairs": "20"}, {"release": "no", "site_340b": "yes"}])
def test_without_spread_a_draw_is_the_exact_engines_answer_to_the_cent(answers):
    made = mixed(**answers)
    exact, drawn = cash_flow(inputs_of(made)), draw_values(made, {}, 1)
    for baseline in BASELINES:
        assert [int(cents) for cents in drawn.flows[baseline][:, 0]] == list(exact.values[baseline].flows)
        assert drawn.npv[baseline][0] == exact.values[baseline].npv_cents
    assert bool(drawn.full[0]) is (exact.chairs.month_full is not None)


def test_every_draw_is_what_the_exact_engine_says_of_its_inputs():
    """The slow second way: each draw's values typed into the scenario and its data, one at a time."""
    made = mixed()
    drawn = draw_inputs(spreads_of(made), seed=3, draws=4)
    assert {RAMP, "data_volumes", "data_asp", "data_site_guessed", "data_site_borrowed", "data_hospital_measured"} <= drawn.keys()
    many = draw_values(made, drawn, 4)
    for number in range(4):
        typed = center_at(made, {key: D(repr(float(values[number]))) for key, values in drawn.items()})
        exact = cash_flow(inputs_of(typed))
        for baseline in BASELINES:
            assert [int(cents) for cents in many.flows[baseline][:, number]] == list(exact.values[baseline].flows)
            assert many.npv[baseline][number] == exact.values[baseline].npv_cents


def test_spreads_of_zero_leave_one_value():
    made = mixed()
    usual = spreads_of(made)
    same = draw_values(made, {spread.key: np.full(50, spread.likely) for spread in usual}, 50)
    assert set(same.npv["do_nothing"]) == {cash_flow(inputs_of(made)).values["do_nothing"].npv_cents}


def test_the_same_seed_gives_the_same_and_another_does_not():
    made = mixed()
    assert uncertainty(made, 5, 300).as_json() == uncertainty(made, 5, 300).as_json()
    assert uncertainty(made, 5, 300).baselines != uncertainty(made, 6, 300).baselines


def test_an_input_draws_the_same_whatever_else_is_drawn():
    made = mixed()
    everything, alone = spreads_of(made), [spread for spread in spreads_of(made) if spread.key == "waste"]
    assert (draw_inputs(everything, 1, 20)["waste"] == draw_inputs(alone, 1, 20)["waste"]).all()


def test_quantiles_are_those_of_scipys_distributions():
    share = np.array([0.01, 0.1, 0.5, 0.77, 0.9, 0.999])
    z = stats.norm.ppf(0.9)
    shapes = {
        LOGNORMAL: (80.0, 100.0, 125.0, stats.lognorm(np.log(125 / 80) / (2 * z), scale=100)),
        TRIANGULAR: (-3.0, 0.0, 6.0, stats.triang(3 / 9, loc=-3, scale=9)),
        PERT: (1.0, 2.0, 6.0, stats.beta(1 + 4 / 5, 1 + 4 * 4 / 5, loc=1, scale=5)),
    }
    for shape, (low, likely, high, known) in shapes.items():
        assert quantile(Spread("x", "guessed", shape, low, likely, high), share) == pytest.approx(known.ppf(share), rel=1e-6)
    beta = quantile(Spread("x", "guessed", BETA, 0.4, 0.6, 0.8), np.linspace(0.0005, 0.9995, 1000))
    assert beta.mean() == pytest.approx(0.6, abs=1e-3)
    assert beta.std() == pytest.approx(0.2 / z, rel=0.01)


def test_lognormal_ends_are_one_in_ten():
    assert quantile(Spread("x", "guessed", LOGNORMAL, 80.0, 100.0, 125.0), np.array([0.1, 0.5, 0.9])) == pytest.approx(
        [80, 100, 125]
    )


def test_stated_rank_correlations_are_drawn():
    drawn = draw_inputs(spreads_of(mixed()), 1, 20_000)
    for keys, rho, _ in TOGETHER:
        tied = [key for key in keys if key in drawn]
        for first, second in pairwise(tied):
            assert stats.spearmanr(drawn[first], drawn[second]).statistic == pytest.approx(rho, abs=0.03)
    assert abs(stats.spearmanr(drawn["waste"], drawn["nurse_pay"]).statistic) < 0.03


def test_a_better_mark_makes_a_narrower_spread():
    made = mixed()
    widths = []
    for mark in MARKS:
        answers = {**made.answers, "nurse_pay": replace(made.answers["nurse_pay"], source=Source(mark, "a source", "2026"))}
        spread = next(s for s in spreads_of(replace(made, answers=answers)) if s.key == "nurse_pay")
        widths.append(spread.high - spread.low)
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_what_we_decide_is_not_drawn_but_may_stand_in_the_table():
    made = mixed()
    assert not {"chairs", "open_hours", "rate", "horizon"} & {spread.key for spread in spreads_of(made)}
    assert {"chairs", "open_hours", "rate"} <= set(variable_inputs(made))


def test_given_spreads_replace_those_of_the_mark_and_must_enclose_the_value():
    made = replace(mixed(), spreads={"nurse_pay": {"low": "95,000", "high": "105000"}, RAMP: {"low": "0", "high": "3"}})
    spreads = {spread.key: spread for spread in spreads_of(made)}
    assert (spreads["nurse_pay"].low, spreads["nurse_pay"].high) == (9_500_000, 10_500_000)
    assert spreads["nurse_pay"].given and spreads[RAMP].high == 3
    with pytest.raises(InputError) as refused:
        spreads_of(replace(made, spreads={"nurse_pay": {"low": "101000", "high": "105000"}}))
    assert refused.value.field == "nurse_pay"
    assert type(made).from_json(made.as_json()) == made


def test_ramp_shares_move_by_half_years():
    shares = (D("0.2"), D("0.5"), D(1))
    assert delayed(shares, D(6))[:4] == (0, D("0.2"), D("0.5"), 1)
    assert delayed(shares, D(-6))[:2] == (D("0.5"), 1)
    assert delayed(shares, D(3))[:2] == (D("0.1"), D("0.35"))
    assert delayed(shares, D(0))[:3] == shares


def test_shares_of_the_spread_add_up_and_follow_the_mark():
    found = uncertainty(mixed(), 1, 2000)
    assert sum(found.debt.values()) == pytest.approx(1, abs=1e-5)
    total = sum(each.share for each in found.inputs)
    guessed = sum(each.share for each in found.inputs if each.spread.mark == "guessed")
    assert found.debt["guessed"] == pytest.approx(guessed / total, abs=1e-6)
    assert 0.5 < found.explained <= 1


def test_a_guess_that_becomes_a_measurement_lowers_the_debt_by_its_own_share():
    """The spread being the same (given), only the mark changes."""
    given = {"acquisition_site": {"low": "95", "high": "105"}}
    before = replace(mixed(), spreads=given)
    source = Source("measured", "our invoices", "2026-10")
    after = replace(
        before, answers={**before.answers, "acquisition_site": replace(before.answers["acquisition_site"], source=source)}
    )
    old, new = uncertainty(before, 1, 1000), uncertainty(after, 1, 1000)
    share = next(each.share for each in old.inputs if each.spread.key == "acquisition_site")
    assert old.debt["guessed"] - new.debt["guessed"] == pytest.approx(share / sum(each.share for each in old.inputs), abs=2e-6)


def test_one_uncertain_input_takes_all_the_spread_and_all_the_worth():
    made = center(cell(leaves_on=dt.date(2026, 1, 1), policy_id="P", infusions_per_month=D(80)), chairs="2")
    choices = {key: replace(answer, source=None) for key, answer in made.answers.items() if key != "acquisition_site"}
    made = replace(made, answers={**made.answers, **choices}, spreads={"acquisition_site": {"low": "85", "high": "115"}})
    # The levels of the data spread too: given no room, they are no uncertainty.
    made = replace(made, spreads={**made.spreads, **{key: {"low": "100", "high": "100"} for key in LEVELS}})
    found = uncertainty(made, 1, 4000)
    (only,) = found.inputs
    assert found.explained == pytest.approx(1, abs=1e-4)
    assert only.worth_cents == pytest.approx(found.worth_of_all_cents, rel=0.02, abs=100)
    assert found.worth_of_all_cents > 0
    assert found.debt == {"measured": 0, "borrowed": 0, "guessed": 1}


def test_break_even_is_where_the_exact_value_is_zero():
    made = mixed(nurses="0.5", authorization_staff="0.3")
    solved = break_even(made, [VOLUME, MIX, "acquisition_site", "contract_level", "data_asp"])
    found = 0
    for key in ("acquisition_site", "contract_level"):
        if solved[key].value is None:
            continue
        found += 1
        npv = cash_flow(inputs_of(center_at(made, {key: D(repr(solved[key].value))}))).values["do_nothing"].npv_cents
        scale = max(abs(cash_flow(inputs_of(made)).values["do_nothing"].npv_cents), 1_000_000)
        assert abs(npv) < scale * 1e-3
    assert found
    commercial = sum(c.infusions_per_month for c in made.market.cells if c.line_of_business in ("commercial", "exchange"))
    assert solved[MIX].likely == pytest.approx(float(commercial / sum(c.infusions_per_month for c in made.market.cells)))


def test_a_value_that_never_changes_sign_has_no_break_even():
    assert break_even(center(nurses="0", rent_per_square_foot="0"), ["waste"])["waste"].value is None


def test_rates_of_return_of_draws_are_those_of_the_exact_engine():
    rng = np.random.default_rng(1)
    flows = np.round(rng.normal(2_000, 3_000, (61, 60)))
    flows[0] = -np.round(rng.uniform(20_000, 90_000, 60))
    flows[-1, ::3] -= 30_000  # a last month that takes: more roots, or none
    found = irr_of_draws(flows)
    unique = 0
    for number in range(60):
        exact = irr([int(cents) for cents in flows[:, number]])
        if exact.status == UNIQUE:
            unique += 1
            assert found[number] == pytest.approx(exact.rate, abs=1e-9)
        else:
            assert np.isnan(found[number])
    assert unique > 10
    assert np.isnan(irr_of_draws(np.array([[1.0], [2.0]]))).all()


def test_the_table_of_two_inputs_has_the_exact_values():
    made = mixed()
    grid = two_way(made, "nurse_pay", "chairs")
    assert grid.rows[3] == 10_000_000
    for row in (0, 3, 6):
        typed = center_at(made, {"nurse_pay": D(repr(grid.rows[row])), "chairs": int(grid.columns[0])})
        assert grid.npv[row][0] == cash_flow(inputs_of(typed)).values["do_nothing"].npv_cents
