"""Who lives near enough to a new site: the share that becomes an answer, and what is not told."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from pytest_django.asserts import assertContains

from demand.selectors.reach import Reached
from roi.selectors import reach as selector
from roi.selectors.reach import NotTold, reach_answer
from sites.centroids import Point
from sites.models import ZipCentroid
from tests.demand.test_reach import MIDDLES, found, group

pytestmark = pytest.mark.django_db
SITE = "00011"  # beside 00010, whose people are urban: 10 miles; 00020 lies 5 miles on, suburban: 20 miles


@pytest.fixture
def people(monkeypatch):
    """people(60, 30, 12): so many in each of the ZIP codes, 50 miles between the second and the third."""
    ZipCentroid.objects.create(zip_code=SITE, latitude=MIDDLES["00010"][0], longitude=-86.0)
    points = {zip_code: Point(*middle, "register") for zip_code, middle in MIDDLES.items()}

    def people(near, next_to, far, **fields):
        groups = [group(zip_code, number, **fields) for zip_code, number in zip(MIDDLES, (near, next_to, far), strict=True)]
        made = Reached(found(groups), dt.date(2026, 3, 31), None, True, (), {}, {}, {}, points, {})
        monkeypatch.setattr(selector, "reached", lambda run, thresholds: made)

    return people


def test_the_share_within_each_areas_own_radius(people):
    people(60, 30, 30)
    answer = reach_answer(None, "metro", SITE)
    assert (answer.text, answer.source.mark) == ("75", "measured")
    assert "90 of 120 people" in answer.source.text


@pytest.mark.parametrize("asked", [("metro", "99x99"), ("metro", "00000"), ("rural", SITE)])
def test_what_cannot_be_told_is_one_sentence(people, asked):
    people(60, 30, 30)
    with pytest.raises(NotTold):
        reach_answer(None, *asked)


@pytest.mark.parametrize("counts", [(5, 0, 100), (100, 20, 5)])
def test_one_to_ten_people_on_a_side_are_not_told(people, counts):
    people(*counts)
    with pytest.raises(NotTold, match="Fewer than 11"):
        reach_answer(None, "", SITE)


def test_the_form_takes_the_share_for_who_may_see_patients_alone(people, published, as_editor, editor):
    people(60, 30, 30)
    address = reverse("roi:create") + f"?zip={SITE}"
    assert as_editor.get(address).context["form"]["in_reach"].value() == "100"
    editor.user_permissions.add(Permission.objects.get(content_type__app_label="demand", codename="view_patient_level"))
    page = as_editor.get(address)
    assert (page.context["form"]["in_reach"].value(), page.context["form"]["in_reach_mark"].value()) == ("75", "measured")
    assertContains(as_editor.get(reverse("roi:create") + "?zip=1"), "No place is known for the ZIP code 1")
