"""What the four functions of the system recorded themselves."""

from django.db import models


class Order(models.Model):
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


class WhiteBagEvent(models.Model):
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


class Denial(models.Model):
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


class PatientImpact(models.Model):
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
