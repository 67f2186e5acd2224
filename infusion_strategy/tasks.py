"""Celery tasks of the edge."""

from celery import shared_task

from demand.models import Run
from demand.tasks import enqueue, send, work_on
from infusion_strategy.actions.rehearsal import add_example_scenario, perform_rehearsal


@shared_task(name="infusion_strategy.rehearsal")
def rehearsal(run_id: int) -> None:
    """Set up the rehearsal system; its claims are then loaded like anybody's."""
    if work_on(run_id, perform_rehearsal):
        for load in Run.objects.filter(kind=Run.Kind.LOAD, status=Run.Status.QUEUED):
            send([(load.kind, load.pk)])


@shared_task(name="infusion_strategy.example")
def example() -> None:
    run = add_example_scenario()
    if run:
        enqueue(run)
