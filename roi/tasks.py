"""Celery tasks of scenarios: each takes a run's id."""

from celery import shared_task

from demand.tasks import work_on
from roi.actions.compute import perform_scenario


@shared_task(name="roi.scenario")
def scenario(run_id: int) -> None:
    work_on(run_id, perform_scenario)
