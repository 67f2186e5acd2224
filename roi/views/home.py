"""Home infusion priced honestly: whether per diem and visit pay for the services, by payer and therapy, and the brief for talks."""

from decimal import Decimal, InvalidOperation

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from demand.selectors.coverage import coverage, newest_published
from payers.price_access import access_prices
from roi.access import access_scenarios
from roi.charts import home as charts
from roi.home_form import HomeCostsForm
from roi.selectors.home_days import home_days, home_days_of, home_families, home_payers, therapies_of

USUAL_FAMILY = "immune globulin"


@require_safe
def home(request):
    """One therapy, every payer; the address holds the question and the cost inputs."""
    access_scenarios(request.user)
    access_prices(request.user)
    families = home_families()
    asked = request.GET.get("family", USUAL_FAMILY)
    family = next((one for one in families if one.family == asked), families[0] if families else None)
    costs = HomeCostsForm(request.GET)
    context = {"families": families, "family": family, "form": costs, "payers": sorted({payer for payer, _ in home_payers()})}
    dose, context["dose_problem"] = _dose(request.GET.get("dose", "") if request.GET.get("asked", asked) == asked else "")
    if family is not None and costs.is_valid() and not context["dose_problem"]:
        found = home_days(family, timezone.localdate(), costs.value, dose)
        context |= {"found": found, "dose": dose}
        if found.rows:
            context["figure"] = charts.gaps(found, f"{family.family.capitalize()} at home, by payer", by_payer=True)
            context["visit"] = charts.visit_costs(found.rows[0])
    return render(request, "roi/home.html", context)


@require_safe
def brief(request):
    """One payer, every therapy of the newest run: the reimbursement gap on paper, each figure with its formula and source."""
    access_scenarios(request.user)
    access_prices(request.user)
    payer = request.GET.get("payer", "")
    costs = HomeCostsForm(request.GET)
    if payer not in {name for name, _ in home_payers()} or not costs.is_valid():
        raise Http404
    run = newest_published()
    found = home_days_of(payer, therapies_of(run), timezone.localdate(), costs.value)
    context = {
        "payer": payer,
        "found": found,
        "figure": charts.gaps(found, f"{payer}: what home infusion is paid and what it costs", by_payer=False),
        "visit": charts.visit_costs(found.rows[0]) if found.rows else None,
        "inputs": [(row.field, costs.cleaned_data[row.field.key], costs.sources[row.field.key]) for row in costs.rows()],
        "coverage": coverage(run) if run else None,
    }
    return render(request, "roi/home_brief.html", context)


def _dose(text: str) -> tuple[Decimal | None, str]:
    if not text.strip():
        return None, ""
    try:
        dose = Decimal(text.strip())
    except InvalidOperation:
        dose = Decimal(0)
    if not dose.is_finite() or not Decimal(0) < dose <= 1_000_000:
        return None, "Give the dose as a number above 0, in the unit of the drug's code."
    return dose, ""
