"""Leakage cells, rates and policy effects. Rules: definitions, section 4."""

import pytest

from demand.engine.leakage import count_leakage, policy_effect, ratio
from demand.engine.summaries import headline
from tests.demand.flow import CLINIC, DOCTOR, day, facility, line, span, to_episodes


def leakage(rows, **more):
    flow = to_episodes(rows, spans=[span(person_id=person) for person in ("p1", "p2", "p3")], **more)
    flow.connection.execute("CREATE OR REPLACE TEMP VIEW fact_all AS FROM fact")
    count_leakage(flow.connection)
    return flow.rows("FROM leakage ORDER BY month, site_class")


def ordered(**changes):
    return facility(ordering_npi=DOCTOR, **changes)


def test_a_cell_counts_infusions_people_and_allowed_by_outcome():
    rows = [
        ordered(),
        ordered(claim_id="D", service_date=day("2025-03-20")),
        ordered(claim_id="E", person_id="p2", allowed_cents=None),
        line(claim_id="F", person_id="p3", ordering_npi=DOCTOR, billing_npi=CLINIC),
    ]
    clinic, hospital = sorted(leakage(rows), key=lambda row: row["site_class"] != "infusion_center")
    assert (hospital["kept_infusions"], hospital["kept_people"], hospital["kept_allowed_cents"]) == (3, 2, 20_000)
    assert (clinic["site_leak_infusions"], clinic["site_leak_people"], clinic["site_leak_allowed_cents"]) == (1, 1, 10_000)
    assert (clinic["kept_infusions"], clinic["kept_people"], clinic["kept_allowed_cents"]) == (0, 0, 0)
    assert (hospital["month"], hospital["family"], hospital["market"]) == (day("2025-03-01"), "infliximab", "metro")


def test_what_nobody_of_ours_ordered_and_what_majority_attributes_is_not_in_it():
    visit = line(claim_id="V", person_id="p2", hcpcs_code="99214", units=1, rendering_npi=DOCTOR, service_date=day("2025-02-01"))
    rows = [facility(ordering_npi="2777777777"), line(claim_id="M", person_id="p2"), visit]
    flow = to_episodes(rows)
    assert [row["attribution_rule"] for row in flow.infusions] == [None, "majority"]
    assert leakage(rows) == []


def test_an_immature_month_marks_its_cells():
    assert [row["mature"] for row in leakage([ordered()], all_mature=False)] == [False]
    assert [row["mature"] for row in leakage([ordered()])] == [True]


def test_nothing_over_nothing_is_none():
    assert ratio(0, 0) is None
    assert ratio(0, 5) == 0.0


NAMES = """
    infusions people attributed_infusions attributed_people majority_infusions unattributed_infusions
    kept margin_leak partner site_leak unknown mature_kept mature_margin_leak mature_site_leak mature_unknown mature_attributed
    left_allowed_cents attributed_allowed_cents left_without_allowed allowed_cents
    unknown_site_class unknown_channel white_bag white_bag_confirmed unknown_family
"""
COUNTED = dict.fromkeys(NAMES.split(), 0)


def test_the_rate_leaves_partner_and_unknown_out_of_the_denominator_and_shows_the_unknown():
    counted = COUNTED | {"kept": 60, "margin_leak": 10, "site_leak": 30, "partner": 50, "unknown": 50, "attributed_infusions": 200}
    found = headline(counted)
    assert (found["leakage_rate"]["value"], found["leakage_rate"]["numerator"], found["leakage_rate"]["denominator"]) == (
        0.3,
        30,
        100,
    )
    assert found["margin_leakage_rate"]["value"] == 0.1
    assert found["leakage_rate"]["share_unknown"] == 0.25
    assert headline(COUNTED)["leakage_rate"]["value"] is None


def test_policy_effect_is_a_difference_of_shares_with_newcombes_interval():
    # Newcombe 1998, table II, contrast (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339
    found = policy_effect("P", 70, 56, 80, 48)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_policy_effect_without_people_to_compare_is_none():
    found = policy_effect("P", 10, 5, 0, 0)
    assert (found.difference, found.low, found.high) == (None, None, None)
