"""What became of a claim line: asked by a form that leaves no trace of the claim's id, answered at the address of a row's place."""

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from demand import trace_words, words
from demand.access import access_single_infusions
from demand.audit import note
from demand.models import Run
from demand.selectors.claim_rows import LONGEST_CLAIM_ID, Place, claim_of, find_row

OUTCOMES = {
    "accepted": "Accepted",
    "rejected": "Rejected",
    "duplicate": "Duplicate",
    "superseded": "Superseded",
    "": "Not in this run",
}
TAGS = {"accepted": "good", "rejected": "bad", "duplicate": "info", "superseded": "info", "": "warn"}
FILLS = {
    "supplied": "The drug of an infusion: this fill explains who supplied it",
    "self": "A drug the person injects at home: evidence that infusions may have moved to the pharmacy benefit",
    "waiting": "An infusible drug, and no claim shows that it was given",
    "explained": "An infusible drug of a family that was infused near that day; it explains no infusion of its own",
    "no drug of ours": "Its drug code is none of the reference: in no figure",
}
RUNS = 20  # newest published ones to choose from


class ClaimForm(forms.Form):
    claim_id = forms.CharField(
        max_length=LONGEST_CLAIM_ID,
        label="Claim id",
        help_text="Exactly as the file has it. It is never written into an address, a log or a page's title.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    line_number = forms.IntegerField(
        min_value=1, required=False, label="Line number", help_text="Leave it empty for the whole claim."
    )
    run = forms.TypedChoiceField(coerce=int, label="In run", help_text="What became of it can differ from run to run.")

    def __init__(self, runs, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["run"].choices = [
            (run.pk, f"Run {run.pk}, {run.finished_at or run.requested_at:%Y-%m-%d %H:%M}") for run in runs
        ]
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"help-{name}"


@sensitive_post_parameters("claim_id")
@require_http_methods(["GET", "HEAD", "POST"])
def search(request):
    access_single_infusions(request.user)
    runs = list(Run.objects.published()[:RUNS])
    if request.method != "POST":
        return render(request, "figures/search.html", {"form": ClaimForm(runs), "runs": runs})
    form = ClaimForm(runs, request.POST)
    if not form.is_valid():
        return render(request, "figures/search.html", {"form": form, "runs": runs}, status=422)
    run = access_single_infusions(request.user, form.cleaned_data["run"])
    place = find_row(run, form.cleaned_data["claim_id"], form.cleaned_data["line_number"])
    note(request.user, run, "looked for a claim line", found=place is not None)
    if place is None:
        return render(request, "figures/search.html", {"form": form, "runs": runs, "not_found": True})
    return redirect("demand:line", run.pk, place.extract_id, place.file_no, place.row_number)


@require_safe
def detail(request, pk: int, extract: int, file_no: int, row_number: int):
    """Every row of the claim whose row lies there."""
    run = access_single_infusions(request.user, pk)
    claim = claim_of(run, Place(extract, file_no, row_number))
    if claim is None:
        raise Http404
    note(request.user, run, "followed a claim line", rows=len(claim.rows), extract=extract, file_no=file_no, row=row_number)
    context = {
        "run": run,
        "claim": claim,
        "counts": [(OUTCOMES[name].lower(), number) for name, number in claim.counts],
        "rows": [(row, _told(row)) for row in claim.rows],
    }
    return render(request, "figures/claim.html", context)


def _told(row) -> dict:
    if row.outcome == "accepted" and row.kind == "pharmacy":
        became = FILLS.get(row.fill, "")
    else:
        became = trace_words.PLACES.get(row.reason_place, trace_words.NO_PLACE) if row.outcome == "accepted" else ""
    return {
        "outcome": OUTCOMES[row.outcome],
        "tag": TAGS[row.outcome],
        "role": trace_words.ROLES.get(row.role, ""),
        "became": became,
        "kind": "Pharmacy" if row.kind == "pharmacy" else "Medical",
        "infusions": [
            (
                one,
                words.OUTCOMES.get(one.outcome, "Not attributed to us"),
                trace_words.EPISODE_OUTCOMES.get(one.episode_outcome, "None"),
            )
            for one in row.infusions
        ],
    }
