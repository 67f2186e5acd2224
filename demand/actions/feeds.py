"""Feeds: saved, refreshed, started on schedule. A refresh is a run that fetches, and ends by asking for an ordinary load."""

import hashlib
import os
import shutil
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from demand import connections, storage
from demand.actions import runs
from demand.actions.extracts import IncomingFile, Refused, create_extract, discard_uploads, extract_of, new_stored_name
from demand.audit import note
from demand.engine import warehouse
from demand.engine.schedule import last_due, months_back
from demand.engine.warehouse_trouble import Trouble
from demand.models import Extract, Feed, FeedTable, Run
from payers.models import DrugCode, Ndc, ServiceCode


@transaction.atomic
def save_feed(feed: Feed | None, values: dict, tables: list[FeedTable], user) -> Feed:
    """Make a feed or change it. A new schedule counts from now on: hours that have passed are not made up for."""
    new = feed is None
    feed = feed or Feed(created_by=user)
    if new or (feed.schedule, feed.hour) != (values["schedule"], values["hour"]):
        feed.scheduled_since = timezone.now()
    for name, value in values.items():
        setattr(feed, name, value)
    feed.save()
    feed.tables.all().delete()
    for table in tables:
        table.feed = feed
    FeedTable.objects.bulk_create(tables)
    note(user, feed, "created the feed" if new else "changed the feed", connection=feed.connection, tables=list(map(str, tables)))
    return feed


@transaction.atomic
def delete_feed(feed: Feed, user) -> None:
    """The extracts that it brought stay."""
    if Run.objects.under_way().filter(kind=Run.Kind.FETCH, subject_id=feed.pk).exists():
        raise Refused(f"“{feed.name}” is being refreshed; wait until that has ended, then delete it.")
    note(user, feed, "deleted the feed")
    feed.delete()


@transaction.atomic
def request_refresh(feed: Feed, user=None) -> Run:
    """Ask for a refresh; while one is under way, that one is returned."""
    locked = Feed.objects.select_for_update().get(pk=feed.pk)
    refreshes = Run.objects.filter(kind=Run.Kind.FETCH, subject_id=locked.pk)
    live = refreshes.under_way().first()
    if live:
        return live
    newest = refreshes.order_by("-pk").values_list("pk", flat=True).first()
    run = runs.request_run(Run.Kind.FETCH, subject_id=locked.pk, inputs={"feed": locked.pk, "after": newest}, user=user)
    note(user, locked, "asked for a refresh" if user else "refresh started on schedule", run=run.pk)
    return run


def request_due(now: datetime) -> list[Run]:
    """Ask for the refreshes that are due: one for each feed whose hour has come, however many were missed."""
    asked = []
    for pk in Feed.objects.exclude(schedule=Feed.Schedule.NEVER).values_list("pk", flat=True):
        with transaction.atomic():
            feed = Feed.objects.select_for_update().filter(pk=pk).first()
            if feed and _is_due(feed, now):
                asked.append(request_refresh(feed))
    return asked


def _is_due(feed: Feed, now: datetime) -> bool:
    due = last_due(feed.schedule, feed.hour, now)
    if due is None or due < feed.scheduled_since:
        return False
    refreshes = Run.objects.filter(kind=Run.Kind.FETCH, subject_id=feed.pk)
    # One that is under way since before the hour is waited for: the next look starts another.
    return not (refreshes.filter(requested_at__gte=due).exists() or refreshes.under_way().exists())


def relevant_codes() -> warehouse.Codes:
    """What makes a person infusion-relevant: every drug, service and NDC of the reference."""
    services = ServiceCode.objects.values_list("hcpcs_code", flat=True)
    return warehouse.Codes(
        hcpcs=frozenset([*DrugCode.objects.values_list("hcpcs_code", flat=True), *services]),
        ndcs=frozenset(Ndc.objects.values_list("ndc_code", flat=True)),
    )


def choice_of(table: FeedTable) -> warehouse.TableChoice:
    return warehouse.TableChoice(table.kind, table.schema, table.table, table.person_column, table.code_column, table.date_column)


def perform_fetch(claim: runs.Claim) -> None:
    """Fetch the claimed run's feed, make an extract of what came and ask for its load; or say why not."""
    run = Run.objects.get(pk=claim.run_id)
    feed = Feed.objects.prefetch_related("tables").filter(pk=run.subject_id).first()
    if feed is None:
        runs.fail_run(claim, "The feed was deleted before its refresh began.")
        return
    report = runs.StageReport(claim)
    final = storage.fetch_folder(run.pk)
    attempt = storage.attempt_folder(final, claim.token)
    attempt.chmod(0o700)
    incoming: list[IncomingFile] = []
    try:
        with runs.keep_alive(claim):
            fetched = _fetch(feed, attempt, report)
            incoming = [_incoming(feed, kind, path) for kind, path in fetched.files.items()]
        result = {"people_in_tables": fetched.people_in_tables, "people": fetched.people, "rows": fetched.rows}
        runs.finish_run(
            claim, result=result, stages=report.finished(), publish=lambda: _publish(run, feed, fetched, incoming, result)
        )
    except Trouble as trouble:
        runs.fail_run(claim, trouble.sentence)
    except Exception:
        discard_uploads(file.stored_name for file in incoming)  # what had been handed over when the transaction was undone
        raise
    finally:
        storage.remove_attempts(final)


def _fetch(feed: Feed, folder: Path, report: runs.StageReport) -> warehouse.Fetched:
    since = months_back(timezone.now().date(), feed.lookback_months) if feed.lookback_months else None
    choices = [choice_of(table) for table in feed.tables.all()]
    with connections.opened(feed.connection, seconds=None) as connection:
        return warehouse.fetch(connection, choices, relevant_codes(), since, folder, settings.PIPELINE_MEMORY_LIMIT, report)


def _incoming(feed: Feed, kind: str, path: Path) -> IncomingFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    table = next(str(table) for table in feed.tables.all() if table.kind == kind)
    return IncomingFile(kind, f"{table}.parquet", new_stored_name(), digest, path.stat().st_size)


def _publish(run: Run, feed: Feed, fetched: warehouse.Fetched, incoming: list[IncomingFile], result: dict) -> None:
    """Inside the run's last transaction: the extract and its load, or the word that nothing is new."""
    earlier = extract_of(incoming)
    if earlier:
        result |= {"same_as": earlier.pk, "same_as_name": str(earlier)}
    else:
        for file in incoming:
            os.replace(fetched.files[file.kind], storage.upload_path(file.stored_name))
        extract, load = create_extract(
            name=_free_name(feed), corrects=_replaced(feed), files=incoming, perspective=feed.perspective,
            data_source=feed.data_source, user=run.requested_by,
        )  # fmt: skip
        result |= {"extract": extract.pk, "extract_name": str(extract), "load": load.pk}
        note(
            run.requested_by,
            extract,
            "fetched from a database",
            feed=feed.pk,
            rows=fetched.rows,
            sha256=[file.sha256[:12] for file in incoming],
        )
    Run.objects.filter(pk=run.pk).update(result=result)


def _replaced(feed: Feed) -> Extract | None:
    """What a refresh takes the place of: a feed of all rows brings a new version of one extract, one of recent rows another extract."""
    if feed.lookback_months:
        return None
    earlier = Run.objects.filter(kind=Run.Kind.FETCH, subject_id=feed.pk, status=Run.Status.FINISHED).order_by("-pk")
    brought = [run.result["extract"] for run in earlier if "extract" in run.result]
    return Extract.objects.filter(pk__in=brought, status=Extract.Status.LOADED).order_by("-pk").first()


def _free_name(feed: Feed) -> str:
    """The feed, and the day where each day brings an extract of its own; a second one of the name has a number."""
    name = f"{feed.name}, {timezone.now():%Y-%m-%d}" if feed.lookback_months else feed.name
    taken = set(Extract.objects.filter(name__startswith=name).exclude(status=Extract.Status.REFUSED).values_list("name", flat=True))
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def remove_leavings() -> None:
    """What a worker that died in the middle of a fetch left holds people's ids: it goes as soon as nobody is at work on it."""
    for left in storage.fetch_folder(0).parent.glob("*.attempt*"):
        number = left.name.partition(".")[0]
        if number.isdecimal() and not Run.objects.filter(pk=int(number), status=Run.Status.RUNNING).exists():
            shutil.rmtree(left, ignore_errors=True)
