"""A prescriber's own view: the therapies that they ordered and where those were given; for people with the patient-level right."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand import trace_words, words
from demand.access import access_single_infusions
from demand.audit import note
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.given_elsewhere import PAGE, prescribers, therapies_of


@require_safe
def index(request):
    """All prescribers who ordered, most dollars gone first."""
    run = access_single_infusions(request.user)
    search = request.GET.get("q", "").strip()[:100]
    context = {"run": run, "search": search}
    if run:
        try:
            context |= {
                "page": Paginator(prescribers(run, search), PAGE).get_page(request.GET.get("page")),
                "coverage": coverage(run),
            }
            note(request.user, run, "looked at infusions by prescriber")
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "leakage/prescribers.html", context)


@require_safe
def detail(request, npi: str):
    """One prescriber's patients: each treatment, and where it was given."""
    run = access_single_infusions(request.user)
    if run is None:
        raise Http404
    try:
        name, rows = therapies_of(run, npi)
    except ResultsMissing as missing:
        raise Http404 from missing
    if not rows:
        raise Http404
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    note(request.user, run, "looked at a prescriber's treatments", rows=len(page.object_list), page=page.number)
    context = {
        "run": run,
        "name": name,
        "npi": npi,
        "page": page,
        "coverage": coverage(run),
        "rows": [
            (row, trace_words.EPISODE_OUTCOMES.get(row.outcome, "Not attributed to us"), [words.SITE_CLASSES.get(one, one) for one in row.places])
            for row in page
        ],
        "elsewhere": sum(row.elsewhere > 0 for row in rows),
        "elsewhere_cents": sum(row.elsewhere_cents or 0 for row in rows),
    }  # fmt: skip
    return render(request, "leakage/prescriber.html", context)
