"""Policies in plain sentences, and their differences in words."""

import pytest

from payers.engine.differences import differences
from payers.engine.policies import parse_policy
from payers.engine.wording import in_words
from tests.payers.test_policies import EXAMPLE, MINIMAL

NAMES = {"J1745": "infliximab", "Q5103": "infliximab"}
STARTERS = (
    EXAMPLE.replace("starts: everyone", "starts: new_starts")
    .replace("[insured, self_funded]", "[insured]")
    .replace(", molecules: [vedolizumab]", "")
)


def told(text):
    return {sentence.clause: sentence.text for sentence in in_words(parse_policy(text, "p.yaml"), NAMES)}


def test_the_main_sentence_says_who_may_do_what_for_how_long():
    assert told(STARTERS)["grace"].startswith("Example: a treatment that starts on 1 January 2026")
    assert in_words(parse_policy(STARTERS, "p.yaml"), NAMES)[0].text == (
        "Adults (18 and over) in Example Health Plan's insured commercial plans who start infliximab on or after 1 January 2026 may have two "
        "doses or 30 days in a hospital outpatient department (on or off campus), whichever ends first; after that the treatment has to go "
        "on elsewhere."
    )


def test_the_worked_date_in_the_words_is_the_start_plus_the_days():
    days = EXAMPLE.replace("{doses: 2, days: 30, combine: first}", "{days: 45}").replace(
        "effective_from: 2026-01-01", "effective_from: 2026-01-10"
    )
    assert "from 24 February 2026" in told(days)["grace"]


@pytest.mark.parametrize(
    ("text", "clause", "part"),
    [
        (EXAMPLE, "clinical_exceptions", "an earlier reaction to an infusion, heart and lung disease or kidneys"),
        (EXAMPLE, "access_exception", "no permitted site within 30 miles"),
        (EXAMPLE, "restart_gap_days", "more than 180 days"),
        (EXAMPLE.replace("everyone ", "at_renewal "), "starts", "covered when their authorization ends and is renewed"),
        (MINIMAL, "drug_source", "From 1 July 2026, for people in every plan of Example Health Plan who are treated with infliximab, the drug has to come"),
        (MINIMAL, "status", "announced it"),
        (MINIMAL.replace("announced", "anticipated\nlikelihood: 0.4"), "status", "not the payer's word, with a likelihood of 40%"),
        (EXAMPLE.replace("plans_out: []", "plans_out: [Gold]"), "scope.plans_out", "The plan Gold is not covered."),
        (EXAMPLE.replace("excludes_hospital_affiliated: false", "excludes_hospital_affiliated: true"), "grace", "doses"),
    ],
)  # fmt: skip
def test_each_clause_has_its_sentence(text, clause, part):
    assert part in told(text)[clause]


def test_a_half_written_policy_is_told_as_far_as_it_goes():
    assert next(sentence.text for sentence in in_words({"payer": "Plan A", "kind": "site_of_care", "drugs": {}})) == (
        "People in every plan of Plan A who are treated with the drugs it names may not have it in the sites it names."
    )
    in_words({})


def test_differences_are_clauses_in_words():
    old = parse_policy(EXAMPLE, "p.yaml")
    new = parse_policy(
        EXAMPLE.replace("{doses: 2, days: 30, combine: first}", "{days: 45}").replace("min: 18", "min: 0").replace("[J1745, Q5103]", "[J1745]")
        .replace("[REACTION, CARDIOPULM, RENAL_FLUID]", "[]").replace("effective_to: null", "effective_to: 2027-01-01"), "p.yaml",
    )  # fmt: skip
    assert {clause: (before, after) for clause, before, after in differences(old, new)} == {
        "effective_to": ("nothing", "1 January 2027"),
        "drugs.hcpcs": ("J1745 and Q5103", "J1745"),
        "grace": ("two doses or 30 days, whichever ends first", "45 days"),
        "age.min": ("18", "0"),
        "clinical_exceptions": ("reaction to an infusion, heart or lungs and kidneys or fluid", "nothing"),
    }
    assert differences(old, old) == []
