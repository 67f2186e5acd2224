"""Infusions to episodes: intervals, gaps, moves and what became of each. Rules: definitions, sections 3 to 5."""

import datetime as dt

import pytest

from demand.engine.parameters import Parameters
from tests.demand.flow import CLINIC, DOCTOR, HOSPITAL, SITES, day, facility, fill, line, site, span, to_episodes

START = day("2024-01-01")


def doses(*days, where=facility, family="J1745", **changes):
    """Infusions on these days after START, each its own claim, ordered by our doctor."""
    return [
        where(
            claim_id=f"D{number}", service_date=START + dt.timedelta(days=number), hcpcs_code=family, ordering_npi=DOCTOR, **changes
        )
        for number in days
    ]


def elsewhere(**changes):
    return line(**({"billing_npi": CLINIC, "place_of_service_code": "49"} | changes))


def episodes(rows, **more):
    return to_episodes(rows, **({"spans": [span()], "known_until": "2026-01-01"} | more)).episodes


def only(rows, **more):
    (found,) = episodes(rows, **more)
    return found


# The interval


def test_the_interval_is_the_median_of_the_persons_own_maintenance_gaps():
    # induction (three doses) is dropped; maintenance gaps 42, 42, 49
    assert only(doses(0, 14, 42, 98, 140, 182, 231))["interval_days"] == 42


def test_with_fewer_than_two_maintenance_gaps_the_regimen_says():
    assert only(doses(0, 14, 42, 98, 140))["interval_days"] == 56


def test_a_median_between_two_days_is_rounded_up():
    assert only(doses(0, 14, 42, 98, 140, 183))["interval_days"] == 43


def test_cyclic_regimens_keep_the_length_of_the_cycle():
    found = only(doses(0, 14, 182, 196, 364, family="J2350"))
    assert (found["interval_days"], found["infusions"]) == (182, 5)


def test_a_gap_that_is_a_restart_is_no_maintenance_gap():
    first = episodes(doses(0, 14, 42, 98, 154, 210, 500, 514, 542))
    assert [one["interval_days"] for one in first] == [56, 56]


# The gap rule


def test_an_episode_ends_when_the_gap_exceeds_the_interval_by_half():
    assert len(episodes(doses(0, 14, 42, 126))) == 1  # 84 days: interval 56 and its half
    assert len(episodes(doses(0, 14, 42, 127))) == 2


def test_the_gap_is_at_least_sixty_days():
    assert len(episodes(doses(0, 60, family="J3262"))) == 1  # monthly: 42 days would be too few
    assert len(episodes(doses(0, 61, family="J3262"))) == 2


def test_reference_product_and_biosimilar_are_one_episode_and_two_families_are_two():
    assert len(episodes(doses(0, 14) + doses(42, family="Q5103"))) == 1
    assert len(episodes(doses(0, 14) + doses(42, family="J3380"))) == 2


def test_the_fixed_gap_is_a_sensitivity():
    assert only(doses(0, 14, 42, 98))["fixed90"] is True
    assert only(doses(0, 182, family="J0897"))["fixed90"] is False  # twice a year: a fixed 90 days would cut it


# New starts


def test_new_start_needs_a_year_of_enrollment_before():
    assert only(doses(0, 14))["new_start"] is True
    assert only(doses(0, 14), spans=[span(enrollment_start_date=START - dt.timedelta(days=365))])["new_start"] is True
    assert only(doses(0, 14), spans=[span(enrollment_start_date=START - dt.timedelta(days=364))])["new_start"] is None


def test_spans_that_touch_leave_no_gap_and_others_do():
    before = span(enrollment_start_date=day("2022-01-01"), enrollment_end_date=day("2023-06-30"))
    touching = span(enrollment_start_date=day("2023-07-01"))
    apart = span(enrollment_start_date=day("2023-07-02"))
    assert only(doses(0, 14), spans=[before, touching])["new_start"] is True
    assert only(doses(0, 14), spans=[before, apart])["new_start"] is None


@pytest.mark.parametrize(("gap", "new"), [(180, False), (181, True)])
def test_a_restart_is_a_new_start_after_more_than_180_days(gap, new):
    assert episodes(doses(0, 14, 42, 42 + gap))[1]["new_start"] is new


def test_no_restart_within_a_gap_that_the_regimen_allows():
    assert only(doses(0, 200, family="J0897"))["infusions"] == 2


# Moves


def test_two_infusions_elsewhere_are_a_move_on_the_first_of_them():
    found = only(doses(0, 14) + doses(42, 98, where=elsewhere))
    assert (found["outcome"], found["outcome_on"]) == ("moved_out", START + dt.timedelta(days=42))
    assert (found["from_site_id"], found["to_site_id"], found["first_site_class"], found["last_site_class"]) == (
        "H", "C", "hopd_on_campus", "infusion_center",
    )  # fmt: skip


def test_the_last_seen_counts_as_a_move():
    assert only(doses(0, 14) + doses(42, where=elsewhere))["outcome"] == "moved_out"


def test_one_visit_elsewhere_between_two_at_home_base_is_visiting():
    flow = to_episodes(doses(0, 14, 98) + doses(42, where=elsewhere), spans=[span()], known_until="2024-05-01")
    assert flow.episode["outcome"] == "kept"
    assert [row["mechanism"] for row in flow.rows("FROM fact WHERE outcome = 'site_leak'")] == ["visiting"]


def test_moving_in_and_never_captured():
    assert only(doses(0, 14, where=elsewhere) + doses(42, 98))["outcome"] == "moved_in"
    found = only(doses(0, 14, 42, where=elsewhere))
    assert (found["outcome"], found["to_site_id"], found["from_site_id"]) == ("never_captured", "C", None)


def test_an_episode_that_nobody_of_ours_ordered_has_no_outcome():
    rows = [row | {"ordering_npi": "2777777777"} for row in doses(0, 14, where=elsewhere)]
    found = only(rows)
    assert (found["attributed"], found["outcome"], found["dark"]) == (False, None, False)


def test_an_episode_is_attributed_when_any_infusion_is():
    rows = doses(0, 14, where=elsewhere)
    rows[0] |= {"ordering_npi": "2777777777"}
    assert only(rows)["attributed"] is True


# What became of it


SELF = [{"ndc_code": "99999000101", "molecule": "infliximab-dyyb", "family": "infliximab", "self_administered": True}]


@pytest.mark.parametrize(("after", "outcome"), [(1, "benefit_shift"), (120, "benefit_shift"), (121, "unknown")])
def test_self_administered_fills_that_start_within_120_days_are_a_benefit_shift(after, outcome):
    shifted = fill(ndc_code="99999000101", dispensing_date=START + dt.timedelta(days=98 + after))
    found = only(doses(0, 14, 42, 98), fills=[shifted], ndcs=SELF)
    assert (found["outcome"], found["dark"]) == (outcome, False)


def test_induction_and_then_self_injection_by_label_is_ended_and_planned():
    ndcs = [{"ndc_code": "99999000102", "molecule": "ustekinumab", "family": "ustekinumab", "self_administered": True}]
    found = only(doses(0, family="J3358"), fills=[fill(ndc_code="99999000102", dispensing_date=day("2024-02-20"))], ndcs=ndcs)
    assert (found["outcome"], found["reason"]) == ("ended", "planned_self_injection")


def test_a_complete_finite_course_is_ended_and_never_dark():
    assert (only(doses(0, 7, family="J1439"))["outcome"], only(doses(0, 7, family="J1439"))["reason"]) == ("ended", "complete")
    incomplete = only(doses(0, family="J1439"))
    assert (incomplete["outcome"], incomplete["dark"]) == ("dark", True)


def test_died_and_not_enrolled_are_ended():
    died = only(doses(0, 14, 42), spans=[span(death_date=day("2024-03-01"))])
    assert (died["outcome"], died["reason"], died["outcome_on"]) == ("ended", "died", day("2024-03-01"))
    others = [span(), span(person_id="p2", enrollment_end_date=day("2030-12-31"))]
    left = only(doses(0, 14, 42), spans=[span(enrollment_end_date=day("2024-03-01")), *others[1:]])
    assert (left["outcome"], left["reason"], left["resolution"]) == ("ended", "not_enrolled", "not_enrolled")


def test_where_the_whole_enrollment_file_ends_nobody_is_known_to_have_left():
    found = only(doses(0, 14, 42), spans=[span(enrollment_end_date=day("2024-03-01"))])
    assert (found["outcome"], found["dark"]) == ("unknown", False)


def test_a_later_restart_ends_the_earlier_episode():
    assert [one["outcome"] for one in episodes(doses(0, 14, 42, 400, 414, 442), known_until="2025-04-01")] == ["ended", "kept"]


def test_a_named_stop_ends_it():
    orders = [
        {"order_id": "1", "person_id": "p1", "ordering_npi": DOCTOR, "molecule": "infliximab", "ordered_on": "2024-03-01",
         "determination": "Discontinued", "reject_reason": "Clinically inappropriate"}
    ]  # fmt: skip
    found = only(doses(0, 14, 42), orders=orders)
    assert (found["outcome"], found["reason"], found["resolution"]) == ("ended", "stopped", "stopped")


def test_silence_is_dark_where_the_feed_is_mature_and_the_person_enrolled():
    found = only(doses(0, 14, 42))
    assert (found["outcome"], found["dark"], found["resolution"]) == ("dark", True, "unknown")
    assert (found["expected_next_on"], found["outcome_on"]) == (START + dt.timedelta(98), START + dt.timedelta(42 + 84))


def test_silence_in_an_immature_month_is_unknown():
    found = only(doses(0, 14, 42), all_mature=False)
    assert (found["outcome"], found["reason"], found["dark"], found["resolution"]) == (
        "unknown",
        "feed_immature",
        False,
        "feed_immature",
    )


def test_silence_of_a_person_without_eligibility_is_unknown():
    found = only(doses(0, 14, 42), spans=[])
    assert (found["outcome"], found["reason"]) == ("unknown", "enrollment_unknown")


def test_not_yet_overdue_is_kept():
    assert only(doses(0, 14, 42), known_until="2024-05-06")["outcome"] == "kept"  # due by 2024-05-06
    assert only(doses(0, 14, 42), known_until="2024-05-07")["outcome"] == "dark"


def test_a_dose_in_hospital_is_no_infusion_but_a_sign_of_life():
    inpatient = facility(claim_id="I", service_date=day("2024-06-01"), bill_type_code="111")
    found = only([*doses(0, 14, 42), inpatient])
    assert (found["outcome"], found["dark"]) == ("unknown", False)


# Why they moved


MOVE = doses(0, 14, 42) + doses(98, 154, where=elsewhere)
POLICY = {
    "policy_id": "EX-SOC", "payer": "Acme", "kind": "site_of_care", "status": "in_force", "effective_from": "2024-02-01",
    "line_of_business": "commercial", "drug_kind": "molecule", "drug": "infliximab",
    "excluded_site_classes": "hopd_on_campus;hopd_off_campus",
}  # fmt: skip


def reason(**more):
    return only(MOVE, **more)["reason"]


def test_without_evidence_a_move_is_unexplained():
    assert reason() == "unexplained"


def test_a_site_policy_in_force_that_excluded_the_old_site():
    assert reason(policies=[POLICY]) == "site_policy"


@pytest.mark.parametrize(
    "changes",
    [
        {"payer": "Other"}, {"line_of_business": "medicare"}, {"drug": "vedolizumab"}, {"effective_from": "2024-04-09"},
        {"effective_to": "2024-04-08"}, {"status": "announced"}, {"excluded_site_classes": "surgery_center"}, {"age_min": 65},
        {"document": '{"starts": "new_starts"}'}, {"document": '{"scope": {"funding": ["self_funded"]}}'},
        {"document": '{"scope": {"plans_out": ["PPO"]}}'}, {"document": '{"scope": {"states": ["MA"]}}'},
        {"document": '{"grace": {"days": 120, "combine": "first"}}'}, {"document": '{"grace": {"doses": 4, "combine": "first"}}'},
    ],
)  # fmt: skip
def test_a_site_policy_that_does_not_apply_is_no_reason(changes):
    assert reason(policies=[POLICY | changes]) == "unexplained"


def test_grace_that_is_used_up_leaves_the_policy_a_reason():
    assert reason(policies=[POLICY | {"document": '{"grace": {"doses": 3, "days": 120, "combine": "first"}}'}]) == "site_policy"
    assert reason(policies=[POLICY | {"document": '{"grace": {"doses": 3, "days": 120, "combine": "last"}}'}]) == "unexplained"


def test_the_site_policy_comes_before_the_drug_source_policy():
    source = POLICY | {"policy_id": "EX-SP", "kind": "drug_source", "drug_source": "sp_required", "excluded_site_classes": ""}
    assert reason(policies=[source]) == "drug_source_policy"
    assert reason(policies=[source, POLICY]) == "site_policy"
    assert reason(policies=[source | {"drug_source": "any"}]) == "unexplained"


@pytest.mark.parametrize(("waited", "expected"), [(14, "unexplained"), (15, "access")])
def test_an_order_that_waited_long_is_access(waited, expected):
    ordered = day("2024-03-01")
    order = {
        "order_id": "1", "person_id": "p1", "ordering_npi": DOCTOR, "molecule": "infliximab", "ordered_on": ordered,
        "scheduled_on": ordered + dt.timedelta(days=waited),
    }  # fmt: skip
    assert reason(orders=[order]) == expected


def test_a_site_at_least_ten_miles_nearer_is_distance():
    near = [
        site("H", HOSPITAL, "hopd_on_campus", "owned", latitude=36.40, longitude=-86.78),
        site("C", CLINIC, "infusion_center", "other", latitude=36.17, longitude=-86.78),
    ]
    centroids = [{"zip_code": "37201", "latitude": 36.16, "longitude": -86.78}]
    assert reason(sites=near, zip_centroids=centroids) == "distance"
    assert reason(sites=near) == "unexplained"


def test_a_prescriber_who_left_within_half_a_year():
    left = [{"npi": DOCTOR, "specialty": "gastroenterology", "ends_on": "2024-03-01"}]
    assert reason(prescribers=left) == "prescriber_left"


def test_a_reaction_shortly_before_is_clinical():
    reaction = line(claim_id="R", hcpcs_code="99214", units=1, service_date=day("2024-03-20"), diagnosis_codes="T8052XA")
    assert only([*MOVE, reaction])["reason"] == "clinical"


# Facts


def test_mechanism_destination_and_reason_each_split_the_same_total():
    flow = to_episodes(MOVE + doses(0, 14, 42, family="J3380", where=elsewhere), spans=[span()], known_until="2026-01-01")
    leaked = flow.rows("FROM fact WHERE outcome = 'site_leak'")
    assert sorted(row["mechanism"] for row in leaked) == ["moved_out"] * 2 + ["never_captured"] * 3
    assert all(row["mechanism"] and row["reason"] and row["site_class"] and row["owner"] == "Theirs" for row in leaked)


def test_every_infusion_of_a_known_drug_is_in_exactly_one_episode():
    flow = to_episodes(doses(0, 14, 42, 300, 314) + doses(0, 30, family="J3380"), spans=[span()])
    assert sum(one["infusions"] for one in flow.episodes) == len(flow.infusions) == 7


def test_parameters_are_settings():
    shorter = Parameters(gap_allowance=0.0)
    assert len(episodes(doses(0, 14, 42, 104), parameters=shorter)) == 2
    assert len(episodes(doses(0, 14, 42, 102), parameters=shorter)) == 1
    assert SITES[0]["ownership"] == "owned"
