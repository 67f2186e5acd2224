"""Where infusions can be given, and who orders them for us."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sites.engine.registers import (
    BILLING_CLASSES_IN_WORDS,
    COMPOUNDING_IN_WORDS,
)


class SiteQuerySet(models.QuerySet):
    def on_file(self):
        """What the register says now: without entries that were merged into another or taken out."""
        return self.filter(retired=False)

    def checked_too_long_ago(self):
        """Entries on file that nobody has checked for longer than the setting, or never."""
        return self.on_file().filter(Q(checked_on=None) | Q(checked_on__lt=stale_before()))


def stale_before() -> dt.date:
    return timezone.localdate() - dt.timedelta(days=settings.SITE_CHECK_DAYS)


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
    opening_hours = models.CharField(max_length=200, blank=True)
    billing_class = models.CharField(max_length=30, blank=True, choices=list(BILLING_CLASSES_IN_WORDS.items()))
    nurses = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True, help_text="Full-time equivalents")
    pharmacists = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True, help_text="Full-time equivalents")
    technicians = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True, help_text="Full-time equivalents")
    payers_contracted = models.TextField(blank=True, help_text="Names, separated by ;")
    sterile_compounding = models.CharField(max_length=20, blank=True, choices=list(COMPOUNDING_IN_WORDS.items()))
    hazardous_drugs = models.BooleanField(null=True, blank=True)
    pediatrics = models.BooleanField(null=True, blank=True)
    ports = models.BooleanField(null=True, blank=True)
    observation = models.BooleanField(null=True, blank=True)
    rems = models.CharField(max_length=300, blank=True, help_text="REMS certifications, separated by ;")
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    retired = models.BooleanField(default=False, help_text="Merged into another entry, or taken out of the register")

    objects = SiteQuerySet.as_manager()

    class Meta:
        ordering = ["site_id"]
        permissions = [("edit_sites", "Can keep the site register")]

    def __str__(self):
        return self.name

    @property
    def stale(self) -> bool:
        return self.checked_on is None or self.checked_on < stale_before()

    def is_open(self, on: dt.date) -> bool:
        return (self.opened_on is None or self.opened_on <= on) and (self.closed_on is None or on < self.closed_on)


class SiteNpi(models.Model):
    """A provider number under which a site bills while starts_on ≤ date < ends_on. Two sites may share one; the pipeline then asks POS, bill type and modifiers."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="npis")
    npi = models.CharField(max_length=10, db_index=True)
    starts_on = models.DateField(null=True, blank=True, help_text="Blank: as long as the site is open")
    ends_on = models.DateField(null=True, blank=True, help_text="First day on which the site no longer bills under it")

    class Meta:
        ordering = ["npi"]
        constraints = [models.UniqueConstraint(fields=["site", "npi"], name="site_npi_once")]

    def __str__(self):
        return self.as_text

    @property
    def as_text(self) -> str:
        """As sites.csv has it (sites.engine.cells.npis)."""
        return self.npi + (f" from {self.starts_on}" if self.starts_on else "") + (f" to {self.ends_on}" if self.ends_on else "")


class SiteChairs(models.Model):
    """Chairs and open hours a week of a site from a month on, until its next row; a site without a row has the register's numbers."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="chairs_by_month")
    from_month = models.DateField(help_text="First day of the month")
    chairs = models.PositiveIntegerField()
    hours = models.DecimalField(max_digits=5, decimal_places=1, help_text="Open hours a week")

    class Meta:
        ordering = ["site", "from_month"]
        verbose_name_plural = "chairs by month"
        constraints = [models.UniqueConstraint(fields=["site", "from_month"], name="site_chairs_once_a_month")]

    def __str__(self):
        return f"{self.site} {self.from_month:%Y-%m}"


class RegisterChange(models.Model):
    """A change of a register: checked, then stored or dropped by a second decision; what is stored can be undone
    (`actions/decisions.py`)."""

    class State(models.TextChoices):
        CHECKED = "checked", "Checked, not stored"
        STORED = "stored", "Stored"
        UNDONE = "undone", "Undone"
        DROPPED = "dropped", "Not stored"

    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKED.value)
    unchanged = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self):
        return self.title


class SiteChange(RegisterChange):
    """A change of the site register: a form, a file, a merger."""

    rejected = models.JSONField(default=list, help_text="line, column, value, rule, message")


class SiteChangeRow(models.Model):
    """One site of a change: its entry as text before and after; before is null where the change adds it."""

    change = models.ForeignKey(SiteChange, on_delete=models.CASCADE, related_name="rows")
    site_id = models.CharField(max_length=80, db_index=True)
    before = models.JSONField(null=True)
    after = models.JSONField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["change", "site_id"], name="site_once_a_change")]

    def __str__(self):
        return self.site_id


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


class ZipPopulation(models.Model):
    """People who live in a ZIP code in a year, and those of them aged 65 or more, as a census table loaded by us says."""

    zip_code = models.CharField(max_length=5)
    year = models.PositiveSmallIntegerField()
    population = models.PositiveIntegerField()
    population_65_plus = models.PositiveIntegerField()

    class Meta:
        ordering = ["zip_code", "year"]
        verbose_name_plural = "ZIP populations"
        constraints = [
            models.UniqueConstraint(fields=["zip_code", "year"], name="zip_population_once_a_year"),
            models.CheckConstraint(condition=models.Q(population_65_plus__lte=models.F("population")), name="zip_population_older_are_part"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.zip_code} in {self.year}"


from sites.choice_models import (  # noqa: E402, F401 (the app's models are found in this module)
    ChecklistItem,
    Choice,
    Partnership,
    ReadyMark,
    WaitingList,
    WatchEntry,
)
