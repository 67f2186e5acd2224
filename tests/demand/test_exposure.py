"""Policies run on people (definitions.md, section 6): each rule as a small case that both evaluators must get right, and a property
that they agree on random people under random policies."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payers.engine.verdict import Law
from tests.demand.exposure_cases import AS_OF, Covered, Given, Person, by_tables, doses, policy, slowly, told
from tests.demand.flow import day

TN = Law("TN", "site_of_care", day("2025-01-01"))
INSURED_TN = Covered(funding="insured", state="TN")
UNDER_WAY = doses("2025-10-20", "2025-12-15", "2026-02-09", "2026-04-06", "2026-06-01")
NEW = doses("2026-01-10", "2026-01-24", "2026-02-21", "2026-04-18", "2026-06-13")


def both(person: Person, document: dict, laws: list[Law] = (), as_of: dt.date = AS_OF) -> dict:
    """The one row of the person under the policy, after both evaluators gave it."""
    found, slow = by_tables([person], [document], laws, as_of=as_of), slowly([person], [document], laws, as_of=as_of)
    assert {key: told(row) for key, row in found.items()} == slow
    (row,) = found.values()
    return row


def judged(person: Person, document: dict, laws: list[Law] = (), as_of: dt.date = AS_OF) -> tuple:
    row = both(person, document, laws, as_of)
    return row["verdict"], str(row["exposed_from"] or ""), row["clauses"]


HOSPITAL = "excluded_site_classes"
DAYS = "grace: {days: 45}"
FIRST_OF_BOTH = "grace: {doses: 2, days: 30, combine: first}"
LAST_OF_BOTH = "grace: {doses: 2, days: 30, combine: last}"
RENEWAL = "starts: at_renewal"


RULES = [
    ("45 days of grace from a start on 10 January", NEW, DAYS, ("exposed", "2026-02-24", f"{HOSPITAL};grace.days")),
    ("the grace still runs", doses("2026-06-01"), DAYS, ("in_grace", "2026-07-16", "grace.days")),
    ("two doses or 30 days, the doses first", NEW, FIRST_OF_BOTH, ("exposed", "2026-01-25", f"{HOSPITAL};grace.doses")),
    (
        "two doses or 30 days, the days first",
        doses("2026-01-10", "2026-03-07", "2026-05-02"),
        FIRST_OF_BOTH,
        ("exposed", "2026-02-09", f"{HOSPITAL};grace.days"),
    ),
    ("two doses and 30 days, the days last", NEW, LAST_OF_BOTH, ("exposed", "2026-02-09", f"{HOSPITAL};grace.days")),
    ("a dose of the grace is still to come", doses("2026-05-01"), "grace: {doses: 2}", ("in_grace", "", "grace.doses")),
    (
        "a single-dose regimen has no grace",
        doses("2026-06-01", code="J1437"),
        DAYS,
        ("exposed", "2026-06-01", HOSPITAL),
    ),
    (
        "a single-dose regimen has a grace where the policy says so",
        doses("2026-06-01", code="J1437"),
        DAYS + "\nsingle_dose_has_grace: true",
        ("in_grace", "2026-07-16", "grace.days"),
    ),
    ("doses before the policy began count", UNDER_WAY, "grace: {doses: 2}", ("exposed", "2026-01-01", f"{HOSPITAL};effective_from")),
    (
        "a grace that began before the policy runs on",
        doses("2025-12-20", "2026-02-14", "2026-04-11", "2026-06-06"),
        DAYS,
        ("exposed", "2026-02-03", f"{HOSPITAL};grace.days"),
    ),
    ("everyone, without a grace", UNDER_WAY, "", ("exposed", "2026-01-01", f"{HOSPITAL};effective_from")),
    ("new starts only, and this one is not", UNDER_WAY, "starts: new_starts", ("not_applicable", "", "starts")),
    ("new starts only, and this one is", NEW, "starts: new_starts", ("exposed", "2026-01-10", HOSPITAL)),
    (
        "at renewal, authorization ending 15 March",
        tuple(replace(dose, authorized_until=day("2026-03-15")) for dose in UNDER_WAY[:2]) + UNDER_WAY[2:],
        RENEWAL,
        ("exposed", "2026-03-15", f"{HOSPITAL};starts"),
    ),
    (
        "at renewal, the authorization runs on",
        tuple(replace(dose, authorized_until=day("2026-09-01")) for dose in UNDER_WAY),
        RENEWAL,
        ("in_grace", "2026-09-01", "starts"),
    ),
    ("at renewal, the authorization is unknown", UNDER_WAY, RENEWAL, ("unknown", "", "starts")),
    ("at renewal, a start after the policy is exposed at its start", NEW, RENEWAL, ("exposed", "2026-01-10", HOSPITAL)),
    ("a site that is permitted", doses("2026-03-01 infusion_center", "2026-05-01 home"), "", ("not_applicable", "", HOSPITAL)),
    ("a site of unknown class", doses("2026-06-01 unknown"), "", ("unknown", "", HOSPITAL)),
    ("a policy that ended", UNDER_WAY, "effective_to: 2026-04-01", ("not_applicable", "2026-01-01", "effective_to")),
    (
        "a grace beyond the policy's end",
        doses("2026-06-01"),
        "effective_to: 2026-07-10\n" + DAYS,
        ("in_grace", "", "grace.days"),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def ruled() -> dict[str, dict]:
    """All rules at once: a person and a policy of each, of which only their own pair counts."""
    people = [Person(given, name=name) for name, given, _, _ in RULES]
    policies = [policy(more) | {"id": name} for name, _, more, _ in RULES]
    found = by_tables(people, policies)
    assert {key: told(row) for key, row in found.items()} == slowly(people, policies)
    return {key[0]: row for key, row in found.items() if key[0] == key[2]}


@pytest.mark.parametrize(("name", "answer"), [(name, answer) for name, _, _, answer in RULES], ids=[rule[0] for rule in RULES])
def test_rule(ruled, name, answer):
    row = ruled[name]
    assert (row["verdict"], str(row["exposed_from"] or ""), row["clauses"]) == answer


def test_a_restart_after_180_days_starts_the_grace_again():
    person = Person(doses("2025-10-01", "2025-11-26", "2026-05-30"))  # 185 days
    rows = by_tables([person], [policy(DAYS)])
    assert {key: told(row) for key, row in rows.items()} == slowly([person], [policy(DAYS)])
    first, second = rows.values()
    assert (first["verdict"], first["exposed_from"], first["clauses"]) == ("not_applicable", day("2026-01-01"), "treated")
    assert (second["verdict"], second["exposed_from"]) == ("in_grace", day("2026-07-14"))


def test_a_shorter_pause_than_the_restart_gap_does_not_start_the_grace_again():
    person = Person(doses("2025-10-01", "2025-11-26", "2026-05-20"))  # 175 days: another episode, the same treatment
    rows = by_tables([person], [policy(DAYS)])
    assert {key: told(row) for key, row in rows.items()} == slowly([person], [policy(DAYS)])
    assert [row["exposed_from"] for row in rows.values()] == [day("2026-01-01"), day("2026-05-20")]


def test_exposure_exists_only_while_treated():
    row = both(Person(doses("2025-12-01", "2026-01-20")), policy("grace: {days: 130}"))
    assert (row["verdict"], row["exposed_from"], row["active"]) == ("not_applicable", day("2026-04-10"), False)
    assert both(Person(doses("2025-12-01", "2026-01-20")), policy("grace: {days: 140}"))["exposed_from"] is None


ADULTS = "age: {min: 18, max: null}"


def test_seventeen_turning_eighteen_within_the_year():
    turning = Person(UNDER_WAY, birth_date=day("2008-03-20"))
    assert judged(turning, policy(ADULTS)) == ("exposed", "2026-03-20", f"{HOSPITAL};age.min")
    assert judged(turning, policy(ADULTS), as_of=day("2026-03-01")) == ("not_applicable", "2026-03-20", "age.min")
    assert judged(replace(turning, birth_date=None), policy(ADULTS)) == ("unknown", "", "age.min")
    assert judged(turning, policy("age: {min: null, max: 17}")) == ("not_applicable", "2026-01-01", "age.max")


def test_sites_affiliated_with_a_hospital_may_not_count():
    strict = policy("excludes_hospital_affiliated: true")
    ours = Person((Given(day("2026-06-01"), site_class="infusion_center", affiliated=True),))
    assert judged(ours, strict) == ("exposed", "2026-06-01", "excludes_hospital_affiliated")
    theirs = replace(ours, given=(replace(ours.given[0], affiliated=False),))
    assert judged(theirs, strict) == ("not_applicable", "", HOSPITAL)
    nobody_knows = replace(ours, given=(replace(ours.given[0], affiliated=None),))
    assert judged(nobody_knows, strict) == ("unknown", "", "excludes_hospital_affiliated")
    at_home = replace(ours, given=(replace(ours.given[0], site_class="home"),))
    assert judged(at_home, strict)[0] == "not_applicable"


def test_no_permitted_site_within_reach():
    person = Person(UNDER_WAY)  # 34.5 miles to the center, 6.9 to an office that a hospital owns, home has no distance
    assert judged(person, policy("access_exception: {miles: 30}"))[0] == "exposed"
    far = policy("access_exception: {miles: 30}\nexcludes_hospital_affiliated: true")
    assert judged(person, far) == ("exempt", "2026-01-01", "access_exception.miles")
    assert (
        judged(person, policy("access_exception: {miles: 30}"), as_of=day("2026-02-20"))[0] == "exempt"
    )  # the office opens in March
    unknown = both(replace(person, zip_code="99999"), far)
    assert (unknown["verdict"], unknown["reasons"]) == ("exposed", "distance to a permitted site not known")


def test_clinical_exceptions_that_claims_show_exempt_and_the_others_are_said():
    asked = policy("clinical_exceptions: [REACTION, COGNITIVE]")
    reacted = Person((*UNDER_WAY[:3], replace(UNDER_WAY[3], diagnosis="T8052XA"), *UNDER_WAY[4:]))
    assert judged(reacted, asked) == ("exempt", "2026-01-01", "clinical_exceptions.REACTION")
    row = both(Person(UNDER_WAY), asked)
    assert (row["verdict"], row["reasons"]) == ("exposed", "not known from claims: COGNITIVE")


def test_plans_states_and_lines_in_and_out():
    def under(scope: str, **covered) -> tuple:
        return judged(Person(UNDER_WAY, (Covered(**covered),)), policy(f"scope: {scope}"))[::2]

    assert under("{plans_out: [ppo]}") == ("not_applicable", "scope.plans_out")
    assert under("{plans_out: [HMO]}")[0] == under("{plans_in: [PPO]}")[0] == "exposed"
    assert under("{plans_in: [HMO]}") == ("not_applicable", "scope.plans_in")
    assert under("{plans_out: [HMO]}", plan=None) == ("unknown", "scope.plans_out")
    assert under("{lines_of_business: [exchange], states: [PA]}") == ("not_applicable", "scope.lines_of_business;scope.states")
    assert under("{lines_of_business: [commercial]}", line_of_business="unknown") == ("unknown", "scope.lines_of_business")
    assert under("{states: [PA]}", state=None) == ("unknown", "scope.states")
    assert under("{funding: [insured]}") == ("not_applicable", "scope.funding")


def test_a_state_law_shields_insured_members_alone():
    shielded = Person(UNDER_WAY, (INSURED_TN,))
    assert judged(shielded, policy(), [TN]) == ("shielded", "", "law.TN.site_of_care")
    self_funded = Person(UNDER_WAY, (replace(INSURED_TN, funding="self_funded"),))
    assert judged(self_funded, policy(), [TN])[0] == "exposed"
    assert judged(Person(UNDER_WAY, (replace(INSURED_TN, state="OH"),)), policy(), [TN])[0] == "exposed"
    later = [Law("TN", "site_of_care", day("2026-03-01"))]
    assert judged(shielded, policy(), later) == ("shielded", "2026-01-01", "law.TN.site_of_care")
    over = [Law("TN", "site_of_care", day("2025-01-01"), day("2026-03-01"))]
    assert judged(shielded, policy(), over) == ("exposed", "2026-03-01", HOSPITAL)
    assert judged(shielded, policy(), [Law("TN", "drug_source", day("2025-01-01"))])[0] == "exposed"


def test_an_unknown_funding_gives_the_verdict_twice():
    person = Person(UNDER_WAY, (replace(INSURED_TN, funding="unknown"),))
    rows = by_tables([person], [policy()], [TN])
    assert {key: told(row) for key, row in rows.items()} == slowly([person], [policy()], [TN])
    assert {row["funding_assumed"]: row["verdict"] for row in rows.values()} == {"insured": "shielded", "self_funded": "exposed"}


def test_two_policies_at_once_are_two_rows():
    stricter = policy(DAYS) | {"id": "Q"}
    rows = by_tables([Person(NEW)], [policy(), stricter])
    assert {key[2]: str(row["exposed_from"]) for key, row in rows.items()} == {"P": "2026-01-10", "Q": "2026-02-24"}


def test_a_code_that_changed_under_a_molecule_still_binds_and_another_product_does_not():
    document = policy(effective_from="2025-03-01")
    row = both(
        Person(doses("2025-03-10", code="J1300") + doses("2025-05-05", "2025-06-30", code="J1299")),
        document,
        as_of=day("2025-07-01"),
    )
    assert (row["verdict"], str(row["exposed_from"])) == ("exposed", "2025-03-10")
    assert not by_tables([Person(doses("2026-06-01", code="Q5103"))], [policy()])
    switched = Person(doses("2026-03-01", code="Q5103") + doses("2026-04-26", "2026-06-20"))
    assert judged(switched, policy()) == ("exposed", "2026-04-26", HOSPITAL)
    away = Person(doses("2026-03-01") + doses("2026-04-26", "2026-06-20", code="Q5103"))
    assert judged(away, policy()) == ("not_applicable", "2026-03-01", "drugs")


def test_a_dose_whose_code_nobody_billed_is_of_its_molecule():
    bagged = (replace(UNDER_WAY[0]), *(replace(dose, code=None, channel="white_bag") for dose in UNDER_WAY[1:]))
    assert judged(Person(bagged), policy())[0] == "exposed"


def test_who_moved_since_is_left_alone_and_known():
    moved = both(Person(doses("2025-12-01", "2026-01-26", "2026-03-23 infusion_center", "2026-05-18 infusion_center")), policy())
    assert (moved["verdict"], moved["exposed_from"], moved["moved_on"]) == ("not_applicable", day("2026-01-01"), day("2026-03-23"))
    back = both(Person(doses("2025-12-01", "2026-01-26 infusion_center", "2026-03-23", "2026-05-18")), policy())
    assert (back["verdict"], back["moved_on"]) == ("exposed", None)


def test_another_payer_binds_from_the_first_day_of_its_coverage():
    change = (Covered(payer="Other", until=day("2026-02-28")), Covered(day("2026-03-01")))
    assert judged(Person(UNDER_WAY, change), policy()) == ("exposed", "2026-03-01", HOSPITAL)
    left = (Covered(until=day("2026-02-28")), Covered(day("2026-03-01"), payer="Other"))
    assert judged(Person(UNDER_WAY, left), policy()) == ("not_applicable", "2026-01-01", "payer")
    since_the_last_dose = (Covered(payer="Other", until=day("2026-06-19")), Covered(day("2026-06-20")))
    assert judged(Person(UNDER_WAY, since_the_last_dose), policy())[:2] == ("exposed", "2026-06-20")


def test_a_start_that_claims_cannot_show():
    joined = Person(doses("2026-01-20", "2026-03-17", "2026-05-12"), (Covered(day("2025-12-01")),))
    row = both(joined, policy(DAYS))
    assert (row["exposed_from"], row["reasons"]) == (
        day("2026-03-06"),
        "start of treatment not known from claims: the first dose seen counts",
    )
    assert judged(joined, policy("starts: new_starts")) == ("unknown", "", "starts")
    assert judged(replace(joined, given=UNDER_WAY, covered=(Covered(day("2025-10-01")),)), policy("starts: new_starts"))[0] == (
        "not_applicable"
    )


def test_buy_and_bill_required_exposes_where_the_drug_was_sent_in():
    document = policy(kind="drug_source", drug_source="buy_and_bill_required", excluded_site_classes=[])
    assert judged(Person(UNDER_WAY), document) == ("not_applicable", "", "drug_source")
    bagged = Person(UNDER_WAY[:3] + tuple(replace(dose, channel="white_bag") for dose in UNDER_WAY[3:]))
    assert judged(bagged, document) == ("exposed", "2026-04-06", "drug_source")
    nobody_knows = Person(tuple(replace(dose, channel="unknown") for dose in UNDER_WAY))
    assert judged(nobody_knows, document) == ("unknown", "", "drug_source")


def test_specialty_pharmacy_required_exposes_however_the_drug_comes_now():
    document = policy(kind="drug_source", drug_source="sp_required")
    bagged = Person(tuple(replace(dose, channel="white_bag") for dose in UNDER_WAY))
    assert (
        judged(bagged, document) == judged(Person(UNDER_WAY), document) == ("exposed", "2026-01-01", f"{HOSPITAL};effective_from")
    )


def test_a_policy_that_is_still_to_come_is_judged_on_its_first_day():
    coming = policy(DAYS, effective_from="2026-10-01", status="announced")
    row = both(Person(UNDER_WAY), coming)
    assert (row["verdict"], row["exposed_from"], row["judged_on"]) == ("exposed", day("2026-10-01"), day("2026-10-01"))
    assert not by_tables([Person(UNDER_WAY[:2])], [coming])  # whose treatment ended before has nothing to fear


CODES = ["J1745", "J1745", "Q5103", None]


@st.composite
def people(draw) -> Person:
    payers = st.sampled_from(["Acme", "Acme", "ACME", "Other"])
    covered, since = [], draw(st.sampled_from([day("2022-01-01"), day("2024-06-01"), day("2025-08-01")]))
    for until in [*sorted(draw(st.sets(st.dates(day("2025-09-01"), day("2026-06-20")), max_size=2))), day("2030-12-31")]:
        covered.append(
            Covered(
                since, until, draw(payers), draw(st.sampled_from(["PPO", "HMO", None])),
                draw(st.sampled_from(["commercial", "commercial", "exchange", "unknown"])),
                draw(st.sampled_from(["insured", "self_funded", "unknown"])), draw(st.sampled_from(["TN", "OH", None])),
            )
        )  # fmt: skip
        since = until + dt.timedelta(1)
    on, given = covered[0].from_on + dt.timedelta(draw(st.integers(0, 500))), []
    for gap in [*draw(st.lists(st.sampled_from([14, 28, 56, 56, 60, 84, 85, 100, 181, 200]), max_size=8)), 0]:
        if on >= AS_OF:
            break
        site, affiliated = draw(
            st.sampled_from([("hopd_on_campus", True), ("hopd_off_campus", None), ("infusion_center", True),
                             ("infusion_center", False), ("physician_office", None), ("home", None), ("unknown", None)])
        )  # fmt: skip
        given.append(
            Given(
                on, draw(st.sampled_from(CODES)) if given else "J1745", site, affiliated,
                draw(st.sampled_from(["buy_and_bill", "white_bag", "unknown"])),
                draw(st.sampled_from([None, on + dt.timedelta(90), day("2026-01-01"), day("2026-08-01")])),
                draw(st.sampled_from(["K5090", "K5090", "K5090", "T8052XA"])),
            )
        )  # fmt: skip
        on += dt.timedelta(gap)
    born = draw(st.sampled_from([None, day("1980-05-05"), day("2008-02-29"), day("2008-03-15")]))
    return Person(tuple(given) or doses("2026-05-05"), tuple(covered), born, draw(st.sampled_from(["43001", "99999"])))


@st.composite
def documents(draw) -> dict:
    def some(*words: str) -> list[str]:
        return sorted(draw(st.sets(st.sampled_from(words), max_size=2)))

    begins = draw(st.dates(day("2025-06-01"), day("2026-09-01")))
    grace = draw(
        st.sampled_from(
            [None, {"doses": 2, "days": None}, {"doses": None, "days": 45}, {"doses": 1, "days": 30}, {"doses": 3, "days": 60}]
        )
    )
    both_graces = grace and None not in grace.values()
    return policy(
        kind=draw(st.sampled_from(["site_of_care", "site_of_care", "drug_source"])),
        drug_source=draw(st.sampled_from(["any", "sp_required", "buy_and_bill_required"])),
        effective_from=begins.isoformat(),
        effective_to=draw(st.sampled_from([None, None, (begins + dt.timedelta(150)).isoformat()])),
        scope={"lines_of_business": some("commercial", "exchange"), "funding": some("insured", "self_funded"),
               "states": some("TN", "PA"), "plans_in": draw(st.sampled_from([[], [], ["ppo"]])),
               "plans_out": draw(st.sampled_from([[], [], ["HMO"]]))},
        drugs=draw(st.sampled_from([{"hcpcs": ["J1745"], "molecules": [], "families": []},
                                    {"hcpcs": [], "molecules": [], "families": ["infliximab"]}])),
        excluded_site_classes=draw(st.sampled_from([["hopd_on_campus"], ["hopd_off_campus", "hopd_on_campus"], []])),
        excludes_hospital_affiliated=draw(st.booleans()),
        starts=draw(st.sampled_from(["everyone", "everyone", "new_starts", "at_renewal"])),
        grace=grace and grace | {"combine": draw(st.sampled_from(["first", "last"])) if both_graces else None},
        restart_gap_days=draw(st.sampled_from([60, 90, 180])),
        age=draw(st.sampled_from([None, None, {"min": 18, "max": None}, {"min": None, "max": 17}])),
        clinical_exceptions=some("REACTION", "ACCESS"),
        access_exception=draw(st.sampled_from([None, {"miles": 30.0}])),
    )  # fmt: skip


LAWS = st.lists(
    st.builds(
        Law,
        st.just("TN"),
        st.sampled_from(["site_of_care", "drug_source"]),
        st.sampled_from([day("2025-01-01"), day("2026-02-01")]),
        st.sampled_from([None, day("2026-01-15"), day("2026-05-01")]),
    ).filter(lambda law: law.effective_to is None or law.effective_to > law.effective_from),
    max_size=2,
)


@settings(max_examples=12, deadline=None)
@given(st.lists(people(), min_size=8, max_size=15), st.lists(documents(), min_size=4, max_size=8), LAWS)
def test_tables_say_what_the_slow_evaluator_says_person_by_person(persons, policies, laws):
    named = [replace(person, name=f"p{number}") for number, person in enumerate(persons)]
    listed = [document | {"id": f"P{number}"} for number, document in enumerate(policies)]
    found = {key: told(row) for key, row in by_tables(named, listed, laws).items()}
    expected = slowly(named, listed, laws)
    differ = [(key, found.get(key), expected.get(key)) for key in {*found, *expected} if found.get(key) != expected.get(key)]
    assert not differ, differ[0]
