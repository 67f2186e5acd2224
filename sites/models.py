"""Where infusions can be given, and who orders them for us."""

from django.db import models


class Site(models.Model):
    """One place (or pharmacy) that can give or supply infusions, ours or not. Dates are half-open: open from ≤ date < closed."""

    class SiteClass(models.TextChoices):
        HOPD_ON_CAMPUS = "hopd_on_campus", "Hospital outpatient, on campus"
        HOPD_OFF_CAMPUS = "hopd_off_campus", "Hospital outpatient, off campus"
        INFUSION_CENTER = "infusion_center", "Infusion center"
        INFUSION_SUITE = "infusion_suite", "Infusion suite of a home infusion pharmacy"
        PHYSICIAN_OFFICE = "physician_office", "Physician office"
        HOME_INFUSION = "home_infusion", "Home infusion"
        SPECIALTY_PHARMACY = "specialty_pharmacy", "Specialty pharmacy"
        SURGERY_CENTER = "surgery_center", "Surgery center"

    class Ownership(models.TextChoices):
        OWNED = "owned", "Ours"
        PARTNER = "partner", "Partner"
        OTHER = "other", "Other"

    site_id = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    site_class = models.CharField(max_length=30, choices=SiteClass.choices)
    ownership = models.CharField(max_length=10, choices=Ownership.choices)
    owner = models.CharField(max_length=200, blank=True)
    payer_affiliation = models.CharField(max_length=200, blank=True)
    hospital_affiliated = models.BooleanField(default=False)
    market = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip_code = models.CharField(max_length=10, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    opened_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    chairs = models.PositiveIntegerField(null=True, blank=True)
    open_hours_per_week = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    is_340b = models.BooleanField(default=False)
    source = models.CharField(max_length=300, blank=True)
    checked_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["site_id"]

    def __str__(self):
        return self.name


class SiteNpi(models.Model):
    """A provider number under which a site bills. Two sites may share one; the pipeline then asks POS, bill type and modifiers."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="npis")
    npi = models.CharField(max_length=10, db_index=True)

    class Meta:
        ordering = ["npi"]
        constraints = [models.UniqueConstraint(fields=["site", "npi"], name="site_npi_once")]

    def __str__(self):
        return self.npi


class Prescriber(models.Model):
    """A clinician on the system's roster while starts_on ≤ date < ends_on. One row a stay on the roster."""

    class Relation(models.TextChoices):
        EMPLOYED = "employed", "Employed"
        AFFILIATED = "affiliated", "Affiliated"

    npi = models.CharField(max_length=10, db_index=True)
    name = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=100, blank=True)
    relation = models.CharField(max_length=12, choices=Relation.choices)
    market = models.CharField(max_length=100, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["npi", "starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["npi", "starts_on"], name="prescriber_stay_once"),
            models.UniqueConstraint(fields=["npi"], condition=models.Q(starts_on=None), name="prescriber_open_stay_once"),
        ]

    def __str__(self):
        return self.name or self.npi


class ProviderTaxonomy(models.Model):
    """What a provider number says it is (NUCC taxonomy): tells an infusion clinic from a physician office."""

    npi = models.CharField(max_length=10)
    taxonomy = models.CharField(max_length=10)

    class Meta:
        ordering = ["npi", "taxonomy"]
        verbose_name_plural = "provider taxonomies"
        constraints = [models.UniqueConstraint(fields=["npi", "taxonomy"], name="provider_taxonomy_once")]

    def __str__(self):
        return f"{self.npi} {self.taxonomy}"


class ZipCentroid(models.Model):
    """Where a ZIP code's people live, as one point: distances are measured from it (degrees, WGS 84)."""

    zip_code = models.CharField(max_length=5, primary_key=True)
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        ordering = ["zip_code"]
        verbose_name = "ZIP centroid"

    def __str__(self):
        return self.zip_code


from sites.choice_models import (  # noqa: E402, F401 (the app's models are found in this module)
    ChecklistItem,
    Choice,
    HistoryStands,
    Partnership,
    ReadyMark,
    WaitingList,
    WatchEntry,
)
