"""A batch of 50 scenarios with their 10,000 draws, on one worker process and on two: PostgreSQL, Redis and Celery as in production."""

import sys
import time
from pathlib import Path

import pytest

from tests.services import Processes, wait_until

pytestmark = [pytest.mark.benchmark, pytest.mark.services]
SCENARIOS, TIMES_ONE_WORKER = 50, 1.7
ASK = """
import sys
import django
django.setup()
from demand.tasks import enqueue
from roi.actions.scenarios import create_scenario
from tests.benchmarks.test_scenario_speed import market_of_thirty
center = market_of_thirty(months=60)
for number in range(int(sys.argv[2])):
    enqueue(create_scenario(None, f"{sys.argv[1]} {number}", center).run)
"""
COUNT = """
import django
django.setup()
from demand.models import Run
print(Run.objects.filter(kind="scenario", status="finished").count())
"""


@pytest.fixture
def processes(postgres, redis_url, tmp_path, environment_for):
    variables = {"DATABASE_URL": postgres.create("batch"), "CELERY_BROKER_URL": redis_url, "DATA_DIR": str(tmp_path / "data")}
    secrets = {
        "SECRET_KEY": "batch-in-a-test",
        "PSEUDONYM_KEY": "batch-in-a-test",
        "DJANGO_SETTINGS_MODULE": "infusion_strategy.settings",
    }
    started = Processes(tmp_path, environment_for(**variables, **secrets))
    yield started
    started.stop_all()


def seconds(processes: Processes, workers: int, before: int) -> float:
    """From the first worker's start to the last result; the questions wait in the queue already."""
    processes.run(sys.executable, "-c", ASK, f"{workers} workers", str(SCENARIOS))
    celery = str(Path(sys.executable).parent / "celery")
    begun = time.perf_counter()
    started = [
        processes.start(
            celery, "-A", "infusion_strategy", "worker", "--pool", "solo", "--without-mingle", "-n", f"{workers}-{number}"
        )
        for number in range(workers)
    ]
    wait_until(
        lambda: int(processes.run(sys.executable, "-c", COUNT).stdout) == before + SCENARIOS, 600, "all are computed", every=1
    )
    taken = time.perf_counter() - begun
    for worker in started:
        worker.terminate()
        worker.wait(15)
    return taken


def test_fifty_scenarios_scale_with_workers(processes):
    processes.manage("migrate", "--verbosity", "0")
    one = seconds(processes, 1, before=0)
    two = seconds(processes, 2, before=SCENARIOS)
    print(f"\n{SCENARIOS} scenarios: {one:.0f} s on one worker, {two:.0f} s on two, {one / two:.2f} times as fast")
    assert one / two >= TIMES_ONE_WORKER
