"""Take up what dead workers left and what lost messages never began: once, or every few seconds until told to stop."""

import logging
import signal
import threading

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from demand import tasks
from infusion_strategy.actions import workers

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Re-queue runs whose worker is gone, fail those that had their attempts, send lost messages again."

    def add_arguments(self, parser):
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until SIGTERM, at this interval")

    def handle(self, *args, **options):
        if not options["every"]:
            sweep_once()
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while True:
            sweep_quietly()
            if stop.wait(options["every"]):
                break
        workers.leave()


def sweep_once() -> None:
    workers.beat("sweeper")
    workers.release_dead()
    tasks.sweep()


def sweep_quietly() -> None:
    """A database that is away for a moment must not end the sweeper."""
    try:
        sweep_once()
    except DatabaseError as error:
        logger.warning("not swept this time, the database cannot be reached (%s)", type(error).__name__)
    finally:
        close_old_connections()
