"""A run's life in the database: claimed once, kept by heartbeats, fenced against the worker that came back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from demand.actions import runs
from demand.models import Run

pytestmark = pytest.mark.django_db


def ask(kind=Run.Kind.SCENARIO, **fields):
    return runs.request_run(kind, **{"inputs": {"a": 1}, **fields})


def expire(run):
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_asking_the_same_question_again_returns_the_same_run():
    first = ask()
    assert ask().pk == first.pk
    assert ask(inputs={"a": 2}).pk != first.pk
    assert ask(engine_version="other").pk != first.pk


def test_a_failed_run_is_no_answer_and_is_asked_anew():
    first = ask()
    runs.fail_run(runs.claim_run(first.pk), "The disk is full.")
    assert ask().pk != first.pk


def test_asking_again_for_a_finished_recomputation_makes_it_the_one_that_pages_show():
    older, newer = ask(Run.Kind.RECOMPUTE), None
    runs.finish_run(runs.claim_run(older.pk), result={}, publish=lambda: None)
    newer = ask(Run.Kind.RECOMPUTE, inputs={"a": 2})
    runs.finish_run(runs.claim_run(newer.pk), result={}, publish=lambda: None)
    assert Run.objects.published().first() == newer
    ask(Run.Kind.RECOMPUTE)
    assert Run.objects.published().first() == older


def test_a_newer_request_replaces_a_recomputation_that_has_not_begun():
    waiting = ask(Run.Kind.RECOMPUTE)
    newer = ask(Run.Kind.RECOMPUTE, inputs={"a": 2})
    waiting.refresh_from_db()
    assert waiting.status == Run.Status.REPLACED
    assert newer.status == Run.Status.QUEUED


def test_only_one_worker_gets_a_run():
    run = ask()
    assert runs.claim_run(run.pk) is not None
    assert runs.claim_run(run.pk) is None


def test_loads_go_one_after_another():
    first, second = ask(Run.Kind.LOAD, subject_id=1), ask(Run.Kind.LOAD, subject_id=2)
    claim = runs.claim_run(first.pk)
    assert runs.claim_run(second.pk) is None
    runs.finish_run(claim, result={}, publish=lambda: None)
    assert runs.claim_run(second.pk) is not None


def test_a_worker_that_was_thought_dead_can_write_nothing():
    run = ask()
    ghost = runs.claim_run(run.pk)
    expire(run)
    assert runs.sweep() == [run.pk]
    successor = runs.claim_run(run.pk)
    published = []
    with pytest.raises(runs.LostLease):
        runs.beat(ghost)
    with pytest.raises(runs.LostLease):
        runs.finish_run(ghost, result={}, publish=lambda: published.append("ghost"))
    assert not runs.fail_run(ghost, "I failed.")
    runs.finish_run(successor, result={"n": 1}, publish=lambda: published.append("successor"))
    run.refresh_from_db()
    assert (published, run.status, run.attempt, run.result) == (["successor"], Run.Status.FINISHED, 2, {"n": 1})


def test_a_publication_that_fails_leaves_the_run_unfinished():
    run = ask()
    claim = runs.claim_run(run.pk)

    def broken():
        raise OSError("no space left")

    with pytest.raises(OSError):
        runs.finish_run(claim, result={}, publish=broken)
    run.refresh_from_db()
    assert run.status == Run.Status.RUNNING


def test_a_run_is_failed_after_its_last_attempt_with_a_reason_that_names_the_stage():
    run = ask()
    for _ in range(runs.MAX_ATTEMPTS):
        runs.beat(runs.claim_run(run.pk), stage="infusions")
        expire(run)
        runs.sweep()
    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert "infusions" in run.reason and "Nothing was published" in run.reason


def test_a_living_run_is_left_alone_by_the_sweeper_and_a_lost_message_is_sent_again():
    living, lost = ask(), ask(inputs={"a": 2})
    runs.claim_run(living.pk)
    assert runs.sweep() == []
    Run.objects.filter(pk=lost.pk).update(requested_at=timezone.now() - 2 * runs.MESSAGE_PATIENCE)
    assert runs.sweep() == [lost.pk]


def test_stages_are_kept_with_their_seconds_in_order():
    run = ask()
    claim = runs.claim_run(run.pk)
    report = runs.StageReport(claim)
    report("lines", 0.1)
    report("infusions", 0.0)
    run.refresh_from_db()
    assert (run.stage, [entry["stage"] for entry in run.stages]) == ("infusions", ["lines"])
    assert [entry["stage"] for entry in report.finished()] == ["lines", "infusions"]
