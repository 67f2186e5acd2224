"""What an administrator keeps by hand; every change is in the audit log."""

from auditlog.registry import auditlog
from django.contrib import admin

from sites.models import (
    ChecklistItem,
    Choice,
    Partnership,
    Prescriber,
    ProviderTaxonomy,
    ReadyMark,
    Site,
    SiteChairs,
    SiteNpi,
    WaitingList,
    WatchEntry,
)

for model in (Site, SiteNpi, SiteChairs, Prescriber, ProviderTaxonomy):
    auditlog.register(model)
# Kept on their pages, not here; a choice is never changed at all.
for model in (ChecklistItem, Partnership, ReadyMark, WatchEntry):
    auditlog.register(model)
auditlog.register(WaitingList, exclude_fields=["people"])  # it may be a small count
auditlog.register(Choice, exclude_fields=["evidence"])  # the row itself holds it for good


class ReadHere:
    """To be read here; the register's own pages check an entry and keep what it said before."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class SiteNpiInline(ReadHere, admin.TabularInline):
    model = SiteNpi


class SiteChairsInline(ReadHere, admin.TabularInline):
    model = SiteChairs


@admin.register(Site)
class SiteAdmin(ReadHere, admin.ModelAdmin):
    list_display = ["site_id", "name", "site_class", "ownership", "owner", "market", "opened_on", "closed_on", "retired"]
    list_filter = ["site_class", "ownership", "market", "retired"]
    search_fields = ["site_id", "name", "owner", "npis__npi"]
    inlines = [SiteNpiInline, SiteChairsInline]


@admin.register(Prescriber)
class PrescriberAdmin(admin.ModelAdmin):
    list_display = ["npi", "name", "specialty", "relation", "market", "starts_on", "ends_on"]
    list_filter = ["relation", "specialty"]
    search_fields = ["npi", "name"]


@admin.register(ProviderTaxonomy)
class ProviderTaxonomyAdmin(admin.ModelAdmin):
    list_display = ["npi", "taxonomy"]
    search_fields = ["npi", "taxonomy"]
