"""Small monthly summaries of a run; the patient-level tables stay in Parquet."""

from django.db import models

from demand.models.runs import Run

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")


class LeakageCell(models.Model):
    """One row of the `leakage` table: attributed infusions of a month by payer, line of business, family, site class and market."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="leakage_cells")
    month = models.DateField()
    payer = models.CharField(max_length=200)
    line_of_business = models.CharField(max_length=30)
    family = models.CharField(max_length=80)
    site_class = models.CharField(max_length=30)
    market = models.CharField(max_length=100)
    mature = models.BooleanField()
    kept_infusions = models.BigIntegerField()
    kept_people = models.BigIntegerField()
    kept_allowed_cents = models.BigIntegerField()
    margin_leak_infusions = models.BigIntegerField()
    margin_leak_people = models.BigIntegerField()
    margin_leak_allowed_cents = models.BigIntegerField()
    partner_infusions = models.BigIntegerField()
    partner_people = models.BigIntegerField()
    partner_allowed_cents = models.BigIntegerField()
    site_leak_infusions = models.BigIntegerField()
    site_leak_people = models.BigIntegerField()
    site_leak_allowed_cents = models.BigIntegerField()
    unknown_infusions = models.BigIntegerField()
    unknown_people = models.BigIntegerField()
    unknown_allowed_cents = models.BigIntegerField()

    class Meta:
        ordering = ["run", "month", "payer", "family", "site_class", "market"]
        indexes = [models.Index(fields=["run", "month"])]

    def __str__(self):
        return f"{self.month:%Y-%m} {self.payer} {self.family}"
