"""The demo's first start, with and without disturbance: stopped, and its worker killed, in the middle of runs."""

import os
import signal
from pathlib import Path

import pytest

from tests.infusion_strategy.demos import Demo
from tests.services import Processes, wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.thorough,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc"),
]
SIZE = ("--people", "1200", "--months", "36")


@pytest.fixture(scope="module")
def demos(tmp_path_factory, environment_for):
    """Two installations with one key, so that their results can be compared bit by bit."""
    started = []

    def in_folder(name: str) -> Processes:
        folder = tmp_path_factory.mktemp(name)
        started.append(Processes(folder, environment_for(DATA_DIR=str(folder / "data"), PSEUDONYM_KEY="the-same-key")))
        return started[-1]

    yield in_folder
    for processes in started:
        processes.stop_all()


def begun(demo: Demo, kind: str) -> bool:
    return bool(demo.rows("SELECT 1 FROM demand_run WHERE kind = ? AND status = 'running' AND stage <> ''", kind))


def wait_for_results(demo: Demo) -> None:
    def over():
        assert not demo.rows("SELECT reason FROM demand_run WHERE status = 'failed'")
        return demo.rows("SELECT 1 FROM demand_run WHERE kind = 'scenario' AND status = 'finished'")

    wait_until(over, 120, "the example scenario is computed")


def what_became_of_it(demo: Demo) -> dict:
    return {
        "extracts": demo.rows("SELECT name, status, json_remove(counts, '$.seconds') FROM demand_extract"),
        "runs": demo.rows("SELECT kind, status, result_hash FROM demand_run ORDER BY id"),
        "cells": demo.rows(
            "SELECT count(*), sum(kept_infusions), sum(site_leak_infusions), sum(margin_leak_allowed_cents) FROM demand_leakagecell"
        ),
        "scenarios": demo.rows("SELECT count(*) FROM roi_scenarioversion"),
        "uploads": [path.name for path in (demo.data / "storage" / "uploads").iterdir()],
        "left": [path.name for path in (demo.data / "storage").rglob("*.attempt*")],
    }


def test_what_was_interrupted_is_taken_up_and_nothing_is_doubled(demos):
    undisturbed = Demo(demos("undisturbed"), *SIZE).wait_ready()
    wait_for_results(undisturbed)
    expected = what_became_of_it(undisturbed)
    assert [(kind, status) for kind, status, _ in expected["runs"]] == [
        (kind, "finished") for kind in ("rehearsal", "load", "recompute", "scenario")
    ]
    assert expected["cells"][0][0] > 0
    assert expected["uploads"] == expected["left"] == []
    undisturbed.interrupt()

    processes = demos("disturbed")
    stopped = Demo(processes, *SIZE).wait_ready()
    for kind in ("rehearsal", "load", "recompute"):
        wait_until(lambda kind=kind: begun(stopped, kind), 60, f"the {kind} is at work", every=0.01)
        os.kill(stopped.child("worker"), signal.SIGKILL)
        wait_until(lambda kind=kind: not begun(stopped, kind), 20, f"the {kind} waits again", every=0.01)
    wait_until(lambda: begun(stopped, "recompute"), 60, "the recompute is at work again", every=0.01)
    assert stopped.interrupt() < 10
    # Ended in time or given back, but never left as running.
    assert stopped.value("SELECT status FROM demand_run WHERE kind = 'recompute'") in ("finished", "queued")

    demo = Demo(processes, *SIZE)
    wait_for_results(demo)
    assert what_became_of_it(demo) == expected
    assert dict(demo.rows("SELECT kind, attempt FROM demand_run")) == {"rehearsal": 2, "load": 2, "recompute": 2, "scenario": 1}
    demo.interrupt()
