"""What every door does: a missing right is refused, and what is not there is not found."""

from django.core.exceptions import PermissionDenied
from django.http import Http404


def demand_right(user, right: str) -> None:
    """PermissionDenied where the user does not have it."""
    if not user.has_perm(right):
        raise PermissionDenied


def first_found(queryset):
    """The first object. Http404 where there is none."""
    found = queryset.first()
    if found is None:
        raise Http404
    return found
