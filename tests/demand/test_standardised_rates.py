"""Rates with everybody's mix of cases: what adjusting must keep, and what it must take away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demand.engine.standardised_rates import differs, standardised_rates, standardised_ratios, wilson_interval

CASES = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["young", "old", "ill"]), st.booleans()), max_size=60)


@given(CASES)
def test_expected_events_add_up_to_the_observed_and_intervals_hold_the_rate(cases):
    groups, strata, events = (np.array([case[place] for case in cases]) for place in range(3))
    found = standardised_rates(groups, strata, events.astype(bool))
    assert sum(rate.cases for rate in found) == len(cases)
    assert sum(rate.events for rate in found) == pytest.approx(sum(rate.expected for rate in found))
    for rate in found:
        assert 0 <= rate.raw[1] <= rate.raw[0] + 1e-12 and rate.raw[0] <= rate.raw[2] + 1e-12 <= 1 + 1e-12
        assert rate.adjusted is None or all(0 <= one <= 1 for one in rate.adjusted)


def test_groups_that_differ_in_their_cases_alone_have_one_adjusted_rate():
    """Ill people have twice the events wherever they are; A has more of them."""
    groups = np.repeat(["A", "A", "B", "B"], [300, 100, 100, 300])
    strata = np.repeat(["ill", "well", "ill", "well"], [300, 100, 100, 300])
    events = np.concatenate([np.arange(size) < size * share for size, share in [(300, 0.2), (100, 0.1), (100, 0.2), (300, 0.1)]])
    first, second = standardised_rates(groups, strata, events)
    assert (first.raw[0], second.raw[0]) == (0.175, 0.125)
    assert first.adjusted[0] == pytest.approx(0.15) and second.adjusted[0] == pytest.approx(0.15)


def test_one_mix_of_cases_leaves_rates_as_they_are():
    groups, events = np.repeat(["A", "B"], [100, 200]), np.concatenate([np.arange(100) < 30, np.arange(200) < 20])
    for rate in standardised_rates(groups, np.repeat(["all"], 300), events):
        assert rate.adjusted == pytest.approx(rate.raw)


SIZED = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from(["young", "old"]), st.integers(1, 9), st.integers(1, 30), st.integers(0, 30)), max_size=50
)  # fmt: skip


@given(SIZED)
def test_expected_parts_add_up_to_the_observed_ones(cases):
    groups, strata, people, sizes, wished = (np.array([case[place] for case in cases]) for place in range(5))
    parts = np.minimum(sizes, wished)
    found = standardised_ratios(groups, strata, people, parts, sizes)
    assert sum(rate.events for rate in found) == parts.sum() == pytest.approx(sum(rate.expected for rate in found))
    for rate in found:
        assert (rate.raw is None) == (len(set(people[groups == rate.group])) == 1)
        if rate.raw:
            assert 0 <= rate.raw[1] <= rate.raw[0] + 1e-12 and rate.raw[0] <= rate.raw[2] + 1e-12 <= 1 + 1e-12
            assert rate.raw[0] == pytest.approx(rate.events / rate.cases)


def test_a_ratio_whose_sizes_are_one_is_the_rate_and_its_interval_is_that_of_people():
    """One case a person: the linearised error is that of a share, √(p(1−p)/(n−1))."""
    rng = np.random.default_rng(1)
    groups, strata = rng.choice(["A", "B"], 400), rng.choice(["ill", "well"], 400)
    events = rng.random(400) < np.where(strata == "ill", 0.6, 0.3)
    pairs = zip(
        standardised_ratios(groups, strata, np.arange(400), events.astype(float), np.ones(400)),
        standardised_rates(groups, strata, events),
        strict=True,
    )
    for ratio, rate in pairs:
        assert (ratio.cases, ratio.events, ratio.raw[0]) == (rate.cases, rate.events, pytest.approx(rate.raw[0]))
        assert ratio.adjusted[0] == pytest.approx(rate.adjusted[0])
        share = ratio.raw[0]
        assert ratio.raw[2] - share == pytest.approx(1.959964 * (share * (1 - share) / (ratio.cases - 1)) ** 0.5)
    doubled = standardised_ratios(
        np.repeat(groups, 2), np.repeat(strata, 2), np.repeat(np.arange(400), 2), np.repeat(events, 2).astype(float), np.ones(800)
    )
    assert doubled[0].raw == pytest.approx(
        standardised_ratios(groups, strata, np.arange(400), events.astype(float), np.ones(400))[0].raw
    )


def test_the_limits_are_wilsons():
    assert wilson_interval(3, 10) == pytest.approx((0.107791, 0.603222), abs=1e-6)  # scipy.stats.binomtest(3, 10), method wilson
    assert wilson_interval(0, 20)[0] == 0 and wilson_interval(20, 20)[1] == 1


def test_intervals_that_overlap_may_differ_and_more_comparisons_ask_for_more():
    """10 % and 14 % of 1,000 each: the intervals overlap, the pooled z of the two shares is 2.75 (p 0.006)."""
    one, other = ((share, *wilson_interval(events, 1000)) for share, events in ((0.10, 100), (0.14, 140)))
    near = (0.13, *wilson_interval(130, 1000))
    assert one[2] > near[1] and differs(one, near) and differs(one, other, comparisons=8)
    assert not differs(one, near, comparisons=8) and not differs(one, one)
