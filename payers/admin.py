"""What an administrator keeps by hand; every change is in the audit log. Reference tables come from files, not from here."""

from auditlog.registry import auditlog
from django.contrib import admin

from payers.models import Payer, PayerName, Plan, Policy, PolicyVersion, Rate, SitePeriod340B, StateLaw

for model in (Payer, PayerName, Plan, Policy, Rate, SitePeriod340B, StateLaw):
    auditlog.register(model)
auditlog.register(PolicyVersion, exclude_fields=["document"])  # the policy's own entry has it


@admin.register(Payer)
class PayerAdmin(admin.ModelAdmin):
    list_display = ["name", "parent"]
    search_fields = ["name", "parent"]


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):
    list_display = ["policy_id", "payer", "kind", "status", "likelihood", "effective_from", "effective_to"]
    list_filter = ["kind", "status", "payer"]
    search_fields = ["policy_id", "payer"]

    # To be read here; the register's own pages check a policy and keep its versions.
    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Rate)
class RateAdmin(admin.ModelAdmin):
    list_display = ["payer", "plan", "site_class", "site_id", "hcpcs_code", "basis", "rate", "effective_from", "effective_to"]
    list_filter = ["basis", "site_class"]
    search_fields = ["payer", "hcpcs_code"]


@admin.register(StateLaw)
class StateLawAdmin(admin.ModelAdmin):
    list_display = ["state", "shields_from", "effective_from", "effective_to"]


@admin.register(SitePeriod340B)
class SitePeriod340BAdmin(admin.ModelAdmin):
    list_display = ["site_id", "starts_on", "ends_on", "source"]
    search_fields = ["site_id"]
