"""The Celery application. A queue is only a hint: the Run row in the database says what is to be done and what became of it."""

import logging
import os

from celery import Celery, bootsteps

import infusion_strategy.broker  # noqa: F401  (makes embedded:// known)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
app = Celery("infusion_strategy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
HEARTBEAT_SECONDS = 10


class NoteHeartbeat(bootsteps.StartStopStep):
    """The worker's own timer notes in the database that it is alive: remote control stays off."""

    requires = {"celery.worker.components:Timer"}

    def start(self, worker):
        self.timer = worker.timer.call_repeatedly(HEARTBEAT_SECONDS, self.note, priority=10)
        self.note()

    def stop(self, worker):
        from infusion_strategy.actions import workers

        self.timer.cancel()
        self.quietly(workers.leave)

    def note(self):
        from infusion_strategy.actions import workers

        self.quietly(lambda: workers.beat("worker"))

    def quietly(self, action):
        """A database that is away for a moment must not end the worker."""
        from django.db import DatabaseError, close_old_connections

        try:
            action()
        except DatabaseError as error:
            logging.getLogger(__name__).warning("heartbeat not noted (%s)", type(error).__name__)
        finally:
            close_old_connections()


app.steps["worker"].add(NoteHeartbeat)
