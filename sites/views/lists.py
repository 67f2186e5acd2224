"""The registers of sites and prescribers, to read and to search."""

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sites.access import access_register, may_edit_sites
from sites.models import Prescriber, Site, stale_before

SHOWN_STATES = {"": "In the register", "open": "Open today", "stale": "To be checked again", "retired": "Merged or taken out"}


@require_safe
def sites(request):
    access_register(request.user)
    search, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    chosen = {name: request.GET.get(name, "") for name in ("site_class", "ownership", "market", "owner", "payer_affiliation")}
    found = _in_state(state).prefetch_related("npis").filter(**{name: value for name, value in chosen.items() if value})
    if search:
        found = found.filter(
            Q(name__icontains=search)
            | Q(owner__icontains=search)
            | Q(city__icontains=search)
            | Q(source__icontains=search)
            | Q(site_id__iexact=search)
            | Q(npis__npi=search)
        ).distinct()
    selects = [
        ("site_class", "Class of site", Site.SiteClass.choices, chosen["site_class"]),
        ("ownership", "Whose", Site.Ownership.choices, chosen["ownership"]),
        *(
            (name, label, [(value, value) for value in _values(name)], chosen[name])
            for name, label in (("market", "Market"), ("owner", "Owner"), ("payer_affiliation", "Payer behind it"))
        ),
        ("state", "Entries", [(value, label) for value, label in SHOWN_STATES.items() if value], state),
    ]
    context = {
        "page": Paginator(found.order_by("market", "name"), 100).get_page(request.GET.get("page")),
        "search": search,
        "selects": selects,
        "may_edit": may_edit_sites(request.user),
        "counts": _counts(),
        "stale": Site.objects.checked_too_long_ago().count(),
        "stale_before": stale_before(),
        "check_days": settings.SITE_CHECK_DAYS,
    }
    return render(request, "sites/sites.html", context)


def _in_state(state: str):
    if state == "retired":
        return Site.objects.filter(retired=True).select_related("merged_into")
    if state == "stale":
        return Site.objects.checked_too_long_ago()
    today, found = timezone.localdate(), Site.objects.on_file()
    if state == "open":
        return found.filter(Q(opened_on=None) | Q(opened_on__lte=today), Q(closed_on=None) | Q(closed_on__gt=today))
    return found


def _values(name: str):
    return Site.objects.on_file().exclude(**{name: ""}).order_by(name).values_list(name, flat=True).distinct()


def _counts() -> list[tuple[str, str, int]]:
    """Entries on file by whose they are."""
    by_ownership = dict(Site.objects.on_file().order_by("ownership").values_list("ownership").annotate(Count("pk")))
    return [(str(label), value, by_ownership.get(value, 0)) for value, label in Site.Ownership.choices]


@require_safe
def prescribers(request):
    access_register(request.user)
    search = request.GET.get("q", "").strip()
    found = Prescriber.objects.all()
    if search:
        found = found.filter(
            Q(name__icontains=search) | Q(npi__iexact=search) | Q(specialty__icontains=search) | Q(market__icontains=search)
        )
    return render(
        request, "sites/prescribers.html", {"page": Paginator(found, 100).get_page(request.GET.get("page")), "search": search}
    )
