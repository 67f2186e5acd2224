"""A rehearsal system of 300 people, computed once a session and published where a test asks for it."""

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path

from demand import storage
from demand.models import Run
from tests.demand.rehearsed import Rehearsed, rehearse


@cache
def rehearsed_300() -> Rehearsed:
    folder = Path(tempfile.mkdtemp(prefix="leaks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return rehearse(folder, 300, 7)


def publish_rehearsed() -> Run:
    """The run's files in the storage of the test, and its row."""
    system, now = rehearsed_300(), dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    run = Run.objects.create(
        kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED, requested_at=now, published_at=now, inputs={"extracts": []},
        parameters=system.summary.parameters,
    )  # fmt: skip
    shutil.copytree(system.run, storage.run_folder(run.pk))
    return run
