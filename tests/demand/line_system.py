"""A small rehearsal system with its run, for the tests of clinical events and of the line; made once a test session."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.demand.rehearsed import Rehearsed, rehearse


@cache
def line_system() -> Rehearsed:
    folder = Path(tempfile.mkdtemp(prefix="line-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return rehearse(folder, 180, 7)
