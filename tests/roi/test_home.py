"""Home infusion: a per diem below cost by hand, Medicare's rule, marks of the cost inputs, and the pages."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.http import QueryDict
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from payers.engine.price_book import Fee
from payers.engine.prices import MEDICARE_PAID_SHARE
from payers.models import DrugFamily, Rate
from roi.charts import home as charts
from roi.engine.home_day import Therapy, home_day
from roi.engine.home_fields import HOME_FIELDS, USUAL_MINUTES
from roi.engine.infusion_center import default_answers
from roi.engine.options import AT_HOME
from roi.home_form import HomeCostsForm
from roi.selectors.home_days import HomeRow
from tests.infusion_strategy.published import sign_in
from tests.payers.price_builders import book, rate

ON = dt.date(2026, 3, 1)
HOME = {"site_class": "home_infusion", "basis": "per_diem", "hcpcs_code": "S9379", "rate": D(165)}
VISIT = {"site_class": "home_infusion", "basis": "per_visit", "hcpcs_code": "99601", "rate": D(115)}
HOUR = {"site_class": "home_infusion", "basis": "per_visit", "hcpcs_code": "99602", "rate": D(52)}
DRUG = {"site_class": "home_infusion", "rate": D(110)}
CODES = frozenset({"S9379", "S9338", "S9359", "99601", "99602"})
# $20.80 an hour without benefits for everybody, so that hours can be counted by hand
VALUE = {
    "paid_days": D(1), "acquisition": D(1), "waste": D(0), "pharmacist_hours": D(1), "pharmacist_pay": D(4_326_400),
    "technician_hours": D(1), "technician_pay": D(4_326_400), "travel_hours": D(1), "nurse_pay": D(4_326_400), "benefits": D(0),
    "full_time_hours": D(40), "supplies": D(4_000), "delivery": D(3_000), "overhead": D("0.25"),
}  # fmt: skip
INFLIXIMAB = Therapy("infliximab", "J1745", D(40), D(3), D(120_000))


def day(*rates, therapy=INFLIXIMAB, is_medicare=False, prices=None, **value):
    made = prices or book(*(rate(**fields) for fields in rates), home_services=CODES)
    return home_day(therapy, "Medicare" if is_medicare else "Plan A", "", is_medicare, VALUE | value, made, ON)


def test_a_per_diem_below_cost_is_a_gap_though_the_drug_earns():
    """Six hours at $20.80, $70 of supplies and delivery, a quarter on top: $243.50. Paid: $165 + $115 + $52 for the third hour."""
    found = day(HOME, VISIT, HOUR, DRUG, therapy=INFLIXIMAB, nurse_pay=D(43_264_000))
    assert found.price.administration == 33_200
    nurse, others = 4 * D(20_800), 2 * D(2_080)
    assert found.service_cost == (nurse + others + 7_000) * D("1.25")
    assert found.service_gap == 33_200 - found.service_cost < 0
    assert found.drug_gap == found.price.drug - 120_000 > 0
    assert found.gap == found.service_gap + found.drug_gap


def test_shown_cents_add_up_in_every_row_and_in_the_visit():
    """Pays and supplies with fractions of a cent: each amount is rounded once, and none is a cent beside the sum of the others."""
    for odd in range(60):
        found = day(
            HOME,
            VISIT,
            HOUR,
            DRUG,
            supplies=D(4_000) + D(odd) / 7,
            delivery=D(3_000) + D(odd) / 9,
            waste=D(odd) / 1000 + D("0.00011"),
        )
        payment, cost, gap, _, drug, together = charts.amounts(found)
        assert (gap, together) == (payment - cost, gap + drug)
        assert abs(together - found.gap) < 2
        table = charts.visit_costs(HomeRow(INFLIXIMAB, found))
        assert sum(row[1] for row in table.rows) == table.total[1] == cost


def test_the_gap_a_day_is_over_the_days_that_are_paid():
    found = day(HOME, VISIT, HOUR, DRUG, paid_days=D(4))
    assert found.price.administration == 4 * 16_500 + 11_500 + 5_200
    assert found.gap_a_day == found.service_gap / 4
    assert day(HOME, VISIT, HOUR, DRUG, paid_days=D(0)).gap_a_day is None


def test_a_therapys_own_per_diem_goes_before_the_general_one():
    own = {**HOME, "hcpcs_code": "S9359", "rate": D(210)}
    assert day(HOME, own, VISIT, HOUR, DRUG).price.administration == 21_000 + 11_500 + 5_200


def test_a_payment_that_is_not_on_file_is_not_known():
    found = day(VISIT, HOUR, DRUG)
    assert (found.service_gap, found.gap, found.gap_a_day) == (None, None, None)
    assert any(gap.hcpcs_code == "S9379" for gap in found.price.gaps)


def test_medicare_pays_at_home_for_immunodeficiency_and_pump_drugs_alone():
    closed = day(is_medicare=True)
    assert closed.price.total is None
    assert "no home infusion benefit" in closed.price.gaps[0].reason
    globulin = Therapy("immune globulin", "J1569", D(60), D("4.5"), None)
    found = day(is_medicare=True, therapy=globulin)
    assert found.price.administration == D("42048") * MEDICARE_PAID_SHARE
    assert "immunodeficiency" in found.condition
    fees = {"96365": [Fee(ON, D("67.14"))], "96366": [Fee(ON, D("20.00"))]}
    pumped = day(is_medicare=True, therapy=Therapy("milrinone", "J2260", D(1), D(1), None), prices=book(fees=fees))
    assert pumped.price.administration == (D("67.14") + 4 * 20) * 100 * MEDICARE_PAID_SHARE
    assert "professional is in the home" in pumped.condition


def test_the_page_and_the_home_option_begin_at_the_same_numbers():
    answers = default_answers(dt.date(2026, 1, 1), dt.date(2026, 3, 1), AT_HOME)
    shared = HOME_FIELDS.keys() & answers.keys()
    assert shared == {
        "waste", "pharmacist_pay", "technician_pay", "nurse_pay", "benefits", "full_time_hours", "supplies", "delivery",
    }  # fmt: skip
    assert {key: (HOME_FIELDS[key].default, HOME_FIELDS[key].source) for key in shared} == {
        key: (answers[key].text, answers[key].source) for key in shared
    }
    assert HOME_FIELDS["acquisition"].default == answers["acquisition_site"].text
    assert D(HOME_FIELDS["travel_hours"].default) + D(USUAL_MINUTES) / 60 == D(answers["visit_hours"].text)


def test_a_changed_cost_is_a_guess_until_somebody_says_where_it_comes_from():
    def source(**asked):
        form = HomeCostsForm({**QueryDict().dict(), **asked})
        assert form.is_valid()
        return form.sources["pharmacist_pay"]

    assert source().mark == "borrowed"
    assert source(pharmacist_pay="150000").mark == "guessed"
    ours = source(pharmacist_pay="150000", pharmacist_pay_mark="measured", pharmacist_pay_source="payroll")
    assert (ours.mark, ours.text) == ("measured", "payroll")


# pages


@pytest.fixture
def rates(published):
    DrugFamily.objects.filter(family="infliximab").update(usual_dose_low=300, usual_dose_high=500)
    for fields in (HOME, VISIT, HOUR, {**DRUG, "basis": "percent_of_asp", "hcpcs_code": ""}):
        Rate.objects.create(payer="Plan A", effective_from=dt.date(2025, 1, 1), source="contract of Plan A", **fields)


def test_the_page_shows_the_gap_by_payer_with_its_parts(rates, client):
    page = sign_in(client, "leader").get(reverse("roi:home"), {"family": "infliximab", "dose": "400"})
    rows = {row[0]: row for row in page.context["figure"].table.rows}
    assert rows["Plan A"][1] == 16_500 + 11_500 + 5_200
    assert rows["Plan A"][3] == rows["Plan A"][1] - rows["Plan A"][2]
    assert rows["Plan B"][3] is None
    assert "no home infusion benefit" in rows["Medicare, by its own rule"][7]
    assertContains(page, "contract of Plan A")


def test_a_cost_that_cannot_be_gets_one_clear_sentence(rates, client):
    page = sign_in(client, "leader").get(reverse("roi:home"), {"family": "infliximab", "nurse_pay": "lots", "dose": "400"})
    assertContains(page, "Enter a number")
    assertContains(client.get(reverse("roi:home"), {"family": "infliximab", "dose": "-3", "asked": "infliximab"}), "above 0")


@pytest.mark.parametrize("dose", ["NaN", "sNaN", "Infinity", "-1", "abc"])
def test_a_dose_that_is_no_number_gets_one_sentence(rates, client, dose):
    page = sign_in(client, "managed care").get(reverse("roi:home"), {"family": "infliximab", "dose": dose})
    assertContains(page, "Give the dose as a number above 0")


def test_the_brief_lists_therapies_with_formulas_sources_and_marks(rates, client):
    page = sign_in(client, "leader").get(reverse("roi:home-brief"), {"payer": "Plan A", "supplies": "99"})
    assertContains(page, "hours × $")
    assertContains(page, "Changed by hand")
    assert client.get(reverse("roi:home-brief"), {"payer": "Nobody"}).status_code == 404


def test_the_brief_takes_as_many_queries_whatever_the_rates(rates, client, django_assert_max_num_queries):
    sign_in(client, "leader")
    with django_assert_max_num_queries(24):
        client.get(reverse("roi:home-brief"), {"payer": "Plan A"})


def test_strangers_see_nothing(rates, client, stranger):
    client.force_login(stranger)
    assert client.get(reverse("roi:home")).status_code == 403
    assertNotContains(client.get(reverse("demand:metrics")), reverse("roi:home"))
