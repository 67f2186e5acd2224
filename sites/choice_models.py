"""What was chosen where, what limits it, what is still to do, and who waits. `sites.models` hands these on."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from sites.append_only import AppendOnly
from sites.engine.readiness import AREAS
from sites.engine.site_types import SITE_TYPES

TYPE_CHOICES = list(SITE_TYPES.items())


class Choice(AppendOnly):
    """One decision about one kind of site in one market, as it was taken. The newest row of a cell counts; none is ever changed.

    `evidence` holds the run and the cell's figures as they stood when it was recorded.
    """

    class Decision(models.TextChoices):
        YES = "yes", "Yes"
        NO = "no", "No"
        UNDECIDED = "undecided", "Undecided"

    market = models.CharField(max_length=100)
    site_type = models.CharField(max_length=12, choices=TYPE_CHOICES)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.TextField(blank=True, max_length=4000)
    options = models.TextField(blank=True, max_length=4000)
    criteria = models.TextField(blank=True, max_length=4000)
    dissent = models.TextField(blank=True, max_length=4000)
    goal = models.CharField(max_length=300, blank=True)
    owner = models.CharField(max_length=150)
    decided_on = models.DateField()
    next_review = models.DateField(null=True, blank=True)
    waiver = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=dict)
    supersedes = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["market", "site_type", "-pk"]
        permissions = [("decide", "Can record a choice for a kind of site in a market")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision="no") | (~Q(reason="") & Q(next_review__isnull=False)), name="choice_no_says_why_and_until"
            ),
            models.UniqueConstraint(
                fields=["market", "site_type"], condition=Q(supersedes=None), name="choice_first_of_its_cell"
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_site_type_display()} in {self.market}: {self.get_decision_display()}"


class Partnership(models.Model):
    """An agreement that bars kinds of site to us, in markets, for a group of patients. It binds from `since` up to, not including,
    `until` (blank: no end). No markets means all of them."""

    partner = models.CharField(max_length=200)
    population = models.CharField(
        max_length=200, blank=True, help_text="Whom it is about, for example “people with kidney disease”."
    )
    site_types = models.JSONField(default=list)
    markets = models.JSONField(default=list)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    waived_by = models.CharField(max_length=200, help_text="Who may waive the limit: a person or an office.")
    terms = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["partner", "pk"]

    def __str__(self):
        return self.partner

    def clean(self):
        if unknown := set(self.site_types) - set(SITE_TYPES):
            raise ValidationError({"site_types": f"There is no kind of site “{sorted(unknown)[0]}”."})
        if self.since and self.until and self.until <= self.since:
            raise ValidationError({"until": "The limit must end after it begins."})


class ChecklistItem(models.Model):
    """Something that must be in place, with who sees to it and when it was last checked. Done goes stale after some months."""

    class Kind(models.TextChoices):
        READINESS = "readiness", "Readiness"
        DRUG = "drug", "Drug availability at a distributor"
        PROTOCOL = "protocol", "Protocol of a home provider"
        LAUNCH = "launch", "Launch checklist"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        NOT_NEEDED = "not_needed", "Not needed"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    market = models.CharField(max_length=100)
    site_type = models.CharField(max_length=12, choices=TYPE_CHOICES)
    site = models.ForeignKey("care_sites.Site", null=True, blank=True, on_delete=models.CASCADE, related_name="checklist")
    area = models.CharField(max_length=20, choices=list(AREAS.items()))
    title = models.CharField(max_length=200)
    distributor = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN.value)
    owner = models.CharField(max_length=150, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    stale_after_months = models.PositiveIntegerField(default=12)
    cost_cents = models.BigIntegerField(null=True, blank=True)
    lead_time_weeks = models.PositiveIntegerField(null=True, blank=True)
    contingency_percent = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["market", "site_type", "kind", "area", "pk"]
        permissions = [("prepare_choices", "Can keep readiness, limits and watch lists")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(checked_on__isnull=False), name="checklist_done_says_when"
            ),
            models.CheckConstraint(condition=Q(cost_cents__isnull=True) | Q(cost_cents__gte=0), name="checklist_cost_not_negative"),
        ]  # fmt: skip

    def __str__(self):
        return self.title


class ReadyMark(models.Model):
    """Somebody said that a kind of site is ready in a market, on a day on which nothing required was open or stale."""

    market = models.CharField(max_length=100)
    site_type = models.CharField(max_length=12, choices=TYPE_CHOICES)
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    marked_on = models.DateField()

    class Meta:
        ordering = ["-marked_on", "-pk"]

    def __str__(self):
        return f"{self.get_site_type_display()} in {self.market} ready on {self.marked_on}"


class WatchEntry(models.Model):
    """A dated line of what a council keeps in view: who enters the market, what rules say, what patients need, who can help, what
    we own that could be used again."""

    class Kind(models.TextChoices):
        ENTRANT = "entrant", "Entrant to watch"
        REGULATION = "regulation", "Regulatory requirement"
        PATIENT_NEED = "patient_need", "Patient need"
        ADVISER = "adviser", "Adviser"
        RESOURCE = "resource", "Resource of ours"

    kind = models.CharField(max_length=14, choices=Kind.choices)
    market = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, max_length=2000)
    area = models.CharField(max_length=20, choices=list(AREAS.items()), blank=True)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    saves_cents = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)
    noted_on = models.DateField()
    review_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "-noted_on", "-pk"]
        verbose_name_plural = "watch entries"
        constraints = [
            models.CheckConstraint(condition=Q(saves_cents__isnull=True) | Q(saves_cents__gte=0), name="watch_saves_not_negative")
        ]

    def __str__(self):
        return self.title


class WaitingList(models.Model):
    """People who wait for a chair at a site on a day, how many chair-hours a month each of them needs, and the hours that are staffed."""

    site = models.ForeignKey("care_sites.Site", on_delete=models.CASCADE, related_name="waiting_lists")
    counted_on = models.DateField()
    people = models.PositiveIntegerField()
    hours_a_person = models.DecimalField(max_digits=6, decimal_places=2, help_text="Chair-hours a person needs in a month.")
    staffed_hours = models.DecimalField(
        max_digits=8, decimal_places=1, null=True, blank=True, help_text="Chair-hours a month that nurses are there for."
    )
    value_cents_an_hour = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["site", "-counted_on"]
        constraints = [
            models.UniqueConstraint(fields=["site", "counted_on"], name="waiting_list_once_a_day"),
            models.CheckConstraint(condition=Q(hours_a_person__gt=0), name="waiting_list_hours_above_nothing"),
        ]

    def __str__(self):
        return f"Waiting list of {self.site} on {self.counted_on}"
