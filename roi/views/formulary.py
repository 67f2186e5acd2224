"""A scenario's formulary: rules on drugs, each in or out with its reason, saved, and put into effect as the scenario's next version."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from demand.tasks import enqueue
from roi.access import access_editable, access_version
from roi.actions.formularies import put_into_effect, save_formulary
from roi.actions.scenarios import Refused
from roi.formulary_form import FormularyForm, initial
from roi.selectors import scenarios
from roi.selectors.formulary import decided_rows, effect, measured_rows, newest_formulary


@require_http_methods(["GET", "HEAD", "POST"])
def formulary(request, pk: int):
    page = scenarios.page(request.user, pk)
    saved = newest_formulary(pk)
    families = [one.family for one in measured_rows(page.center)]
    started = initial(families, saved)
    form = FormularyForm(request.POST if request.method == "POST" else started, families=families)
    context = {"page": page, "saved": saved, "form": form}
    if request.method == "POST":
        access_editable(request.user, pk)
    if not form.is_valid():
        return render(request, "roi/formulary.html", context, status=422)
    rows = decided_rows(page.center, form.rules, form.by_hand)
    if request.method == "POST" and request.POST.get("do") == "save":
        try:
            made = save_formulary(request.user, access_version(request.user, pk), form.as_saved(), rows, form.cleaned_data["note"])
        except Refused as refusal:
            context["problem"] = str(refusal)
        else:
            messages.success(request, f"Formulary {made.number} is saved: {len(made.out)} of {len(made.rows)} therapies are out.")
            return redirect("roi:formulary", pk)
    out = tuple(row.measured.family for row in rows if not row.is_in)
    found, own = effect(page.center, out), {cell.family for cell in page.center.market.cells}
    context |= {
        "rows": [(row, form.of(row.measured.family)) for row in rows],
        "out": out,
        "effect": found,
        "may_edit": request.user.has_perm("roi.edit_scenarios") and not page.scenario.archived_at,
        "in_effect": saved is not None and set(saved.out) & own == set(found.applied),
        "pooled": sum(row.measured.infusions_per_month is None for row in rows),
    }
    return render(request, "roi/formulary.html", context, status=422 if "problem" in context else 200)


@require_http_methods(["POST"])
def apply(request, pk: int):
    """The newest saved formulary into the scenario's next version."""
    access_editable(request.user, pk)
    saved = newest_formulary(pk)
    if saved is None:
        messages.error(request, "No formulary is saved yet; save one first.")
        return redirect("roi:formulary", pk)
    try:
        made = put_into_effect(request.user, saved, access_version(request.user, pk))
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("roi:formulary", pk)
    enqueue(made.run)
    messages.success(request, f"Formulary {saved.number} is in effect: version {made.version.number} is being computed.")
    return redirect("roi:scenario", pk)
