"""The doors to prices and contract rates: who may read them, who may change them."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from payers.models import Rate, RateChange

READ = "demand.view_dashboard"  # who sees figures sees the prices that they rest on
CHANGE = "payers.change_rate"


def access_prices(user) -> None:
    _demand(user, READ)


def access_rate_changes(user):
    """The changes of rates, newest first, for those who may change rates."""
    _demand(user, READ)
    _demand(user, CHANGE)
    return RateChange.objects.select_related("made_by")


def access_rate_change(user, pk: int) -> RateChange:
    return _found(access_rate_changes(user).filter(pk=pk))


def access_rate(user, pk: int) -> Rate:
    access_rate_changes(user)
    return _found(Rate.objects.filter(pk=pk))


def may_change_rates(user) -> bool:
    return user.has_perm(READ) and user.has_perm(CHANGE)


def _demand(user, right: str) -> None:
    if not user.has_perm(right):
        raise PermissionDenied


def _found(queryset):
    found = queryset.first()
    if found is None:
        raise Http404
    return found
