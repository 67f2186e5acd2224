"""Which background processes are alive."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

ALIVE = timedelta(seconds=45)


class HeartbeatQuerySet(models.QuerySet):
    def alive(self, kind: str):
        return self.filter(kind=kind, seen_at__gte=timezone.now() - ALIVE)


class Heartbeat(models.Model):
    """A worker, sweeper or scheduler, by host and process, and when it last said that it is there."""

    class Kind(models.TextChoices):
        WORKER = "worker", "Worker"
        SWEEPER = "sweeper", "Sweeper"
        SCHEDULER = "scheduler", "Scheduler"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    process = models.CharField(max_length=120, unique=True, help_text="host:process id")
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self):
        return f"{self.kind} {self.process}"
