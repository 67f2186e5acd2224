"""What was brought in: an extract is one delivery of claims files, loaded as a whole or not at all."""

from django.conf import settings
from django.db import models


class ColumnMapping(models.Model):
    """A saved description of a layout: which source column is which of ours. A version is never changed; saving makes the next one."""

    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=12)
    spec = models.JSONField(help_text="The mapping as it is exported")
    retired = models.BooleanField(default=False, help_text="Not used by itself any more")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_mapping_per_version")]

    def __str__(self):
        return f"{self.name}, version {self.version}"


class Extract(models.Model):
    """One delivery of medical, pharmacy and eligibility files. `counts` is the load's account of every row, as it was at loading.

    A corrected delivery is a new version of the same name; of one name at most one version is loaded.
    """

    class Status(models.TextChoices):
        UPLOADING = "uploading", "Uploading"
        QUEUED = "queued", "Waiting for the worker"
        LOADING = "loading", "Loading"
        UNMAPPED = "unmapped", "Needs a mapping"
        CHECKED = "checked", "Checked, not loaded yet"
        LOADED = "loaded", "Loaded"
        REFUSED = "refused", "Refused"
        REPLACED = "replaced", "Replaced by another version"
        UNDONE = "undone", "Taken back"

    class Perspective(models.TextChoices):
        PAYER = "payer", "A payer's claims (sees care given anywhere)"
        PROVIDER = "provider", "A provider's own billing (cannot see care given elsewhere)"

    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    perspective = models.CharField(max_length=10, choices=Perspective.choices, default=Perspective.PAYER.value)
    data_source = models.CharField(max_length=120, blank=True, help_text="Fills blanks only")
    paid_through = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.UPLOADING.value)
    refusal = models.TextField(blank=True, help_text="Why nothing of it was loaded, and what to do")
    check_first = models.BooleanField(
        default=False, help_text="Stop before it counts, so that somebody can look at what would happen"
    )
    counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_extract_per_version"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(status="loaded"), name="one_loaded_version_per_name"),
        ]
        permissions = [
            ("load_extract", "Can load claims extracts"),
            ("view_extracts", "Can see extracts and their accounts"),
            ("view_dashboard", "Can see the dashboards"),
            ("view_patient_level", "Can see patient-level tables and small counts"),
        ]

    def __str__(self):
        return self.name if self.version == 1 else f"{self.name} (version {self.version})"


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
    mapping = models.ForeignKey(
        ColumnMapping, null=True, on_delete=models.SET_NULL, related_name="files", help_text="Chosen for it"
    )
    read_as = models.JSONField(default=dict, help_text="Encoding, delimiter, sheet, where somebody chose them")

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.display_name
