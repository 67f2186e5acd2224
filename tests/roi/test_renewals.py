"""Scenarios brought to the newest claims run as one batch: what they become, who is left, and a worker that dies in the middle."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from demand.actions import runs
from demand.models import Run
from roi.engine.market import Market
from roi.engine.typed_volumes import type_over, volumes_of
from roi.models import Scenario, ScenarioResult
from roi.tasks import scenario as work
from tests.roi import claims_run as claims
from tests.roi.conftest import publish

pytestmark = pytest.mark.django_db
RENEW, LIST = reverse("roi:renew"), reverse("roi:scenarios")


@pytest.fixture
def three(make):
    """On the first run: two of all markets, one of a market where the next run has nobody. On the next: twice the people of Plan A."""
    scenarios = [
        make("All markets", computed=False),
        make("Also all", computed=False, chairs="9"),
        make("Elsewhere", computed=False),
    ]
    version = scenarios[2].versions.get()
    version.inputs["market"]["name"] = "nowhere"
    version.save()
    publish(claims.everybody(range(40)))
    return scenarios


@pytest.fixture
def sent(monkeypatch):
    """The messages that left, as (task, run)."""
    messages = []

    def send_task(app, name, args, *_, **__):
        messages.append((name, *args))
        return app.AsyncResult("in a test")

    monkeypatch.setattr("celery.app.base.Celery.send_task", send_task)
    return messages


def post(client, scenarios, callbacks):
    with callbacks(execute=True):
        return client.post(RENEW, {"s": [scenario.pk for scenario in scenarios]}, follow=True)


def newest(scenario):
    return scenario.versions.order_by("-number").first()


def test_the_list_and_the_page_say_which_are_not_up_to_date(three, as_editor):
    assertContains(as_editor.get(LIST), "3 of 3 scenarios are not up to date")
    page = as_editor.get(RENEW)
    assert [standing.behind for standing in page.context["standings"]] == [True, True, True]
    assertContains(page, "it gets version 2, on claims run")


def test_the_same_answers_on_the_newest_run_leave_as_one_batch(three, as_editor, sent, django_capture_on_commit_callbacks):
    page = post(as_editor, three, django_capture_on_commit_callbacks)
    run = Run.objects.published().first()
    for scenario in three[:2]:
        first, second = scenario.versions.order_by("number")
        assert second.inputs["answers"] == first.inputs["answers"]
        assert second.inputs["market"]["run_id"] == run.pk
        assert second.inputs["market"]["cells"] != first.inputs["market"]["cells"]
    assert three[2].versions.count() == 1
    assertContains(page, "“Elsewhere” stays as it is.")
    queued = Run.objects.filter(kind=Run.Kind.SCENARIO, subject_id__in=[newest(each).pk for each in three[:2]])
    assert sorted(sent) == sorted(("roi.scenario", run.pk) for run in queued)
    assertContains(page, "scenarios wait for the worker")
    assert "HX-Redirect" not in as_editor.get(reverse("roi:progress"))
    for one in Run.objects.under_way():
        work(one.pk)
    assert as_editor.get(reverse("roi:progress"))["HX-Redirect"] == LIST
    assertContains(as_editor.get(LIST), "1 of 3 scenarios is not up to date")


def test_a_worker_that_dies_in_the_middle_costs_the_batch_nothing(three, as_editor, sent, django_capture_on_commit_callbacks):
    post(as_editor, three[:2], django_capture_on_commit_callbacks)
    (_, lost), (_, other) = sent
    assert runs.claim_run(lost)
    Run.objects.filter(pk=lost).update(worker="gone:1")
    work(other)
    runs.release_worker("gone:1", crashed=True)
    assert runs.sweep() == [lost]
    work(lost)
    for scenario in three[:2]:
        assert ScenarioResult.objects.filter(version=newest(scenario)).count() == 1


def test_messages_that_never_arrive_leave_the_batch_to_the_sweeper(
    three, as_editor, monkeypatch, django_capture_on_commit_callbacks
):
    def down(*args, **kwargs):
        raise ConnectionRefusedError("no route")

    monkeypatch.setattr("celery.app.base.Celery.send_task", down)
    post(as_editor, three[:2], django_capture_on_commit_callbacks)
    batch = Run.objects.under_way().filter(subject_id__in=[newest(each).pk for each in three[:2]])
    batch.update(requested_at=timezone.now() - timedelta(minutes=1))
    assert set(batch.values_list("pk", flat=True)) <= set(runs.sweep())
    assert batch.count() == 2


def test_on_the_newest_run_an_older_engines_result_is_computed_again_with_its_seed(make, as_editor, published):
    scenario = make()
    assertContains(as_editor.get(RENEW), "nothing: it is up to date")
    assertNotContains(as_editor.get(LIST), "not up to date")
    before = Run.objects.filter(kind=Run.Kind.SCENARIO)
    before.update(engine_version="before", input_hash="before", parameters={"seed": 5, "draws": 300})
    assertContains(as_editor.get(RENEW), "version 1 is computed again")
    as_editor.post(RENEW, {"s": [scenario.pk]})
    again = Run.objects.under_way().get()
    assert again.parameters == {"seed": 5, "draws": 300}
    assert Scenario.objects.get().versions.count() == 1


def test_nothing_chosen_changes_nothing(three, as_editor):
    answer = as_editor.post(RENEW, {"s": ["x", "999"]})
    assertRedirects(answer, RENEW)
    assert all(each.versions.count() == 1 for each in three)


def test_a_reader_sees_that_they_are_not_up_to_date_and_cannot_change_it(three, as_reader):
    page = as_reader.get(LIST)
    assertContains(page, "are not up to date")
    assertNotContains(page, RENEW)
    assert as_reader.post(RENEW, {"s": [three[0].pk]}).status_code == 403


def test_without_a_claims_run_there_is_nothing_to_do(as_editor):
    assertContains(as_editor.get(RENEW), "load claims first")


def test_what_was_typed_over_is_carried_and_never_dropped(three, as_editor, sent, django_capture_on_commit_callbacks):
    """Plan A has twice the people now: the typed number stays, beside what is measured now. Plan B has none: that scenario is left."""
    for scenario, payer in zip(three[:2], ("Plan A", "Plan B"), strict=True):
        version = scenario.versions.get()
        market = Market.from_json(version.inputs["market"])
        key = next(volume.key for volume in volumes_of(market) if volume.key.payer == payer)
        version.inputs["market"] = type_over(market, key, Decimal(25), "They said so", "Managed care").as_json()
        version.save()
    page = post(as_editor, three[:2], django_capture_on_commit_callbacks)
    carried = volumes_of(Market.from_json(newest(three[0]).inputs["market"]))[0]
    assert (carried.measured, carried.used, carried.typed.said_by) == (40, 25, "Managed care")
    assert newest(three[1]).number == 1
    assertContains(page, "A volume that was typed over is not among those of that claims run")
