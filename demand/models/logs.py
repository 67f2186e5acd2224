"""What the four functions of the system recorded themselves, and which load each record came by."""

from django.conf import settings
from django.db import models


class LogLoad(models.Model):
    """One delivery of records of one log: a file, or a record entered by form. Undone newest first, as a whole.

    records = added + changed + unchanged + rejected; `removed` are records that a person took back by form.
    """

    class Kind(models.TextChoices):
        DENIALS = "denials", "Denials and write-offs"
        WHITE_BAG_EVENTS = "white_bag_events", "White-bag events"
        PATIENT_IMPACTS = "patient_impacts", "Patient impacts"
        ORDERS = "orders", "Orders and site-of-care determinations"
        CLINICAL_FACTS = "clinical_facts", "Clinical facts"

    class Source(models.TextChoices):
        FILE = "file", "file"
        FORM = "form", "form"

    class Status(models.TextChoices):
        CHECKED = "checked", "Checked, not on file"
        ON_FILE = "on_file", "On file"
        TAKEN_BACK = "taken_back", "Taken back"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    name = models.CharField(max_length=200, help_text="The file's name, or what was done by form")
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.CHECKED.value)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    on_file_at = models.DateTimeField(null=True, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    rejects = models.JSONField(default=list, help_text="line, column, value, rule, message; no person and no claim in it")
    warnings = models.JSONField(default=list)
    totals = models.JSONField(default=list, help_text="Sums of the file that add up: in the file = on file + rejected")

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.get_kind_display()}, load {self.pk}"

    @property
    def rejected(self) -> int:
        return len(self.rejects)

    @property
    def records(self) -> int:
        return self.added + self.changed + self.unchanged + self.rejected


class LogChange(models.Model):
    """What a record was before a load changed or removed it, so that the load can be undone. A record that was added has none."""

    load = models.ForeignKey(LogLoad, on_delete=models.CASCADE, related_name="changes")
    record_id = models.BigIntegerField()
    before = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["load", "record_id"], name="log_change_once_a_load")]

    def __str__(self):
        return f"record {self.record_id}"


class LoggedRecord(models.Model):
    """What all logs have in common: the load that wrote the record last. Records loaded before loads were kept have none."""

    load = models.ForeignKey(LogLoad, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True


class Order(LoggedRecord):
    """An infusion order with Epic's site-of-care words. person_id is a keyed pseudonym."""

    order_id = models.CharField(max_length=80, unique=True)
    person_id = models.CharField(max_length=40)
    ordering_npi = models.CharField(max_length=10, blank=True)
    molecule = models.CharField(max_length=100)
    ordered_on = models.DateField()
    authorized_on = models.DateField(null=True, blank=True)
    scheduled_on = models.DateField(null=True, blank=True)
    first_infused_on = models.DateField(null=True, blank=True)
    location = models.CharField(max_length=80, blank=True)
    determination = models.CharField(max_length=40, blank=True)
    reject_reason = models.CharField(max_length=80, blank=True)
    preference = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["order_id"]

    def __str__(self):
        return self.order_id


class ClinicalFact(LoggedRecord):
    """What a clinician recorded of a person that claims do not show: a criterion of the line holds, or does not, from ≤ day < until.
    person_id is a keyed pseudonym."""

    row_key = models.CharField(max_length=64, unique=True)
    person_id = models.CharField(max_length=40, db_index=True)
    criterion = models.CharField(max_length=20)
    holds = models.BooleanField(null=True)
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["from_on", "criterion", "pk"]

    def __str__(self):
        return f"{self.criterion} from {self.from_on}"


class WhiteBagEvent(LoggedRecord):
    """A clinic's own note that a dose came from a pharmacy. row_key tells repeated notes of one clinic, drug and day apart."""

    row_key = models.CharField(max_length=64, unique=True)
    site_id = models.CharField(max_length=80)
    hcpcs_code = models.CharField(max_length=5)
    payer = models.CharField(max_length=200, blank=True)
    administered_on = models.DateField()
    pharmacy = models.CharField(max_length=200, blank=True)
    dose_changed = models.BooleanField(null=True)
    delayed_days = models.IntegerField(null=True, blank=True)
    wasted = models.BooleanField(null=True)
    staff_minutes = models.IntegerField(null=True, blank=True)

    class Meta:
        ordering = ["administered_on", "site_id"]

    def __str__(self):
        return f"{self.site_id} {self.hcpcs_code} {self.administered_on}"


class Denial(LoggedRecord):
    """A denied claim as revenue cycle recorded it."""

    row_key = models.CharField(max_length=64, unique=True)
    claim_id = models.CharField(max_length=200)
    payer = models.CharField(max_length=200, blank=True)
    hcpcs_code = models.CharField(max_length=5, blank=True)
    site_id = models.CharField(max_length=80, blank=True)
    service_date = models.DateField(null=True, blank=True)
    reason_code = models.CharField(max_length=20, blank=True)
    denied_cents = models.BigIntegerField(null=True, blank=True)
    written_off_cents = models.BigIntegerField(null=True, blank=True)
    decided_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["decided_on", "claim_id"]

    def __str__(self):
        return f"{self.payer} {self.hcpcs_code} {self.reason_code}"


class PatientImpact(LoggedRecord):
    """What a policy did to a patient, without naming the patient."""

    row_key = models.CharField(max_length=64, unique=True)
    policy_id = models.CharField(max_length=80)
    site_id = models.CharField(max_length=80, blank=True)
    reported_on = models.DateField()
    kind = models.CharField(max_length=40)
    delay_days = models.IntegerField(null=True, blank=True)
    severity = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["reported_on"]

    def __str__(self):
        return f"{self.policy_id} {self.kind}"


class Settlement(models.Model):
    """Why a contradiction between the functions' records needs no more looking at. Undone ones are kept."""

    key = models.CharField(max_length=24, db_index=True, help_text="demand.engine.contradictions.Contradiction.key")
    kind = models.CharField(max_length=40)
    payer = models.CharField(max_length=200, blank=True)
    family = models.CharField(max_length=80, blank=True)
    policy_id = models.CharField(max_length=80, blank=True)
    size = models.PositiveIntegerField(help_text="Records or people behind it when it was settled")
    reason = models.TextField(max_length=1000)
    settled_at = models.DateTimeField(auto_now_add=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(undone_at=None), name="one_settlement_per_contradiction")
        ]

    def __str__(self):
        return f"{self.kind} {self.key}"
