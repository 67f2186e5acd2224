"""The registers of payer policies and of drugs, to read and to search."""

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from payers import words
from payers.models import AspLimit, DrugFamily, Policy

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on


@require_safe
@permission_required(READ, raise_exception=True)
def policies(request):
    search = request.GET.get("q", "").strip()
    found = Policy.objects.order_by("payer", "effective_from", "policy_id")
    if search:
        found = found.filter(
            Q(payer__icontains=search) | Q(policy_id__icontains=search) | Q(kind__icontains=search) | Q(status__icontains=search)
        )
    return render(
        request, "payers/policies.html", {"page": Paginator(found, 100).get_page(request.GET.get("page")), "search": search}
    )


@require_safe
@permission_required(READ, raise_exception=True)
def policy(request, policy_id: str):
    found = get_object_or_404(Policy, policy_id=policy_id)
    clauses = [
        (words.clause(name), _written(name, value))
        for name, value in found.document.items()
        if name not in ("id", "source", "examples")
    ]
    return render(
        request, "payers/policy.html", {"policy": found, "clauses": clauses, "source": found.document.get("source") or {}}
    )


@require_safe
@permission_required(READ, raise_exception=True)
def drugs(request):
    search = request.GET.get("q", "").strip()
    found = DrugFamily.objects.annotate(number_of_codes=Count("codes", distinct=True)).order_by("family")
    if search:
        found = found.filter(
            Q(family__icontains=search)
            | Q(clinical_line__icontains=search)
            | Q(codes__hcpcs_code__iexact=search)
            | Q(codes__brand__icontains=search)
            | Q(codes__molecule__icontains=search)
        ).distinct()
    return render(request, "payers/drugs.html", {"page": Paginator(found, 100).get_page(request.GET.get("page")), "search": search})


@require_safe
@permission_required(READ, raise_exception=True)
def drug(request, family: str):
    found = get_object_or_404(DrugFamily, family=family)
    codes = list(found.codes.all())
    limits = {}
    for limit in AspLimit.objects.filter(hcpcs_code__in={code.hcpcs_code for code in codes}).order_by("quarter_start"):
        limits[limit.hcpcs_code] = limit
    context = {"family": found, "codes": [(code, limits.get(code.hcpcs_code)) for code in codes], "ndcs": found.ndcs.count()}
    return render(request, "payers/drug.html", context)


def _written(name: str, value) -> str:
    """A clause's value in words: nothing, a list, a set of named parts, or itself."""
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        parts = [(part, inner) for part, inner in value.items() if inner not in (None, [], {}, "")]
        return "; ".join(f"{words.clause(part)}: {_written(part, inner)}" for part, inner in parts) or "–"
    if isinstance(value, list):
        return ", ".join(words.value(name, str(item)) for item in value)
    if name == "likelihood":
        return words.likelihood(value)
    return words.value(name, str(value))
