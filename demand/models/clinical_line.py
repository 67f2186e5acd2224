"""Versions of the retention line, and the drug rules that clinicians of this installation wrote."""

from django.conf import settings
from django.db import models

from demand.engine.drug_suitability import CRITERIA, SITE_CLASSES, SUITABILITIES

CLASSES_IN_WORDS = {
    "infusion_center": "Infusion center",
    "infusion_suite": "Infusion suite",
    "physician_office": "Physician office",
    "home": "Home",
}


class SignedStands(Exception):
    """A signed version is what was decided on: who wants another line makes the next version."""

    def __init__(self):
        super().__init__("A version of the line is never edited. Save what you want as the next version.")


class RetentionLine(models.Model):
    """One version of the line. Its criteria never change; a signature is added once, by a clinical lead."""

    title = models.CharField(max_length=120)
    note = models.TextField(blank=True, max_length=2000)
    document = models.JSONField(help_text="demand.engine.retention_line.Line.as_json")
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        permissions = [
            ("draft_line", "Can draft the clinical line and write drug rules"),
            ("sign_line", "Can sign a version of the clinical line"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(signed_at=None, signed_by=None) | models.Q(signed_at__isnull=False, signed_by__isnull=False),
                name="a_signature_has_a_name_and_a_day",
            )
        ]

    def __str__(self):
        return f"Version {self.pk}: {self.title}"

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise SignedStands
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise SignedStands

    @property
    def line_id(self) -> str:
        return f"v{self.pk}"


class DrugRule(models.Model):
    """Whether a drug family is given in a class of site, from a day on, as clinicians here see it. Taken back, never edited."""

    family = models.CharField(max_length=80)
    site_class = models.CharField(max_length=30, choices=[(name, CLASSES_IN_WORDS[name]) for name in SITE_CLASSES])
    suitability = models.CharField(max_length=12, choices=list(SUITABILITIES.items()))
    criterion = models.CharField(max_length=20, blank=True, choices=list(CRITERIA.items()))
    words = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=300)
    since = models.DateField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["family", "site_class", "-since", "-pk"]

    def __str__(self):
        return f"{self.family}, {self.get_site_class_display()}: {self.get_suitability_display()}"
