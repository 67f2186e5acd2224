"""The internal rate of return: right where there is one, and in words where there is none or more than one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roi.engine.irr import Irr, _positive_roots, _roots_by_sturm, irr


def test_level_annuity():
    # 1,000 now for 60 payments at 1 % a month: (1 − 1.01^-60) / 0.01 = 44.955038…
    payment = 1_000_000_000
    price = round(payment * (1 - 1.01**-60) / 0.01)
    assert irr([-price] + [payment] * 60).rate == pytest.approx(1.01**12 - 1, abs=1e-9)


def test_ten_percent_after_a_year():
    assert irr([-100_00] + [0] * 11 + [110_00]) == Irr(0.1, "unique")


def test_an_empty_start_moves_no_root():
    assert irr([0, 0, -100_00] + [0] * 11 + [110_00]).rate == 0.1


@pytest.mark.parametrize("flows", [[], [0, 0], [5, 5, 5], [0, 5, 5], [-5, -5], [-5, 0, 0]])
def test_no_change_of_sign_is_none(flows):
    assert irr(flows) == Irr(None, "none")


def test_changes_of_sign_without_a_root_are_none():
    # 100 − 150 v + 100 v² has no real root.
    assert irr([100, -150, 100]) == Irr(None, "none")


@pytest.mark.parametrize(
    "flows",
    [
        [-100, 230, -132],  # 10 % and 20 % a month
        [-1000, 3600, -4310, 1716],  # 10, 20 and 30 % a month
    ],
)
def test_several_roots_are_not_unique(flows):
    assert irr(flows) == Irr(None, "not unique")


def test_several_changes_of_sign_with_one_root_are_unique():
    result = irr([-1000, 300, -10, 400, 500, -1, 200])
    assert result.status == "unique"
    v = (1 + result.rate) ** (-1 / 12)
    assert sum(flow * v**month for month, flow in enumerate([-1000, 300, -10, 400, 500, -1, 200])) == pytest.approx(0, abs=1e-6)


def test_a_value_that_only_touches_zero_has_its_rate():
    # −(10 − 11 v)²: zero at 10 % a month, negative on both sides.
    assert irr([-100, 220, -121]).rate == pytest.approx(1.1**12 - 1, abs=1e-9)


def test_a_loss_has_a_negative_rate():
    # Half of it is back after a year.
    assert irr([-100] + [0] * 11 + [50]).rate == pytest.approx(-0.5)


def test_money_units_do_not_matter():
    flows = [-123_457, 5_000, 61_000, 70_003]
    assert irr(flows) == irr([flow * 1_000 for flow in flows])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=9).filter(lambda flows: flows[0] and flows[-1]))
def test_the_short_way_counts_as_sturm_does(flows):
    assert _positive_roots(flows) == _roots_by_sturm(flows)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 10**11), st.lists(st.integers(0, 10**10), min_size=1, max_size=60).filter(any))
def test_an_investment_agrees_with_a_library(outlay, returns):
    """One outlay and then returns: exactly one root, which pyxirr finds by another method."""
    pyxirr = pytest.importorskip("pyxirr")
    flows = [-outlay, *returns]
    found, theirs = irr(flows), pyxirr.irr(flows)
    assert found.status == "unique"
    if theirs is not None and -0.2 < theirs < 0.5:  # outside, twelfth powers magnify the library's own tolerance
        assert found.rate == pytest.approx((1 + theirs) ** 12 - 1, rel=1e-6, abs=1e-9)
