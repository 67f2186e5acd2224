"""A published run of a seeded market, as pages and API read it: facts in storage, leakage cells in the database."""

import datetime as dt
from functools import lru_cache

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
    path = write_facts(storage.run_folder(run.pk), _market(people, months))
    columns, rows = _cells(str(path), (people, months))
    LeakageCell.objects.bulk_create(LeakageCell(run=run, **dict(zip(columns, row, strict=True))) for row in rows)
    return run


@lru_cache
def _market(people: int, months: int):
    return market(people=people, months=months)


_known: dict[tuple[int, int], tuple] = {}


def _cells(path: str, size: tuple[int, int]) -> tuple[list[str], list[tuple]]:
    """The leakage table of the facts: one row per month, payer, line of business, family, site class and market."""
    if size not in _known:
        measures = ", ".join(
            f"count(*) FILTER (outcome = '{outcome}') AS {outcome}_infusions, "
            f"count(DISTINCT person_no) FILTER (outcome = '{outcome}') AS {outcome}_people, "
            f"CAST(coalesce(sum(allowed_cents) FILTER (outcome = '{outcome}'), 0) AS BIGINT) AS {outcome}_allowed_cents"
            for outcome in OUTCOMES
        )
        with duckdb.connect() as connection:
            query = connection.execute(
                f"SELECT {', '.join(LABELS)}, {measures} FROM read_parquet(?) WHERE attributed GROUP BY ALL ORDER BY ALL", [path]
            )
            _known[size] = [column[0] for column in query.description], query.fetchall()
    return _known[size]
