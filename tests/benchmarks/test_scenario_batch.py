"""A batch of 50 scenarios with their 10,000 draws, on one worker process and on two: PostgreSQL, Redis and Celery as in production.

The workers are up before the batch is sent, as one Celery group; its time is from the first claim to the last result, as the runs' rows
have it, in turns of one and two workers. What counts is that time less what the workers waited, ready to work, for a processor that
others had (the kernel's run queue): on an idle machine that is nothing, and both are printed.
"""

import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pytest

from tests.services import Processes, wait_until

pytestmark = [pytest.mark.benchmark, pytest.mark.services]
SCENARIOS, TIMES_ONE_WORKER, TURNS = 50, 1.7, (1, 2, 2, 1)
ASK = """
import sys
import django
django.setup()
from demand.tasks import enqueue
from roi.actions.scenarios import create_scenario
from tests.benchmarks.test_scenario_speed import market_of_thirty
center = market_of_thirty(months=60)
names = [f"{sys.argv[1]} {number}" for number in range(int(sys.argv[2]))]
enqueue(*(create_scenario(None, name, center).run for name in names))
"""
BATCH = """
SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))::float, count(DISTINCT worker), count(DISTINCT result_hash)
FROM demand_run
WHERE kind = 'scenario' AND status = 'finished' AND id > %s
"""


@pytest.fixture
def url(postgres):
    return postgres.create("batch")


@pytest.fixture
def processes(url, redis_url, tmp_path, environment_for):
    variables = {"DATABASE_URL": url, "CELERY_BROKER_URL": redis_url, "DATA_DIR": str(tmp_path / "data")}
    secrets = {
        "SECRET_KEY": "batch-in-a-test",
        "PSEUDONYM_KEY": "batch-in-a-test",
        "DJANGO_SETTINGS_MODULE": "infusion_strategy.settings",
    }
    started = Processes(tmp_path, environment_for(**variables, **secrets))
    yield started
    started.stop_all()


def row(url: str, question: str, *values) -> tuple:
    """Asked from here: a process that sets Django up every second would take a core from the workers."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question, values)
        return cursor.fetchone()


def ran_and_waited(worker) -> np.ndarray:
    """Seconds on a processor and seconds in the run queue, of the thread that computes."""
    return np.array(Path(f"/proc/{worker.pid}/schedstat").read_text().split()[:2], dtype=float) / 1e9


def batch(processes: Processes, url: str, turn: int, workers: int) -> tuple[float, float]:
    """Seconds of a batch, and those less the workers' mean wait for a processor; the workers are gone afterwards."""
    celery = str(Path(sys.executable).parent / "celery")
    command = [celery, "-A", "infusion_strategy", "worker", "--pool", "solo", "--without-mingle", "-n"]
    started = [processes.start(*command, f"{turn}-{number}") for number in range(workers)]
    beating = "SELECT count(*) FROM infusion_strategy_heartbeat WHERE kind = 'worker'"
    wait_until(lambda: row(url, beating) == (workers,), 120, "the workers are up", every=0.5)
    (before,), used = row(url, "SELECT coalesce(max(id), 0) FROM demand_run"), sum(map(ran_and_waited, started))
    processes.run(sys.executable, "-c", ASK, f"turn {turn}", str(SCENARIOS))
    wait_until(lambda: row(url, BATCH, before)[0] == SCENARIOS, 900, "all are computed", every=1)
    _, seconds, at_work, answers = row(url, BATCH, before)
    ran, waited = sum(map(ran_and_waited, started)) - used
    assert (at_work, answers) == (workers, 1)
    print(
        f"\n{SCENARIOS} scenarios on {workers} worker{'s' * (workers > 1)}: {seconds:.0f} s; each ran {ran / workers:.0f} s and waited {waited / workers:.0f} s"
    )
    for worker in started:
        worker.terminate()
        worker.wait(30)
    return seconds, seconds - waited / workers


def test_fifty_scenarios_scale_with_workers(processes, url):
    processes.manage("migrate", "--verbosity", "0")
    taken = {1: [], 2: []}
    for turn, workers in enumerate(TURNS):
        taken[workers].append(batch(processes, url, turn, workers))
    as_it_was, undisturbed = np.sum(taken[1], axis=0) / np.sum(taken[2], axis=0)
    print(f"two workers are {undisturbed:.2f} times as fast as one; with what else the machine did, {as_it_was:.2f} times")
    assert undisturbed >= TIMES_ONE_WORKER
