"""Feeds as an analyst meets them: the form, refreshing, the history, schedules, and what may never be seen. Databases are SQLite here."""

import json
import logging
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from demand import storage, tasks
from demand.actions import feeds, runs
from demand.models import Extract, Feed, Run
from payers.models import DrugCode, DrugFamily

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
SECRET = "hush-4711"
NEW = "/extracts/feeds/new/"


@pytest.fixture
def warehouse(settings, tmp_path, db):
    """A connection “Warehouse” with claims of two infused people and twelve who are not."""
    DrugFamily.objects.create(family="infliximab", clinical_line="gi", source="test")
    DrugCode.objects.create(
        hcpcs_code="J1745",
        effective_from="2017-01-01",
        molecule="infliximab",
        family_id="infliximab",
        unit_amount=10,
        unit_of_measure="mg",
        source="test",
    )
    path = tmp_path / f"{SECRET}.sqlite3"
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE medical (claim_id TEXT, claim_line_number INTEGER, person_id TEXT, claim_start_date DATE, hcpcs_code TEXT,
            service_unit_quantity NUMERIC, paid_amount NUMERIC(12, 2), paid_date DATE, data_source TEXT, last_name TEXT);
        CREATE TABLE eligibility (person_id TEXT, enrollment_start_date DATE, data_source TEXT);
        CREATE TABLE own_words (member_key TEXT, proc TEXT, svc_dt TEXT, phone TEXT);
    """)
    for number in range(14):
        code = "J1745" if number < 2 else "99213"
        database.execute("INSERT INTO medical VALUES (?, 1, ?, '2025-01-05', ?, 40, 100.25, '2025-02-01', 'acme', 'Roe')", (f"c{number}", f"p{number}", code))  # fmt: skip
        database.execute("INSERT INTO eligibility VALUES (?, '2024-01-01', 'acme')", (f"p{number}",))
    database.execute("INSERT INTO own_words VALUES ('k1', 'J1745', '2025-01-05', '555')")
    database.commit()
    settings.CLAIMS_DATABASES = {"Warehouse": f"sqlite:///{path}"}
    yield database
    database.close()


def said(answer):
    return answer.content.decode()


def form(**changes):
    return {
        "connection": "Warehouse", "name": "Payer A", "perspective": "payer", "schedule": "never", "hour": "3", "lookback_months": "",
        "medical_table": "main.medical", "eligibility_table": "main.eligibility", **changes,
    }  # fmt: skip


def saved(client, **changes):
    answer = client.post(NEW, form(**changes))
    assert answer.status_code == 302, said(answer)
    return Feed.objects.latest("pk")


def refreshed(client, feed):
    client.post(f"/extracts/feeds/{feed.pk}/refresh/")
    run = Run.objects.filter(kind="fetch", subject_id=feed.pk).latest("pk")
    tasks.fetch(run.pk)
    for load in Run.objects.filter(kind="load", status="queued"):
        tasks.do_load(load.pk)
    run.refresh_from_db()
    return run


def page(client, feed):
    return said(client.get(f"/extracts/feeds/{feed.pk}/"))


def test_without_a_connection_the_pages_say_what_the_administrator_must_do(analyst):
    for path in ("/extracts/feeds/", NEW):
        html = said(analyst.get(path))
        assert "No connection is set: the administrator of this server" in html and "CLAIMS_DATABASES" in html


def test_from_the_form_to_a_loaded_extract(analyst, warehouse):
    html = said(analyst.get(NEW))
    assert "main.medical" in html and "main.own_words" in html
    feed = saved(analyst, schedule="daily")
    assert "The first refresh begins by itself" in page(analyst, feed)
    run = refreshed(analyst, feed)
    extract = Extract.objects.get()
    assert extract.name == "Payer A" and extract.status == "loaded"
    assert extract.counts["medical"]["accepted"] == 2 and extract.counts["eligibility"]["accepted"] == 2
    assert {**run.result, "load": 0} == {
        "people_in_tables": 14, "people": 2, "rows": {"medical": 2, "eligibility": 2}, "extract": extract.pk,
        "extract_name": extract.name, "load": 0,
    }  # fmt: skip
    assert "2 of the 14 people in the tables have infusion-relevant lines" in page(analyst, feed)
    origin = said(analyst.get(f"/extracts/{extract.pk}/"))
    assert "Fetched from a database" in origin and "2 with infusion-relevant lines, of 14 in the tables" in origin
    assert "Payer A" in said(analyst.get("/extracts/feeds/")) and feed.name in said(analyst.get(f"/runs/{run.pk}/"))
    assert not list(storage.folder("uploads", "x").parent.iterdir()) and not list(storage.fetch_folder(0).parent.iterdir())


def test_the_same_rows_again_are_nothing_new_and_new_rows_a_new_version(analyst, warehouse):
    feed = saved(analyst)
    refreshed(analyst, feed)
    second = refreshed(analyst, feed)
    assert second.result["same_as"] == Extract.objects.get().pk and "Nothing new" in page(analyst, feed)
    warehouse.execute("INSERT INTO medical VALUES ('c9', 2, 'p1', '2025-03-05', 'J1745', 40, 7, '2025-04-01', 'acme', 'Roe')")
    warehouse.commit()
    third = refreshed(analyst, feed)
    extract = Extract.objects.get(pk=third.result["extract"])
    assert (extract.version, extract.counts["medical"]["duplicate"], extract.counts["medical"]["accepted"]) == (2, 0, 3)
    assert [version.status for version in Extract.objects.order_by("version")] == ["replaced", "loaded"]
    assert not list(storage.folder("uploads", "x").parent.iterdir())


def test_small_counts_of_people_are_hidden_from_those_without_the_right(analyst, client, warehouse):
    feed = saved(analyst)
    refreshed(analyst, feed)
    council = User.objects.create_user("cora")
    council.groups.add(Group.objects.get(name="council member"))
    client.force_login(council)
    for html in (
        page(client, feed),
        said(client.get(f"/extracts/{Extract.objects.get().pk}/")),
        said(client.get("/extracts/feeds/")),
    ):
        assert 'class="hidden-count"' in html and "2 of the 14" not in html and "Refresh now" not in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"medical_table": ""}, "Choose the table of medical or of pharmacy claims"),
        ({"medical_table": "main.secrets"}, "Select a valid choice"),
        ({"medical_table": "main.own_words"}, "No column is named person_id or patient_id: choose"),
        ({"medical_table": "main.own_words", "medical_person": "member_key"}, "No column is named hcpcs_code: choose"),
        ({"medical_table": "main.own_words", "medical_person": "x; DROP", "medical_code": "proc"}, "Select a valid choice"),
        ({"medical_table": "main.own_words", "medical_person": "member_key", "medical_code": "proc", "lookback_months": "24"},
         "no column of a date type"),
        ({"lookback_months": "0"}, "greater than or equal to 1"),
        ({"hour": "24"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_work_says_why(analyst, warehouse, changes, sentence):
    answer = analyst.post(NEW, form(**changes))
    assert answer.status_code == 422 and sentence in said(answer) and "Nothing was saved" in said(answer)
    assert not Feed.objects.exists()


def test_a_name_in_use_is_refused_and_a_feeds_own_name_is_not(analyst, warehouse):
    feed = saved(analyst)
    assert "exists already" in said(analyst.post(NEW, form()))
    answer = analyst.post(f"/extracts/feeds/{feed.pk}/edit/", form(lookback_months="24"))
    feed.refresh_from_db()
    assert answer.status_code == 302 and feed.lookback_months == 24
    assert feed.tables.get(kind="medical").date_column == "claim_start_date" and "in the last 24 months" in page(analyst, feed)
    assert 'value="main.medical" selected' in said(analyst.get(f"/extracts/feeds/{feed.pk}/edit/"))


def test_choosing_a_table_brings_its_columns(analyst, warehouse):
    part = said(analyst.get("/extracts/feeds/table/?connection=Warehouse&kind=medical&medical_table=main.own_words"))
    assert "<html" not in part and "member_key" in part and "columns have names of their own" in part
    part = said(analyst.get("/extracts/feeds/table/?connection=Warehouse&kind=medical&medical_table=main.medical"))
    assert "Found by its name: person_id" in part and "9 columns are read; 1 other stays in the database" in part
    assert "No connection named" in said(analyst.get("/extracts/feeds/table/?connection=Other&kind=medical"))


def test_a_table_in_another_layout_is_fetched_and_the_load_decides(analyst, warehouse):
    feed = saved(analyst, medical_table="main.own_words", medical_person="member_key", medical_code="proc", eligibility_table="")
    run = refreshed(analyst, feed)
    extract = Extract.objects.get(pk=run.result["extract"])
    assert extract.status == "unmapped" and "own_words.parquet" in extract.refusal
    assert "Fetched, and not loaded" in page(analyst, feed)
    form = analyst.get(f"/extracts/{extract.pk}/mapping/", follow=True).content.decode()
    assert "What do these columns mean?" in form and "member_key" in form


def test_a_table_that_is_gone_is_said_on_the_page_and_on_the_form(analyst, warehouse):
    feed = saved(analyst)
    warehouse.execute("DROP TABLE medical")
    assert refreshed(analyst, feed).status == "failed"
    assert "The table main.medical is not there any more" in page(analyst, feed) and "last refresh failed" in page(analyst, feed)
    assert "Not in the database any more" in said(analyst.get(f"/extracts/feeds/{feed.pk}/edit/"))


def test_a_connection_that_is_set_no_more(analyst, warehouse, settings):
    feed = saved(analyst)
    settings.CLAIMS_DATABASES = {"Other": "sqlite://"}
    assert "No connection named “Warehouse” is set" in refreshed(analyst, feed).reason
    assert "so this feed cannot be refreshed" in page(analyst, feed)
    assert "Which database?" in said(analyst.get(f"/extracts/feeds/{feed.pk}/edit/"))


@pytest.mark.parametrize("address", [f"nothing://ann:{SECRET}@host/x", f"no address {SECRET}", f"postgresql+psycopg2://ann:{SECRET}@127.0.0.1:port/x", f"sqlite:////{SECRET}/nowhere/x", f"oracle+cx_oracle://ann:{SECRET}@host/x"])  # fmt: skip
def test_what_is_wrong_with_an_address_is_said_without_it(analyst, settings, caplog, address):
    caplog.set_level(logging.DEBUG)
    settings.CLAIMS_DATABASES = {"Warehouse": address}
    state, new = said(analyst.get("/extracts/feeds/connections/")), said(analyst.get(f"{NEW}?connection=Warehouse"))
    assert "does not work" in state and "does not work" in new
    assert SECRET not in state + new + caplog.text


def test_nothing_of_address_and_rows_is_seen_anywhere(analyst, warehouse, caplog):
    caplog.set_level(logging.DEBUG)
    feed = saved(analyst)
    refreshed(analyst, feed)
    seen = caplog.text + "".join(
        said(analyst.get(path))
        for path in (
            "/extracts/feeds/",
            "/extracts/feeds/connections/",
            NEW,
            f"/extracts/feeds/{feed.pk}/",
            f"/extracts/feeds/{feed.pk}/edit/",
            "/runs/",
        )
    )
    kept = str(list(Run.objects.values())) + str(list(LogEntry.objects.values("changes", "additional_data", "object_repr")))
    assert SECRET not in seen + kept and "Roe" not in seen + kept


def test_settings_hide_the_addresses_from_error_pages(settings):
    from django.views.debug import SafeExceptionReporterFilter

    from infusion_strategy.settings import Address

    settings.CLAIMS_DATABASES = {"Warehouse": Address(f"sqlite:///{SECRET}")}
    assert SECRET not in repr(SafeExceptionReporterFilter().get_safe_settings()["CLAIMS_DATABASES"])


def test_what_is_done_to_a_feed_is_in_the_audit_log(analyst, warehouse):
    feed = saved(analyst)
    analyst.post(f"/extracts/feeds/{feed.pk}/edit/", form(data_source="acme"))
    refreshed(analyst, feed)
    analyst.post(f"/extracts/feeds/{feed.pk}/delete/")
    did = list(
        LogEntry.objects.filter(additional_data__did__isnull=False)
        .order_by("pk")
        .values_list("additional_data__did", "actor__username")
    )
    words = ["created the feed", "changed the feed", "asked for a refresh", "fetched from a database", "deleted the feed"]
    assert did == [(word, "ann") for word in words]


def test_deleting_asks_first_and_leaves_the_extracts(analyst, warehouse):
    feed = saved(analyst)
    refreshed(analyst, feed)
    assert "Delete this feed?" in said(analyst.get(f"/extracts/feeds/{feed.pk}/delete/"))
    answer = analyst.post(f"/extracts/feeds/{feed.pk}/delete/", follow=True)
    assert "still there" in said(answer) and not Feed.objects.exists() and Extract.objects.count() == 1
    assert "deleted since" in said(analyst.get(f"/extracts/{Extract.objects.get().pk}/"))


def test_one_refresh_at_a_time_and_none_is_deleted_under_way(analyst, warehouse):
    feed = saved(analyst)
    for _ in range(2):
        analyst.post(f"/extracts/feeds/{feed.pk}/refresh/")
    assert Run.objects.filter(kind="fetch").count() == 1
    part = said(analyst.get(f"/extracts/feeds/{feed.pk}/", headers={"HX-Request": "true"}))
    assert 'hx-trigger="every 1s"' in part and "Waiting for the worker" in part
    assert "is being refreshed" in said(analyst.post(f"/extracts/feeds/{feed.pk}/delete/", follow=True)) and Feed.objects.exists()


def scheduled(schedule="daily", since="2026-03-01T00:00Z"):
    return Feed.objects.create(name="Nightly", connection="Warehouse", schedule=schedule, hour=3, scheduled_since=since)


def noon(day, hour=12):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_a_feed_whose_hour_has_come_is_refreshed_once(db):
    scheduled()
    assert not feeds.request_due(noon(1, 2))
    (run,) = feeds.request_due(noon(1, 4))
    assert not feeds.request_due(noon(1, 5))  # it waits
    Run.objects.update(status="failed", requested_at=noon(1, 4))
    assert not feeds.request_due(noon(1, 23))  # a failed one is not begun again before the next day
    (second,) = feeds.request_due(noon(4))  # three nights were missed: one refresh
    Run.objects.filter(pk=second.pk).update(status="finished", requested_at=noon(4))
    assert not feeds.request_due(noon(4, 13)) and run.pk != second.pk
    assert LogEntry.objects.filter(additional_data__did="refresh started on schedule").count() == 2


def test_a_new_schedule_makes_up_for_nothing_and_never_is_never(db):
    feed = scheduled(since="2026-03-01T10:00Z")
    assert not feeds.request_due(noon(1))
    Feed.objects.filter(pk=feed.pk).update(schedule="never")
    assert not feeds.request_due(noon(9))


def test_a_refresh_still_under_way_at_the_hour_is_waited_for(db):
    scheduled()
    (run,) = feeds.request_due(noon(1))
    Run.objects.update(requested_at=noon(1))
    assert not feeds.request_due(noon(2))
    Run.objects.filter(pk=run.pk).update(status="finished")
    assert len(feeds.request_due(noon(2))) == 1


def test_beat_sends_the_task_that_looks(settings, db):
    from infusion_strategy.celery import app

    (entry,) = settings.CELERY_BEAT_SCHEDULE.values()
    assert entry["task"] in app.tasks and entry["schedule"] <= 60
    scheduled(since=datetime.now(UTC) - timedelta(days=3))
    tasks.start_due_feeds()
    assert Run.objects.get().status == "queued"


def test_what_a_dead_worker_left_is_removed(db):
    run = runs.request_run(Run.Kind.FETCH, inputs={"a": 1})
    claim = runs.claim_run(run.pk)
    left = storage.attempt_folder(storage.fetch_folder(run.pk), claim.token)
    (left / "medical.csv").write_text("P1")
    feeds.remove_leavings()
    assert left.exists()  # somebody is at work
    Run.objects.update(status="failed")
    tasks.sweep()
    assert not left.exists()


def test_the_command_fetches_loads_and_says_so(analyst, warehouse, capsys):
    feed = saved(analyst)
    call_command("fetch_feed", feed.name, "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["people"], answer["nothing_new"], answer["loaded"]["medical"]["accepted"]) == (2, False, 2)
    call_command("fetch_feed", feed.name)
    assert "Nothing new: extract “Payer A” holds" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"No feed is called “Payer B”\. Feeds: “Payer A”"):
        call_command("fetch_feed", "Payer B")
    warehouse.execute("DROP TABLE medical")
    with pytest.raises(CommandError, match="not there any more"):
        call_command("fetch_feed", feed.name)


def test_the_command_leaves_a_refresh_that_is_at_work_alone(analyst, warehouse):
    feed = saved(analyst)
    runs.claim_run(feeds.request_refresh(feed).pk)
    with pytest.raises(CommandError, match="in another process"):
        call_command("fetch_feed", feed.name)


@pytest.mark.parametrize("given", [f'{{"Warehouse": {SECRET}', '["a"]', '{"Warehouse": 5}'])
def test_a_setting_that_is_no_json_is_refused_without_its_text(monkeypatch, given):
    from django.core.exceptions import ImproperlyConfigured

    from infusion_strategy import settings

    monkeypatch.setenv("CLAIMS_DATABASES", given)
    with pytest.raises(ImproperlyConfigured, match="CLAIMS_DATABASES must be one JSON object") as refusal:
        settings._claims_databases()
    assert SECRET not in str(refusal.value) and refusal.value.__cause__ is None
