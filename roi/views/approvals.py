"""Approving a version, naming the site that came of it, and looking back at what it promised."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand.access import sees_small_counts
from roi import words
from roi.access import access_approving
from roi.actions.approvals import approve, name_site
from roi.actions.scenarios import Refused
from roi.charts import look_back as charts
from roi.charts import owner_errors as more
from roi.engine.look_back import OWNED
from roi.selectors import scenarios
from roi.selectors.look_back import LookBack, newest_approval
from roi.selectors.look_back import look_back as looked_back
from sites.converters import whole_number
from sites.doors import first_found
from sites.models import Site


def _sites():
    return Site.objects.on_file().filter(ownership=Site.Ownership.OWNED).order_by("name")


class ApprovalForm(forms.Form):
    executive = forms.CharField(
        max_length=150, required=False, label="Accountable executive", help_text="Who answers for it, by name and office."
    )
    goal = forms.CharField(
        max_length=300, required=False, label="Goal of the health system", help_text="Which long-term goal it serves."
    )
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), required=False, empty_label="Not there yet", label="Registered site",
        help_text="The site that comes of it, once it is in the register; actuals are compared with it.",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["site"].queryset = _sites()
        for assumption in OWNED:
            label = f"Who owns “{words.ASSUMPTION_NAMES[assumption].lower()}”"
            self.fields[assumption] = forms.CharField(
                max_length=150, required=False, label=label, help_text="The executive, where it is left empty."
            )
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"help-{name}"


@require_http_methods(["GET", "HEAD", "POST"])
def approve_version(request, pk: int, number: int):
    version = access_approving(request.user, pk, number)
    form = ApprovalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        owners = {assumption: said[assumption] for assumption in OWNED}
        try:
            approve(request.user, version, executive=said["executive"], goal=said["goal"], owners=owners, site=said["site"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Version {number} is approved; what it promised is kept as it was.")
            return redirect("roi:scenario", pk)
    return render(request, "roi/approve.html", {"form": form, "version": version}, status=422 if form.errors else 200)


@require_safe
def look_back(request, pk: int):
    found = looked_back(request.user, pk, sees_small_counts(request.user))
    may_name = request.user.has_perm("care_sites.decide")
    context = {
        "look": found,
        "page": scenarios.page(request.user, pk),
        "figures": _figures(found),
        "may_record": request.user.has_perm("roi.edit_scenarios"),
        "sites": _sites() if may_name and found.approval else (),
        "owners": [(words.ASSUMPTION_NAMES[key], more.owner_of(found.approval, key)) for key in OWNED] if found.approval else (),
    }
    return render(request, "roi/look_back.html", context)


def _figures(found: LookBack) -> tuple:
    """Who erred most, then the site, our hospitals and the costs, each where there is something to judge."""
    first = more.by_owner(found)
    figures = [*([first] if first else []), *((charts.errors(found), charts.months(found)) if found.months else ())]
    if found.hospital and found.hospital.months:
        figures += [more.hospital_errors(found.hospital, found.approval), more.hospital(found.hospital, found.approval)]
    if found.costs and found.costs.recorded:
        figures.append(more.cost_errors(found.costs, found.approval))
    return tuple(figures)


@require_POST
def site(request, pk: int):
    """The registered site that came of the approved version."""
    approval = newest_approval(pk)
    access_approving(request.user, pk, approval.version.number if approval else 0)
    chosen = request.POST.get("site", "")
    if chosen and whole_number(chosen) is None:
        messages.error(request, "Nothing was changed: choose a site of the list, or “Not there yet”.")
        return redirect("roi:look-back", pk)
    name_site(approval, first_found(_sites().filter(pk=whole_number(chosen))) if chosen else None)
    return redirect("roi:look-back", pk)
