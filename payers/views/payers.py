"""Payers: the list, one payer with its names in claims, plans and policies, and its form."""

import datetime as dt

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from payers.access import EDIT, access_editable_payer, access_editing, access_payer, access_register
from payers.actions.payers import save_payer
from payers.charts.timeline import timeline
from payers.models import Payer, Policy
from payers.payer_form import PayerForm
from payers.selectors.register import payer_page
from sites.engine.text_file import RefusedTable


@require_safe
def payers(request):
    access_register(request.user)
    search = request.GET.get("q", "").strip()
    found = Payer.objects.annotate(
        number_of_plans=Count("plans", distinct=True), number_of_names=Count("claim_names", distinct=True)
    )
    if search:
        found = found.filter(name__icontains=search) | found.filter(parent__icontains=search)
    counts = dict(Policy.objects.on_file().values_list("payer").annotate(Count("pk")))
    context = {
        "listed": [(payer, counts.get(payer.name, 0)) for payer in found],
        "search": search,
        "may_edit": request.user.has_perm(EDIT),
    }
    return render(request, "payers/payers.html", context)


@require_safe
def payer(request, pk: int):
    page = payer_page(access_payer(request.user, pk))
    as_of: dt.date = timezone.localdate()
    context = {"page": page, "timeline": timeline(page.policies, as_of), "as_of": as_of, "may_edit": request.user.has_perm(EDIT)}
    return render(request, "payers/payer.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create_payer(request):
    access_editing(request.user)
    return _edit(request, Payer())


@require_http_methods(["GET", "HEAD", "POST"])
def edit_payer(request, pk: int):
    return _edit(request, access_editable_payer(request.user, pk))


def _edit(request, payer: Payer):
    form = PayerForm(request.POST or None, payer=payer)
    problem = ""
    if request.method == "POST" and form.is_valid() and "more_plans" not in request.POST:
        try:
            save_payer(form.payer(), form.cleaned_data["claim_names"], form.plans_said())
        except RefusedTable as refusal:
            problem = str(refusal)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("payers:payer", form.instance.pk)
    context = {
        "form": form,
        "payer": payer,
        "problem": problem,
        "others": Payer.objects.exclude(pk=payer.pk).values_list("name", flat=True),
    }
    wrong = request.method == "POST" and "more_plans" not in request.POST
    return render(request, "payers/payer_form.html", context, status=422 if wrong else 200)
