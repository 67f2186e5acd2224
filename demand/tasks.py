"""Celery tasks: each takes a run's id, claims the run and calls one action. Messages may be lost or come twice."""

import logging

from celery import current_app, group, shared_task
from django.db import transaction
from django.utils import timezone

from demand.actions import extracts, feeds, loading, recompute, runs, uploads
from demand.models import Extract, Run
from demand.selectors import hidden, measured

logger = logging.getLogger(__name__)

# By name, because the upper apps build on demand and not the other way round.
TASKS = {
    Run.Kind.LOAD: "demand.load",
    Run.Kind.RECOMPUTE: "demand.recompute",
    Run.Kind.SCENARIO: "roi.scenario",
    Run.Kind.REHEARSAL: "infusion_strategy.rehearsal",
    Run.Kind.FETCH: "demand.fetch",
}


def enqueue(*queued: Run) -> None:
    """Send messages for queued runs once their rows are committed. A broker that is down loses nothing: the sweeper sends again."""
    messages = [(run.kind, run.pk) for run in queued]
    transaction.on_commit(lambda: send(messages))


def follow_register(sender, user=None, **_) -> None:
    """A policy changed: whom it touches is computed anew. Nothing to do while no extract is loaded."""
    try:
        run = recompute.request_recompute(user=user)
    except extracts.Refused:
        return
    if run.status == Run.Status.QUEUED:
        enqueue(run)


def send(messages: list[tuple[str, int]]) -> None:
    """A batch leaves as one Celery group, its messages over one connection, and the workers share them. No chord waits for its end:
    a message may be lost with its worker or come twice, so it is the rows of the runs that say when all are over."""
    try:
        group(current_app.signature(TASKS[kind], [run_id]) for kind, run_id in messages).apply_async(retry=False)
    except Exception as error:  # every broker has its own exceptions; the runs stay queued whatever it was
        named = ", ".join(str(run_id) for _, run_id in messages)
        logger.warning("the queue cannot be reached (%s); what was asked for stays queued: run %s", type(error).__name__, named)


def work_on(run_id: int, perform) -> bool:
    """Claim the run and perform it. True where this call did the work; False where somebody else has it or it is over.

    What goes wrong ends the run with a reason; the exception's text may hold patient data, so only its kind is told.
    """
    claim = runs.claim_run(run_id)
    if claim is None:
        return False
    try:
        perform(claim)
    except runs.LostLease:
        logger.warning("run %s was taken over by another worker; this attempt's result is thrown away", run_id)
    except Exception as error:
        logger.error("run %s failed in stage %s: %s", run_id, _stage(run_id), where(error))
        runs.fail_run(
            claim,
            f"The computation stopped with an internal error ({type(error).__name__}) and nothing was published. "
            "The last good result stays. Try again; if it stops again, tell your administrator the run's number.",
        )
    _wake_next(run_id)
    return True


def where(error: Exception) -> str:
    """The kind of an error and the place in our code, without its message."""
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' > '.join(frames[-4:])}"


def _stage(run_id: int) -> str:
    return Run.objects.values_list("stage", flat=True).get(pk=run_id) or "(none)"


def _wake_next(run_id: int) -> None:
    """Runs of one kind go one after another: the next one's message may have come while this one was at work."""
    kind = Run.objects.values_list("kind", flat=True).get(pk=run_id)
    waiting = Run.objects.filter(kind=kind, status=Run.Status.QUEUED).order_by("pk").first()
    if waiting:
        send([(waiting.kind, waiting.pk)])


def do_load(run_id: int) -> None:
    """Load, then ask for the recomputation that shows the new rows."""
    work_on(run_id, loading.perform_load)
    run = Run.objects.get(pk=run_id)
    if run.status == Run.Status.FAILED:
        extracts.give_up_load(run)
    elif run.status == Run.Status.FINISHED and Extract.objects.filter(pk=run.subject_id, status=Extract.Status.LOADED).exists():
        # While more loads wait, one recomputation at the end serves them all.
        if not Run.objects.under_way().filter(kind=Run.Kind.LOAD).exists():
            enqueue(recompute.request_recompute(user=run.requested_by))


@shared_task(name="demand.load")
def load(run_id: int) -> None:
    do_load(run_id)


@shared_task(name="demand.fetch")
def fetch(run_id: int) -> None:
    """Fetch what a feed names, then hand the extract to the ordinary load."""
    if work_on(run_id, feeds.perform_fetch):
        load_id = Run.objects.get(pk=run_id).result.get("load")
        if load_id:
            send([(Run.Kind.LOAD, load_id)])


@shared_task(name="demand.start_due_feeds", ignore_result=True)
def start_due_feeds() -> None:
    """Every minute: ask for the refreshes whose hour has come. Asking twice starts none twice."""
    for run in feeds.request_due(timezone.now()):
        enqueue(run)


@shared_task(name="demand.recompute")
def recompute_leakage(run_id: int) -> None:
    if work_on(run_id, recompute.perform_recompute):
        judge_small_counts(run_id)
        measure_quality(run_id)


def judge_small_counts(run_id: int) -> None:
    """Decide now which counts of a published run are hidden, so that its first reader does not wait; a reader could do it too."""
    run = Run.objects.get(pk=run_id)
    if run.status != Run.Status.FINISHED:
        return
    try:
        hidden.prepare(run)
    except Exception as error:  # the run is published; what failed here is tried again by the first reader
        logger.warning("small counts of run %s are not judged yet: %s", run_id, where(error))


def measure_quality(run_id: int) -> None:
    """Look over all rows of extracts that nobody has measured yet, so that the first reader of a quality page does not wait."""
    run = Run.objects.get(pk=run_id)
    if run.status != Run.Status.FINISHED:
        return
    named = [entry["id"] for entry in run.inputs.get("extracts", [])]
    try:
        measured.prepare(Extract.objects.filter(pk__in=named, status=Extract.Status.LOADED))
    except Exception as error:  # a reader could do it too
        logger.warning("the extracts of run %s are not measured yet: %s", run_id, where(error))


@shared_task(name="demand.sweep")
def sweep() -> None:
    """Every few seconds: take up what dead workers left and what lost messages never began; remove uploads nobody went on with."""
    for run_id in runs.sweep():
        run = Run.objects.get(pk=run_id)
        send([(run.kind, run.pk)])
    for extract in extracts.unsettled():
        newest = Run.objects.filter(kind=Run.Kind.LOAD, subject_id=extract.pk).order_by("-pk").first()
        if newest and newest.status == Run.Status.FAILED:
            extracts.give_up_load(newest)
    extracts.refuse_expired()
    uploads.sweep()
    feeds.remove_leavings()
