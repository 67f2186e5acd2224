"""What leaders ask: each answer from the pages' own selectors, said in words where a run does not hold it."""

import re

import pytest
from django.urls import reverse

from demand.engine.retention_line import parse_line, shipped_line
from demand.filters import DashboardFilters
from demand.models import LeakageCell
from demand.selectors.dashboard import dashboard
from demand.selectors.safety import event_rates
from infusion_strategy.questions import _older, as_safe, last_year, margin_gone, must_stay
from tests.demand.rehearsed_run import publish_rehearsal
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
    assert html.count('<h2 id="q-') == 8 and "ecompute" in html and "No scenario is computed yet" in html


def test_an_answer_has_its_pages_number():
    run = publish(people=60, months=14)
    total = dashboard(run, DashboardFilters(), see_small=True).total
    bagged, confirmed, probable = (total.at(f"margin_leak{kind}").infusions for kind in ("", ":confirmed", ":probable"))
    told = margin_gone(run, see_small=True)
    assert f" {bagged:,} infusions" in told.says and bagged == confirmed + probable
    assert f"{confirmed:,} are confirmed" in told.sure and f"{probable:,} are probable" in told.sure


def test_the_last_year_is_the_newest_twelve_complete_months():
    year = last_year(publish(people=60, months=14))
    assert year.through > year.since and (year.through.year - year.since.year) * 12 + year.through.month - year.since.month == 11


def test_a_month_that_is_open_for_one_payer_is_not_the_last_complete_one():
    run = publish(people=60, months=14)
    newest = last_year(run).through
    LeakageCell.objects.filter(pk=LeakageCell.objects.filter(run=run, month=newest).first().pk).update(mature=False)
    assert LeakageCell.objects.filter(run=run, month=newest, mature=True).exists() and last_year(run).through < newest


@pytest.mark.parametrize(
    ("stands", "asked"), [({"below": 18}, 21), ({"below": 21}, 24), ({"below": 30}, 33), ({"below": 30, "from": 32}, 31)]
)
def test_the_age_is_asked_higher_than_it_stands(stands, asked):
    line, age = _older(parse_line({"criteria": [{"code": "AGE", "on": True, "thresholds": stands}]}))
    assert age == asked == line.of("AGE")["below"] and parse_line(line.as_json()) == line
    assert _older(shipped_line())[1] == 21


def test_safety_and_the_line_are_answered_as_far_as_the_reader_may_see():
    run = publish_rehearsal()
    lines = {one.site_class: one for one in event_rates(run, "hospital", 1, see_small=True)}
    full, hidden = (as_safe(run, see_small).says for see_small in (True, False))
    assert f"Home: {1000 * lines['home'].adjusted[0]:,.1f} in 1,000" in full and "Home: so few that it may not be shown" in hidden
    full, rounded = (must_stay(run, see_small) for see_small in (True, False))
    ((stays, then, more),) = re.findall(r"Must stay: (\d+) of .* at 21, (\d+) must stay: (\d+) people", full.says)
    assert int(stays) + int(more) <= int(then) and "the line as shipped" in full.sure
    assert "rounded to tens" in rounded.sure and "rounded" not in full.sure
