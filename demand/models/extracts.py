"""What was brought in: an extract is one delivery of claims files, loaded as a whole or not at all."""

from django.conf import settings
from django.db import models


class Extract(models.Model):
    """One delivery of medical, pharmacy and eligibility files. `counts` is the load's account of every row, as it was at loading."""

    class Status(models.TextChoices):
        UPLOADING = "uploading", "Uploading"
        QUEUED = "queued", "Waiting for the worker"
        LOADING = "loading", "Loading"
        LOADED = "loaded", "Loaded"
        REFUSED = "refused", "Refused"

    class Perspective(models.TextChoices):
        PAYER = "payer", "A payer's claims (sees care given anywhere)"
        PROVIDER = "provider", "A provider's own billing (cannot see care given elsewhere)"

    name = models.CharField(max_length=120, unique=True)
    perspective = models.CharField(max_length=10, choices=Perspective.choices, default=Perspective.PAYER.value)
    data_source = models.CharField(max_length=120, blank=True, help_text="Fills blanks only")
    paid_through = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UPLOADING.value)
    refusal = models.TextField(blank=True, help_text="Why nothing of it was loaded, and what to do")
    counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        permissions = [
            ("load_extract", "Can load claims extracts"),
            ("view_extracts", "Can see extracts and their accounts"),
            ("view_dashboard", "Can see the dashboards"),
            ("view_patient_level", "Can see patient-level tables and small counts"),
        ]

    def __str__(self):
        return self.name


class ExtractFile(models.Model):
    """One uploaded file. `display_name` is cleaned for people; on disk it lies under a generated name."""

    class Kind(models.TextChoices):
        MEDICAL = "medical", "Medical claims"
        PHARMACY = "pharmacy", "Pharmacy claims"
        ELIGIBILITY = "eligibility", "Eligibility"

    extract = models.ForeignKey(Extract, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    display_name = models.CharField(max_length=120)
    stored_name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.display_name
