"""The site register in the browser: forms, files with a check, undo, merging, and what refuses in one sentence."""

import csv
import datetime as dt
import io

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payers.models import Rate
from payers.selectors.prices import contract_rates
from sites.engine.duplicates import Place, pairs
from sites.models import Site, SiteChange
from sites.selectors import merged_ids, reference_frames
from tests.infusion_strategy.published import sign_in

pytestmark = pytest.mark.django_db
FORM = {
    "name": "North Center", "site_id": "", "site_class": "infusion_center", "ownership": "owned", "npis": "1234567893\n1003000126",
    "market": "Metro", "address": "12 North Main Street", "zip_code": "02139", "opened_on": "2020-01-01", "chairs": "12",
    "open_hours_per_week": "50", "chairs_by_month": "2027-01: 16 chairs, 60 hours\n2026-07, 14, 55", "rems": "Soliris\nLemtrada",
    "sterile_compounding": "immediate_use", "hazardous_drugs": "false", "is_340b": "false", "payers_contracted": "Payer A; Payer B",
    "source": "Visit", "checked_on": "2026-06-01",
}  # fmt: skip


@pytest.fixture
def keeper(client):
    return sign_in(client, "administrator")


def add(client, **changes):
    return client.post("/sites/new/", FORM | changes, follow=True)


def said(answer) -> str:
    """What stands between heading and foot, as one line."""
    html = answer.content.decode()
    return " ".join(html[html.index('<main id="main"') : html.index("<footer")].split())


def send(client, text: str):
    return client.post("/sites/upload/", {"file": SimpleUploadedFile("sites.csv", text.encode())}, follow=True)


def test_a_new_site_is_stored_as_the_form_says_and_read_by_the_pipeline(keeper):
    answer = add(keeper)
    site = Site.objects.get()
    assert answer.redirect_chain[-1][0] == f"/sites/{site.pk}/" and "North Center is saved" in said(answer)
    assert (site.site_id, site.chairs, site.rems, site.payers_contracted, site.hazardous_drugs, site.pediatrics) == (
        "NORTH-CENTER", 12, "Soliris; Lemtrada", "Payer A; Payer B", False, None,
    )  # fmt: skip
    assert [(f"{step.from_month:%Y-%m}", step.chairs, float(step.hours)) for step in site.chairs_by_month.all()] == [
        ("2026-07", 14, 55.0), ("2027-01", 16, 60.0),
    ]  # fmt: skip
    assert sorted(reference_frames()["sites"]["npi"]) == ["1003000126", "1234567893"]
    entry = LogEntry.objects.filter(content_type__model="site").latest("pk")
    assert entry.additional_data["did"] == "Added: North Center" and entry.actor.username == "administrator"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("chairs", "-3", "Chairs must be a whole number from 0 to 1,000."),
        ("closed_on", "2019-01-01", "First day closed must be after “Open from” (2020-01-01)."),
        ("latitude", "42.3", "Latitude and longitude are given together or not at all."),
        ("npis", "123", "Provider numbers (NPI) must be a provider number of ten digits."),
        ("name", "", "Name must not be blank."),
        ("site_class", "moon", "Choose one of the list for “Class of site”."),
        ("chairs_by_month", "July: many", "must be steps such as 2026-07: 14 chairs, 50 hours"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_at_its_field(keeper, field, value, sentence):
    answer = add(keeper, **{field: value})
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not Site.objects.exists() and FORM["market"] in answer.content.decode()


@pytest.mark.parametrize(
    ("latitude", "longitude", "sentence"),
    [("0", "0", "lie in the ocean"), ("51.5", "-0.1", "outside the United States"), ("42.3", "71.1", "lost sign")],
)
def test_places_that_are_no_places_of_ours_are_refused(keeper, latitude, longitude, sentence):
    assert sentence in said(add(keeper, latitude=latitude, longitude=longitude))
    assert "is saved" in said(add(keeper, latitude="13.45", longitude="144.8"))  # Guam


def test_a_wrong_check_digit_a_shared_number_and_a_shared_address_are_pointed_out_and_stored(keeper):
    add(keeper)
    answer = said(add(keeper, name="North Center two", npis="1234567893 1234567890", address="12 N. Main St."))
    assert "is saved" in answer and "1234567890 fails its check digit" in answer
    assert "1234567893 is also the provider number of NORTH-CENTER" in answer and "stands at the same address" in answer


def test_an_id_is_taken_once(keeper):
    add(keeper)
    assert "is that of North Center; choose another" in said(add(keeper))


def test_a_change_keeps_what_was_said_before_and_is_undone(keeper):
    add(keeper)
    site = Site.objects.get()
    page = keeper.get(f"/sites/{site.pk}/edit/").content.decode()
    assert "1003000126\n1234567893" in page and 'value="NORTH-CENTER"' in page
    keeper.post(f"/sites/{site.pk}/edit/", FORM | {"chairs": "20", "chairs_by_month": ""})
    site.refresh_from_db()
    assert (site.chairs, site.chairs_by_month.count()) == (20, 0)
    page = said(keeper.get(f"/sites/{site.pk}/"))
    assert "Chairs: <del>12</del> <ins>20</ins>" in page
    change = SiteChange.objects.first()
    keeper.post(f"/sites/changes/{change.pk}/undo/")
    site.refresh_from_db()
    assert (site.chairs, site.chairs_by_month.count()) == (12, 2)
    first = SiteChange.objects.last()
    keeper.post(f"/sites/changes/{first.pk}/undo/")
    assert not Site.objects.exists()


def test_what_was_changed_since_is_not_undone(keeper):
    add(keeper)
    site = Site.objects.get()
    keeper.post(f"/sites/{site.pk}/edit/", FORM | {"chairs": "20"})
    first = SiteChange.objects.last()
    assert "has been changed by someone since" in said(keeper.post(f"/sites/changes/{first.pk}/undo/", follow=True))
    assert Site.objects.get().chairs == 20


def test_a_file_is_compared_first_then_stored_then_undone(keeper):
    add(keeper)
    text = "site_id,name,site_class,ownership,chairs\nNORTH-CENTER,North Center,infusion_center,owned,15\nS,South,hopd_on_campus,other,\nX,Moon,moon,owned,1\n"
    answer = send(keeper, text)
    assert "1 site added, 1 changed, 0 unchanged" in said(answer) and "1 row rejected" in said(answer)
    assert "line 4, site_class “moon”" in said(answer) and "<del>12</del> <ins>15</ins>" in said(answer)
    assert Site.objects.count() == 1  # not stored yet
    change = SiteChange.objects.first()
    keeper.post(f"/sites/changes/{change.pk}/store/")
    north = Site.objects.get(site_id="NORTH-CENTER")
    assert (north.chairs, north.market, north.npis.count(), Site.objects.count()) == (15, "Metro", 2, 2)
    keeper.post(f"/sites/changes/{change.pk}/undo/")
    assert Site.objects.get().chairs == 12
    assert "decided already" in said(keeper.post(f"/sites/changes/{change.pk}/store/", follow=True))


def test_a_file_that_is_none_is_refused_in_a_sentence(keeper):
    assert "has no column site_id" in said(send(keeper, "a,b\n1,2\n"))
    assert "is a PDF" in said(send(keeper, "%PDF-1.7"))
    assert "Choose a file first." in said(keeper.post("/sites/upload/"))


def test_the_download_comes_back_unchanged(keeper):
    add(keeper)
    text = keeper.get("/sites/sites.csv").content.decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["npis"] == "1003000126;1234567893" and row["hospital_affiliated"] == "false"
    assert "0 sites added, 0 changed, 1 unchanged" in said(send(keeper, text))


def test_the_public_list_of_hospitals_loads_as_sites_of_others(keeper):
    header = "ccn,facility_name,address,city,state,zip,county,lat,lon,match_quality,source,source_date\n"
    rows = (
        "010001,FIRST HOSPITAL,1 Road,DOTHAN,AL,36301,H,31.2,-85.3,Exact,CMS,2026-05-23\n010002,NOWHERE,,X,AL,36301,H,0,0,,CMS,\n"
    )
    answer = send(keeper, header + rows)
    assert "1 site added" in said(answer) and "lie in the ocean" in said(answer)
    keeper.post(f"/sites/changes/{SiteChange.objects.first().pk}/store/")
    site = Site.objects.get(site_id="ccn:010001")
    assert (site.ownership, site.site_class, site.hospital_affiliated, site.zip_code) == ("other", "hopd_on_campus", True, "36301")


def test_entries_not_checked_for_long_are_marked_by_the_setting(keeper, settings):
    add(keeper, checked_on="2020-01-01")
    assert "1 entry was not checked since" in said(keeper.get("/sites/"))
    settings.SITE_CHECK_DAYS = 100_000
    assert "not checked since" not in said(keeper.get("/sites/"))


def test_two_entries_become_one_and_two_again(keeper):
    add(keeper)
    add(keeper, name="The North Center", npis="1003000134", chairs="", open_hours_per_week="", observation="true", owner="Ours")
    one, two = Site.objects.order_by("pk")
    assert "the same address, names that are nearly the same" in said(keeper.get("/sites/duplicates/"))
    Rate.objects.create(
        payer="Payer A", site_id=two.site_id, hcpcs_code="J1745", basis="per_unit", rate=10, effective_from="2026-01-01"
    )
    address = f"/sites/{one.pk}/merge/{two.pk}/"
    page = said(keeper.get(address))
    assert "1003000126;1003000134;1234567893" in page and "Contract rates</dt><dd>1<" in page
    keeper.post(address)
    one.refresh_from_db(), two.refresh_from_db()
    assert (one.npis.count(), one.observation, one.owner, one.chairs, two.retired, two.merged_into) == (
        3,
        True,
        "Ours",
        12,
        True,
        one,
    )
    assert merged_ids() == {two.site_id: one.site_id} and contract_rates()[0].site_id == one.site_id
    assert set(reference_frames()["sites"]["site_id"]) == {one.site_id}
    assert "was merged into" in said(send(keeper, f"site_id,name,site_class,ownership\n{two.site_id},x,infusion_center,owned\n"))
    keeper.post(f"/sites/changes/{SiteChange.objects.filter(state='stored').first().pk}/undo/")
    one.refresh_from_db(), two.refresh_from_db()
    assert (one.npis.count(), one.owner, two.retired, two.merged_into) == (2, "", False, None) and merged_ids() == {}


def test_rates_of_both_for_one_case_stand_against_a_merger(keeper):
    add(keeper)
    add(keeper, name="Other", npis="1003000134")
    one, two = Site.objects.order_by("pk")
    for site in (one, two):
        Rate.objects.create(payer="Payer A", site_id=site.site_id, basis="per_unit", rate=10, effective_from="2026-01-01")
    address = f"/sites/{one.pk}/merge/{two.pk}/"
    assert "Both have a rate of Payer A for any code from 2026-01-01" in said(keeper.get(address))
    keeper.post(address)
    assert not Site.objects.filter(retired=True).exists()


def test_registrations_at_340b_prices_are_dated_and_do_not_overlap(keeper):
    add(keeper)
    address = f"/sites/{Site.objects.get().pk}/340b/"
    keeper.post(address, {"starts_on": "2026-01-01", "ends_on": "2026-07-01", "source": "OPAIS"})
    answer = keeper.post(address, {"starts_on": "2026-04-01"})
    assert answer.status_code == 422 and "overlaps the period from 2026-01-01 to 2026-07-01" in answer.content.decode()
    assert "from 2026-01-01 to 2026-07-01 (OPAIS)" in said(keeper.get(f"/sites/{Site.objects.get().pk}/"))


def test_sites_never_open_together_and_shared_numbers_of_many_are_no_pairs():
    north = Place("N", "North", (("1", None, None),))
    assert not pairs([Place("A", "Lake", zip_code="1", closed_on=None), Place("B", "Hill", zip_code="1")])
    follows = [
        Place("A", "Lake", (("1", None, None),), closed_on=dt.date(2025, 1, 1)),
        Place("B", "Lake", (("1", None, None),), opened_on=dt.date(2025, 1, 1)),
    ]
    assert not pairs(follows) and len(pairs([north, Place("M", "Moon", (("1", None, None),))])) == 1
    assert not pairs([Place(f"H{number}", f"Hall {number}", (("1", None, None),)) for number in range(60)])


def test_a_number_that_moves_by_date_is_read_by_its_days(keeper):
    add(keeper, npis="1234567893 to 2025-07-01")
    answer = said(add(keeper, name="South", npis="1234567893 from 2025-07-01, 1003000126", opened_on="", address=""))
    assert "is saved" in answer and "also the provider number" not in answer
    frame = reference_frames()["sites"]
    rows = {(row.site_id, row.npi or "", str(row.opened_on or ""), str(row.closed_on or "")) for row in frame.itertuples()}
    assert rows == {
        ("NORTH-CENTER", "", "2020-01-01", ""), ("NORTH-CENTER", "1234567893", "2020-01-01", "2025-07-01"),
        ("SOUTH", "", "", ""), ("SOUTH", "1234567893", "2025-07-01", ""), ("SOUTH", "1003000126", "", ""),
    }  # fmt: skip
    text = keeper.get("/sites/sites.csv").content.decode()
    assert "2 unchanged" in said(send(keeper, text))
    assert "end before it begins" in said(add(keeper, name="X", npis="1234567893 from 2025-07-01 to 2025-01-01"))


def test_the_administration_pages_show_sites_and_change_none(keeper):
    User.objects.update(is_staff=True)
    add(keeper)
    site = Site.objects.get()
    assert keeper.get(f"/admin/care_sites/site/{site.pk}/change/").status_code == 200
    assert keeper.post(f"/admin/care_sites/site/{site.pk}/change/", {"name": "x"}).status_code == 403
    assert keeper.get("/admin/care_sites/site/add/").status_code == 403


def test_a_longer_list_asks_no_more_questions(keeper):
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert keeper.get("/sites/").status_code == 200
        return len(asked)

    add(keeper)
    few = questions()
    rows = "".join(f"S{number},Site {number},infusion_center,other,100300{number:04d}\n" for number in range(40))
    send(keeper, "site_id,name,site_class,ownership,npis\n" + rows)
    keeper.post(f"/sites/changes/{SiteChange.objects.first().pk}/store/")
    assert Site.objects.count() == 41 and questions() == few <= 16
