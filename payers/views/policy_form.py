"""Keeping policies in the browser: the form, its words while one types, upload of a file, retiring and taking back."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payers.access import access_editable_policy, access_editing
from payers.actions import register
from payers.actions.policies import read_policy
from payers.engine.differences import differences
from payers.models import Payer, Policy
from payers.policy_form import PolicyForm
from payers.selectors.drug_choices import found_drugs, labelled
from payers.selectors.library import library_documents
from payers.selectors.register import claim_names, drug_names, history, said
from sites.engine.text_file import RefusedTable

MOST_CHARACTERS = 200_000  # a policy is two pages; a larger file is something else


@require_http_methods(["GET", "HEAD", "POST"])
def create(request):
    """A new policy, from nothing or from one of the library."""
    access_editing(request.user)
    start = None
    if request.GET.get("from"):
        start = library_documents().get(request.GET["from"])
        if start is None:
            raise Http404
        # Nothing of the library is in force by itself: whoever takes it over says so.
        start = start | {"id": start["id"].removeprefix("LIB-"), "status": "", "likelihood": None}
    return _edit(request, None, start)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, policy_id: str):
    """The next version of a policy."""
    policy = access_editable_policy(request.user, policy_id)
    return _edit(request, policy, policy.document)


@require_POST
def show_in_words(request):
    """What the form says so far, in plain words, and what it would change; nothing is kept."""
    access_editing(request.user)
    policy = Policy.objects.filter(policy_id=request.POST.get("editing", "")).first()
    form = PolicyForm(request.POST, fixed_id=policy.policy_id if policy else "")
    form.is_valid()
    return render(request, "payers/in_words.html", _words(form.document(), policy))


@require_safe
def drug_search(request):
    """Drugs of the reference to check, for the form."""
    access_editing(request.user)
    search = request.GET.get("drug_search", "").strip()
    kept = labelled(request.GET.getlist("drugs"))
    found = found_drugs(search, without=[value for value, _ in kept])
    return render(request, "payers/drug_choices.html", {"found": found, "kept": kept, "drug_search": search})


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request):
    """A policy file: what it would change is shown first, and saved on a second press."""
    access_editing(request.user)
    if request.method != "POST":
        return render(request, "payers/policy_upload.html", {})
    text, name = _uploaded(request)
    context = {"text": text, "name": name, "note": request.POST.get("note", "")}
    try:
        if not text.strip():
            raise RefusedTable("Choose a policy file (YAML) first.")
        if len(text) > MOST_CHARACTERS:
            raise RefusedTable(
                f"{name} is too large for one policy; a file holds one policy of at most {MOST_CHARACTERS:,} characters."
            )
        document = read_policy(text, name)
        policy = Policy.objects.filter(policy_id=document["id"]).first()
        if "confirm" in request.POST:
            note = request.POST.get("note", "") or f"Uploaded from {name}"
            version = register.save_policy(document, request.user, note)
            messages.success(request, f"Version {version.number} of {document['id']} is saved.")
            return redirect("payers:policy", document["id"])
    except RefusedTable as refusal:
        return render(request, "payers/policy_upload.html", context | {"problem": str(refusal)}, status=422)
    return render(request, "payers/policy_upload.html", context | {"document": document} | _words(document, policy))


@require_POST
def retire(request, policy_id: str):
    return _change(request, policy_id, register.retire, "is retired: it binds nobody any more and stays readable")


@require_POST
def restore(request, policy_id: str):
    return _change(request, policy_id, register.restore, "is on file again")


@require_POST
def take_back(request, policy_id: str):
    return _change(request, policy_id, register.take_back, "says again what its version before said")


def _change(request, policy_id: str, action, done: str):
    policy = access_editable_policy(request.user, policy_id)
    try:
        action(policy)
    except RefusedTable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{policy_id} {done}.")
    return redirect("payers:policy", policy_id)


def _edit(request, policy: Policy | None, start: dict | None):
    fixed = policy.policy_id if policy else ""
    steps = history(policy) if policy else []
    seen = next((step.version.number for step in steps if step.version.taken_back_at is None), 0)
    if request.method != "POST":
        form = PolicyForm(document=start, fixed_id=fixed, initial={"seen": seen})
        return _page(request, form, policy, document=start or {})
    more = 1 if "more_examples" in request.POST else 0
    form = PolicyForm(request.POST, document=None, fixed_id=fixed, more_examples=more)
    valid = form.is_valid()
    # The Enter key presses no named button: with words in the search field, it is the search that was meant.
    searched = "search_drugs" in request.POST or ("save" not in request.POST and request.POST.get("drug_search", "").strip())
    if more or searched:
        form.unmark()  # no save was asked for: nothing is wrong yet
        return _page(request, form, policy)
    problem = ""
    if valid:
        try:
            version = register.save_policy(
                form.document(), request.user, form.cleaned_data["note"], seen=form.cleaned_data["seen"] or 0
            )
        except RefusedTable as refusal:
            problem = str(refusal)
        else:
            messages.success(request, f"Version {version.number} of {version.policy} is saved.")
            return redirect("payers:policy", version.policy.policy_id)
    return _page(request, form, policy, problem=problem, status=422)


def _page(request, form: PolicyForm, policy: Policy | None, document: dict | None = None, problem: str = "", status: int = 200):
    search = request.POST.get("drug_search", "").strip()
    context = {
        "form": form,
        "policy": policy,
        "problem": problem,
        "payers": Payer.objects.values_list("name", flat=True),
        "drug_search": search,
        "found": found_drugs(search, without=[value for value, _ in form.chosen_drugs()]),
    }
    context |= _words(form.document() if document is None else document, policy)
    return render(request, "payers/policy_form.html", context, status=status)


def _words(document: dict, policy: Policy | None) -> dict:
    names = drug_names()
    whole = document | {"examples": []}
    changes = differences(policy.document, document) if policy and document else []
    begun = any(document.get(key) for key in ("payer", "kind")) or any((document.get("drugs") or {}).values())
    payer = document.get("payer")
    stranger = payer if payer and payer not in claim_names() else ""
    return {"said": said(whole, names) if begun else None, "changes": changes, "policy": policy, "new_payer": stranger}


def _uploaded(request) -> tuple[str, str]:
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", ""), request.POST.get("name", "") or "policy.yaml"
    if file.size > MOST_CHARACTERS:
        return "x" * (MOST_CHARACTERS + 1), file.name
    return file.read().decode("utf-8-sig", errors="replace"), file.name
