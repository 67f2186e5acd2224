"""Who pays what at the same dose, and freed chair-hours with a real waiting list: by hand, hidden where small, and on their pages."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from demand.models import Order
from payers.models import Rate
from roi.engine.cost_share import PlanDesign, contract_shares, medicare_shares
from roi.engine.freed_hours import Waiting, freed_hours, hospital_margins, served
from tests.infusion_strategy.published import sign_in
from tests.roi.test_infusion_center import HOSPITAL_MARGIN, cell, center

PLAN = PlanDesign(D(50_000), D("0.20"), D(1_000), D(100_000))


@pytest.mark.parametrize(
    ("allowed", "design", "patient"),
    [
        (D(200_000), PLAN, 50_000 + 30_000 + 1_000),
        (D(900_000), PLAN, 100_000),  # the out-of-pocket maximum
        (D(30_000), PLAN, 30_000),  # all of it within the deductible: never more than is allowed
        (D(900_000), PlanDesign(D(0), D("0.1"), D(0), None), 90_000),
    ],
)
def test_the_patient_pays_deductible_coinsurance_and_copay_up_to_the_maximum(allowed, design, patient):
    shares = contract_shares(allowed, design)
    assert (shares.patient, shares.payer) == (patient, allowed - patient)


def test_medicare_without_a_supplement_leaves_a_fifth_to_the_patient():
    shares = medicare_shares(D(98_400))
    assert (shares.allowed, shares.patient, shares.payer) == (100_000, 20_000, 80_000)


money = st.decimals(0, 10**7, places=2)


@given(money, money, st.decimals(0, 1, places=3), money, st.one_of(st.none(), money))
def test_patient_and_payer_pay_what_is_allowed_and_neither_less_than_nothing(allowed, deductible, share, copay, left):
    shares = contract_shares(allowed, PlanDesign(deductible, share, copay, left))
    assert shares.patient + shares.payer == allowed
    assert shares.patient >= 0
    assert shares.payer >= 0


# freed hours


WEEKLY = Waiting("infliximab", 7, 120)


def test_hours_are_freed_by_those_alone_who_would_still_be_at_the_hospital():
    """Ten a month stay and move (150 minutes); ten leave by policy in any case; ten were never here."""
    new = {"place": "elsewhere", "hospital_allowed": None, "hospital_administration": None}
    made = center(cell(), cell(leaves_on=dt.date(2026, 3, 1), policy_id="P"), cell(**new), chairs="50")
    assert freed_hours(made) == 10 * D(150) / 60


def test_those_who_wait_are_served_in_their_order_until_one_does_not_fit():
    margins = hospital_margins(center())
    assert margins == {"infliximab": HOSPITAL_MARGIN}
    each = WEEKLY.hours_a_month
    found = served(each * D("2.5"), [WEEKLY, WEEKLY, WEEKLY], margins)
    assert (found.served, float(found.served_hours)) == (2, pytest.approx(float(2 * each)))
    assert round(found.margin) == round(2 * WEEKLY.infusions_a_month * HOSPITAL_MARGIN)
    assert round(found.margin_an_hour, 6) == HOSPITAL_MARGIN / 2  # two hours in the chair


def test_no_list_no_value():
    found = served(D(100), [], {"infliximab": D(1)})
    assert (found.margin, found.margin_an_hour) == (0, None)


def test_a_therapy_without_a_known_margin_is_served_and_given_no_value():
    found = served(D(1000), [WEEKLY, Waiting("other", 28, 60)], {"infliximab": D(100)})
    assert (found.served, found.unpriced) == (2, 1)
    assert round(found.margin) == round(WEEKLY.infusions_a_month * 100)


# pages


@pytest.fixture
def hospital_rates(published):
    common = {"payer": "Plan A", "effective_from": dt.date(2025, 1, 1), "source": "contract of Plan A"}
    Rate.objects.create(site_class="hopd_on_campus", basis="percent_of_asp", rate=240, **common)
    for site_class, dollars in (("hopd_on_campus", 400), ("infusion_center", 150)):
        Rate.objects.create(site_class=site_class, hcpcs_code="96413", basis="per_unit", rate=dollars, **common)


def test_a_plan_that_cannot_be_names_its_field(hospital_rates, client):
    for wrong in ("abc", "NaN", "sNaN"):
        page = sign_in(client, "leader") if wrong == "abc" else client
        page = page.get(reverse("roi:site-costs"), {"coinsurance": wrong})
        assertContains(page, '<a href="#id_coinsurance">Coinsurance (%)</a>: Enter a number.')


def test_the_page_compares_the_same_dose_at_every_kind_of_site(hospital_rates, client):
    page = sign_in(client, "leader").get(
        reverse("roi:site-costs"), {"family": "infliximab", "dose": "400", "out_of_pocket_left": "", "coinsurance": "10"}
    )
    rows = {row[:2]: row for row in page.context["figure"].table.rows}
    hospital, office = rows["Plan A", "hospital outpatient, on campus"], rows["Plan A", "infusion center"]
    for row in (hospital, office):
        assert row[3] + row[4] == row[2]
        assert abs(row[4] - row[2] / 10) <= 1
    assert office[5] == hospital[3] - office[3] > 0
    assert office[6] == hospital[4] - office[4] > 0
    assertContains(page, "165 minutes in the chair")
    assertNotContains(page, "put in the plan that you mean")


def test_the_default_plan_says_that_it_is_a_guess(hospital_rates, client):
    page = sign_in(client, "leader").get(reverse("roi:site-costs"), {"family": "infliximab", "dose": "400"})
    assertContains(page, "put in the plan that you mean")


def orders(number: int, **fields):
    usual = {"molecule": "infliximab", "ordered_on": dt.date(2026, 3, 1), "determination": "Accepted"}
    start = Order.objects.count()
    Order.objects.bulk_create(
        Order(order_id=f"O{start + each}", person_id=f"P{start + each}", **(usual | fields)) for each in range(number)
    )


def test_the_list_is_read_from_the_orders_log_and_small_ones_are_hidden(make, client):
    scenario = make(capture_staying="100", denials="0")
    address = reverse("roi:freed", args=[scenario.pk])
    reader = sign_in(client, "leader")
    assertContains(reader.get(address), "No log of orders is on file")
    orders(5, first_infused_on=dt.date(2026, 2, 1), ordered_on=dt.date(2026, 1, 1))
    orders(5, determination="Rejected")
    assertContains(reader.get(address), "Nobody waits")
    orders(4)
    hidden = reader.get(address)
    assertContains(hidden, "too small to show")
    assert sign_in(client, "analyst").get(address).context["freed"].found.waiting == 4
    client.force_login(hidden.wsgi_request.user)
    orders(40, first_infused_on=dt.date(2026, 3, 9))
    shown = client.get(address).context["freed"]
    assert (shown.hidden, shown.found.waiting) == (False, 44)
    assert 11 <= shown.found.served <= 33
