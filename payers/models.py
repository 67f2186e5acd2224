"""Who pays, on what terms, for which drugs. Everything here is dated and carries its source."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from payers import words
from sites.models import RegisterChange


class DrugFamily(models.Model):
    """A molecule with its biosimilars: the regimen and the time in the chair. Doses are per infusion, minutes per visit."""

    family = models.CharField(max_length=80, primary_key=True)
    clinical_line = models.CharField(max_length=80)
    interval_days = models.PositiveIntegerField(null=True, blank=True)
    induction_doses = models.PositiveIntegerField(default=0)
    cyclic = models.BooleanField(default=False)
    cycle_doses = models.PositiveIntegerField(null=True, blank=True)
    finite_course = models.BooleanField(default=False)
    course_doses = models.PositiveIntegerField(null=True, blank=True)
    planned_self_injection = models.BooleanField(default=False)
    self_administered_family_form = models.BooleanField(default=False)
    usual_dose_low = models.FloatField(null=True, blank=True)
    usual_dose_high = models.FloatField(null=True, blank=True)
    infusion_minutes = models.PositiveIntegerField(null=True, blank=True)
    observation_minutes = models.PositiveIntegerField(null=True, blank=True)
    chair_minutes = models.PositiveIntegerField(null=True, blank=True)
    year1_doses = models.FloatField(null=True, blank=True)
    maintenance_doses_per_year = models.FloatField(null=True, blank=True)
    rems = models.CharField(max_length=300, blank=True)
    specialties = models.CharField(max_length=300, blank=True, help_text="Specialties that order it, separated by ;")
    source = models.CharField(max_length=300)
    confidence = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["family"]
        verbose_name_plural = "drug families"

    def __str__(self):
        return self.family

    @property
    def specialties_in_words(self) -> str:
        return ", ".join(part.strip() for part in self.specialties.split(";") if part.strip())


class DrugCode(models.Model):
    """A HCPCS code's drug and unit while effective_from ≤ service date < effective_to."""

    hcpcs_code = models.CharField(max_length=5)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    molecule = models.CharField(max_length=100)
    family = models.ForeignKey(DrugFamily, on_delete=models.PROTECT, related_name="codes")
    brand = models.CharField(max_length=200, blank=True)
    unit_amount = models.FloatField()
    unit_of_measure = models.CharField(max_length=10)
    route = models.CharField(max_length=5, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["hcpcs_code", "effective_from"]
        constraints = [models.UniqueConstraint(fields=["hcpcs_code", "effective_from"], name="drug_code_once_a_date")]

    def __str__(self):
        return f"{self.hcpcs_code} {self.brand or self.molecule}"


class Ndc(models.Model):
    """A package (11 digits, 5-4-2) and the drug in it."""

    ndc_code = models.CharField(max_length=11)
    hcpcs_code = models.CharField(max_length=5, blank=True)
    molecule = models.CharField(max_length=100)
    family = models.ForeignKey(DrugFamily, on_delete=models.PROTECT, related_name="ndcs")
    self_administered = models.BooleanField(default=False)
    units_per_package = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["ndc_code", "hcpcs_code"]
        constraints = [models.UniqueConstraint(fields=["ndc_code", "hcpcs_code"], name="ndc_once_a_code")]

    def __str__(self):
        return self.ndc_code


class ServiceCode(models.Model):
    """A code that says an infusion was given (administration) or served at home (home_service)."""

    hcpcs_code = models.CharField(max_length=5, unique=True)
    role = models.CharField(max_length=20)
    kind = models.CharField(max_length=30)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["hcpcs_code"]

    def __str__(self):
        return self.hcpcs_code


class ClaimCode(models.Model):
    """A code set's value with a label of our own: place of service, bill type, revenue center."""

    code_set = models.CharField(max_length=30)
    code = models.CharField(max_length=10)
    label = models.CharField(max_length=200)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["code_set", "code"]
        constraints = [models.UniqueConstraint(fields=["code_set", "code"], name="claim_code_once")]

    def __str__(self):
        return f"{self.code} {self.label}"


class AspLimit(models.Model):
    """Medicare's payment limit (dollars per HCPCS unit, add-on included) for the quarter that starts on quarter_start."""

    hcpcs_code = models.CharField(max_length=5)
    quarter_start = models.DateField()
    payment_limit = models.DecimalField(max_digits=14, decimal_places=3)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["hcpcs_code", "quarter_start"]
        constraints = [models.UniqueConstraint(fields=["hcpcs_code", "quarter_start"], name="asp_limit_once_a_quarter")]

    def __str__(self):
        return f"{self.hcpcs_code} {self.quarter_start}"


class AdministrationFee(models.Model):
    """The physician fee schedule's national amount (dollars, non-facility) of an administration code."""

    hcpcs_code = models.CharField(max_length=5)
    effective_from = models.DateField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["hcpcs_code", "effective_from"]
        constraints = [models.UniqueConstraint(fields=["hcpcs_code", "effective_from"], name="admin_fee_once_a_date")]

    def __str__(self):
        return f"{self.hcpcs_code} {self.amount}"


class Payer(models.Model):
    """A payer by the name that claims, policies and rates use here, and the company behind it."""

    name = models.CharField(max_length=200, unique=True)
    parent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class PayerName(models.Model):
    """Another name under which claims carry a payer."""

    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="claim_names")
    name = models.CharField(max_length=200, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Plan(models.Model):
    """A payer's plan as claims name it. Blank line of business, funding, state or group: not known here."""

    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="plans")
    name = models.CharField(max_length=200)
    line_of_business = models.CharField(max_length=30, blank=True)
    funding = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=2, blank=True)
    group_id = models.CharField("group", max_length=80, blank=True)

    class Meta:
        ordering = ["payer", "name"]
        constraints = [models.UniqueConstraint(fields=["payer", "name"], name="plan_once_a_payer")]

    def __str__(self):
        return self.name

    @property
    def line_of_business_in_words(self) -> str:
        return words.LINES_OF_BUSINESS.get(self.line_of_business, "")

    @property
    def funding_in_words(self) -> str:
        return words.FUNDING.get(self.funding, "")


class PolicyQuerySet(models.QuerySet):
    def on_file(self):
        """Those that count; a retired policy is kept for its history and binds nobody."""
        return self.filter(retired_at=None)


class Policy(models.Model):
    """One payer policy as its newest version says it (definitions.md, section 6). In force from ≤ date < to."""

    policy_id = models.CharField(max_length=80, unique=True)
    payer = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    status = models.CharField(max_length=20)
    likelihood = models.FloatField(default=1.0)
    effective_from = models.DateField(null=True, blank=True)
    effective_to = models.DateField(null=True, blank=True)
    document = models.JSONField(help_text="The whole policy file, dates as text")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["payer", "policy_id"]
        verbose_name_plural = "policies"
        permissions = [("edit_policies", "Can keep payers, plans, policies and laws")]

    def __str__(self):
        return self.policy_id

    @property
    def title(self) -> str:
        """What its source is called; the policy's id where that is not stated."""
        return (self.document.get("source") or {}).get("title") or self.policy_id

    @property
    def kind_in_words(self) -> str:
        return words.KINDS.get(self.kind, self.kind)

    @property
    def status_in_words(self) -> str:
        return words.STATUSES.get(self.status, self.status)

    @property
    def likelihood_in_words(self) -> str:
        return words.likelihood(self.likelihood)

    @property
    def check_at_source(self) -> bool:
        return bool(self.document.get("check_at_source"))


class PolicyVersion(models.Model):
    """What a policy said from one saving to the next. A version that was taken back stays in the history and counts no more."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["policy", "-number"]
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")]

    def __str__(self):
        return f"{self.policy} version {self.number}"


class PolicyStep(models.Model):
    """A dated step of our answer to a policy (payers.engine.response.STEPS). `by` is nobody where the system knew the day itself.

    The policy is named by its id and need not be on file yet: a notice comes before the register knows of it.
    """

    policy_id = models.CharField(max_length=80)
    step = models.CharField(max_length=10)
    on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    recorded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["policy_id", "on"]
        constraints = [models.UniqueConstraint(fields=["policy_id", "step"], name="policy_step_once")]

    def __str__(self):
        return f"{self.policy_id} {self.step}"


class Rate(models.Model):
    """What a contract allows. Blank plan, site class, site or code means any. In force from ≤ date < to."""

    payer = models.CharField(max_length=200)
    plan = models.CharField(max_length=200, blank=True)
    site_class = models.CharField(max_length=30, blank=True)
    site_id = models.CharField(max_length=80, blank=True)
    hcpcs_code = models.CharField(max_length=5, blank=True)
    basis = models.CharField(max_length=20)
    rate = models.DecimalField(max_digits=14, decimal_places=4)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["payer", "plan", "site_class", "hcpcs_code", "effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["payer", "plan", "site_class", "site_id", "hcpcs_code", "basis", "effective_from"],
                name="rate_once_a_date",
            )
        ]

    def __str__(self):
        return f"{self.payer} {self.hcpcs_code or 'any code'} {self.basis} {self.rate}"


class StateLaw(models.Model):
    """A state law that shields insured plans' members from a kind of policy, while in force."""

    state = models.CharField(max_length=2)
    shields_from = models.CharField(max_length=30, help_text="The kind of policy: site_of_care, drug_source, …")
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=300)
    verify = models.BooleanField(default=False, help_text="Taken from the reference: to be verified before use")

    class Meta:
        ordering = ["state", "shields_from", "effective_from"]
        constraints = [models.UniqueConstraint(fields=["state", "shields_from", "effective_from"], name="state_law_once_a_date")]

    def __str__(self):
        return f"{self.state} {self.shields_from}"

    @property
    def shields_from_in_words(self) -> str:
        return words.KINDS.get(self.shields_from, self.shields_from)


class SitePeriod340B(models.Model):
    """A site buys at 340B prices while starts_on ≤ date < ends_on. A site without a row has what the site register's mark says."""

    site_id = models.CharField(max_length=80)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["site_id", "starts_on"]
        verbose_name = "340B period of a site"
        verbose_name_plural = "340B periods of sites"
        constraints = [models.UniqueConstraint(fields=["site_id", "starts_on"], name="site_340b_once_a_date")]

    def __str__(self):
        return f"{self.site_id} {self.starts_on}"


class NegotiatedRate(models.Model):
    """What other hospitals publish that payers pay them (45 CFR 180.50), in dollars per HCPCS unit.

    One row a hospital, code, payer, plan and method: the middle of the hospital's own rows, with the least and the most of them.
    """

    hospital = models.CharField(max_length=120)
    hcpcs_code = models.CharField(max_length=5, db_index=True)
    payer = models.CharField(max_length=200)
    plan = models.CharField(max_length=200, blank=True)
    line_of_business = models.CharField(max_length=30)
    methodology = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=14, decimal_places=4)
    least = models.DecimalField(max_digits=14, decimal_places=4)
    most = models.DecimalField(max_digits=14, decimal_places=4)
    rows = models.PositiveIntegerField()
    published_on = models.DateField(help_text="The month of the published file")
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["hcpcs_code", "hospital", "payer", "plan"]
        constraints = [
            models.UniqueConstraint(
                fields=["hospital", "hcpcs_code", "payer", "plan", "methodology", "published_on"], name="negotiated_rate_once"
            )
        ]

    def __str__(self):
        return f"{self.hospital} {self.hcpcs_code} {self.payer}"


class RateChange(RegisterChange):
    """A change of contract rates, checked before it is stored and kept so that it can be undone.

    `rows` are {"id", "before", "after"}: a rate's fields as text; before is null where the change adds the rate.
    """

    rows = models.JSONField(default=list)
    rejected = models.JSONField(default=list, help_text="Sentences: why a row of the file is not used")


class PolicyForecast(models.Model):
    """How likely somebody said that a policy is (0 to 1). Rows are added, never changed: the last one counts, all are scored."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="forecasts")
    forecaster = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    forecaster_name = models.CharField(max_length=150)
    likelihood = models.FloatField()
    note = models.CharField(max_length=300, blank=True)
    said_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["policy", "-said_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(likelihood__gte=0, likelihood__lte=1), name="forecast_likelihood_0_to_1")
        ]

    def __str__(self):
        return f"{self.policy} {words.likelihood(self.likelihood)} ({self.forecaster_name})"


class PolicyDecision(models.Model):
    """Whether a policy that might come did, and the day from which that was known."""

    policy = models.OneToOneField(Policy, on_delete=models.CASCADE, related_name="decision")
    came = models.BooleanField()
    known_on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["policy"]

    def __str__(self):
        return f"{self.policy} {'came' if self.came else 'did not come'}"
