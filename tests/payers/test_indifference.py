"""The rate at which our site costs the payer the same as sending the patient away."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from payers.engine.indifference import PayerCosts, indifference

# 400 mg of infliximab: we are paid 2,600 for the drug and 700 for the hours, a center 1,400 and 160. Moving a patient costs the
# payer 6 days of delay at 40 and 150 of handling, over 6 infusions; 1 more event in 100 infusions at 3,000; nothing else.
COSTS = PayerCosts(
    alternative_drug=D(140_000),
    alternative_administration=D(16_000),
    our_administration=D(70_000),
    our_drug_today=D(260_000),
    infusions_per_patient=D(6),
    delay_days=D(6),
    cost_per_delay_day=D(4_000),
    handling_per_patient=D(15_000),
    events_per_infusion=D("0.01"),
    cost_per_event=D(300_000),
)


def test_the_worked_example():
    # K = (6 × 40 + 150) ÷ 6 + 0.01 × 3,000 = 65 + 30 = 95; r* = 1,400 + 160 + 95 − 700 = 955
    found = indifference(COSTS)
    assert found.moving_cost == 9_500
    assert found.rate == 95_500
    assert found.room == 260_000 - 95_500
    assert found.per_unit(D(40)) == D("2387.5")


@pytest.mark.parametrize("share", [D(0), D("0.35"), D(1)])
def test_at_the_rate_both_cost_the_payer_the_same(share):
    """The closed form against the two sides of it, computed apart."""
    costs = replace(COSTS, moved_share=share)
    rate = indifference(costs).rate
    here = rate + costs.our_administration
    away = costs.alternative_drug + costs.alternative_administration + (6 * 4_000 + 15_000) / D(6) + D("0.01") * 300_000
    program = share * away + (1 - share) * (costs.our_drug_today + costs.our_administration)
    assert round(here, 6) == round(program, 6)


def test_nobody_moved_means_todays_rate():
    assert indifference(replace(COSTS, moved_share=D(0))).rate == COSTS.our_drug_today


def test_sensitivity_names_what_matters_most_first():
    found = indifference(replace(COSTS, moved_share=D("0.5")))
    by_name = {each.name: each for each in found.sensitivity}
    assert found.sensitivity[0].spread == max(each.spread for each in found.sensitivity)
    assert by_name["alternative_drug"].slope == D("0.5") and by_name["our_administration"].slope == D("-0.5")
    assert "other_per_infusion" not in by_name  # nothing of it: 10 % more of nothing


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("moved_share", D("1.2"), "between 0 and 1"),
        ("infusions_per_patient", D(0), "above 0"),
        ("delay_days", D(-1), "not be negative"),
    ],
)
def test_inputs_that_cannot_be(field, value, words):
    with pytest.raises(ValueError, match=words):
        indifference(replace(COSTS, **{field: value}))
