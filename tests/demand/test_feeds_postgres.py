"""Feeds against a real PostgreSQL: nobody infused is lost, troubles are told in words, the password is seen nowhere."""

import csv
import logging
import os
import subprocess

import pytest
import sqlalchemy as sa
from auditlog.models import LogEntry
from django.core.management import call_command

from demand import connections, storage, tasks
from demand.actions import feeds, recompute
from demand.actions.extracts import bring_in, create_extract, delete_extract
from demand.engine.rehearsal import create_rehearsal
from demand.engine.warehouse_trouble import Trouble
from demand.models import Extract, Feed, FeedTable, Run
from payers.actions.reference import load_reference
from tests.demand.claims_database import PASSWORD, TABLES, add_people_without_infusions, fill_database

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("own_storage")]
WELL = 60
NUMBERS = {"run_id", "infusion_id"}  # the second counts people, and people without infusions too


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = tmp_path_factory.mktemp("system")
    create_rehearsal(folder, people=45, months=12, seed=5)
    add_people_without_infusions(folder, WELL)
    return folder


@pytest.fixture(scope="module")
def server(postgres, system):
    """The claims in a database of their own, and `reader` asked for the password."""
    fill_database(sqlalchemy_url(postgres, "postgres", "", postgres.create("claims")), system)
    access = postgres.folder / "data" / "pg_hba.conf"
    access.write_text("host all reader 127.0.0.1/32 scram-sha-256\n" + access.read_text())
    reload = [*postgres.prefix, str(postgres.bin / "pg_ctl"), "-D", str(postgres.folder / "data"), "reload"]
    subprocess.run(reload, check=True, cwd="/", stdout=subprocess.DEVNULL)
    return postgres


def sqlalchemy_url(server, user, password, url):
    return f"postgresql+psycopg2://{user}{password and ':'}{password}@127.0.0.1:{server.port}/{url.rpartition('/')[2]}"


@pytest.fixture
def warehouse(server, settings):
    """The connection that the server's settings name; `warehouse(sql)` runs as the database's owner."""
    settings.CLAIMS_DATABASES = {
        "Warehouse": sqlalchemy_url(server, "reader", PASSWORD, "claims"),
        "Wrong password": sqlalchemy_url(server, "reader", f"not-{PASSWORD}", "claims"),
        "Wrong database": sqlalchemy_url(server, "reader", PASSWORD, "nothing"),
        "Nobody there": f"postgresql+psycopg2://reader:{PASSWORD}@127.0.0.1:1/claims",
    }
    engine = sa.create_engine(sqlalchemy_url(server, "postgres", "", "claims"), poolclass=sa.NullPool)

    def run(sql):
        with engine.begin() as connection:
            connection.exec_driver_sql(sql)

    yield run
    engine.dispose()


def feed_of(connection="Warehouse", **changes):
    feed = Feed.objects.create(name="Payer A", connection=connection, scheduled_since="2026-01-01T00:00Z", **changes)
    for table, kind in TABLES.items():
        FeedTable.objects.create(feed=feed, kind=kind, schema="claims", table=table)
    return feed


def refreshed(feed):
    run = feeds.request_refresh(feed)
    tasks.fetch(run.pk)
    for load in Run.objects.filter(kind="load", status="queued"):
        tasks.do_load(load.pk)
    run.refresh_from_db()
    return run


def infusions(extract, folder):
    """The infusions of an extract alone, as exported."""
    run = recompute.request_recompute([extract])
    tasks.work_on(run.pk, recompute.perform_recompute)
    run.refresh_from_db()
    assert run.status == "finished", run.reason
    target = folder / f"{run.pk}.csv"
    call_command("export", "infusions", "--run", str(run.pk), "--format", "csv", "--output", str(target))
    with target.open(newline="") as stream:
        return sorted(tuple(value for name, value in row.items() if name not in NUMBERS) for row in csv.DictReader(stream))


def test_a_fetched_extract_gives_the_same_infusions_as_uploading_the_whole_tables(warehouse, system, tmp_path, capsys):
    load_reference()
    for command, name in [("load_drugs", "drugs"), ("load_sites", "sites"), ("load_prescribers", "prescribers")]:
        call_command(command, str(system / f"{name}.csv"))
    feed = feed_of()
    result = refreshed(feed).result
    fetched = Extract.objects.get(pk=result["extract"])
    assert fetched.status == "loaded", fetched.refusal
    by_feed = infusions(fetched, tmp_path)
    assert refreshed(feed).result["same_as"] == fetched.pk  # the same rows, the same bytes
    delete_extract(fetched)

    uploaded, load = create_extract(name="whole", files=[bring_in(kind, system / f"{name}.csv") for name, kind in TABLES.items()])
    tasks.do_load(load.pk)
    uploaded.refresh_from_db()
    by_upload = infusions(uploaded, tmp_path)
    assert len(by_upload) > 150 and by_feed == by_upload
    assert result["people"] < result["people_in_tables"] - WELL + 1
    for kind in ("medical", "pharmacy", "eligibility"):
        assert 0 < result["rows"][kind] <= uploaded.counts[kind]["rows_read"] - WELL
    capsys.readouterr()


def reasons(connection="Warehouse"):
    run = refreshed(feed_of(connection))
    Feed.objects.all().delete()
    return run.status, run.reason


def test_what_goes_wrong_is_told_with_what_to_do_and_nothing_is_left(warehouse, analyst, caplog):
    caplog.set_level(logging.DEBUG)
    load_reference()
    told = [
        ("Wrong password", "refused the sign-in"), ("Wrong database", "no database of the name"), ("Nobody there", "does not answer"),
    ]  # fmt: skip
    for connection, words in told:
        status, reason = reasons(connection)
        assert status == "failed" and words in reason, reason
        with pytest.raises(Trouble), connections.opened(connection):
            pass
    changes = [
        ("REVOKE SELECT ON claims.pharmacy_claim FROM reader", "permission denied", "GRANT SELECT ON claims.pharmacy_claim TO reader"),
        ("ALTER TABLE claims.eligibility RENAME person_id TO who", "no column person_id", "ALTER TABLE claims.eligibility RENAME who TO person_id"),
        ("ALTER TABLE claims.medical_claim RENAME TO moved", "claims.medical_claim is not there", "ALTER TABLE claims.moved RENAME TO medical_claim"),
        ("ALTER ROLE reader SET statement_timeout = '1ms'", "took too long", "ALTER ROLE reader RESET statement_timeout"),
    ]  # fmt: skip
    for before, words, after in changes:
        warehouse(before)
        try:
            status, reason = reasons()
        finally:
            warehouse(after)
        assert status == "failed" and words in reason, reason
    pages = "".join(analyst.get(path).content.decode() for path in ("/extracts/feeds/connections/", "/extracts/feeds/new/?connection=Wrong+password", "/runs/"))  # fmt: skip
    seen = pages + caplog.text + str(list(Run.objects.values())) + str(list(LogEntry.objects.values("changes", "additional_data")))
    assert "refused the sign-in" in pages and PASSWORD not in seen
    assert not Extract.objects.exists()
    assert not [name for folder in ("uploads", "fetches") for name in os.listdir(storage.folder(folder, "x").parent)]


def test_a_connection_cannot_change_the_database(warehouse):
    with pytest.raises(Trouble), connections.opened("Warehouse") as connection:
        connection.exec_driver_sql("CREATE TABLE claims.mine (a int)")
    warehouse("SELECT FROM claims.eligibility")


def test_rows_come_by_a_cursor_on_the_server_and_months_cut_them(warehouse):
    load_reference()
    asked = []

    def note(connection, cursor, *rest):
        asked.append(bool(getattr(cursor, "name", None)))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    feed = feed_of(lookback_months=1)
    feed.tables.filter(kind="pharmacy").update(date_column="dispensing_date")
    try:
        run = refreshed(feed)
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
    assert sum(asked) == 3  # one for each table
    assert run.result["rows"]["pharmacy"] == 0 and run.result["rows"]["medical"] > 0
