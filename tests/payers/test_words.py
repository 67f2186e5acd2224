"""Policies in words: no code of the schema reaches a page as it is written in a file."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from payers import words
from payers.engine import policies
from payers.models import DrugFamily, Policy

DOCUMENT = {
    "id": "A-1",
    "payer": "Plan A",
    "kind": "site_of_care",
    "status": "in_force",
    "likelihood": 0.9,
    "source": {"title": "Adults outside the hospital", "url": "https://example.org/a"},
    "scope": {"lines_of_business": ["medicare_advantage"], "funding": ["self_funded"], "states": []},
    "excluded_site_classes": ["hopd_on_campus"],
    "starts": "new_starts",
    "age": {"min": None, "max": None},
    "clinical_exceptions": ["CARDIOPULM"],
    "drug_source": "sp_required",
}


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        (policies.KINDS, words.KINDS),
        (policies.STATUSES, words.STATUSES),
        (policies.LINES_OF_BUSINESS, words.LINES_OF_BUSINESS),
        (policies.FUNDING, words.FUNDING),
        (policies.STARTS, words.STARTS),
        (policies.DRUG_SOURCES, words.DRUG_SOURCES),
        (policies.CLINICAL_EXCEPTIONS, words.CLINICAL_EXCEPTIONS),
        (policies.POLICY_SITE_CLASSES, words.SITE_CLASSES),
    ],
)
def test_every_code_of_the_schema_has_words(codes, named):
    assert set(codes) <= set(named)


@pytest.fixture
def as_leader(client, db):
    user = get_user_model().objects.create_user("leader")
    user.user_permissions.add(Permission.objects.get(codename="view_dashboard"))
    client.force_login(user)
    return client


def test_the_pages_of_a_policy_speak_words(as_leader):
    Policy.objects.create(
        policy_id="A-1", payer="Plan A", kind="site_of_care", status="in_force", likelihood=0.9, document=DOCUMENT
    )
    listed, shown = (re.sub("<[^>]*>", " ", as_leader.get(path).content.decode()) for path in ("/policies/", "/policies/A-1/"))
    assert "Adults outside the hospital" in listed and "Site of care" in listed and "90%" in listed
    assert "hospital outpatient, on campus" in shown and "a specialty pharmacy has to supply it" in shown
    assert not [
        code for code in ("site_of_care", "in_force", "hopd_on_campus", "self_funded", "CARDIOPULM") if code in listed + shown
    ]


def test_specialties_are_a_list_in_words(as_leader):
    DrugFamily.objects.create(
        family="infliximab", clinical_line="rheumatology", specialties="rheumatology;gastroenterology", source="x"
    )
    assert "rheumatology, gastroenterology" in as_leader.get("/drugs/").content.decode()
