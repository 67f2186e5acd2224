"""What leaders ask: each answer from the pages' own selectors, said in words where a run does not hold it."""

import pytest
from django.urls import reverse

from demand.filters import DashboardFilters
from demand.models import LeakageCell
from demand.selectors.dashboard import dashboard
from infusion_strategy.questions import last_year, margin_gone
from tests.infusion_strategy.published import publish, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path


def test_without_a_run_the_page_says_what_is_missing(client):
    answer = sign_in(client, "leader").get(reverse("questions"))
    assert "No claims run is published yet" in answer.content.decode()


def test_a_run_of_before_says_which_answers_it_does_not_hold(client):
    publish(people=60, months=14)
    html = sign_in(client, "council member").get(reverse("questions")).content.decode()
    assert html.count('<h2 id="q-') == 7 and "ecompute" in html and "No scenario is computed yet" in html


def test_an_answer_has_its_pages_number():
    run = publish(people=60, months=14)
    bagged = dashboard(run, DashboardFilters(), see_small=True).total.at("margin_leak").infusions
    assert f" {bagged:,} infusions" in margin_gone(run, see_small=True).says


def test_the_last_year_is_the_newest_twelve_complete_months():
    year = last_year(publish(people=60, months=14))
    assert year.through > year.since and (year.through.year - year.since.year) * 12 + year.through.month - year.since.month == 11


def test_a_month_that_is_open_for_one_payer_is_not_the_last_complete_one():
    run = publish(people=60, months=14)
    newest = last_year(run).through
    LeakageCell.objects.filter(pk=LeakageCell.objects.filter(run=run, month=newest).first().pk).update(mature=False)
    assert LeakageCell.objects.filter(run=run, month=newest, mature=True).exists() and last_year(run).through < newest
