"""Pages of the edge: theme, health, audit, and what is said when something is not there."""

from auditlog.models import LogEntry
from django.conf import settings
from django.contrib.auth.decorators import login_not_required, permission_required
from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from infusion_strategy.context import THEMES

A_YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def theme(request):
    """Keep the choice of light or dark in a cookie and go back; app.js does the same without the round trip."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    if request.POST.get("theme") in THEMES:
        response.set_cookie("theme", request.POST["theme"], max_age=A_YEAR, samesite="Lax", secure=request.is_secure())
    return response


@login_not_required
@require_safe
def favicon(request):
    """What browsers ask for on pages that name no icon (the admin's)."""
    return redirect(static("icon.svg"))


@login_not_required
@require_safe
def health(request):
    """For load balancers: the web process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@require_safe
@permission_required("auditlog.view_logentry", raise_exception=True)
def audit(request):
    """Who changed, loaded, exported or downloaded what, newest first."""
    entries = LogEntry.objects.select_related("actor", "content_type").order_by("-timestamp", "-pk")
    search = request.GET.get("q", "").strip()
    if search:
        entries = entries.filter(actor__username__icontains=search) | entries.filter(object_repr__icontains=search)
    page = Paginator(entries, 100).get_page(request.GET.get("page"))
    return render(request, "audit.html", {"page": page, "search": search})


def refused(request, exception=None):
    return _plain(request, 403, "403.html")


def not_found(request, exception=None):
    return _plain(request, 404, "404.html")


def bad_request(request, exception=None):
    return _plain(request, 400, "400.html")


def failed(request):
    """Rendered without context processors: whatever broke must not break this page too."""
    from django.template import loader

    return HttpResponse(loader.get_template("500.html").render(), status=500)


def csrf_failed(request, reason=""):
    return _plain(request, 403, "403_csrf.html")


def locked(request, original_response=None, credentials=None):
    """Too many failed sign-ins for this name from this address."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "registration/locked.html", {"minutes": minutes}, status=429)


def _plain(request, status: int, template: str):
    return render(request, template, status=status)
