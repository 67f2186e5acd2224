"""Lines to infusions: what makes one, where it was, how the drug was paid for. Rules: definitions, section 2."""

import pytest

from tests.demand.flow import (
    CLINIC,
    DOCTOR,
    HOME,
    HOSPITAL,
    OFFICE,
    PHARMACY,
    SITES,
    administration,
    day,
    facility,
    fill,
    infusions_of_each,
    line,
    site,
    span,
    to_infusions,
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("error")


def of_each(cases: dict, column: str, **more) -> dict:
    """Cases (a name and its rows, of one infusion) -> name and what the column says of the infusion."""
    return {name: one[column] for name, (one,) in zip(cases, infusions_of_each(cases.values(), **more), strict=True)}


def test_a_drug_line_and_its_administration_are_one_infusion():
    found = to_infusions([line(), administration("96413"), administration("96415")]).infusion
    assert (found["molecule"], found["dose"], found["dose_unit"]) == ("infliximab", 400.0, "mg")
    assert found["allowed_cents"] == 14_000
    assert found["hcpcs_codes"] == "96413;96415;J1745"
    assert found["channel"] == "buy_and_bill"


def test_waste_is_money_and_waste_but_never_dose():
    found = to_infusions([line(units=35), line(units=5, modifiers="JW", allowed_cents=500)]).infusion
    assert (found["dose"], found["waste_units"], found["allowed_cents"]) == (350.0, 5.0, 10_500)


def test_units_become_dose_by_the_unit_of_the_service_date():
    before = line(hcpcs_code="J1300", units=90, service_date=day("2025-03-25"))
    after = line(hcpcs_code="J1299", units=450, service_date=day("2025-04-08"))
    assert [one["dose"] for one in to_infusions([before, after]).infusions] == [900.0, 900.0]


def test_a_code_after_its_last_day_is_the_drug_with_an_unknown_dose():
    found = to_infusions([line(hcpcs_code="J1300", units=90, service_date=day("2025-04-01"))]).infusion
    assert (found["family"], found["dose"]) == ("eculizumab", None)
    assert "code_out_of_date" in found["flags"]


def test_blank_units_make_the_dose_unknown():
    assert to_infusions([line(units=None)]).infusion["dose"] is None


def test_an_administration_within_three_days_of_the_same_provider_belongs_to_the_infusion():
    late = administration(service_date=day("2025-03-06"), claim_id="D")
    too_late = administration(service_date=day("2025-03-07"), claim_id="E")
    assert len(to_infusions([line(), late]).infusions) == 1
    assert len(to_infusions([line(), too_late]).infusions) == 2


def test_an_administration_of_another_provider_days_later_is_its_own():
    other = administration(service_date=day("2025-03-05"), claim_id="D", billing_npi=CLINIC)
    assert [one["family"] for one in to_infusions([line(), other]).infusions] == ["infliximab", "unknown"]


def test_hydration_opens_no_infusion():
    assert to_infusions([administration("96360"), administration("96361")]).infusions == []


def test_an_administration_explained_by_another_drug_is_none():
    flow = to_infusions([administration("96372"), line(hcpcs_code="J3420", units=1)])
    assert flow.infusions == []
    assert [one["place"] for one in flow.lines if one["role"] == "administration"] == ["explained_by_another_drug"]


def test_a_premedication_does_not_explain_the_infusion_it_prepares():
    flow = to_infusions([administration("96413"), line(hcpcs_code="J1200", units=1)])
    assert [one["family"] for one in flow.infusions] == ["unknown"]


def test_an_administration_with_nothing_found_is_unknown_and_never_white_bagged():
    found = to_infusions([administration()]).infusion
    assert (found["channel"], found["channel_confidence"], found["molecule"]) == ("unknown", None, "unknown")


def test_professional_and_facility_claims_are_one_infusion_at_the_facility_with_its_dose():
    professional = line(
        claim_id="P",
        place_of_service_code="22",
        units=30,
        service_date=day("2025-03-04"),
        billing_npi=OFFICE,
        allowed_cents=0,
        paid_cents=0,
    )
    found = to_infusions([facility(), professional]).infusion
    assert (found["site_id"], found["service_date"], found["dose"]) == ("H", day("2025-03-03"), 400.0)


def test_professional_and_facility_claims_two_days_apart_are_two():
    professional = line(claim_id="P", place_of_service_code="22", service_date=day("2025-03-05"))
    assert len(to_infusions([facility(), professional]).infusions) == 2


def test_a_professional_administration_at_the_hospital_joins_the_facility_claim():
    found = to_infusions([facility(), administration(claim_id="P", place_of_service_code="22", billing_npi=DOCTOR)]).infusion
    assert found["allowed_cents"] == 12_000


def test_two_drugs_on_a_day_split_the_administration_by_drug_allowed_to_the_cent():
    second = line(hcpcs_code="J3380", units=300, allowed_cents=20_000)
    rows = [line(allowed_cents=10_000), second, administration(allowed_cents=1_000, paid_cents=100)]
    first, other = to_infusions(rows).infusions
    assert (first["allowed_cents"], other["allowed_cents"]) == (10_333, 20_667)
    assert first["paid_cents"] + other["paid_cents"] == 18_100


def test_two_drugs_without_allowed_amounts_share_the_administration_equally():
    rows = [line(allowed_cents=None), line(hcpcs_code="J3380", units=300, allowed_cents=None), administration(allowed_cents=1_001)]
    assert [one["allowed_cents"] for one in to_infusions(rows).infusions] == [501, 500]


def test_an_unknown_allowed_amount_is_no_zero():
    found = to_infusions([line(allowed_cents=None)]).infusion
    assert (found["allowed_cents"], found["lines_without_allowed"]) == (None, 1)


def test_a_dose_far_below_the_regimen_is_flagged_and_not_corrected():
    found = to_infusions([line(hcpcs_code="J3262", units=2)]).infusion
    assert (found["dose"], found["flags"]) == (2.0, "dose_far_below_regimen")


# Site class, rule by rule


def test_rule_0_inpatient_and_emergency_are_no_outpatient_infusions():
    inpatient = [facility(bill_type_code=code, person_id=f"p{code}") for code in ("111", "121", "181", "211")]
    flow = to_infusions([*inpatient, facility(revenue_center_code="0450")])
    assert flow.infusions == []
    assert {one["person_id"]: one["place"] for one in flow.lines} == {
        "p1": "emergency", **{one["person_id"]: "inpatient" for one in inpatient}
    }  # fmt: skip


def test_rule_0_an_emergency_line_makes_the_whole_claim_one():
    flow = to_infusions([facility(), facility(hcpcs_code="99284", revenue_center_code="0450", units=1)])
    assert flow.infusions == []


def test_rule_0_by_place_of_service():
    assert infusions_of_each([line(place_of_service_code=pos)] for pos in ("21", "23")) == [[], []]


def test_rule_1_the_register_decides_before_the_claim():
    found = to_infusions([line(billing_npi=CLINIC, place_of_service_code="11")]).infusion
    assert (found["site_id"], found["site_class"], found["ownership"]) == ("C", "infusion_center", "other")


def test_rule_1_facility_before_billing_before_rendering():
    found = to_infusions([line(facility_npi=HOSPITAL, billing_npi=CLINIC, rendering_npi=HOME)]).infusion
    assert found["site_id"] == "H"


def test_rule_1_a_site_that_is_not_open_does_not_answer():
    closed = [site("C", CLINIC, "infusion_center", "other", closed_on="2025-03-03")]
    found = to_infusions([line(billing_npi=CLINIC)], sites=closed).infusion
    assert (found["site_id"], found["site_class"], found["ownership"]) == (f"npi:{CLINIC}", "physician_office", "other")
    opened = [site("C", CLINIC, "infusion_center", "other", opened_on="2025-03-03")]
    assert to_infusions([line(billing_npi=CLINIC)], sites=opened).infusion["site_id"] == "C"


TWO_SITES = [site("ON", HOSPITAL, "hopd_on_campus", "owned"), site("OFF", HOSPITAL, "hopd_off_campus", "partner")]


def test_rule_1_two_sites_under_one_npi_are_told_apart_by_po_and_pn():
    expected = {None: "ON", "PO": "OFF", "PN": "OFF", "JZ;PO": "OFF"}
    assert of_each({told: [facility(modifiers=told)] for told in expected}, "site_id", sites=TWO_SITES) == expected


def test_rule_1_two_sites_that_cannot_be_told_apart_are_unknown():
    alike = [site("A", CLINIC, "infusion_center", "owned"), site("B", CLINIC, "infusion_center", "other")]
    found = to_infusions([line(billing_npi=CLINIC)], sites=alike).infusion
    assert (found["site_class"], found["ownership"], found["site_id"]) == ("unknown", "unknown", f"npi:{CLINIC}")


def test_rule_1_a_registered_home_infusion_provider_is_home_unless_the_suite_is_told():
    drug = line(billing_npi=HOME, place_of_service_code="12")
    nurse = line(billing_npi=HOME, place_of_service_code="12", hcpcs_code="99601", units=1)
    assert to_infusions([drug, nurse]).infusion["site_class"] == "home"
    assert to_infusions([drug, nurse | {"modifiers": "SS"}]).infusion["site_class"] == "infusion_suite"


def test_rule_2_a_home_service_line_of_the_day():
    expected = {("12", None): "home", ("49", None): "infusion_suite", ("12", "SS"): "infusion_suite"}
    cases = {
        (pos, told): [
            line(place_of_service_code="99"),
            line(hcpcs_code="S9338", units=1, place_of_service_code=pos, modifiers=told),
        ]
        for pos, told in expected
    }
    assert of_each(cases, "site_class") == expected


def test_rules_3_5_and_6_professional_claims_by_place_of_service():
    expected = {
        **dict.fromkeys(("04", "12", "13", "14", "32", "33", "54", "55", "56"), "home"),
        "19": "hopd_off_campus", "22": "hopd_on_campus", "49": "infusion_center", "11": "physician_office",
        "24": "surgery_center", "20": "unknown", None: "unknown",
    }  # fmt: skip
    assert of_each({pos: [line(place_of_service_code=pos)] for pos in expected}, "site_class") == expected


def test_rule_4_institutional_claims_by_bill_type():
    expected = {
        ("131", None): "hopd_on_campus", ("137", "PN"): "hopd_off_campus", ("851", None): "hopd_on_campus", ("741", None): "unknown"
    }  # fmt: skip
    cases = {
        (bill, told): [
            facility(bill_type_code=bill, facility_npi="2999999999"),
            facility(hcpcs_code="36415", modifiers=told, bill_type_code=bill),
        ]
        for bill, told in expected
    }
    assert of_each(cases, "site_class") == expected


def test_rule_6_an_office_whose_taxonomy_is_an_infusion_clinic():
    taxonomies = [{"npi": OFFICE, "taxonomy": "261QI0500X"}]
    assert to_infusions([line()], taxonomies=taxonomies).infusion["site_class"] == "infusion_center"


# Drug channel


WHITE_BAG_DAY = day("2025-03-03")
NOMINAL = {"allowed_cents": 1, "paid_cents": 0, "charge_cents": 1}


def test_white_bag_confirmed_where_the_token_line_names_the_drug_that_was_filled():
    found = to_infusions([line(**NOMINAL), administration()], [fill()]).infusion
    assert (found["channel"], found["channel_confidence"], found["pharmacy_fill_cents"]) == ("white_bag", "confirmed", 90_000)


def test_white_bag_probable_where_only_the_administration_and_a_fill_match():
    found = to_infusions([administration()], [fill()]).infusion
    assert (found["channel"], found["channel_confidence"], found["family"]) == ("white_bag", "probable", "infliximab")


def test_the_fill_must_lie_thirty_days_before_to_three_after():
    expected = {"2025-02-01": "white_bag", "2025-01-31": "unknown", "2025-03-06": "white_bag", "2025-03-07": "unknown"}
    fills = [fill(dispensing_date=day(filled)) for filled in expected]
    assert of_each({filled: [administration()] for filled in expected}, "channel", fills=fills) == expected


def test_a_pharmacys_medical_drug_line_is_supply_and_its_money_is_the_infusions():
    supply = line(
        claim_id="S", billing_npi=PHARMACY, service_date=day("2025-02-25"), allowed_cents=50_000, place_of_service_code="12"
    )
    found = to_infusions([administration(billing_npi=CLINIC), supply]).infusion
    assert (found["channel"], found["site_id"], found["allowed_cents"], found["dose"]) == ("white_bag", "C", 52_000, 400.0)


def test_a_pharmacys_medical_drug_line_alone_is_no_infusion():
    flow = to_infusions([line(billing_npi=PHARMACY)])
    assert flow.infusions == []
    assert flow.lines[0]["place"] == "supply_without_administration"


def test_a_pharmacy_by_its_taxonomy_is_supply_too():
    assert to_infusions([line()], taxonomies=[{"npi": OFFICE, "taxonomy": "3336S0011X"}]).infusions == []


def test_the_systems_own_pharmacy_makes_it_a_clear_bag():
    own = [*SITES[:2], site("SP", PHARMACY, "specialty_pharmacy", "owned")]
    assert to_infusions([administration()], [fill()], sites=own).infusion["channel"] == "clear_bag"


def test_one_fill_serves_one_infusion():
    rows = [administration(), administration(claim_id="D", service_date=day("2025-03-10"))]
    assert [one["channel"] for one in to_infusions(rows, [fill(days_supply=28)]).infusions] == ["white_bag", "unknown"]


def test_a_self_administered_fill_is_no_white_bag():
    ndcs = [{"ndc_code": "99999000101", "molecule": "infliximab-dyyb", "family": "infliximab", "self_administered": True}]
    assert to_infusions([administration()], [fill(ndc_code="99999000101")], ndcs=ndcs).infusion["channel"] == "unknown"


def test_payable_is_more_than_one_cent():
    expected = {  # allowed, paid, charge
        (2, 0, 30_000): "buy_and_bill", (0, 2, 30_000): "buy_and_bill", (1, 1, 30_000): "unknown",
        (None, None, 2): "buy_and_bill", (None, None, 1): "unknown", (None, 0, 500): "unknown",
    }  # fmt: skip
    names = ("allowed_cents", "paid_cents", "charge_cents")
    assert of_each({money: [line(**dict(zip(names, money, strict=True)))] for money in expected}, "channel") == expected


def test_a_payable_line_within_three_days_makes_it_buy_and_bill():
    cases = [[line(**NOMINAL), line(claim_id="D", service_date=day(when))] for when in ("2025-03-06", "2025-03-07")]
    assert [first["channel"] for first, *_ in infusions_of_each(cases)] == ["buy_and_bill", "unknown"]


def test_drug_and_per_diem_of_a_home_provider():
    rows = [
        line(billing_npi=HOME, place_of_service_code="12"),
        line(billing_npi=HOME, place_of_service_code="12", hcpcs_code="S9379", units=1),
    ]
    found = to_infusions(rows).infusion
    assert (found["channel"], found["site_class"], found["allowed_cents"]) == ("home_per_diem", "home", 20_000)


def test_a_nurse_at_home_with_a_filled_drug_is_an_infusion_and_without_none():
    nurse = line(billing_npi=HOME, place_of_service_code="12", hcpcs_code="99601", units=1)
    assert to_infusions([nurse], [fill()]).infusion["channel"] == "white_bag"
    assert to_infusions([nurse]).infusions == []


def test_a_fill_without_an_administration_is_a_row_of_its_own():
    flow = to_infusions([line(service_date=day("2025-06-01"))], [fill()])
    assert [row["molecule"] for row in flow.rows("FROM unadministered_fill")] == ["infliximab"]
    administered = to_infusions([line(service_date=day("2025-03-31"))], [fill()])
    assert administered.rows("FROM unadministered_fill") == []


# Payer, plan, line of business


def test_the_claims_payer_comes_first_and_the_span_fills_in():
    found = to_infusions([line(payer="Acme", plan=None)], spans=[span(payer="Acme", plan="Gold")]).infusion
    assert (found["payer"], found["plan"], found["line_of_business"], found["funding_type"]) == (
        "Acme",
        "Gold",
        "commercial",
        "insured",
    )


def test_the_last_day_of_a_span_counts_and_the_next_is_unknown():
    rows = [line(payer=None, plan=None), line(claim_id="D", payer=None, plan=None, service_date=day("2025-03-04"))]
    first, second = to_infusions(rows, spans=[span(enrollment_end_date=day("2025-03-03"))]).infusions
    assert (first["payer"], second["payer"], second["line_of_business"]) == ("Acme", "unknown", "unknown")


# Attribution and outcome


def test_attribution_by_the_named_prescriber():
    expected = {  # ordering, rendering
        (DOCTOR, None): "ordering_npi", (None, DOCTOR): "rendering_npi", ("2200000009", DOCTOR): None, (None, None): None
    }  # fmt: skip
    found = infusions_of_each([line(ordering_npi=ordering, rendering_npi=rendering)] for ordering, rendering in expected)
    rules = list(expected.values())
    assert [(one["attribution_rule"], one["attributed"]) for (one,) in found] == [(rule, rule is not None) for rule in rules]


def test_a_prescriber_counts_only_while_on_the_roster():
    left = [{"npi": DOCTOR, "specialty": "gastroenterology", "ends_on": "2025-03-03"}]
    assert to_infusions([line(ordering_npi=DOCTOR)], prescribers=left).infusion["attributed"] is False


def test_the_order_on_file_names_the_prescriber_where_the_claim_does_not():
    orders = [{"order_id": "1", "person_id": "p1", "ordering_npi": DOCTOR, "molecule": "infliximab", "ordered_on": "2025-02-01"}]
    assert to_infusions([line(rendering_npi="2200000009")], orders=orders).infusion["attribution_rule"] == "ordering_npi"


def test_majority_counts_only_where_nobody_is_named():
    visit = line(claim_id="V", hcpcs_code="99214", units=1, rendering_npi=DOCTOR, service_date=day("2025-01-10"))
    nameless = to_infusions([line(), visit]).infusion
    assert (nameless["attribution_rule"], nameless["outcome"]) == ("majority", "site_leak")
    named = to_infusions([line(rendering_npi="2200000009"), visit]).infusion
    assert named["attribution_rule"] is None


def test_outcome_of_an_infusion():
    cases = [
        ([facility(ordering_npi=DOCTOR)], "kept"),
        ([facility(ordering_npi=DOCTOR, **NOMINAL), administration(facility_npi=HOSPITAL, ordering_npi=DOCTOR)], "unknown"),
        ([line(ordering_npi=DOCTOR, billing_npi=CLINIC)], "site_leak"),
        ([line(ordering_npi=DOCTOR, billing_npi="2777777777")], "site_leak"),
        ([line(billing_npi=CLINIC)], None),
    ]
    found = infusions_of_each((rows for rows, _ in cases), [fill(person_id="another")])
    assert [one["outcome"] for (one,) in found] == [outcome for _, outcome in cases]


def test_a_partners_site_is_partner_and_a_white_bag_at_home_base_is_margin_leak():
    partner = [site("C", CLINIC, "infusion_center", "partner"), *SITES[2:3]]
    assert to_infusions([line(ordering_npi=DOCTOR, billing_npi=CLINIC)], sites=partner).infusion["outcome"] == "partner"
    bagged = [administration(facility_npi=HOSPITAL, ordering_npi=DOCTOR)]
    assert to_infusions(bagged, [fill()]).infusion["outcome"] == "margin_leak"


def test_a_payers_other_name_in_claims_is_the_payer():
    lines = [line(payer="ACME HMO of Ohio"), administration(payer="Acme Hmo of Ohio")]
    spans = [span(payer="acme hmo of ohio")]
    named = {"payer_names": [{"name": "acme hmo of ohio", "payer": "Acme"}]}
    assert to_infusions(lines, spans=spans, **named).infusion["payer"] == "Acme"
    assert to_infusions(lines, spans=spans).infusion["payer"] == "ACME HMO of Ohio"


NOTE = {"site_id": "C", "hcpcs_code": "J1745", "payer": "Acme", "administered_on": day("2025-03-03")}
SOURCE = {
    "policy_id": "BAG", "payer": "Acme", "kind": "drug_source", "drug_source": "sp_required", "drug": "infliximab", "drug_kind": "family",
    "status": "in_force", "effective_from": day("2025-01-01"), "document": "{}",
}  # fmt: skip
BEFORE = line(service_date=day("2025-01-06"), claim_id="B")  # the same therapy, bought and billed


OTHER_NOTE = NOTE | {"hcpcs_code": "J3380"}
ELSEWHERE = [fill(person_id="p2")]  # the payer's pharmacy claims are there, and show nothing
KEPT_LOG = [OTHER_NOTE | {"administered_on": day(when)} for when in ("2025-01-01", "2025-04-30")]


def seen_on(when: str, rows: list[dict], fills: list[dict] = (), **frames) -> dict:
    return next(one for one in to_infusions(rows, fills, **frames).infusions if one["service_date"] == day(when))


@pytest.mark.parametrize(
    ("frames", "fills", "channel"),
    [
        ({"white_bag_events": [NOTE]}, [], "white_bag"),
        ({"white_bag_events": [OTHER_NOTE]}, [], "unknown"),
        ({"policies": [SOURCE]}, [], "white_bag"),
        ({"policies": [SOURCE | {"drug": "vedolizumab"}]}, [], "unknown"),
        ({"policies": [SOURCE]}, ELSEWHERE, "unknown"),
        ({}, [], "unknown"),
    ],
)
def test_what_makes_a_bag_probable_without_a_fill(frames, fills, channel):
    found = seen_on("2025-03-03", [BEFORE, administration(billing_npi=CLINIC, claim_id="A")], fills, **frames)
    assert (found["channel"], found["channel_confidence"]) == (channel, "probable" if channel == "white_bag" else None)
    assert found["family"] == ("infliximab" if channel == "white_bag" else "unknown")


def test_without_any_named_therapy_the_only_drug_that_the_clinic_noted_is_it():
    alone = [administration(billing_npi=CLINIC)]
    found = seen_on("2025-03-03", alone, white_bag_events=[OTHER_NOTE])
    assert (found["channel"], found["family"]) == ("white_bag", "vedolizumab")
    assert seen_on("2025-03-03", alone, white_bag_events=[NOTE, OTHER_NOTE])["channel"] == "unknown"


def test_a_drug_that_the_site_gave_and_did_not_charge_for_is_a_probable_bag_and_so_are_its_other_doses():
    free = [line(billing_npi=CLINIC, **NOMINAL), administration(billing_npi=CLINIC)]
    april = administration(billing_npi=CLINIC, claim_id="A", service_date=day("2025-04-28"))
    for when, rows, fills, channel in (
        ("2025-03-03", free, [], "white_bag"), ("2025-04-28", [*free, april], [], "white_bag"),
        ("2025-03-03", free, ELSEWHERE, "unknown"), ("2025-03-03", free[:1], [], "unknown"),
    ):  # fmt: skip
        assert seen_on(when, rows, fills)["channel"] == channel, when


def test_where_the_log_noted_hardly_any_dose_of_a_therapy_our_own_pharmacy_may_have_sent_it():
    doses = [
        administration(billing_npi=CLINIC, claim_id=f"A{place}", service_date=day(when))
        for place, when in enumerate(("2025-03-03", "2025-04-28"))
    ]
    by_rule = {"policies": [SOURCE]}
    assert seen_on("2025-04-28", [BEFORE, *doses], **by_rule)["channel"] == "white_bag"
    assert seen_on("2025-04-28", [BEFORE, *doses], **by_rule, white_bag_events=KEPT_LOG)["channel"] == "unknown"
    assert seen_on("2025-04-28", [BEFORE, *doses], **by_rule, white_bag_events=[*KEPT_LOG, NOTE])["channel"] == "white_bag"
    assert (
        seen_on("2025-03-03", [BEFORE, doses[0]], **by_rule, white_bag_events=KEPT_LOG)["channel"] == "white_bag"
    )  # one says little
