"""Background processes: who is alive, and whose work is given back."""

import logging
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from demand import tasks
from demand.actions import runs
from demand.models import Run
from infusion_strategy.actions import workers
from infusion_strategy.models import Heartbeat

pytestmark = pytest.mark.django_db


def claimed_by(worker: str, **fields) -> Run:
    run = runs.request_run(Run.Kind.SCENARIO, inputs={"by": worker})
    assert runs.claim_run(run.pk)
    Run.objects.filter(pk=run.pk).update(worker=worker, **fields)
    return run


def a_dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_runs_of_a_dead_process_of_this_machine_are_taken_up_at_once_and_others_keep_their_lease():
    dead = claimed_by(runs.worker_name(a_dead_process()))
    alive = claimed_by(runs.worker_name(os.getpid()))
    elsewhere = claimed_by("another-host:1")
    assert workers.release_dead() == 1
    assert runs.sweep() == [dead.pk]
    status = dict(Run.objects.values_list("pk", "status"))
    assert status == {dead.pk: "queued", alive.pk: "running", elsewhere.pk: "running"}
    assert Run.objects.get(pk=dead.pk).attempt == 1


def test_a_run_whose_worker_died_three_times_fails_with_a_reason():
    run = claimed_by(runs.worker_name(a_dead_process()), attempt=runs.MAX_ATTEMPTS, stage="infusions")
    workers.release_dead()
    assert runs.sweep() == []
    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert "infusions" in run.reason


def test_a_worker_that_was_told_to_stop_costs_its_run_no_attempt():
    run = claimed_by("this:1")
    assert runs.release_worker("this:1", crashed=False) == 1
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.QUEUED, 0)
    assert runs.claim_run(run.pk)


def test_a_queue_that_is_down_leaves_the_run_queued_for_the_sweeper(monkeypatch, caplog, django_capture_on_commit_callbacks):
    def down(*args, **kwargs):
        raise ConnectionRefusedError("no route")

    monkeypatch.setattr("celery.app.base.Celery.send_task", down)
    run = runs.request_run(Run.Kind.SCENARIO, inputs={"a": 1})
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        tasks.enqueue(run)
    assert "stays queued" in caplog.text
    Run.objects.filter(pk=run.pk).update(requested_at=timezone.now() - timedelta(minutes=1))
    assert runs.sweep() == [run.pk]


def test_heartbeats_tell_who_is_alive_and_are_forgotten_after_a_day():
    workers.beat("worker")
    assert Heartbeat.objects.alive("worker").count() == 1
    assert not Heartbeat.objects.alive("sweeper").exists()
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    assert not Heartbeat.objects.alive("worker").exists()
    Heartbeat.objects.create(kind="worker", process="old:1", seen_at=timezone.now() - timedelta(days=2))
    workers.beat("worker")
    assert [heartbeat.process for heartbeat in Heartbeat.objects.all()] == [runs.this_worker()]
    workers.leave()
    assert not Heartbeat.objects.exists()


def test_health_names_what_is_missing_and_what_to_do(capsys):
    with pytest.raises(CommandError, match="worker: no worker is alive: start one; sweeper: no sweeper is alive: start one"):
        call_command("health", "--json")
    assert '"healthy": false' in capsys.readouterr().out
    Heartbeat.objects.create(kind="sweeper", process="here:1", seen_at=timezone.now())
    Heartbeat.objects.create(kind="worker", process="here:2", seen_at=timezone.now())
    call_command("health")
    assert capsys.readouterr().out == "All is well: database, queue, storage, worker, sweeper, scheduler.\n"


def test_a_container_asks_for_its_own_worker():
    Heartbeat.objects.create(kind="worker", process="another-host:2", seen_at=timezone.now())
    with pytest.raises(CommandError, match="this container's worker"):
        call_command("health", "--only", "worker")
    workers.beat("worker")
    call_command("health", "--only", "worker")


def test_sweep_is_noted_as_the_sweepers_heartbeat():
    call_command("sweep")
    assert Heartbeat.objects.alive("sweeper").exists()
