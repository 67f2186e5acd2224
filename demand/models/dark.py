"""What somebody found out about a dark treatment. Entries are only ever added: the newest one of a treatment counts."""

from django.conf import settings
from django.db import models

from sites.append_only import AppendOnly


class DarkResolution(AppendOnly):
    """One answer to “where did they go?”, as it was recorded; kind `open` takes the answer before it back.

    The treatment is named by what stays the same from run to run: person (keyed pseudonym), therapy, last infusion. Where a later run
    sees another infusion, the treatment is another one and the answer stays as history.
    """

    class Kind(models.TextChoices):
        MOVED = "moved", "Infused elsewhere"
        STOPPED = "stopped", "Stopped by the prescriber or the patient"
        NOT_ENROLLED = "not_enrolled", "Changed or lost coverage"
        RETURNING = "returning", "Still ours: the next dose is booked"
        NOT_REACHED = "not_reached", "Tried and not reached"
        OPEN = "open", "Open again"

    person_id = models.CharField(max_length=80)
    family = models.CharField(max_length=80)
    last_infused_on = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    evidence = models.CharField(
        max_length=200, blank=True, help_text="How we know: the chart, a call, the prescriber's office, a letter."
    )
    note = models.TextField(max_length=1000, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["person_id", "family", "last_infused_on"], name="dark_resolution_of")]

    def __str__(self):
        return f"{self.family}: {self.get_kind_display()}"
