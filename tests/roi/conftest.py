"""What scenario tests share: a published claims run with its registers, people with rights, and scenarios computed on the spot."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone

from demand import storage
from demand.models import LeakageCell, Run
from payers.models import AdministrationFee, AspLimit, DrugCode, DrugFamily, Policy, Rate
from roi.actions import compute, scenarios
from roi.engine.infusion_center import Answer, Center, default_answers
from roi.selectors.market import data_at_hand, read_market
from roi.tasks import scenario as work
from tests.roi import claims_run as claims

FIRST_MONTH = dt.date(2026, 6, 1)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Scenarios of the tests draw 200 times; the tests of the draws say how often themselves."""
    monkeypatch.setattr(compute, "DRAWS", 200)


@pytest.fixture
def published(db):
    """Claims run: 20 people of Plan A and 15 of Plan B in our hospital, 25 of Plan B elsewhere; Plan A's policy in July 2026."""
    rows = claims.everybody(range(20))
    rows += claims.everybody(range(20, 35), payer="Plan B")
    rows += claims.everybody(range(40, 65), payer="Plan B", **claims.ELSEWHERE)
    return publish(rows)


def publish(rows) -> Run:
    now = timezone.now()
    run = Run.objects.create(kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED, requested_at=now, finished_at=now)
    claims.write_run(storage.run_folder(run.pk), rows)
    nothing = {
        f"{outcome}_{what}": 0
        for outcome in ("kept", "margin_leak", "partner", "site_leak", "unknown")
        for what in ("infusions", "people", "allowed_cents")
    }
    for market in ("metro", "rural"):
        LeakageCell.objects.create(
            run=run, month=dt.date(2026, 4, 1), payer="Plan A", line_of_business="commercial", family="infliximab",
            site_class="hopd_on_campus", market=market, mature=False, **nothing,
        )  # fmt: skip
    family, _ = DrugFamily.objects.get_or_create(
        family="infliximab", defaults={"clinical_line": "gastroenterology", "chair_minutes": 165, "source": "label"}
    )
    DrugCode.objects.get_or_create(
        hcpcs_code="J1745",
        effective_from=dt.date(2000, 1, 1),
        defaults={"molecule": "infliximab", "family": family, "unit_amount": 10, "unit_of_measure": "mg", "source": "CMS"},
    )
    AspLimit.objects.get_or_create(
        hcpcs_code="J1745", quarter_start=dt.date(2025, 10, 1), defaults={"payment_limit": 53, "source": "CMS"}
    )
    AdministrationFee.objects.get_or_create(
        hcpcs_code="96413", effective_from=dt.date(2025, 1, 1), defaults={"amount": "119.36", "source": "CMS"}
    )
    for payer in ("Plan A", "Plan B"):
        Rate.objects.get_or_create(
            payer=payer,
            site_class="infusion_center",
            basis="percent_of_asp",
            effective_from=dt.date(2025, 1, 1),
            defaults={"rate": 120, "source": f"contract of {payer}"},
        )
    document = claims.policy()
    Policy.objects.get_or_create(
        policy_id=document["id"],
        defaults={
            "payer": document["payer"],
            "kind": document["kind"],
            "status": document["status"],
            "effective_from": document["effective_from"],
            "document": document,
        },
    )
    return run


def center(**changes) -> Center:
    """Every default on the newest run, opening in July 2026; `changes` are answers as text."""
    data = data_at_hand()
    answers = default_answers(FIRST_MONTH, dt.date(2026, 7, 1))
    answers |= {key: Answer(text, answers[key].source) for key, text in changes.items()}
    return Center(answers, read_market(data.run, "", FIRST_MONTH))


@pytest.fixture
def make(published):
    """make("Name", capture_leaving="80"): a scenario of one version, computed unless computed=False."""

    def make(name="A center", computed=True, user=None, **changes):
        saved = scenarios.create_scenario(user, name, center(**changes))
        if computed:
            work(saved.run.pk)
        return saved.version.scenario

    return make


@pytest.fixture
def change(published):
    """change(scenario, capture_leaving="80"): its next version, computed unless computed=False."""

    def change(scenario, computed=True, user=None, **changes):
        newest = scenario.versions.order_by("-number").first()
        before = Center.from_json(newest.inputs)
        answers = dict(before.answers) | {key: Answer(text, before.answers[key].source) for key, text in changes.items()}
        saved = scenarios.save_version(user, scenario, Center(answers, before.market), based_on=newest.number)
        if computed:
            work(saved.run.pk)
        return saved.version

    return change


def _user(name: str, *rights: str):
    user = get_user_model().objects.create_user(name, password="secret")
    for right in rights:
        app, codename = right.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


@pytest.fixture
def reader(db):
    return _user("reader", "roi.view_scenarios")


@pytest.fixture
def editor(db):
    return _user("editor", "roi.view_scenarios", "roi.edit_scenarios")


@pytest.fixture
def stranger(db):
    return _user("stranger", "demand.view_dashboard")


@pytest.fixture
def as_reader(client, reader):
    client.force_login(reader)
    return client


@pytest.fixture
def as_editor(client, editor):
    client.force_login(editor)
    return client
