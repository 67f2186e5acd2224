"""A published run of a seeded market, as pages and API read it: facts in storage, leakage cells in the database."""

import datetime as dt

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


def publish(people: int = 200) -> Run:
    now = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    run = Run.objects.create(
        kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED, requested_at=now, published_at=now, inputs={"extracts": []}
    )
    facts = market(people=people)
    write_facts(storage.run_folder(run.pk), facts)
    LeakageCell.objects.bulk_create(_cells(run, facts[facts["attributed"]]))
    return run


def _cells(run, facts):
    for labels, rows in facts.groupby(LABELS, dropna=False, sort=True):
        measures = {}
        for outcome in OUTCOMES:
            part = rows[rows["outcome"] == outcome]
            measures |= {
                f"{outcome}_infusions": len(part),
                f"{outcome}_people": part["person_no"].nunique(),
                f"{outcome}_allowed_cents": int(part["allowed_cents"].fillna(0).sum()),
            }
        yield LeakageCell(run=run, **dict(zip(LABELS, labels, strict=True)), **measures)
