"""Policy files: a strict schema, refusals by name, and the flat rows that the pipeline joins."""

import copy
import io
import json

import pytest
import yaml
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.engine.reference import COLUMNS, Reference
from payers.engine.policies import LINES_OF_BUSINESS, flat_rows, parse_policy
from payers.models import Policy
from payers.selectors import reference_frames
from sites.engine.text_file import RefusedTable

EXAMPLE = """
id: EX-SOC-2026
payer: Example Health Plan
kind: site_of_care            # site_of_care | drug_source | benefit | step | prior_authorization
status: in_force              # in_force | announced | anticipated
likelihood: 1.0
source: {title: Site of care policy, url: https://example.org/policy, retrieved: 2026-02-14}
scope: {lines_of_business: [commercial], funding: [insured, self_funded], states: [], plans_in: [], plans_out: []}
effective_from: 2026-01-01
effective_to: null
drugs: {hcpcs: [J1745, Q5103], molecules: [vedolizumab]}
excluded_site_classes: [hopd_on_campus, hopd_off_campus]
excludes_hospital_affiliated: false
starts: everyone              # everyone | new_starts | at_renewal
grace: {doses: 2, days: 30, combine: first}      # first | last; omit a key that does not apply
single_dose_has_grace: false
restart_gap_days: 180
age: {min: 18, max: null}
clinical_exceptions: [REACTION, CARDIOPULM, RENAL_FLUID]
access_exception: {miles: 30}
drug_source: null             # any | sp_required | sp_preferred | buy_and_bill_required
examples:                     # checked whenever the file is loaded
  - {person_age: 40, drug: J1745, site_class: hopd_on_campus, treatment_start: 2026-01-10, doses_before: 0, as_of: 2026-03-01,
     verdict: exposed}
"""
MINIMAL = """
id: MIN
payer: Example Health Plan
kind: drug_source
status: announced
source: {title: Bulletin}
effective_from: 2026-07-01
drugs: {families: [infliximab]}
drug_source: sp_required
"""


def refusal(text):
    with pytest.raises(RefusedTable) as refused:
        parse_policy(text, "policy.yaml")
    message = str(refused.value)
    assert message.startswith("policy.yaml")
    return message


def test_the_documented_example_is_read_as_it_says():
    document = parse_policy(EXAMPLE, "policy.yaml")
    assert document["effective_from"] == "2026-01-01" and document["effective_to"] is None
    assert document["drugs"] == {"hcpcs": ["J1745", "Q5103"], "molecules": ["vedolizumab"], "families": []}
    assert document["grace"] == {"doses": 2, "days": 30, "combine": "first"}
    assert document["age"] == {"min": 18, "max": None}
    assert document["examples"][0]["verdict"] == "exposed"
    assert json.loads(json.dumps(document)) == document


def test_what_a_file_leaves_out_has_its_default():
    document = parse_policy(MINIMAL, "policy.yaml")
    assert (document["starts"], document["restart_gap_days"], document["likelihood"]) == ("everyone", 180, 1.0)
    assert document["scope"]["lines_of_business"] == [] and document["grace"] is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("payer: Exa", "payr: Exa", "payr is not a key of the schema"),
        ("grace: {doses: 2", "grace: {dosis: 2", "grace.dosis is not a key of the schema"),
        ("payer: Example Health Plan\n", "", "payer is missing"),
        ("kind: site_of_care ", "kind: soc ", "kind is “soc”, must be one of site_of_care, drug_source"),
        ("effective_from: 2026-01-01", "effective_from: 2026-02-30", "effective_from is “2026-02-30”, no day of the calendar"),
        ("effective_from: 2026-01-01", "effective_from: 01/01/2026", "effective_from must be a date written year-month-day"),
        ("effective_to: null", "effective_to: 2026-01-01", "effective_to must be after effective_from"),
        ("[J1745, Q5103]", "[J1745, infliximab]", "drugs.hcpcs[2] is “infliximab”, must be a code of five characters"),
        ("[J1745, Q5103]", "J1745", "drugs.hcpcs must be a list"),
        ("{hcpcs: [J1745, Q5103], molecules: [vedolizumab]}", "{}", "drugs must name at least one code, molecule or family"),
        ("[hopd_on_campus, hopd_off_campus]", "[hospital]", "excluded_site_classes[1] is “hospital”"),
        ("[hopd_on_campus, hopd_off_campus]", "[]", "excluded_site_classes must name at least one site class"),
        ("starts: everyone", "starts: all", "starts is “all”"),
        (", combine: first", "", "grace.combine must be first or last"),
        ("{doses: 2, days: 30, combine: first}", "{}", "grace must have doses, days or both"),
        ("doses: 2", "doses: two", "grace.doses must be a whole number"),
        ("restart_gap_days: 180", "restart_gap_days: true", "restart_gap_days must be a whole number"),
        ("max: null", "max: 12", "age.max must not be below age.min"),
        ("REACTION,", "ALLERGY,", "clinical_exceptions[1] is “ALLERGY”"),
        ("{miles: 30}", "{}", "access_exception.miles is missing"),
        ("drug_source: null", "drug_source: white_bag", "drug_source is “white_bag”"),
        ("likelihood: 1.0", "likelihood: 0.5", "likelihood of a policy in force is 1"),
        ("likelihood: 1.0", "likelihood: .nan", "likelihood must be a number from 0 to 1"),
        ("states: []", "states: [Ohio]", "scope.states[1] is “Ohio”"),
        ("funding: [insured", "funding: [fully_insured", "scope.funding[1] is “fully_insured”"),
        ("title: Site of care policy, ", "", "source.title is missing"),
        ("verdict: exposed", "verdict: moved", "examples[1].verdict is “moved”"),
        ("as_of: 2026-03-01", "as_of: 2025-03-01", "examples[1].as_of lies before treatment_start"),
        ("site_class: hopd_on_campus, ", "", "examples[1].site_class is missing"),
        ("payer: Exa", "id: SECOND\npayer: Exa", "id stands twice"),
        ("payer: Exa", "on: 2026-01-01\npayer: Exa", "on is not a key of the schema"),
    ],
)
def test_what_is_wrong_is_refused_by_name(old, new, sentence):
    assert old in EXAMPLE
    assert sentence in refusal(EXAMPLE.replace(old, new))


@pytest.mark.parametrize(
    "text", ["", "just words", "[1, 2]", "3", "id: [", "a: b: c", "\tid: x", "? [a, b]\n: 3", "id: !!bool maybe"]
)
def test_what_is_no_policy_file_is_refused(text):
    refusal(text)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(sorted(yaml.safe_load(EXAMPLE))),
)
def test_any_value_of_any_key_is_read_or_refused_never_an_error(value, key):
    said = yaml.safe_load(EXAMPLE)
    said[key] = value
    try:
        document = parse_policy(yaml.safe_dump(said), "policy.yaml")
    except RefusedTable as refused:
        assert str(refused).startswith("policy.yaml")
        return
    json.dumps(document, allow_nan=False)
    assert parse_policy(json.dumps(document), "policy.yaml") == document


def test_a_word_that_yaml_takes_for_false_stays_a_word():
    document = parse_policy(MINIMAL.replace("payer: Example Health Plan", "payer: NO\nscope: {states: [OH]}"), "policy.yaml")
    assert document["payer"] == "NO"


def test_flat_rows_are_lines_of_business_times_drugs():
    document = parse_policy(EXAMPLE.replace("[commercial]", "[commercial, exchange]"), "policy.yaml")
    rows = flat_rows(document)
    assert {(row["line_of_business"], row["drug_kind"], row["drug"]) for row in rows} == {
        (lob, kind, drug)
        for lob in ("commercial", "exchange")
        for kind, drug in (("hcpcs", "J1745"), ("hcpcs", "Q5103"), ("molecule", "vedolizumab"))
    }
    assert {row["excluded_site_classes"] for row in rows} == {"hopd_on_campus;hopd_off_campus"}
    assert all(set(row) == set(COLUMNS["policies"]) for row in rows)


def test_a_policy_without_lines_of_business_binds_all_of_them():
    assert [row["line_of_business"] for row in flat_rows(parse_policy(MINIMAL, "policy.yaml"))] == [None]
    assert "unknown" in LINES_OF_BUSINESS


def test_home_infusion_is_the_site_class_home():
    document = parse_policy(EXAMPLE.replace("[hopd_on_campus, hopd_off_campus]", "[home_infusion, home]"), "policy.yaml")
    assert document["excluded_site_classes"] == ["home"]


@pytest.fixture
def policy_file(tmp_path):
    def write(text, name="policy.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def load(*paths):
    out = io.StringIO()
    call_command("load_policies", *map(str, paths), json=True, stdout=out)
    answer = json.loads(out.getvalue())
    return [answer[key] for key in ("added", "changed", "unchanged", "rejected")], answer


@pytest.mark.django_db
def test_the_same_files_twice_change_nothing_and_a_changed_one_changes(policy_file):
    first, second = policy_file(EXAMPLE, "a.yaml"), policy_file(MINIMAL, "b.yaml")
    assert load(first, second)[0] == [2, 0, 0, 0]
    assert load(first, second)[0] == [0, 0, 2, 0]
    policy_file(EXAMPLE.replace("days: 30", "days: 45"), "a.yaml")
    assert load(first, second)[0] == [0, 1, 1, 0]
    assert Policy.objects.get(policy_id="EX-SOC-2026").document["grace"]["days"] == 45


@pytest.mark.django_db
def test_one_refused_file_keeps_all_out_and_each_is_named(policy_file):
    files = [policy_file(EXAMPLE, "a.yaml"), policy_file("id: 3", "b.yaml"), policy_file(EXAMPLE, "c.yaml")]
    with pytest.raises(CommandError) as refused:
        load(*files)
    sentences = str(refused.value).splitlines()
    assert [sentence.split(":")[0] for sentence in sentences] == ["b.yaml", "c.yaml"]
    assert "id EX-SOC-2026 is that of a.yaml too" in sentences[1]
    assert not Policy.objects.exists()


@pytest.mark.django_db
def test_drugs_that_nobody_knows_are_pointed_out(policy_file):
    call_command("load_reference", stdout=io.StringIO())
    _, answer = load(policy_file(EXAMPLE.replace("vedolizumab", "vedolizumap")))
    assert answer["files"][0]["warnings"] == [
        "drugs.molecules vedolizumap is not in the drug reference, so the policy binds nobody for it (unknown_drug)"
    ]


@pytest.mark.django_db
def test_the_pipeline_gets_the_policies_as_rows(policy_file):
    load(policy_file(EXAMPLE))
    policies = Reference.from_frames(reference_frames()).policies
    assert len(policies) == 3
    row = policies.iloc[0]
    assert (row["age_min"], row["age_max"], row["excludes_hospital_affiliated"], row["effective_to"]) == ("18", None, "false", None)
    assert json.loads(row["document"])["id"] == "EX-SOC-2026"


def test_a_document_shares_nothing_with_the_next():
    first = parse_policy(MINIMAL, "a.yaml")
    untouched = copy.deepcopy(first)
    parse_policy(MINIMAL, "b.yaml")["scope"]["states"].append("OH")
    assert parse_policy(MINIMAL, "c.yaml") == first == untouched
