"""What we should do about it: scenarios, their versions and what each version returned."""

from django.conf import settings
from django.db import models

from demand.models import Run
from roi.engine.options import CENTER, OPTIONS


class Scenario(models.Model):
    """A named option. Its inputs live in versions; the newest one counts."""

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=[(option.key, option.name) for option in OPTIONS.values()], default=CENTER)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        permissions = [("view_scenarios", "Can see scenarios"), ("edit_scenarios", "Can create and change scenarios")]

    def __str__(self):
        return self.name


class ScenarioVersion(models.Model):
    """The inputs of a scenario as saved once; never edited."""

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    inputs = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["scenario", "-number"]
        constraints = [models.UniqueConstraint(fields=["scenario", "number"], name="scenario_version_once")]

    def __str__(self):
        return f"{self.scenario} v{self.number}"


class ScenarioResult(models.Model):
    """What one version returned on one run's data; written whole, in one transaction."""

    version = models.ForeignKey(ScenarioVersion, on_delete=models.CASCADE, related_name="results")
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="scenario_result")
    data_run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+", help_text="The claims run it read")
    summary = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self):
        return f"{self.version} result"


class ScenarioLine(models.Model):
    """One line item of one month under one baseline, in cents; the rows of `export scenario`."""

    result = models.ForeignKey(ScenarioResult, on_delete=models.CASCADE, related_name="lines")
    baseline = models.CharField(max_length=20)
    month = models.PositiveIntegerField()
    line_item = models.CharField(max_length=60)
    cents = models.BigIntegerField()

    class Meta:
        ordering = ["result", "baseline", "month", "line_item"]
        constraints = [models.UniqueConstraint(fields=["result", "baseline", "month", "line_item"], name="scenario_line_once")]

    def __str__(self):
        return f"{self.baseline} {self.month} {self.line_item}"


class Approval(models.Model):
    """A computed version that was approved: who answers for it, the goal it serves, and who owns which assumption; never edited.

    `site` is the registered site that came of it, named when it is there; from then on actuals are compared with the version.
    """

    version = models.OneToOneField(ScenarioVersion, on_delete=models.CASCADE, related_name="approval")
    executive = models.CharField(max_length=150)
    goal = models.CharField(max_length=300)
    owners = models.JSONField(help_text="Who owns each assumption, by its code")
    site = models.ForeignKey("care_sites.Site", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-approved_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(executive="") & ~models.Q(goal=""), name="approval_names_executive_and_goal"
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.version} approved"


class ActualCost(models.Model):
    """What a cost line of an approved version really was in a month, in cents; recording it again replaces it."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="costs")
    month = models.DateField(help_text="The month's first day")
    line_item = models.CharField(max_length=60)
    cents = models.BigIntegerField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    recorded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["approval", "month", "line_item"]
        constraints = [models.UniqueConstraint(fields=["approval", "month", "line_item"], name="actual_cost_once")]

    def __str__(self):
        return f"{self.approval} {self.month:%Y-%m} {self.line_item}"


class Formulary(models.Model):
    """Which drugs a scenario's site gives, as decided once: the rules, and each drug in or out with its figures and reason; never edited."""

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="formularies")
    number = models.PositiveIntegerField()
    basis = models.ForeignKey(ScenarioVersion, on_delete=models.CASCADE, related_name="+", help_text="Its volumes and prices")
    rules = models.JSONField()
    rows = models.JSONField()
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["scenario", "-number"]
        verbose_name_plural = "formularies"
        constraints = [models.UniqueConstraint(fields=["scenario", "number"], name="formulary_once")]

    def __str__(self):
        return f"Formulary {self.number} of {self.scenario}"

    @property
    def out(self) -> tuple[str, ...]:
        return tuple(row["family"] for row in self.rows if not row["is_in"])
