"""Choices, capacity, readiness and watch lists as people use them: on pages, over a small published run."""

import datetime as dt

import duckdb
import pandas as pd
import pytest
from auditlog.models import LogEntry
from django.db import IntegrityError, transaction
from django.utils import timezone

from demand import storage
from demand.models import Run
from payers.models import DrugFamily
from sites.append_only import HistoryStands
from sites.models import ChecklistItem, Choice, Partnership, ReadyMark, Site, WaitingList, WatchEntry
from tests.demand.facts_files import fact, write_facts
from tests.infusion_strategy.published import sign_in

pytestmark = pytest.mark.django_db
ASKED = "/markets/capacity/?asked=1&target_use=75&no_show=0&seen=100&biosimilar_percent=0&pipeline_percent=0&rare_percent=0&move_share=20"
CELL = "market=Metro&type=home"
MONTHS = [dt.date(2025, month, 1) for month in range(1, 13)]
NO = {
    "market": "Metro",
    "type": "home",
    "decision": "no",
    "owner": "Council",
    "decided_on": "2026-01-05",
    "reason": "Nurses are missing",
    "next_review": "2027-01-05",
}


@pytest.fixture
def run(settings, tmp_path):
    """40 people at the hospital, 12 at home in Metro; 3 people at a small site in Rural, 15 in Hills; every month of 2025."""
    settings.STORAGE_DIR = tmp_path
    DrugFamily.objects.update_or_create(
        family="infliximab", defaults={"clinical_line": "gastroenterology", "chair_minutes": 180, "source": "test"}
    )
    Site.objects.create(
        site_id="H",
        name="General",
        site_class="hopd_on_campus",
        ownership="owned",
        market="Metro",
        chairs=2,
        open_hours_per_week=40,
    )
    Site.objects.create(
        site_id="R",
        name="Little",
        site_class="physician_office",
        ownership="owned",
        market="Rural",
        chairs=1,
        open_hours_per_week=40,
    )
    home = {"site_class": "home", "ownership": "other", "owner": "HomeRx", "outcome": "site_leak", "site_id": "X"}
    little = {"market": "Rural", "site_class": "physician_office", "site_id": "R"}
    rows = [fact(month=month, person_no=person, site_id="H") for month in MONTHS for person in range(40)]
    rows += [fact(month=month, person_no=100 + person, **home) for month in MONTHS for person in range(12)]
    rows += [fact(month=month, person_no=200 + person, **little) for month in MONTHS for person in range(3)]
    Site.objects.create(
        site_id="Y", name="Hills", site_class="infusion_center", ownership="owned", market="Hills", chairs=1, open_hours_per_week=40
    )
    hills = {"market": "Hills", "site_class": "infusion_center", "site_id": "Y"}
    rows += [fact(month=month, person_no=300 + person, **hills) for month in MONTHS for person in range(15)]
    made = Run.objects.create(
        kind=Run.Kind.RECOMPUTE,
        status=Run.Status.FINISHED,
        requested_at=timezone.now(),
        published_at=timezone.now(),
        inputs={"extracts": []},
    )
    write_facts(storage.run_folder(made.pk), rows)
    return made


def text(client, path):
    return " ".join(client.get(path).content.decode().split())


def test_recording_a_no_lowers_the_count_on_the_home_page(client, run):
    sign_in(client, "council member")
    since = timezone.localdate()
    assert f"12 of 12 choices are undecided, the oldest since {since:%Y-%m-%d}." in text(client, "/")
    answer = client.post("/markets/choices/record/", NO)
    choice = Choice.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/markets/choices/{choice.pk}/"
    assert "11 of 12 choices are undecided" in text(client, "/")
    assert choice.evidence["run"] == run.pk and (choice.evidence["people"], choice.evidence["infusions"]) == (12, 144)
    assert choice.evidence["hours"] == 36.0  # 12 infusions a month of 3 hours
    assert LogEntry.objects.filter(object_pk=str(choice.pk), additional_data__did="recorded a choice").exists()


def test_a_review_that_is_due_is_listed(client, run):
    sign_in(client, "council member")
    client.post("/markets/choices/record/", NO | {"decided_on": "2025-01-05", "next_review": "2025-07-01"})
    shown = text(client, "/markets/choices/")
    assert (
        "1 review is due." in shown
        and "Home infusion in Metro</a>: no of 2025-01-05, to be looked at again on 2025-07-01 by Council" in shown
    )


def test_a_no_needs_a_reason_and_a_review_and_a_date_that_can_be(client, run):
    sign_in(client, "council member")
    for change, sentence in (
        ({"reason": " "}, "A no needs a reason."),
        ({"next_review": ""}, "A no needs a day on which it is looked at again."),
        ({"next_review": "2025-01-01"}, "The review must come after the decision."),
        ({"decided_on": "2999-01-01", "next_review": "2999-02-01"}, "A decision cannot be dated ahead"),
    ):
        answer = client.post("/markets/choices/record/", NO | change)
        assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not Choice.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Choice(market="Metro", site_type="home", decision="no", owner="x", decided_on=dt.date(2026, 1, 1)).save()


def test_history_cannot_be_changed_and_a_correction_takes_the_place(client, run):
    sign_in(client, "council member")
    client.post("/markets/choices/record/", NO)
    first = Choice.objects.get()
    first.reason = "Another one"
    for forbidden in (
        first.save,
        first.delete,
        lambda: Choice.objects.update(reason=""),
        lambda: Choice.objects.all().delete(),
        lambda: Choice.objects.bulk_update([first], ["reason"]),
        lambda: Choice.objects.bulk_create(
            [Choice(market="Metro", site_type="home", decision="yes", owner="x", decided_on=dt.date(2026, 1, 1))]
        ),
    ):
        with pytest.raises(HistoryStands):
            forbidden()
    stale = client.post("/markets/choices/record/", NO)  # the form was opened before the first was recorded
    assert stale.status_code == 422 and "Somebody has recorded a choice here meanwhile." in stale.content.decode()
    client.post("/markets/choices/record/", NO | {"decision": "undecided", "seen": first.pk})
    second = Choice.objects.get(supersedes=first)
    assert "took its place" in text(client, f"/markets/choices/{first.pk}/") and "Nurses are missing" in text(
        client, f"/markets/choices/{first.pk}/"
    )
    assert "12 of 12 choices are undecided, the oldest since 2026-01-05." in text(client, "/") and second.decision == "undecided"


def test_all_roles_read_a_decision_and_only_the_council_decides(client, run):
    sign_in(client, "council member")
    client.post("/markets/choices/record/", NO)
    page = f"/markets/choices/{Choice.objects.get().pk}/"
    for role in ("leader", "analyst", "administrator"):
        sign_in(client, role)
        shown = text(client, page)
        assert "Nurses are missing" in shown and f"/runs/{run.pk}/" in shown and "Decide anew" not in shown
        assert client.get(f"/markets/choices/record/?{CELL}").status_code == 403
        assert client.post("/markets/choices/record/", NO).status_code == 403


def test_a_yes_against_a_partnership_needs_its_waiver(client, run):
    Partnership.objects.create(
        partner="Kidney Group",
        population="people with kidney disease",
        site_types=["home"],
        markets=["Metro"],
        waived_by="The board",
    )
    sign_in(client, "council member")
    said = NO | {"decision": "yes"}
    assert "Kidney Group bars this for people with kidney disease" in text(client, f"/markets/choices/cell/?{CELL}")
    refused = client.post("/markets/choices/record/", said)
    assert refused.status_code == 422 and "A yes needs the waiver of The board" in refused.content.decode()
    assert client.post("/markets/choices/record/", said | {"waiver": "The board, 2026-01-04"}).status_code == 302
    shown = text(client, f"/markets/choices/{Choice.objects.get().pk}/")
    assert "The board, 2026-01-04" in shown and "It may be waived by The board." in shown


def test_small_counts_stay_hidden_in_cells_and_in_what_is_frozen(client, run):
    sign_in(client, "leader")
    shown = text(client, "/markets/choices/cell/?market=Rural&type=community")
    assert "3 people" not in shown and "hidden" in shown
    sign_in(client, "council member")
    client.post("/markets/choices/record/", NO | {"market": "Rural", "type": "community"})
    assert Choice.objects.get().evidence["people"] == "hidden"
    sign_in(client, "analyst")
    assert "3 people, 36 infusions" in text(client, "/markets/choices/cell/?market=Rural&type=community")


def test_capacity_shows_hours_room_and_the_month_and_hides_a_small_site(client, run):
    sign_in(client, "analyst")
    shown = text(client, "/markets/capacity/?site=H")
    assert "General needs 120 chair-hours a month today and has room for 260 at its target use (46% of it)" in shown
    assert "Policies on schedule are left out" in shown and "Value: $0. No waiting list is recorded" in shown
    full = "/markets/capacity/?asked=1&site=H&months=36&target_use=40&no_show=0&seen=100&growth=20&biosimilar_percent=0&pipeline_percent=0&rare_percent=0&move_share=50"
    assert "it is full in" in text(client, full)  # 120 × 1.2^(10 ÷ 12) passes 138.7
    csv = client.get(full.replace("capacity/?", "capacity/sites.csv?")).content.decode()
    assert "General" in csv and "Oct 2026" in csv
    WaitingList.objects.create(
        site=Site.objects.get(site_id="H"), counted_on=dt.date(2026, 1, 1), people=5, hours_a_person=3, value_cents_an_hour=20_000
    )
    assert "They serve 5 of the people who wait, with 15 hours a month, worth $3,000. Everybody who waits is served." in text(
        client,
        "/markets/capacity/?site=H&asked=1&months=12&target_use=75&no_show=0&seen=100&growth=0&biosimilar_percent=0&pipeline_percent=0&rare_percent=0&move_share=20",
    )
    sign_in(client, "leader")
    few = text(client, "/markets/capacity/?site=H")
    assert "Few people wait or would be served" in few and "5 people waited" not in few
    assert "The figures of Little are hidden" in text(client, "/markets/capacity/?site=R")


EXPOSED = {
    "person_id": "p", "family": "infliximab", "policy_id": "P", "verdict": "exposed", "exposed_from": "2026-03-15", "expected_from": None,
    "kind": "site_of_care", "status": "announced", "episode_id": 0, "site_id": "H", "active": True, "interval_days": 28,
    "next_expected_on": "2026-01-05",
}  # fmt: skip


def test_people_whom_a_policy_reaches_leave_on_schedule(client, run):
    others = [
        {"verdict": "exempt"}, {"kind": "drug_source"}, {"status": "anticipated"}, {"active": False}, {"site_id": "X"},
        {"exposed_from": "2025-06-01"},  # has done its work: who is still there stays
    ]  # fmt: skip
    rows = [EXPOSED | {"person_id": f"p{number}", "episode_id": number} for number in range(20)]
    rows += [EXPOSED | {"person_id": f"q{number}", "episode_id": 100 + number} | other for number, other in enumerate(others)]
    rows += [EXPOSED | {"episode_id": 200}, EXPOSED | {"episode_id": 200, "verdict": "shielded"}]  # nobody tells the funding
    frame = pd.DataFrame(rows)  # noqa: F841 (DuckDB reads it by its name)
    dates = "exposed_from::DATE AS exposed_from, expected_from::DATE AS expected_from, next_expected_on::DATE AS next_expected_on"
    with duckdb.connect() as connection:
        path = storage.run_folder(run.pk) / "exposure.parquet"
        connection.execute(f"COPY (SELECT * REPLACE ({dates}) FROM frame) TO '{path}' (FORMAT parquet)")
    sign_in(client, "analyst")
    shown = text(client, f"{ASKED}&site=H&months=12&growth=0&policies=on")
    # 20 people × 3 hours × 365.25 ÷ 12 ÷ 28 days
    assert "The largest change by December 2026 is from policies on schedule: -65 chair-hours a month." in shown
    assert "Policies on schedule are left out" not in shown
    assert "Nothing changes the hours" in text(client, f"{ASKED}&site=H&months=12&growth=0")


def test_assumptions_that_cannot_be_are_said(client, run):
    sign_in(client, "leader")
    for wrong in ("target_use=0", "no_show=100", "growth=much", "months=7", "site=nowhere"):
        shown = text(
            client,
            f"/markets/capacity/?asked=1&months=36&target_use=75&no_show=0&seen=100&growth=5&move_share=10&biosimilar_percent=0&pipeline_percent=0&rare_percent=0&{wrong}",
        )
        assert "rest on the usual assumptions" in shown, wrong


def test_ready_is_refused_until_everything_required_is_done_and_a_lapse_takes_it_back(client, run):
    sign_in(client, "analyst")
    cell = {"market": "Metro", "type": "home"}
    client.post("/markets/readiness/start/", cell | {"kind": "readiness"})
    client.post("/markets/readiness/start/", cell | {"kind": "readiness"})  # adds nothing twice
    assert ChecklistItem.objects.count() == 10
    refused = client.post("/markets/readiness/ready/", cell, follow=True).content.decode()
    assert (
        "Not ready: 10 of 10 required items are missing: open Home infusion pharmacy licence" in refused
        and not ReadyMark.objects.exists()
    )
    today = timezone.localdate()
    drug = {
        "kind": "drug",
        "market": "Metro",
        "site_type": "home",
        "area": "drugs",
        "title": "infliximab",
        "required": "on",
        "state": "open",
        "stale_after_months": "3",
        "contingency_percent": "0",
    }
    answer = client.post("/markets/lists/item/new/", drug)
    assert answer.status_code == 422 and "Name the distributor" in answer.content.decode()
    client.post("/markets/lists/item/new/", drug | {"distributor": "Wholesaler", "cost": "12.34"})
    assert ChecklistItem.objects.get(kind="drug").cost_cents == 1234
    for item in ChecklistItem.objects.exclude(kind="drug"):
        item.state, item.checked_on = "done", today
        item.save()
    assert "open infliximab at Wholesaler." in client.post("/markets/readiness/ready/", cell, follow=True).content.decode()
    item = ChecklistItem.objects.get(kind="drug")
    done = drug | {"distributor": "Wholesaler", "state": "done"}
    assert "Say when it was checked" in client.post(f"/markets/lists/item/{item.pk}/", done).content.decode()
    client.post(f"/markets/lists/item/{item.pk}/", done | {"checked_on": f"{today:%Y-%m-%d}"})
    client.post("/markets/readiness/ready/", cell)
    assert ReadyMark.objects.get().marked_by.username == "analyst"
    ChecklistItem.objects.filter(kind="drug").update(checked_on=today - dt.timedelta(120))
    assert "no longer holds" in text(client, "/markets/readiness/?market=Metro&type=home")


def test_unfinished_launch_items_cost_money_and_time_less_what_we_own(client, run):
    sign_in(client, "analyst")
    ChecklistItem.objects.create(
        kind="launch",
        market="Metro",
        site_type="community",
        area="space",
        title="Hood",
        cost_cents=1_000_000,
        contingency_percent=20,
        lead_time_weeks=26,
    )
    WatchEntry.objects.create(kind="resource", title="Spare hood", noted_on=dt.date(2026, 1, 1), saves_cents=400_000)
    WatchEntry.objects.create(kind="adviser", title="Air Engineers", area="space", noted_on=dt.date(2026, 1, 1))
    shown = text(client, "/markets/readiness/?market=Metro&type=community")
    assert "still costs $12,000 with contingency" in shown and "26 weeks side by side" in shown
    assert "$8,000 would be left" in shown and "Air Engineers" in shown


def test_a_lapsed_protocol_takes_a_home_provider_off_the_safe_list(client, run):
    sign_in(client, "leader")
    provider = Site.objects.create(site_id="HH", name="Night Nurses", site_class="home_infusion", ownership="other", market="Metro")
    assert "No protocol is recorded for it." in text(client, "/markets/readiness/")
    item = ChecklistItem.objects.create(
        kind="protocol",
        market="Metro",
        site_type="home",
        area="workflow",
        title="Anaphylaxis",
        site=provider,
        state="done",
        checked_on=timezone.localdate(),
    )
    assert '<span class="tag good">safe</span>' in text(client, "/markets/readiness/")
    item.checked_on = dt.date(2024, 1, 1)
    item.save()
    assert "Not on the safe list: 1 of 1 required items are missing: checked too long ago Anaphylaxis." in text(
        client, "/markets/readiness/"
    )


def test_lists_are_kept_by_those_who_prepare_and_read_by_all(client, run):
    sign_in(client, "leader")
    assert client.get("/markets/lists/watch/new/").status_code == 403 and client.get("/markets/watch/").status_code == 200
    sign_in(client, "analyst")
    entry = {"kind": "entrant", "title": "TechCo Home", "noted_on": "2026-02-01", "market": ""}
    assert client.post("/markets/lists/watch/new/", entry).status_code == 302
    need = client.post("/markets/lists/watch/new/", entry | {"kind": "regulation"})
    assert need.status_code == 422 and "give a day on which this is looked at again" in need.content.decode()
    limit = {
        "partner": "Kidney Group",
        "waived_by": "Board",
        "site_types": ["home"],
        "markets": ["Metro"],
        "since": "2026-01-01",
        "until": "2025-01-01",
    }
    assert "must end after it begins" in client.post("/markets/lists/partnership/new/", limit).content.decode()
    assert client.post("/markets/lists/partnership/new/", limit | {"until": "2027-01-01"}).status_code == 302
    assert Partnership.objects.get().site_types == ["home"]
    shown = text(client, "/markets/watch/")
    assert "TechCo Home" in shown and "Kidney Group" in shown
    pk = WatchEntry.objects.get().pk
    assert (
        client.post(f"/markets/lists/watch/{pk}/delete/", {"next": "https://elsewhere.example/"})["Location"] == "/markets/watch/"
    )
    assert not WatchEntry.objects.exists() and client.get("/markets/lists/nothing/new/").status_code == 404


def test_pages_without_a_run_say_what_to_do(client, settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    sign_in(client, "council member")
    assert "An analyst has to load claims first." in text(client, "/markets/capacity/")
    assert "No market yet" in text(client, "/markets/choices/") and "undecided" not in text(client, "/")
    Site.objects.create(site_id="N", name="New", site_class="infusion_center", ownership="owned", market="Newtown")
    assert "4 of 4 choices are undecided." in text(client, "/")
    answer = client.post("/markets/choices/record/", NO | {"market": "Newtown"})
    assert answer.status_code == 302 and "No claims run was there" in text(client, answer["Location"])
    assert client.get("/markets/choices/cell/?market=Nowhere&type=home").status_code == 404
