"""Prices against the newest run: infusions that have none, and the rate at which a payer is indifferent."""

from decimal import Decimal

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from demand.access import access_dashboard, access_published_run, access_single_infusions, sees_small_counts
from demand.audit import note
from demand.downloads import csv_response
from demand.price_forms import COSTS, ChoiceOfTwoForm, CostsForm
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.indifference_inputs import Inputs, indifference_inputs, payers_and_families
from demand.selectors.price_gaps import price_gaps
from payers.engine.indifference import indifference as indifference_rate
from payers.selectors.benchmark import benchmark_page

ALL_MOVED, A_YEAR = Decimal(100), Decimal(6)


@require_safe
def gaps(request):
    """Numbers of a group may tell of few people, and parts of payers × drugs of each other: without the right the order alone shows."""
    run = access_published_run(request.user)
    every = request.GET.get("sites") == "all"
    try:
        found = price_gaps(run, every_site=every) if run else None
    except ResultsMissing as missing:
        return render(request, "prices/gaps.html", {"missing": missing})
    context = {
        "gaps": found,
        "run": run,
        "page": Paginator(found.rows, 100).get_page(request.GET.get("page")) if found else None,
        "every": every,
        "sees_numbers": sees_small_counts(request.user),
        "coverage": coverage(run) if run else None,
    }
    return render(request, "prices/gaps.html", context)


@require_safe
def gaps_csv(request):
    """The same rows with their numbers, for those who may see them."""
    run = access_single_infusions(request.user)
    if run is None:
        raise Http404
    try:
        found = price_gaps(run, every_site=request.GET.get("sites") == "all")
    except ResultsMissing:
        return redirect("demand:price-gaps")  # which says what is missing
    note(request.user, run, "exported missing prices", rows=len(found.rows))
    header = "payer line_of_business family site_class allowed_cents infusions_without of_infusions people missing run".split()
    rows = [
        [
            row.payer,
            row.line_of_business,
            row.family,
            row.site_class,
            row.allowed_cents,
            row.infusions,
            row.of_infusions,
            row.people,
            "; ".join(f"{gap.hcpcs_code} {gap.reason}".strip() for gap in row.gaps),
            run.pk,
        ]
        for row in found.rows
    ]
    return csv_response(f"missing-prices-run-{run.pk}", header, rows)


@require_safe
def benchmark_csv(request):
    """The reimbursement gaps: where our rates stand, each with its source and date."""
    access_dashboard(request.user)
    page = benchmark_page(timezone.localdate(), request.GET.get("line", ""), request.GET.get("payer", ""))
    header = (
        "payer plans line_of_business hcpcs_code label our_dollars_per_unit hospitals_middle least most hospitals paid_more percentile "
        "middle_less_ours source source_date published_on"
    ).split()
    rows = [
        [
            row.payer,
            ", ".join(row.plans),
            page.line,
            row.hcpcs_code,
            row.label,
            _plain(row.standing.rate),
            _plain(row.standing.median),
            _plain(row.standing.low),
            _plain(row.standing.high),
            row.standing.hospitals,
            row.standing.paid_more,
            _plain(row.standing.percentile),
            _plain(row.per_unit_to_middle),
            row.part.source if row.part else None,
            row.part.source_date.isoformat() if row.part and row.part.source_date else None,
            page.published_on.isoformat() if page.published_on else None,
        ]
        for row in page.rows
    ]
    return csv_response(f"rates-among-hospitals-{page.line}", header, rows)


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{round(number, 4):f}"


@require_safe
def indifference(request):
    """The closed form with inputs that the page's reader may change; nothing is stored, the address holds the question."""
    run = access_published_run(request.user)
    try:
        pairs = payers_and_families(run) if run else []
    except ResultsMissing as missing:
        return render(request, "prices/indifference.html", {"missing": missing})
    if not pairs:
        return render(request, "prices/indifference.html", {"run": run})
    chosen = {"payer": pairs[0][0], "family": pairs[0][1], "here": "hopd_on_campus", "away": "infusion_center"}
    which = ChoiceOfTwoForm(chosen | {name: value for name, value in request.GET.items() if name in chosen}, pairs=pairs)
    context = {"run": run, "which": which}
    if which.is_valid():
        asked = which.cleaned_data
        inputs = indifference_inputs(run, asked["payer"], asked["family"], asked["here"], asked["away"], timezone.localdate())
        given = {name: value for name, value in request.GET.items() if name in COSTS and request.GET.get("of") == _key(asked)}
        form = CostsForm((_defaults(inputs) if inputs else {}) | given)
        context |= {"inputs": inputs, "form": form, "key": _key(asked), "asked": asked}
        if form.is_valid():
            context |= _answer(form, inputs)
    return render(request, "prices/indifference.html", context)


def _key(asked: dict) -> str:
    """Inputs belong to one question: another payer or drug starts from its own."""
    return "|".join(asked[name] for name in ("payer", "family", "here", "away"))


def _answer(form: CostsForm, inputs: Inputs | None) -> dict:
    costs = form.costs
    found = indifference_rate(costs)
    labels = {name: label for name, (label, _, _) in COSTS.items()}
    return {
        "costs": costs,
        "rate": found,
        "per_unit": found.per_unit(inputs.units) if inputs else None,
        "of_asp": found.of_average_sales_price(inputs.asp_cents) if inputs and inputs.asp_cents else None,
        "sensitivity": [(labels[each.name], each) for each in found.sensitivity],
        "stays": 1 - costs.moved_share,
    }


def _defaults(inputs: Inputs) -> dict:
    """Prices on file in dollars; what no file tells is nothing, and the page says so. A missing price stays blank, never zero."""
    prices = {
        "our_drug_today": inputs.here.price.drug,
        "our_administration": inputs.here.price.administration,
        "alternative_drug": inputs.away.price.drug,
        "alternative_administration": inputs.away.price.administration,
    }
    known = {name: f"{round(cents / 100, 2)}" for name, cents in prices.items() if cents is not None}
    a_year = inputs.infusions_a_year or A_YEAR
    others = {name: "0" for name in COSTS if name not in prices}
    return others | known | {"moved_share": f"{ALL_MOVED}", "infusions_per_patient": f"{round(a_year, 1)}"}
