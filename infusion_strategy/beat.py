"""Celery beat's scheduler: it sends the tasks of CELERY_BEAT_SCHEDULE, and notes that it is alive.

It keeps no file: what it sends every minute looks in the database for what is due, so a restart forgets nothing.
"""

import logging
import time

from celery.beat import Scheduler
from django.db import DatabaseError, close_old_connections

HEARTBEAT_SECONDS = 10


class HeartbeatScheduler(Scheduler):
    noted_at = float("-inf")

    def tick(self, *args, **kwargs):
        if time.monotonic() - self.noted_at >= HEARTBEAT_SECONDS:
            self.noted_at = time.monotonic()
            self.note_heartbeat()
        return super().tick(*args, **kwargs)

    def note_heartbeat(self) -> None:
        """A database that is away for a moment must not end the scheduler."""
        from infusion_strategy.actions import workers  # models can be imported only when beat has set Django up

        try:
            workers.beat("scheduler")
        except DatabaseError as error:
            logging.getLogger(__name__).warning("heartbeat not noted (%s)", type(error).__name__)
        finally:
            close_old_connections()
