"""Sites as claims show them: sums of sites are the system, one site's page, numbers nobody registered; small counts stay hidden."""

import datetime as dt
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from demand import storage
from demand.charts.site_measures import site_measures
from demand.engine.disclosure import HIDDEN
from demand.filters import NOT_REGISTERED, DashboardFilters
from demand.models import Denial, WhiteBagEvent
from demand.selectors.dashboard import OUTCOMES, choices, dashboard
from demand.selectors.facts import ask
from demand.selectors.site_attention import attention
from demand.selectors.site_lists import competitors, unregistered
from demand.selectors.site_measures import Logged, measures_of
from demand.selectors.sites import site_page
from payers.models import DrugFamily
from sites.models import Site, SiteNpi
from tests.demand.facts_files import ELSEWHERE, WHITE_BAG, fact, write_facts
from tests.demand.places_files import CITY, DAY, FAR, People
from tests.demand.places_files import site as register
from tests.infusion_strategy.published import publish, sign_in

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 1, 1)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    cache.clear()


@pytest.fixture
def run():
    return publish(people=200)


def of(run, rows):
    write_facts(storage.run_folder(run.pk), rows)
    return run


def people(number, start=0, **fields):
    return [fact(person_no=start + one, **fields) for one in range(number)]


@pytest.mark.parametrize("dimension", ["site", "site_owner", "market"])
@pytest.mark.parametrize("others", [{}, {"payer": "Birch Mutual", "since": dt.date(2024, 6, 1)}])
def test_the_parts_add_up_to_the_system_on_every_figure(run, dimension, others):
    values = getattr(choices(run), dimension)
    assert len(values) > 2 and (dimension != "site" or NOT_REGISTERED in values)
    whole = dashboard(run, DashboardFilters(**others), see_small=True)
    parts = [dashboard(run, DashboardFilters(**{dimension: value}, **others), see_small=True) for value in values]
    for node in (*OUTCOMES, "named", "majority", "unattributed"):
        for measure in ("infusions", "allowed_cents", "amounts_unknown"):
            assert sum(getattr(part.total.at(node), measure) or 0 for part in parts) == (
                getattr(whole.total.at(node), measure) or 0
            )
    for table in ("payers", "families"):
        summed: dict[str, int] = {}
        for line in (line for part in parts for line in getattr(part, table)):
            summed[line.label] = summed.get(line.label, 0) + line.at("site_leak").infusions
        assert summed == {line.label: line.at("site_leak").infusions for line in getattr(whole, table)}
    by_month = [sum(month.line.at("kept").infusions for month in part.months) for part in parts]
    assert sum(by_month) == sum(month.line.at("kept").infusions for month in whole.months)


def test_without_the_right_a_site_filter_shows_nothing_and_says_why(client, run):
    site = choices(run).site[0]
    board = dashboard(run, DashboardFilters(site=site), see_small=False)
    assert board.total.at("named").hidden and not board.payers and not board.families and not board.places and not board.months
    client = sign_in(client, "leader")
    for address in (f"/?site={site}", "/?site_owner=Our+System"):
        html = client.get(address).content.decode()
        assert "with the patient-level right only" in html and "Birch Mutual</a>" not in html
    flow = "outcome=kept&site_class=hopd_on_campus&ownership=owned&owner=Our+System"
    assert client.get(f"/api/v1/figures/flow-infusions/?site={site}&{flow}").json()["hidden"]  # not a plain zero
    answer = client.get(f"/api/v1/leakage/summary/?site={site}").json()
    assert answer["payers"] == [] and answer["total"]["cells"]["named"]["infusions"] is None
    assert client.get(f"/api/v1/leakage/?site={site}").status_code == 400


def test_the_switch_is_offered_with_the_right_and_carried_into_downloads(client, run):
    html = sign_in(client, "analyst").get("/?site=Our-hopd_on_campus-0").content.decode()
    assert 'id="f-site"' in html and 'id="f-site_owner"' in html and "/brief/payer.csv?site=Our-hopd_on_campus-0" in html
    total = dashboard(run, DashboardFilters(site="Our-hopd_on_campus-0"), see_small=True).total
    rows = client.get("/brief/payer.csv?site=Our-hopd_on_campus-0").content.decode().splitlines()
    kept = rows[0].split(",").index("kept_infusions")
    assert sum(int(row.split(",")[kept]) for row in rows[1:]) == total.at("kept").infusions


def test_the_pages_of_all_sites_add_up_to_the_brief(run):
    total = dashboard(run, DashboardFilters(), see_small=True).total
    pages = [site_page(Site.objects.create(site_id=site_id, name=site_id), run, True, ON) for site_id in _site_ids(run)]
    for outcome in OUTCOMES:
        found = [page.slices[outcome] for page in pages if outcome in page.slices]
        assert sum(cell.infusions for cell in found) == total.at(outcome).infusions
        assert sum(month.outcomes.get(outcome, 0) for page in pages for month in page.months) == total.at(outcome).infusions


def _site_ids(run):
    return [site_id for (site_id,) in ask(run, "SELECT DISTINCT site_id FROM {facts} WHERE site_id IS NOT NULL")]


def test_a_small_site_is_hidden_and_does_not_follow_from_its_neighbour(run):
    rows = people(40, site_id="A") + people(4, 100, site_id="B") + people(30, 200, site_id="C")
    of(run, rows)
    shown = {name: site_page(Site.objects.create(site_id=name, name=name), run, False, ON) for name in "ABC"}
    counts = {name: page.infusions for name, page in shown.items()}
    assert counts["B"] is HIDDEN and list(counts.values()).count(HIDDEN) == 2 and 40 in counts.values()
    assert all(page.detail is None for page in shown.values())
    assert site_page(Site.objects.get(site_id="B"), run, True, ON).infusions == 4


def test_a_page_opens_with_what_matters_most(run):
    site = Site.objects.create(
        site_id="H", name="North", site_class="hopd_on_campus", ownership="owned", checked_on=dt.date(2020, 1, 1), chairs=1,
        open_hours_per_week=1,
    )  # fmt: skip
    SiteNpi.objects.create(site=site, npi="1234567893")
    of(run, people(40))
    assert site_page(site, run, True, ON).attention.kind == "stale"
    of(run, people(30) + people(10, 50, **WHITE_BAG))
    found = site_page(site, run, True, ON)
    assert found.attention.kind == "bags" and "25% of the infusions here are white-bagged" in found.attention.sentence
    assert site_page(site, run, False, ON).attention.kind == "stale"  # the rest counts people
    DrugFamily.objects.create(family="infliximab", clinical_line="none", source="test", chair_minutes=165)
    found = site_page(site, run, True, ON)
    assert found.attention.kind == "full" and found.attention.level == "bad"
    assert round(found.months[0].needed_hours, 1) == 110.0 and round(found.months[0].open_hours, 2) == round(31 / 7, 2)
    site.chairs_by_month.create(from_month=dt.date(2024, 1, 1), chairs=40, hours=50)
    assert site_page(Site.objects.get(), run, True, ON).attention.kind == "bags"


def test_every_role_gets_the_page_and_only_the_right_its_therapies(client, run):
    site = Site.objects.create(site_id="Our-hopd_on_campus-0", name="North", site_class="hopd_on_campus", ownership="owned")
    html = sign_in(client, "analyst").get(f"/sites/{site.pk}/").content.decode()
    assert "Most worth attention" in html and 'id="figure-therapy"' in html and "Who moved from and to it" in html
    html = sign_in(client, "leader").get(f"/sites/{site.pk}/").content.decode()
    assert 'id="figure-volume"' in html and 'id="figure-therapy"' not in html and "with the patient-level right" in html


def test_numbers_that_nobody_registered_wait_to_be_identified(client, run):
    place = ELSEWHERE | {"owner": ""}
    rows = (
        people(40)
        + people(20, 100, **place | {"site_id": "npi:2000000001"})
        + people(15, 200, **place | {"site_id": "npi:2000000002"})
    )
    rows += people(5, 300, **place | {"site_id": "npi:2000000003"}) + people(30, 400, **place | {"site_id": "npi:2000000004"})
    of(run, rows)
    everything = unregistered(run, True)
    assert [(row.npi[-1], row.attributed) for row in everything.rows] == [("4", 30), ("1", 20), ("2", 15), ("3", 5)]
    site = Site.objects.create(site_id="S", name="S", site_class="infusion_center", ownership="other")
    SiteNpi.objects.create(site=site, npi="2000000001")
    restricted = unregistered(run, False)
    assert restricted.identified == 1 and restricted.hidden == 2  # the small one, and one beside it
    assert all(row.attributed > 10 and row.every is None for row in restricted.rows)
    html = sign_in(client, "leader").get("/sites/unregistered/").content.decode()
    assert "2000000003" not in html and "Identify</a>" not in html
    html = sign_in(client, "analyst").get("/sites/unregistered/").content.decode()
    link = re.search(r'href="(/sites/new/[^"]*2000000004[^"]*)"', html)[1].replace("&amp;", "&")
    form = client.get(link).content.decode()
    assert "2000000004</textarea>" in form and '<option value="infusion_center" selected>' in form


def test_what_left_is_split_by_owner_and_by_the_payer_behind_it(run):
    Site.objects.create(
        site_id="Z", name="Zenith", site_class="infusion_center", ownership="other", owner="Zenith Inc", market="Metro"
    )
    found = competitors(run, "", True)
    total = dashboard(run, DashboardFilters(), see_small=True).total.at("site_leak")
    assert sum(one.left for one in found.owners) == found.left == total.infusions
    assert sum(row[2] for row in found.affiliations) == total.infusions
    assert sum(row[3] for row in found.affiliations) == total.allowed_cents
    assert {one.owner for one in found.owners} >= {"Zenith Inc", "HomeRx", "Summit Infusion"}
    assert {row[0]: row[1] for row in found.affiliations}[""] == 1


def test_travel_money_waits_and_logs_of_a_site_and_what_is_not_known_of_them(own_storage):
    site = register("H")
    given = People().add(30, CITY, waits=20).add(10, FAR).add(2, None, allowed_cents=None)
    given.add(5, CITY, service_date=DAY - dt.timedelta(days=400))
    run = given.publish()
    Denial.objects.create(row_key="1", claim_id="1", site_id="H", denied_cents=500_000, written_off_cents=90_000, decided_on=DAY)
    WhiteBagEvent.objects.create(row_key="1", site_id="H", hcpcs_code="J1745", administered_on=DAY, delayed_days=3)
    found = measures_of(run, site, ["H"])
    assert (found.travel.placed, found.travel.unknown, found.travel.far) == (40, 2, 10) and found.travel.median < 1
    assert 55 < found.travel.ninetieth < 65
    assert (found.allowed.cents, found.allowed.known, found.allowed.infusions) == (4_500_000, 45, 47)
    assert (found.wait_median, found.waited, found.recent) == (20, 30, 42)
    assert found.denials.told["written_off_cents"] == 90_000 and found.white_bags.told["delayed"] == 1
    assert found.impacts.records == 0
    assert "25.0% (10 of 40) travel more than 30 miles" in site_measures(found)[0].reading
    assert measures_of(run, register("NOBODY"), ["NOBODY"]) is None
    site.zip_code = ""
    assert "neither its coordinates" in measures_of(run, site, ["H"]).travel.why_not


def test_attention_turns_to_waits_then_write_offs_then_long_ways(own_storage):
    site = register("H")
    SiteNpi.objects.create(site=site, npi="1234567893")
    given = People().add(30, CITY, waits=20).add(10, FAR)
    found = measures_of(given.publish(), site, ["H"])
    detail = SimpleNamespace(measured=found, coming=(), moved_to=(), moved_from=(), last_on=DAY, infusions=40, white_bagged=0)
    assert attention(site, (), detail, ON).kind == "waits"
    detail.measured = replace(found, wait_median=3)
    assert attention(site, (), detail, ON).kind == "far"
    detail.measured = replace(detail.measured, denials=Logged(4, DAY, DAY, {"written_off_cents": 50_000}))
    said = attention(site, (), detail, ON)
    assert said.kind == "denials" and "$500 of this site were written off after 4 denials, 1.2%" in said.sentence
