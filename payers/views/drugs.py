"""The register of drugs, to read and to search."""

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from payers.access import READ
from payers.models import AspLimit, DrugFamily


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
