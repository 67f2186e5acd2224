"""Look ahead: what policies put at risk in the coming months, how likely each is, and who foresaw it."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from demand.access import access_dashboard, sees_small_counts
from demand.charts.outlook import months_ahead
from demand.selectors.coverage import coverage, newest_published
from demand.selectors.facts import ResultsMissing
from demand.selectors.outlook import HORIZONS, outlook_page
from payers.access import EDIT, access_editable_policy
from payers.actions.forecasts import Refused, decide, state_likelihood, take_decision_back
from payers.selectors.forecasts import forecasted, score_board


class LikelihoodForm(forms.Form):
    likelihood = forms.IntegerField(min_value=0, max_value=100, label="How likely, in %")
    note = forms.CharField(max_length=300, required=False, label="Why")


class DecisionForm(forms.Form):
    came = forms.TypedChoiceField(
        choices=[("yes", "It came"), ("no", "It did not come")], coerce=lambda said: said == "yes", label="What happened"
    )
    known_on = forms.DateField(label="Known since", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(max_length=300, required=False, label="Note")

    def clean_known_on(self):
        day = self.cleaned_data["known_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("The day lies ahead; record what happened once it is known.")
        return day


@require_safe
def index(request):
    access_dashboard(request.user)
    run = newest_published()
    context = {"run": run, "horizons": HORIZONS, "may_edit": request.user.has_perm(EDIT)}
    if run:
        covered = coverage(run)
        months, sure, asked, problems = _asked(request.GET)
        context |= {"coverage": covered, "months": months, "sure": sure, "problems": problems}
        try:
            page = outlook_page(
                run, covered.as_of or covered.computed_at.date(), months, asked, not sure, sees_small_counts(request.user)
            )
            context |= {"page": page, "figure": months_ahead(page)}
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    fragment = request.htmx and not request.htmx.history_restore_request
    if fragment:
        return render(request, "outlook/ahead.html", context)
    today = timezone.localdate()
    overdue = [
        one.policy for one in forecasted() if one.is_open and one.policy.effective_from and one.policy.effective_from <= today
    ]
    context |= {
        "overdue": overdue,
        "scores": score_board(),
        "decided": [one for one in forecasted() if one.decision],
        "today": timezone.localdate(),
    }
    return render(request, "outlook/index.html", context)


def _asked(query) -> tuple[int, bool, dict[str, float], list[str]]:
    """(months, only who is sure to be exposed, likelihoods of the reader's own by policy id, what could not be read)."""
    months = int(query["months"]) if query.get("months") in map(str, HORIZONS) else HORIZONS[0]
    asked, problems = {}, []
    for one in forecasted():
        text = query.get(f"likelihood-{one.policy.pk}", "").strip()
        if not text:
            continue
        if text.isascii() and text.isdigit() and int(text) <= 100:
            asked[one.policy.policy_id] = int(text) / 100
        else:
            problems.append(f"The likelihood of {one.policy.policy_id} must be a whole number from 0 to 100; it was left as it is.")
    return months, query.get("funding") == "sure", asked, problems


@require_POST
def state(request, policy_id: str):
    policy = access_editable_policy(request.user, policy_id)
    form = LikelihoodForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was recorded for {policy_id}: {_first(form)}")
        return redirect("demand:outlook")
    try:
        said = state_likelihood(policy, request.user, form.cleaned_data["likelihood"] / 100, form.cleaned_data["note"])
        messages.success(
            request,
            f"{said.forecaster_name} takes {policy_id} for {form.cleaned_data['likelihood']} % likely; it counts from now on.",
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("demand:outlook")


@require_POST
def record_decision(request, policy_id: str):
    policy = access_editable_policy(request.user, policy_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was recorded for {policy_id}: {_first(form)}")
        return redirect("demand:outlook")
    try:
        decided = decide(policy, request.user, **form.cleaned_data)
        what = (
            "came; change its status in the register so that claims are judged by it"
            if decided.came
            else "did not come; retire it in the register"
        )
        messages.success(request, f"{policy_id} {what}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("demand:outlook")


@require_POST
def undo_decision(request, policy_id: str):
    take_decision_back(access_editable_policy(request.user, policy_id))
    messages.success(request, f"{policy_id} is open again.")
    return redirect("demand:outlook")


def _first(form: forms.Form) -> str:
    name, errors = next(iter(form.errors.items()))
    return f"{form.fields[name].label}: {errors[0]}"
