"""The library of public policies, and the laws: to read, and to start from."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from payers.access import EDIT, access_editing, access_register
from payers.actions.laws import put_on_file
from payers.engine.policy_file import policy_file
from payers.models import Policy
from payers.selectors.library import laws_of_reference, laws_on_file, laws_to_choose, library_documents
from payers.selectors.register import drug_names, said
from sites.engine.text_file import RefusedTable


@require_safe
def library(request):
    access_register(request.user)
    names = drug_names()
    listed = [
        (Policy(document=document, policy_id=id, kind=document["kind"]), said(document, names))
        for id, document in library_documents().items()
    ]
    return render(request, "payers/library.html", {"listed": listed, "may_edit": request.user.has_perm(EDIT)})


@require_safe
def library_policy(request, policy_id: str):
    access_register(request.user)
    document = library_documents().get(policy_id)
    if document is None:
        raise Http404
    context = {
        "document": document,
        "policy": Policy(document=document, policy_id=policy_id, kind=document["kind"], payer=document["payer"]),
        "said": said(document, drug_names()),
        "file": policy_file(document),
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "payers/library_policy.html", context)


@require_safe
def laws(request):
    access_register(request.user)
    context = {"on_file": laws_on_file(), "reference": laws_to_choose(), "may_edit": request.user.has_perm(EDIT)}
    return render(request, "payers/laws.html", context)


@require_POST
def put_law(request):
    access_editing(request.user)
    law = next((law for law in laws_of_reference() if law.key == request.POST.get("law")), None)
    if law is None:
        raise Http404
    try:
        put_on_file(law, request.POST.get("since", ""))
    except RefusedTable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"The law of {law.state} is on file, marked “verify before use”. It counts from the next recomputation on."
        )
    return redirect("payers:laws")
