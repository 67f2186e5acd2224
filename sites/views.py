"""The registers of sites and prescribers, to read and to search."""

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sites.models import Prescriber, Site

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on


@require_safe
@permission_required(READ, raise_exception=True)
def sites(request):
    search = request.GET.get("q", "").strip()
    chosen = {name: request.GET.get(name, "") for name in ("site_class", "ownership", "market")}
    found = Site.objects.prefetch_related("npis").filter(**{name: value for name, value in chosen.items() if value})
    if search:
        found = found.filter(
            Q(name__icontains=search)
            | Q(owner__icontains=search)
            | Q(city__icontains=search)
            | Q(site_id__iexact=search)
            | Q(npis__npi=search)
        ).distinct()
    markets = Site.objects.order_by("market").exclude(market="").values_list("market", flat=True).distinct()
    selects = [
        ("site_class", "Class of site", Site.SiteClass.choices, chosen["site_class"]),
        ("ownership", "Whose", Site.Ownership.choices, chosen["ownership"]),
        ("market", "Market", [(market, market) for market in markets], chosen["market"]),
    ]
    context = {"page": Paginator(found, 100).get_page(request.GET.get("page")), "search": search, "selects": selects}
    return render(request, "sites/sites.html", context)


@require_safe
@permission_required(READ, raise_exception=True)
def prescribers(request):
    search = request.GET.get("q", "").strip()
    found = Prescriber.objects.all()
    if search:
        found = found.filter(
            Q(name__icontains=search) | Q(npi__iexact=search) | Q(specialty__icontains=search) | Q(market__icontains=search)
        )
    return render(
        request, "sites/prescribers.html", {"page": Paginator(found, 100).get_page(request.GET.get("page")), "search": search}
    )
