"""A run is a piece of work whose state lives here, because a queue is only a hint."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class RunQuerySet(models.QuerySet):
    def published(self):
        """Finished recomputations whose results pages may show, the one asked for last first."""
        return self.filter(kind=Run.Kind.RECOMPUTE, status=Run.Status.FINISHED).order_by("-requested_at", "-id")

    def under_way(self):
        return self.filter(status__in=[Run.Status.QUEUED, Run.Status.RUNNING])


class Run(models.Model):
    """One load, recomputation, scenario, rehearsal or fetch. Claimed by one conditional UPDATE, kept by heartbeats, fenced by a token."""

    class Kind(models.TextChoices):
        LOAD = "load", "Load an extract"
        RECOMPUTE = "recompute", "Recompute leakage"
        SCENARIO = "scenario", "Compute a scenario"
        REHEARSAL = "rehearsal", "Set up the rehearsal health system"
        FETCH = "fetch", "Fetch claims from a database"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"
        REPLACED = "replaced", "Replaced before it began"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED.value)
    subject_id = models.BigIntegerField(null=True, blank=True, help_text="The extract, scenario version or feed it is about")
    inputs = models.JSONField(default=dict, help_text="Versions and hashes of what it reads")
    parameters = models.JSONField(default=dict)
    engine_version = models.CharField(max_length=40, blank=True)
    input_hash = models.CharField(max_length=64, blank=True, db_index=True)

    attempt = models.PositiveIntegerField(default=0)
    fencing_token = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True, help_text="Host and process that claimed it last")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    stage = models.CharField(max_length=60, blank=True)
    progress = models.FloatField(default=0.0, help_text="0 to 1")
    stages = models.JSONField(default=list, help_text="Finished stages: name and seconds")
    reason = models.TextField(blank=True, help_text="Why it failed, in words for the user")
    result = models.JSONField(default=dict)
    result_hash = models.CharField(max_length=64, blank=True)

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    requested_at = models.DateTimeField(help_text="When it was last asked for; pages show the newest request")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            # Asking again returns the run that already waits for the same inputs.
            models.UniqueConstraint(fields=["kind", "input_hash"], condition=Q(status="queued"), name="one_queued_run_per_input")
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"
