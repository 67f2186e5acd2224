"""A run's life: asked for, claimed, kept alive, finished or failed. The database is the truth; a message only wakes a worker.

A worker claims a run by one conditional UPDATE and gets a fencing token. Every later write names that token, so a worker that
was thought dead and comes back cannot overwrite what its successor did.
"""

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import close_old_connections, transaction
from django.db.models import F
from django.utils import timezone

from demand.models import Run

LEASE = timedelta(seconds=90)
HEARTBEAT_SECONDS = 15
MAX_ATTEMPTS = 3
# A queued run whose message is this old has probably lost it.
MESSAGE_PATIENCE = timedelta(seconds=30)
# Two loads at once could not see each other's rows, two recomputations would share the memory of one, and two long fetches would
# keep every thread of a worker waiting for databases.
SERIAL_KINDS = {Run.Kind.LOAD, Run.Kind.RECOMPUTE, Run.Kind.FETCH}


def this_worker() -> str:
    return worker_name(os.getpid())


def worker_name(process_id: int) -> str:
    """Host and process, as noted on the runs that the process claims."""
    return f"{socket.gethostname()}:{process_id}"


class LostLease(Exception):
    """Another worker has taken the run over, or it was ended; whatever this worker made is thrown away."""


@dataclass(frozen=True)
class Claim:
    """The right to work on one run: its id and the fencing token that every write must name."""

    run_id: int
    token: int

    def rows(self):
        return Run.objects.filter(pk=self.run_id, fencing_token=self.token, status=Run.Status.RUNNING)


def input_hash(kind: str, subject_id: int | None, inputs: dict, parameters: dict, engine_version: str) -> str:
    """Same inputs + parameters + version -> same hash (hex sha256)."""
    question = [str(kind), subject_id, inputs, parameters, engine_version]
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()


@transaction.atomic
def request_run(kind, *, subject_id=None, inputs=None, parameters=None, engine_version="", user=None) -> Run:
    """Ask for a run. The same question returns the run that waits for it, works on it or has answered it."""
    inputs, parameters = inputs or {}, parameters or {}
    digest = input_hash(kind, subject_id, inputs, parameters, engine_version)
    now = timezone.now()
    live = [Run.Status.QUEUED, Run.Status.RUNNING, Run.Status.FINISHED]
    existing = Run.objects.filter(kind=kind, input_hash=digest, status__in=live).first()
    if kind == Run.Kind.RECOMPUTE:
        waiting = Run.objects.filter(kind=kind, status=Run.Status.QUEUED, attempt=0)
        waiting.exclude(input_hash=digest).update(
            status=Run.Status.REPLACED, finished_at=now, reason="Newer data or parameters came in before it began."
        )
    if existing:
        Run.objects.filter(pk=existing.pk).update(requested_at=now)
        existing.requested_at = now
        return existing
    return Run.objects.create(
        kind=kind,
        subject_id=subject_id,
        inputs=inputs,
        parameters=parameters,
        engine_version=engine_version,
        input_hash=digest,
        requested_by=user,
        requested_at=now,
    )


@transaction.atomic
def claim_run(run_id: int) -> Claim | None:
    """Take a queued run. None: somebody else has it, it is over, or one of its kind is at work (it stays queued)."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        return None
    if run.kind in SERIAL_KINDS:
        # Locking the kind's open runs in order makes two claimers wait for each other (on SQLite the transaction does).
        siblings = list(Run.objects.select_for_update().under_way().filter(kind=run.kind).order_by("pk"))
        if any(sibling.status == Run.Status.RUNNING for sibling in siblings):
            return None
    now = timezone.now()
    taken = Run.objects.filter(pk=run_id, status=Run.Status.QUEUED).update(
        status=Run.Status.RUNNING,
        attempt=F("attempt") + 1,
        fencing_token=F("fencing_token") + 1,
        worker=this_worker(),
        lease_expires_at=now + LEASE,
        heartbeat_at=now,
        started_at=now,
        stage="",
        progress=0.0,
        stages=[],
        reason="",
    )
    if not taken:
        return None
    return Claim(run_id, Run.objects.values_list("fencing_token", flat=True).get(pk=run_id))


def beat(claim: Claim, **fields) -> None:
    """Renew the lease and note progress. LostLease where the run is no longer ours."""
    now = timezone.now()
    if not claim.rows().update(heartbeat_at=now, lease_expires_at=now + LEASE, **fields):
        raise LostLease(f"run {claim.run_id} was taken over")


class StageReport:
    """Callable(stage, fraction) for engines: writes the stage, its progress and finished stages with their seconds."""

    def __init__(self, claim: Claim, least_seconds: float = 0.5):
        self.claim, self.least_seconds = claim, least_seconds
        self.stage, self.since, self.last, self.stages = "", timezone.now(), None, []

    def __call__(self, stage: str, fraction: float) -> None:
        now = timezone.now()
        if stage != self.stage:
            self._close(now)
            self.stage, self.since = stage, now
        elif self.last and (now - self.last).total_seconds() < self.least_seconds:
            return
        self.last = now
        beat(self.claim, stage=stage, progress=min(max(fraction, 0.0), 1.0), stages=self.stages)

    def _close(self, now) -> None:
        if self.stage:
            self.stages = [
                *self.stages,
                {"stage": self.stage, "seconds": round((now - self.since).total_seconds(), 2)},
            ]

    def finished(self) -> list[dict]:
        self._close(timezone.now())
        self.stage = ""
        return self.stages


@contextmanager
def keep_alive(claim: Claim):
    """Heartbeats from a thread while an engine is busy in one long statement."""
    stop = threading.Event()

    def beats():
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                beat(claim)
            except LostLease:
                return
            finally:
                close_old_connections()

    thread = threading.Thread(target=beats, name=f"heartbeat-{claim.run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def finish_run(claim: Claim, *, result: dict, result_hash: str = "", stages=(), publish: Callable[[], None]) -> None:
    """Publish in one transaction: the run is still ours, `publish` writes what pages read, the run is finished."""
    with transaction.atomic():
        now = timezone.now()
        ours = claim.rows().update(
            status=Run.Status.FINISHED,
            result=result,
            result_hash=result_hash,
            stages=list(stages),
            stage="",
            progress=1.0,
            finished_at=now,
            published_at=now,
            lease_expires_at=None,
        )
        if not ours:
            raise LostLease(f"run {claim.run_id} was taken over")
        publish()


def fail_run(claim: Claim, reason: str) -> bool:
    """End a run with a reason in words. False where it is no longer ours to end."""
    return bool(
        claim.rows().update(status=Run.Status.FAILED, reason=reason, finished_at=timezone.now(), lease_expires_at=None, stage="")
    )


def release_run(claim: Claim) -> None:
    """Give a run back to the queue at once (the worker is told to stop)."""
    claim.rows().update(status=Run.Status.QUEUED, lease_expires_at=None, stage="", progress=0.0)


def release_worker(worker: str, *, crashed: bool) -> int:
    """Give back the runs of a worker that is known to be gone, without waiting for their leases. Returns how many.

    A crash goes through the sweeper and counts as an attempt; a worker that was told to stop did nothing wrong.
    """
    running = Run.objects.filter(status=Run.Status.RUNNING, worker=worker)
    if crashed:
        return running.update(lease_expires_at=timezone.now() - LEASE)
    return running.update(status=Run.Status.QUEUED, attempt=F("attempt") - 1, lease_expires_at=None, stage="", progress=0.0)


def sweep() -> list[int]:
    """Re-queue runs whose lease ran out, fail those that had their attempts, and name the runs that need a message."""
    now = timezone.now()
    dead = Run.objects.filter(status=Run.Status.RUNNING, lease_expires_at__lt=now)
    for run in list(dead):
        ours = dead.filter(pk=run.pk, fencing_token=run.fencing_token)
        if run.attempt >= MAX_ATTEMPTS:
            ours.update(
                status=Run.Status.FAILED,
                finished_at=now,
                lease_expires_at=None,
                reason=f"The worker stopped in the middle {run.attempt} times"
                f"{f' (last in stage “{run.stage}”)' if run.stage else ''}. Nothing was published. "
                "Look at the worker's log and memory, then start it again.",
            )
        else:
            ours.update(status=Run.Status.QUEUED, lease_expires_at=None, stage="", progress=0.0)
    patient_until = now - MESSAGE_PATIENCE
    waiting = Run.objects.filter(status=Run.Status.QUEUED).order_by("pk")
    return [run.pk for run in waiting if run.attempt or run.requested_at < patient_until]
