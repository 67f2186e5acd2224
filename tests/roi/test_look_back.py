"""Approving a version and looking back: who must be named, what is compared, and an error that adds up by hand."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from demand import storage
from demand.models import Run
from roi.engine.look_back import ASSUMPTIONS, OWNED, Actual, looked_back, predicted
from roi.engine.market import RateChange
from roi.models import Approval
from sites.models import Site
from tests.demand.facts_files import fact, write_facts
from tests.infusion_strategy.published import sign_in
from tests.roi.test_infusion_center import cell, center

PRICE = 255_000
OPENS_IN_FEBRUARY = {"opens_in": "2026-02"}


def months(*numbers, cents=240_000, first=1) -> dict[int, Actual]:
    return {month: Actual(number, number * cents) for month, number in enumerate(numbers, start=first)}


def test_the_error_is_split_by_assumption_as_by_hand():
    """Ten a month at $2,550 from month 2 expected; the site opened in month 3 with 4 and 8 infusions at $2,400."""
    window = looked_back(center(**OPENS_IN_FEBRUARY), months(0, 0, 4, 8), 3)
    assert (window.predicted_infusions, window.infusions) == (30, 12)
    assert window.effects == {"opening": -10 * PRICE, "volume": -8 * PRICE, "price": 12 * (240_000 - PRICE)}
    assert sum(window.effects.values()) == window.error_cents == 12 * 240_000 - 30 * PRICE


def test_a_site_that_never_opened_errs_in_its_opening_alone():
    window = looked_back(center(**OPENS_IN_FEBRUARY), months(0, 0, 0, 0), 3)
    assert window.effects == {"opening": -30 * PRICE, "volume": 0, "price": 0}


def test_what_comes_as_expected_has_no_error():
    assert set(looked_back(center(), months(10, 10, 10, cents=PRICE), 3).effects.values()) == {0}


def test_a_window_with_an_unknown_month_is_not_judged():
    known = months(10, 10, 10, 10)
    del known[2]
    assert looked_back(center(), known, 3) is None


def test_claims_show_medicares_whole_allowed_amount():
    made = center(cell(line_of_business="medicare", site_drug=D(98_400), site_administration=D(0)))
    assert predicted(made).allowed[0] == 10 * 100_000


def test_growth_and_falling_prices_are_expected_too():
    """Ten a month grow by a tenth after a year; the drug's $2,400 fall by a twentieth, the administration's $150 do not."""
    expected = predicted(center(growth="10", asp_erosion="5"))
    assert (expected.infusions[12], expected.allowed[12]) == (11, 11 * (240_000 * D("0.95") + 15_000))


def test_contract_rates_dated_ahead_are_expected_from_their_day_on():
    later = RateChange(dt.date(2026, 3, 1), D("0.9"), D(1))
    expected = predicted(center(cell(site_changes=(later,))))
    assert expected.allowed[1:3] == (10 * PRICE, 10 * (240_000 * D("0.9") + 15_000))


def test_who_left_before_a_late_opening_would_have_had_to_come_back():
    """A tenth leaves in each of three months, and all who leave come while the site is open; none of who had left before comes back."""
    chances = {"risk": (D("0.1"),) * 3, "risk_from": dt.date(2026, 1, 1)}
    made = center(cell(**chances), capture_staying="0", capture_risk="100", recapture="0", move_risk="yes", horizon="12")
    assert predicted(made).infusions[:4] == (1, 2, 3, 3)
    assert predicted(made, opens=3).infusions[:4] == (0, 0, 1, 1)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 10**6)), min_size=13, max_size=13),
    st.sampled_from(["2026-01", "2026-02"]),
    st.sampled_from(["100", "10, 40, 77.7"]),
)
def test_the_effects_add_up_to_the_error_to_the_cent(came, opens_in, ramp):
    actual = {month: Actual(number, number * cents) for month, (number, cents) in enumerate(came, start=1)}
    made = center(opens_in=opens_in, ramp=ramp)
    for length in (3, 6, 12):
        window = looked_back(made, actual, length)
        assert set(window.effects) == set(ASSUMPTIONS)
        assert sum(window.effects.values()) == window.error_cents


# pages


SAID = {"executive": "Dr. Ames, chief pharmacy officer", "goal": "Care within 20 miles of home", "volume": "Referral office"}


@pytest.fixture
def approver(client, db):
    return sign_in(client, "council member")


@pytest.fixture
def site(db):
    return Site.objects.create(site_id="NEW", name="Riverside Infusion", site_class="infusion_center", ownership="owned")


def figure_of(page, key: str):
    return next(figure for figure in page.context["figures"] if figure.key == key)


def claims_since(opening: dt.date, people: int, number: int = 4) -> Run:
    """A run of the new site: that many people a month, $1,000 each, the last month not complete; the hospital has many more."""
    run = Run.objects.published().first()
    Run.objects.filter(pk=run.pk).update(published_at=timezone.now())
    days = [dt.date(opening.year, opening.month + step, 1) for step in range(number)]
    there = {"site_id": "NEW", "site_class": "infusion_center"}
    rows = [fact(month=day, person_no=person, mature=day != days[-1], **there) for day in days for person in range(people)]
    rows += [fact(month=day, person_no=1000 + person, mature=day != days[-1]) for day in days for person in range(60)]
    for judged in storage.run_folder(run.pk).glob("hidden-*.npz"):
        judged.unlink()  # of another test's run of the same number
    write_facts(storage.run_folder(run.pk), rows)
    return run


def test_without_executive_and_goal_nothing_is_approved(make, approver):
    scenario = make()
    for said in ({}, {"executive": "Dr. Ames"}, {"goal": "Care near home"}, {"executive": " ", "goal": "Care near home"}):
        answer = approver.post(reverse("roi:approve", args=[scenario.pk, 1]), said)
        assertContains(answer, "Name the accountable executive and the goal", status_code=422)
    assert not Approval.objects.exists()


def test_an_approval_says_who_answers_and_is_given_once(make, change, approver):
    scenario = make()
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), SAID)
    approval = Approval.objects.get()
    assert approval.owners == {**dict.fromkeys(OWNED, SAID["executive"]), "volume": "Referral office"}
    assertContains(approver.post(reverse("roi:approve", args=[scenario.pk, 1]), SAID), "is approved already", status_code=422)
    change(scenario, chairs="5")
    page = approver.get(reverse("roi:scenario", args=[scenario.pk]))
    assertContains(page, "Version 1 is approved")
    assertContains(page, "Care within 20 miles of home")


def test_what_is_not_computed_is_not_approved(make, approver):
    answer = approver.post(reverse("roi:approve", args=[make(computed=False).pk, 1]), SAID)
    assertContains(answer, "not computed yet", status_code=422)


def test_an_approved_scenario_is_kept(make, approver):
    scenario = make()
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), SAID)
    approver.post(reverse("roi:archive", args=[scenario.pk]))
    answer = approver.post(reverse("roi:delete", args=[scenario.pk]), follow=True)
    assertContains(answer, "what was approved is kept")


def test_editors_without_the_right_to_decide_cannot_approve(make, as_editor):
    assert as_editor.post(reverse("roi:approve", args=[make().pk, 1]), SAID).status_code == 403


def test_looking_back_says_what_is_still_missing(make, approver, site):
    scenario = make()
    address = reverse("roi:look-back", args=[scenario.pk])
    assertContains(approver.get(address), "No version is approved yet")
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), SAID)
    assertContains(approver.get(address), "Nothing to compare yet")
    approver.post(reverse("roi:look-back-site", args=[scenario.pk]), {"site": site.pk})
    claims_since(dt.date(2026, 1, 1), people=20)
    assertContains(approver.get(address), "It needs the months to Sep 2026")


@pytest.mark.parametrize("chosen", ["²", "-1", "<x>", "9" * 4400])
def test_what_is_no_site_leaves_the_named_one(make, approver, site, chosen):
    scenario = make()
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), {**SAID, "site": site.pk})
    claims_since(dt.date(2026, 7, 1), people=20)
    answer = approver.post(reverse("roi:look-back-site", args=[scenario.pk]), {"site": chosen}, follow=True)
    assertContains(answer, "Nothing was changed")
    assert Approval.objects.get().site == site


def test_the_months_of_the_site_stand_beside_the_approved_ones(make, approver, site):
    scenario = make()
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), {**SAID, "site": site.pk})
    claims_since(dt.date(2026, 7, 1), people=20)
    page = approver.get(reverse("roi:look-back", args=[scenario.pk]))
    errors, by_month = (figure_of(page, key) for key in ("errors", "look-back"))
    assert [(row[0], row[2]) for row in by_month.table.rows[1:5]] == [(dt.date(2026, month, 1), 20) for month in (7, 8, 9, 10)]
    rows = {row[1]: row for row in errors.table.rows if row[0] == "3 months"}
    window = looked_back(page.context["page"].center, months(20, 20, 20, cents=100_000, first=2), 3)
    assert rows["All together"][3] == window.error_cents
    assert rows["Who comes, and how fast"][2:4] == ("Referral office", window.effects["volume"])


def test_small_months_are_hidden_without_the_right(make, client, site, approver):
    scenario = make()
    approver.post(reverse("roi:approve", args=[scenario.pk, 1]), {**SAID, "site": site.pk})
    claims_since(dt.date(2026, 7, 1), people=7)
    page = approver.get(reverse("roi:look-back", args=[scenario.pk]))
    assertContains(page, "Too few people")
    assertNotContains(page, "$21,000")
    shown = sign_in(client, "analyst").get(reverse("roi:look-back", args=[scenario.pk]))
    assert figure_of(shown, "look-back").table.rows[1][2] == 7
