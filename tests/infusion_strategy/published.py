"""A published run of a seeded market, as pages and API read it: facts in storage, leakage cells in the database."""

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path

import duckdb
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from demand import storage
from demand.models import LeakageCell, Run
from tests.demand.facts_files import market, write_facts

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")
LABELS = ["month", "payer", "line_of_business", "family", "site_class", "market", "mature"]


def sign_in(client, role: str):
    """A client signed in as a new user of that role."""
    user = get_user_model().objects.create_user(role.replace(" ", "-"))
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


def publish(people: int = 200, months: int = 24) -> Run:
    now = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    run = Run.objects.create(
        kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED, requested_at=now, published_at=now, inputs={"extracts": []}
    )
    facts, columns, rows = _seeded(people, months)
    folder = storage.run_folder(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(facts, folder)
    LeakageCell.objects.bulk_create(LeakageCell(run=run, **dict(zip(columns, row, strict=True))) for row in rows)
    return run


@cache
def _seeded(people: int, months: int) -> tuple[Path, list[str], list[tuple]]:
    """A seeded market's facts.parquet and the leakage table of it (one row per month, payer, line of business, family, site class
    and market: columns, rows), made once a test session."""
    folder = Path(tempfile.mkdtemp(prefix="published-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    facts = write_facts(folder, market(people=people, months=months))
    measures = ", ".join(
        f"count(*) FILTER (outcome = '{outcome}') AS {outcome}_infusions, "
        f"count(DISTINCT person_no) FILTER (outcome = '{outcome}') AS {outcome}_people, "
        f"CAST(coalesce(sum(allowed_cents) FILTER (outcome = '{outcome}'), 0) AS BIGINT) AS {outcome}_allowed_cents"
        for outcome in OUTCOMES
    )
    with duckdb.connect() as connection:
        query = connection.execute(
            f"SELECT {', '.join(LABELS)}, {measures} FROM read_parquet(?) WHERE attributed GROUP BY ALL ORDER BY ALL", [str(facts)]
        )
        return facts, [column[0] for column in query.description], query.fetchall()
