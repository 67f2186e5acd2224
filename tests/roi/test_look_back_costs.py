"""Looking back at costs and at our hospitals: errors by hand, tables that are refused, what owners are told, and what stays hidden."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from demand import storage
from demand.engine.disclosure import HIDDEN
from roi.engine.cost_errors import cost_errors, expected_costs
from roi.engine.hospital_kept import hospital_window, share_kept
from roi.engine.look_back import Actual
from roi.engine.market import RateChange
from roi.engine.typed_volumes import type_over, volumes_of
from roi.models import ActualCost, Approval
from sites.models import Site
from tests.demand.facts_files import fact, write_facts
from tests.infusion_strategy.published import sign_in
from tests.roi.test_infusion_center import cell, center
from tests.roi.test_look_back import SAID, claims_since, figure_of

OPENS_IN_FEBRUARY = {
    "opens_in": "2026-02",
    "rent_per_square_foot": "30",
    "square_feet": "400",
    "build_per_chair": "10000",
    "chairs": "3",
}


def test_costs_are_judged_line_by_line_as_by_hand():
    """$1,000 rent a month from month 2, $30,000 of building before; the building cost $31,000 in two payments."""
    made = center(**OPENS_IN_FEBRUARY)
    expected = expected_costs(made)
    assert expected["cost_rent"][:4] == (0, 0, 100_000, 100_000)
    recorded = {
        "cost_rent": {2: 110_000, 3: 100_000, 4: 95_000, 5: 1},
        "outlay_building": {0: 2_000_000, 3: 1_100_000},
        "cost_insurance": {2: 5},
    }
    found = {each.line: each for each in cost_errors(expected, recorded, 2, 3)}
    assert (found["cost_rent"].expected, found["cost_rent"].actual, found["cost_rent"].error) == (300_000, 305_000, 5_000)
    assert (found["outlay_building"].expected, found["outlay_building"].error) == (3_000_000, 100_000)
    assert found["cost_insurance"].actual is None, "two of its months are not recorded"
    assert found["cost_it"].error is None


def test_what_nobody_expected_is_an_error_too():
    made = center(**OPENS_IN_FEBRUARY)
    found = {each.line: each for each in cost_errors(expected_costs(made), {"cost_delivery": {3: 700}}, 2, 3)}
    assert (found["cost_delivery"].expected, found["cost_delivery"].error) == (0, 700)


def test_what_the_hospital_keeps_is_a_share_of_what_it_gave():
    """Half of ten a month come to the site from month 2 on; the hospital gave 40 a month when it was measured."""
    made = center(opens_in="2026-02", capture_staying="50")
    share = share_kept(made)
    assert share.infusions[:3] == (1, D("0.5"), D("0.5"))
    actual = {month: Actual(number, number * 450_000) for month, number in ((1, 40), (2, 26), (3, 24), (4, 16))}
    window = hospital_window(made, share, (D(40), D(40) * 500_000), actual, 3)
    assert (window.predicted_infusions, window.infusions) == (60, 66)
    assert window.effects == {"hospital_kept": 6 * 500_000, "hospital_price": -66 * 50_000}
    assert sum(window.effects.values()) == window.error_cents
    assert hospital_window(made, share, (D(40), D(1)), {2: Actual(1, 1)}, 3) is None


def test_those_whom_policies_take_are_not_expected_to_stay():
    stays, leaves = cell(), cell(payer="Plan B", leaves_on=dt.date(2026, 3, 1), policy_id="P")
    assert share_kept(center(stays, leaves, capture_staying="0")).infusions[:3] == (1, 1, D("0.5"))
    elsewhere = cell(place="elsewhere", hospital_allowed=None, hospital_administration=None)
    assert share_kept(center(elsewhere)) is None


def test_a_typed_volume_and_dated_rates_count_in_what_the_hospital_keeps():
    """Fifteen typed over ten measured; from month 3 on the contract pays a tenth less for the drug."""
    later = RateChange(dt.date(2026, 3, 1), D("0.9"), D(1))
    made = center(cell(hospital_changes=(later,)), capture_staying="0")
    before, after = share_kept(made).allowed[1:3]
    assert before == 1 and after < 1 == share_kept(made).infusions[2]
    market = type_over(made.market, volumes_of(made.market)[0].key, D(15), "Two clinics join", "Managed care")
    typed = share_kept(replace(made, market=market))
    assert typed.infusions[:3] == (D("1.5"),) * 3 and typed.allowed[2] == D("1.5") * after


# pages


@pytest.fixture
def approved(make, client):
    """An approved scenario that opens in July 2026 with a site; signed in as somebody of the council, who may edit too."""
    scenario = make()
    site = Site.objects.create(site_id="NEW", name="Riverside Infusion", site_class="infusion_center", ownership="owned")
    sign_in(client, "council member")
    client.post(reverse("roi:approve", args=[scenario.pk, 1]), {**SAID, "site": site.pk, "running_costs": "Operations"})
    return scenario


def upload(client, scenario, text: str):
    data = {"upload": "yes", "file": SimpleUploadedFile("costs.csv", text.encode())}
    return client.post(reverse("roi:actual-costs", args=[scenario.pk]), data, follow=True)


def test_the_table_that_is_downloaded_is_filled_in_and_judged(approved, client):
    given = client.get(reverse("roi:costs-csv", args=[approved.pk])).content.decode()
    lines = given.splitlines()
    assert lines[0] == "month,cost,expected,actual"
    assert "2026-05,Outlay: building,320000.00," in lines, "what is spent before anything is earned stands before the first month"
    filled = [lines[0], *(f"{line}{line.split(',')[2]}" for line in lines[1:])]
    filled = [line.replace("1500.00", "1750.25").replace("1750.25", "1500.00", 1) for line in filled]
    answer = upload(client, approved, "\n".join(filled))
    assertContains(answer, f"{len(lines) - 1} amounts recorded")
    assert "costs.csv" in reverse("roi:costs-csv", args=[approved.pk])
    assert client.get(reverse("roi:costs-csv", args=[approved.pk])).content.decode().splitlines() == filled
    claims_since(dt.date(2026, 7, 1), people=20)
    page = client.get(reverse("roi:look-back", args=[approved.pk]))
    rows = {row[1]: row for row in figure_of(page, "cost-errors").table.rows if row[0] == "12 months"}
    assert all(row[4] is not None for row in rows.values())
    by_owner = {(row[0], row[1]): row for row in figure_of(page, "by-owner").table.rows}
    assert by_owner["Operations", "Running costs"][3] == sum(row[5] for row in rows.values() if row[1].startswith("Cost"))
    assert by_owner[SAID["executive"], "What is spent once"][2:] == ("3 months", 0, 0.0, "as expected")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("month,cost\n2026-08,nurses", "has no column actual"),
        ("month,cost,actual\n2026-8,Cost: nurses,5", "must be a month written year-month"),
        ("month,cost,actual\n2026-08,Cost: gold,5", "is no cost of this scenario"),
        ("month,cost,actual\n2026-08,Cost: nurses,five", "must be an amount in dollars"),
        ("month,cost,actual\n2026-08,Cost: nurses,5\n2026-08,cost_nurses,6", "repeats line 2"),
        ("month,cost,actual\n2026-04,Outlay: building,5", "The month 2026-04 is not counted: the look back counts 2026-05 to"),
        ("month,cost,actual\n2026-08,Cost: rent,5\n2199-12,Cost: rent,5", "The month 2199-12 is not counted"),
        ("", "is empty"),
    ],
)
def test_a_table_with_a_wrong_row_records_nothing(approved, client, text, sentence):
    answer = upload(client, approved, text)
    assertContains(answer, sentence, status_code=422)
    assert not ActualCost.objects.exists()


def test_a_month_is_typed_in_and_replaced(approved, client):
    address = reverse("roi:actual-costs", args=[approved.pk])
    client.post(address, {"month": "2026-08", "cost:cost_nurses": "$9,500.50", "cost:cost_rent": ""})
    client.post(address, {"month": "2026-08", "cost:cost_nurses": "9600"})
    assert list(ActualCost.objects.values_list("line_item", "month", "cents")) == [("cost_nurses", dt.date(2026, 8, 1), 960_000)]
    assertContains(client.post(address, {"month": "2026-08"}), "Give at least one amount", status_code=422)
    assertContains(client.post(address, {"month": "soon", "cost:cost_rent": "1"}), "must be a month", status_code=422)
    assertContains(
        client.post(address, {"month": "2026-08", "cost:cost_rent": "x"}), "Cost: rent must be an amount", status_code=422
    )


def test_only_editors_record(approved, as_reader):
    assert as_reader.get(reverse("roi:actual-costs", args=[approved.pk])).status_code == 403
    assert as_reader.get(reverse("roi:costs-csv", args=[approved.pk])).status_code == 403


def test_nothing_is_recorded_of_what_is_not_approved(approved, client, make):
    assert client.get(reverse("roi:actual-costs", args=[make(name="Another").pk])).status_code == 404


def test_approvals_of_before_have_the_executive_for_an_owner(approved, client):
    Approval.objects.update(owners={"opening": "A", "volume": "B", "price": "C"})
    claims_since(dt.date(2026, 7, 1), people=20)
    assertContains(client.get(reverse("roi:look-back", args=[approved.pk])), f"Running costs: {SAID['executive']}")


@pytest.mark.parametrize(
    ("people", "role", "shown"), [(60, "council member", 60), (7, "council member", HIDDEN), (7, "analyst", 7)]
)
def test_our_hospitals_months_are_judged_and_small_ones_hidden(approved, client, people, role, shown):
    """60 a month while measured (October 2025 to March 2026), then perhaps fewer."""
    run = claims_since(dt.date(2026, 7, 1), people=20)
    before = [*(dt.date(2025, month, 1) for month in (10, 11, 12)), *(dt.date(2026, month, 1) for month in range(1, 7))]
    after = [dt.date(2026, month, 1) for month in (7, 8, 9, 10)]
    there = {"site_id": "NEW", "site_class": "infusion_center"}
    rows = [fact(month=day, person_no=person) for day in before for person in range(60)]
    rows += [fact(month=day, person_no=person) for day in after for person in range(people)]
    rows += [fact(month=day, person_no=500 + person, **there) for day in after for person in range(20)]
    write_facts(storage.run_folder(run.pk), rows)
    if role != "council member":
        sign_in(client, role)
    page = client.get(reverse("roi:look-back", args=[approved.pk]))
    found = {row[0]: row[2] for row in figure_of(page, "hospital-kept").table.rows}
    assert found[dt.date(2026, 8, 1)] == shown
    errors = {row[:2]: row for row in figure_of(page, "hospital-errors").table.rows}
    if shown is HIDDEN:
        assert ("3 months", "Not all its months are complete and shown") in errors
        assertNotContains(page, "$7,000")
    else:
        assert errors["3 months", "What the hospital keeps"][2] == SAID["executive"]


@pytest.mark.parametrize(
    ("site_class", "first", "why"),
    [("hopd_off_campus", 2025, "is a hospital department itself"), ("infusion_center", 2024, "does not reach back to Oct 2024")],
)
def test_what_cannot_be_said_of_our_hospitals_is_said(approved, client, site_class, first, why):
    Site.objects.update(site_class=site_class)
    version = Approval.objects.get().version
    version.inputs["market"]["first_month"] = f"{first}-10-01"
    version.save()
    claims_since(dt.date(2026, 7, 1), people=20)
    page = client.get(reverse("roi:look-back", args=[approved.pk]))
    assertContains(page, why)
    assert "hospital-kept" not in {figure.key for figure in page.context["figures"]}
