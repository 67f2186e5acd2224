"""Files on their way in: what a user has sent, how far it has come, what became of it. Also the account of a user's day."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, F, Sum, When
from django.db.models.functions import Coalesce

from demand.models.extracts import ExtractFile


class UploadQuerySet(models.QuerySet):
    def lying(self):
        """Those whose file lies on the server and belongs to no extract yet."""
        return self.filter(status__in=[Upload.Status.RECEIVING, Upload.Status.COMPLETE])

    def counted(self) -> dict[str, int]:
        """Files and bytes as a day's account has them: what is on its way counts whole, what was given up as far as it came."""
        counts = Case(When(status=Upload.Status.DROPPED, then=F("received_bytes")), default=F("size_bytes"))
        return self.aggregate(files=Count("pk"), bytes=Coalesce(Sum(counts), 0, output_field=models.BigIntegerField()))


class Upload(models.Model):
    """One file that a user sends. On disk it lies under `stored_name`; addresses carry the id, nothing of the file's name."""

    class Status(models.TextChoices):
        RECEIVING = "receiving", "Being sent"
        COMPLETE = "complete", "Arrived"
        USED = "used", "Part of an extract"
        DROPPED = "dropped", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=ExtractFile.Kind.choices)
    display_name = models.CharField(max_length=120)
    modified = models.BigIntegerField(default=0, help_text="The file's own time in milliseconds, as the browser says it")
    size_bytes = models.BigIntegerField()
    received_bytes = models.BigIntegerField(default=0)
    stored_name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING.value)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "id"]
        indexes = [models.Index(fields=["user", "started_at"]), models.Index(fields=["status", "touched_at"])]

    def __str__(self):
        return f"upload {self.pk}"
