"""340B registrations of a site by date: quarterly, and a site that is no child site of the hospital has none."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from payers.models import SitePeriod340B
from payers.policy_form import DayField
from sites.access import access_editable_site


class PeriodForm(forms.Form):
    starts_on = DayField(label="Registered from", error_messages={"required": "Say from which day the site is registered."})
    ends_on = DayField(label="First day no longer registered", required=False, help_text="Blank: still registered.")
    source = forms.CharField(
        label="Source", max_length=300, required=False, help_text="Such as the OPAIS entry and the day it was looked up."
    )
    WIDE = ("source",)

    def __init__(self, *arguments, site_id: str, **options):
        super().__init__(*arguments, label_suffix="", use_required_attribute=False, **options)
        self.site_id = site_id

    def clean(self) -> dict:
        said = super().clean()
        start, end = said.get("starts_on"), said.get("ends_on")
        if start and end and end <= start:
            self.add_error("ends_on", f"Must be after {start}, the day from which the site is registered.")
        if start and not self.errors:
            for other in SitePeriod340B.objects.filter(site_id=self.site_id):
                if (other.ends_on is None or start < other.ends_on) and (end is None or other.starts_on < end):
                    until = other.ends_on or "now"
                    self.add_error(
                        "starts_on", f"It overlaps the period from {other.starts_on} to {until}; change or take away that one."
                    )
        return said


@require_http_methods(["GET", "HEAD", "POST"])
def site_340b(request, pk: int):
    site = access_editable_site(request.user, pk)
    form = PeriodForm(request.POST or None, site_id=site.site_id)
    if request.method == "POST" and form.is_valid():
        SitePeriod340B.objects.create(site_id=site.site_id, **form.cleaned_data)
        messages.success(request, "The registration is on file.")
        return redirect("payers:site-340b", pk)
    periods = SitePeriod340B.objects.filter(site_id=site.site_id)
    context = {"site": site, "form": form, "periods": periods}
    return render(request, "sites/site_340b.html", context, status=422 if form.errors else 200)


@require_POST
def remove_340b(request, pk: int, period: int):
    site = access_editable_site(request.user, pk)
    found = SitePeriod340B.objects.filter(site_id=site.site_id, pk=period).first()
    if found is not None:
        found.delete()
        messages.success(request, f"The registration from {found.starts_on} is taken away.")
    return redirect("payers:site-340b", pk)
