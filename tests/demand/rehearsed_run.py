"""A rehearsal system computed once a session and published as a run, with its sites, for pages that read many of a run's tables."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from demand import storage
from demand.models import Run
from tests.demand.rehearsed import Rehearsed, rehearse

PEOPLE, SEED = 500, 3


@cache
def rehearsal() -> Rehearsed:
    folder = Path(tempfile.mkdtemp(prefix="rehearsed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return rehearse(folder, PEOPLE, SEED)


def publish_rehearsal() -> Run:
    """Into the storage that the settings name; the register has the system's sites."""
    now = timezone.now()
    run = Run.objects.create(
        kind="recompute", status="finished", requested_at=now, finished_at=now, published_at=now, inputs={"extracts": []}
    )
    folder = storage.run_folder(run.pk)
    folder.mkdir(parents=True)
    for path in rehearsal().run.glob("*.parquet"):
        shutil.copy(path, folder)
    call_command("load_sites", str(rehearsal().folder / "system" / "sites.csv"), verbosity=0)
    return run
