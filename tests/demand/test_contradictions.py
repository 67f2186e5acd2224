"""Six planted contradictions, all found; none in records that fit; what makes each of them go away."""

import datetime as dt
from dataclasses import replace

from demand.engine.contradictions import (
    BagEvent,
    DeniedClaim,
    Evidence,
    Exemption,
    Impact,
    PolicyOnFile,
    Stay,
    contradictions,
)
from demand.engine.denial_reasons import reason


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


SITE = PolicyOnFile(
    "SOC",
    "Acme",
    "site_of_care",
    "in_force",
    day("2025-01-01"),
    None,
    frozenset({"infliximab"}),
    excluded=frozenset({"hopd_on_campus"}),
)
BAG = PolicyOnFile(
    "BAG", "Acme", "drug_source", "in_force", day("2025-01-01"), families=frozenset({"vedolizumab"}), drug_source="sp_required"
)
DENIAL = DeniedClaim(1, "ACME", "infliximab", day("2025-03-01"), "site", 120_000, 0, "hopd_on_campus")
EVENT = BagEvent(1, "Acme", "vedolizumab", day("2025-02-01"))
IMPACT = Impact(1, "SOC", day("2025-02-01"))
STAYED = Stay(1, "Acme", "infliximab", "commercial", "insured", "hopd_on_campus", True, day("2024-06-01"), day("2024-12-20"))
MOVED = Stay(1, "Acme", "infliximab", "commercial", "insured", "infusion_center", False, day("2025-02-10"), day("2025-09-01"))
LATE = Stay(2, "acme", "infliximab", "commercial", "insured", "hopd_on_campus", True, day("2024-06-01"), day("2025-09-01"))
CLEAN = Evidence(
    policies=[SITE, BAG],
    denials=[DENIAL],
    events=[EVENT, replace(EVENT, id=2, administered_on=day("2025-06-01"))],
    impacts=[IMPACT],
    stays=[STAYED, MOVED, LATE],
    exempt=[Exemption("Acme", "vedolizumab", 3)],
    owned_administrations={("acme", "vedolizumab"): [day("2025-02-01")]},
)


def kinds(evidence: Evidence) -> dict[str, tuple]:
    return {found.kind: found for found in contradictions(evidence)}


def test_records_that_fit_contradict_nothing():
    assert contradictions(CLEAN) == []


def test_six_planted_contradictions_are_all_found_and_nothing_else():
    other_bag = replace(BAG, policy_id="BAG-2", payer="Best", families=frozenset({"ocrelizumab"}))
    strict = replace(SITE, policy_id="SOC-2", payer="Best", families=frozenset({"ocrelizumab"}))
    planted = replace(
        CLEAN,
        policies=[SITE, BAG, other_bag, strict],
        denials=[
            DENIAL,
            replace(DENIAL, id=2, payer="Carrier"),
            replace(DENIAL, id=3, family="vedolizumab", reason_kind="authorization", written_off_cents=70_000, site_class=None),
        ],
        events=[*CLEAN.events, replace(EVENT, id=9, payer="Carrier")],
        impacts=[IMPACT, Impact(7, "SOC", day("2024-12-31")), Impact(8, "GONE", day("2025-02-01"))],
        stays=[*CLEAN.stays, replace(LATE, payer="Best", family="ocrelizumab", person_no=5)],
        owned_administrations={**CLEAN.owned_administrations, ("best", "ocrelizumab"): [day("2025-03-01")]},
    )
    found = contradictions(planted)
    assert sorted((one.kind, one.payer, one.family, one.policy_id, one.records or one.people) for one in found) == [
        ("events_without_policy", "Carrier", "vedolizumab", "", (9,)),
        ("impact_outside_policy", "", "", "GONE", (8,)),
        ("impact_outside_policy", "Acme", "", "SOC", (7,)),
        ("nobody_moved", "Best", "ocrelizumab", "SOC-2", 1),
        ("site_denials_without_policy", "Carrier", "infliximab", "", (2,)),
        ("white_bags_expected", "Best", "ocrelizumab", "BAG-2", 0),
        ("written_off_though_exempt", "ACME", "vedolizumab", "", (3,)),
    ]
    assert {one.kind: one.cents for one in found if one.cents} == {
        "site_denials_without_policy": 120_000,
        "written_off_though_exempt": 70_000,
    }
    assert all(one.functions for one in found) and len({one.key for one in found}) == len(found)


def test_a_denial_of_before_the_policy_contradicts_and_says_what_is_on_file():
    early = replace(CLEAN, denials=[replace(DENIAL, service_date=day("2024-12-31"))])
    assert "SOC (in force) from 2025-01-01" in kinds(early)["site_denials_without_policy"].detail


def test_an_anticipated_policy_is_no_policy_in_force():
    evidence = replace(CLEAN, policies=[replace(SITE, status="anticipated"), BAG])
    assert set(kinds(evidence)) == {"site_denials_without_policy", "impact_outside_policy"}


def test_a_missing_authorization_alone_is_a_weak_sign_and_only_where_no_rule_is_on_file():
    asked = replace(DENIAL, reason_kind="authorization", payer="Carrier")
    (found,) = contradictions(replace(CLEAN, denials=[asked]))
    assert found.kind == "authorization_without_policy" and found.weak
    assert contradictions(replace(CLEAN, denials=[replace(asked, payer="Acme")])) == []
    assert contradictions(replace(CLEAN, denials=[replace(asked, site_class="infusion_center")])) == []


def test_no_event_contradicts_only_where_the_log_and_the_claims_reach():
    silent = replace(BAG, policy_id="BAG-2", families=frozenset({"ocrelizumab"}))
    base = replace(CLEAN, policies=[SITE, BAG, silent], owned_administrations={("acme", "ocrelizumab"): [day("2025-03-01")]})
    assert set(kinds(base)) == {"white_bags_expected"}
    assert kinds(replace(base, owned_administrations=None)).keys() == {"white_bags_expected"}
    assert contradictions(replace(base, owned_administrations={("acme", "ocrelizumab"): [day("2026-03-01")]})) == []
    assert contradictions(replace(base, policies=[SITE, BAG, replace(silent, effective_from=day("2025-06-02"))])) == []
    assert "events_without_policy" not in kinds(replace(base, events=[])) and kinds(replace(base, events=[])) == {}


def test_patients_are_given_ninety_days_before_staying_contradicts():
    stays = [replace(LATE, last_on=day("2025-03-31"))]
    assert contradictions(replace(CLEAN, stays=stays)) == []
    found = kinds(replace(CLEAN, stays=[replace(LATE, last_on=day("2025-04-01"))]))["nobody_moved"]
    assert (found.policy_id, found.people) == ("SOC", 1)
    assert (
        contradictions(
            replace(
                CLEAN, stays=[replace(LATE, funding="self_funded")], policies=[replace(SITE, funding=frozenset({"insured"})), BAG]
            )
        )
        == []
    )


def test_hospital_affiliation_is_excluded_where_the_policy_says_so():
    strict = replace(SITE, excludes_hospital_affiliated=True, excluded=frozenset())
    affiliated = replace(MOVED, hospital_affiliated=True, person_no=2)
    assert set(kinds(replace(CLEAN, policies=[strict, BAG], stays=[LATE, affiliated]))) == {"nobody_moved"}


def test_billing_errors_are_not_written_off_though_exempt():
    evidence = replace(CLEAN, denials=[replace(DENIAL, family="vedolizumab", reason_kind="billing", written_off_cents=1)])
    assert "written_off_though_exempt" not in kinds(evidence)
    assert "written_off_though_exempt" in kinds(replace(evidence, denials=[replace(evidence.denials[0], reason_kind="other")]))


def test_the_same_contradiction_keeps_its_key_when_more_comes_in():
    one = kinds(replace(CLEAN, denials=[replace(DENIAL, payer="Carrier")]))["site_denials_without_policy"]
    more = kinds(replace(CLEAN, denials=[replace(DENIAL, payer="CARRIER"), replace(DENIAL, id=2, payer="carrier")]))[
        "site_denials_without_policy"
    ]
    assert one.key == more.key and more.size == 2


def test_reason_codes_are_read_however_they_are_written():
    assert {reason(text).words for text in ("CO-197", "co197", "197", " CO 197 ")} == {"no authorization or notice beforehand"}
    assert (reason("PR-204").kind, reason("PR-204").who_pays) == ("coverage", "the patient owes it")
    assert (reason("CO-58").kind, str(reason("N130")), str(reason(""))) == ("site", "N130", "no reason code")
