"""Where claims live in a database: a feed names a connection and its tables, and is refreshed into extracts."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from demand.engine import schedule
from demand.models.extracts import Extract, ExtractFile


class Feed(models.Model):
    """Claims tables to fetch from. The connection is only a name: its address is a setting of the server (CLAIMS_DATABASES)."""

    class Schedule(models.TextChoices):
        NEVER = schedule.NEVER, "Only when asked"
        DAILY = schedule.DAILY, "Every day"
        WEEKLY = schedule.WEEKLY, "Every week, on Monday"
        MONTHLY = schedule.MONTHLY, "Every month, on the 1st"

    name = models.CharField(max_length=100, unique=True)
    connection = models.CharField(max_length=80)
    perspective = models.CharField(max_length=10, choices=Extract.Perspective.choices, default=Extract.Perspective.PAYER.value)
    data_source = models.CharField(max_length=120, blank=True, help_text="Fills blanks only")
    lookback_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Rows from so many months back; blank: all")
    schedule = models.CharField(max_length=10, choices=Schedule.choices, default=Schedule.NEVER.value)
    hour = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(0), MaxValueValidator(23)], help_text="UTC")
    scheduled_since = models.DateTimeField(help_text="What was due before is not caught up")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class FeedTable(models.Model):
    """Which table holds one kind of claims. A blank column is found by its name at each refresh."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="tables")
    kind = models.CharField(max_length=12, choices=ExtractFile.Kind.choices)
    schema = models.CharField(max_length=200, blank=True)
    table = models.CharField(max_length=200)
    person_column = models.CharField(max_length=200, blank=True)
    code_column = models.CharField(max_length=200, blank=True)
    date_column = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["feed", "kind"], name="one_table_per_feed_and_kind")]

    def __str__(self):
        return f"{self.schema}.{self.table}" if self.schema else self.table
