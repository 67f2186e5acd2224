"""Prices to read: the price list of a drug, Medicare's limits by quarter, our rates among other hospitals' published ones."""

from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from payers.charts.asp import asp_chart
from payers.engine.medicare_rules import shipped_rules
from payers.models import DrugFamily, NegotiatedRate
from payers.price_access import access_prices, may_change_rates
from payers.price_forms import PriceQuestionForm
from payers.selectors.asp import asp_history
from payers.selectors.benchmark import benchmark_page
from payers.selectors.prices import Question, price_list, usual_dose, usual_services

USUAL_FAMILY = "infliximab"
USUAL_HOME = "S9379 99601"


@require_safe
def prices(request):
    """One drug on one day, every payer and site class."""
    access_prices(request.user)
    form = PriceQuestionForm(_with_defaults(request.GET))
    answer = None
    if form.is_valid():
        asked = form.cleaned_data
        question = Question(
            family=asked["family"].family,
            on=asked["on"],
            dose=asked["dose"] or usual_dose(asked["family"]),
            code=asked["code"],
            services=asked["services"],
            home_services=asked["home_services"],
            modifier=asked["modifier"],
            proposed=tuple(rule.key for rule in shipped_rules().proposals) if asked["proposed"] else (),
        )
        answer = price_list(question)
    context = {"form": form, "list": answer, "proposals": shipped_rules().proposals}
    return render(request, "prices/list.html", context)


def _with_defaults(asked) -> dict:
    """What was asked, completed by the drug's usual dose and codes. Where another drug was chosen, code, dose and hours are its own."""
    given = {name: value for name, value in asked.items() if value}
    families = DrugFamily.objects.filter(codes__isnull=False)
    family = families.filter(family=given.get("family", USUAL_FAMILY)).first() or families.first()
    if family is None:
        return given
    if given.get("asked") not in (None, family.family):
        given = {name: value for name, value in given.items() if name not in ("code", "dose", "services")}
    dose = usual_dose(family)
    return {
        "family": family.family,
        "on": timezone.localdate().isoformat(),
        "dose": f"{dose.normalize():f}" if dose else "",
        "services": " ".join(usual_services(family)),
        "home_services": USUAL_HOME,
    } | given


@require_safe
def asp(request, family: str = ""):
    """The quarters on file, and how limits changed."""
    access_prices(request.user)
    chosen = get_object_or_404(DrugFamily, family=family) if family else None
    history = asp_history(chosen)
    families = DrugFamily.objects.annotate(number=Count("codes")).filter(number__gt=0).values_list("family", flat=True)
    context = {
        "history": history,
        "chart": asp_chart(history) if chosen else None,
        "families": families,
        "may_load": may_change_rates(request.user),
    }
    return render(request, "prices/asp.html", context)


@require_safe
def benchmark(request):
    access_prices(request.user)
    line, payer = request.GET.get("line", ""), request.GET.get("payer", "")
    found = benchmark_page(timezone.localdate(), line, payer)
    context = {
        "page": found,
        "rows": Paginator(found.rows, 100).get_page(request.GET.get("page")),
        "may_load": may_change_rates(request.user),
        "any": NegotiatedRate.objects.exists(),
    }
    return render(request, "prices/benchmark.html", context)
