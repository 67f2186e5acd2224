"""Who pays what for the same drug and dose by kind of site; and what a scenario's freed hospital chair-hours are worth."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from demand.access import sees_small_counts
from payers.models import DrugFamily
from payers.price_access import access_prices
from roi.access import access_scenarios
from roi.charts import site_costs as charts
from roi.plan_form import DEFAULT_WORDS, DESIGN, PlanForm
from roi.selectors import scenarios
from roi.selectors.freed_hours import freed_page
from roi.selectors.site_costs import site_costs as found_costs

USUAL_FAMILY = "infliximab"


@require_safe
def site_costs(request):
    access_scenarios(request.user)
    access_prices(request.user)
    given = {name: value for name, value in request.GET.items() if name in (*DESIGN, "family", "dose")}
    if given.get("family") != request.GET.get("asked", given.get("family")):
        given.pop("dose", None)  # another drug has a usual dose of its own
    families = DrugFamily.objects.filter(codes__isnull=False)
    first = families.filter(family=USUAL_FAMILY).first() or families.first()
    form = PlanForm({**DESIGN, "family": first and first.pk, **given})
    context = {"form": form, "any": first is not None}
    if form.is_valid():
        family = form.cleaned_data["family"]
        found = found_costs(family, timezone.localdate(), form.cleaned_data["dose"], form.design)
        context |= {"found": found, "family": family, "default_words": DEFAULT_WORDS if form.is_default else ""}
        if found:
            context["figure"] = charts.site_costs(found)
    return render(request, "roi/site_costs.html", context)


@require_safe
def freed(request, pk: int):
    page = scenarios.page(request.user, pk)
    context = {
        "page": page,
        "freed": freed_page(page.center, sees_small_counts(request.user)),
        "unseen": scenarios.unseen([page.version.pk]),
    }
    return render(request, "roi/freed.html", context)
