"""The doors to choices, limits, readiness and watch lists: who sees figures reads them, analysts prepare, the council decides."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from sites.models import Choice

READ, PREPARE, DECIDE = "demand.view_dashboard", "care_sites.prepare_choices", "care_sites.decide"


def access_choices(user):
    """Every recorded choice, the newest first."""
    _demand(user, READ)
    return Choice.objects.select_related("recorded_by").order_by("-pk")


def access_choice(user, pk: int) -> Choice:
    found = access_choices(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def access_reading(user) -> None:
    _demand(user, READ)


def access_deciding(user) -> None:
    _demand(user, READ)
    _demand(user, DECIDE)


def access_preparing(user) -> None:
    _demand(user, READ)
    _demand(user, PREPARE)


def decides(user) -> bool:
    return user.has_perm(DECIDE)


def prepares(user) -> bool:
    return user.has_perm(PREPARE)


def _demand(user, right: str) -> None:
    if not user.has_perm(right):
        raise PermissionDenied
