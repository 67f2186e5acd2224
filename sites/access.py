"""The doors to the site register: who may read it, who may keep it.

What the register says of a site (ours or not, open when) decides what counts as kept and what as left, so it is kept by analysts
and administrators; everybody who sees figures may read it.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from sites.models import Site, SiteChange

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on
EDIT = "care_sites.edit_sites"


def access_register(user) -> None:
    _demand(user, READ)


def access_editing(user) -> None:
    _demand(user, READ)
    _demand(user, EDIT)


def may_edit_sites(user) -> bool:
    return user.has_perms([READ, EDIT])


def access_site(user, pk: int) -> Site:
    """An entry, also one that was merged or taken out: its history stays readable."""
    _demand(user, READ)
    return _found(Site.objects.select_related("merged_into").filter(pk=pk))


def access_editable_site(user, pk: int) -> Site:
    access_editing(user)
    return access_site(user, pk)


def access_site_changes(user):
    """The changes of the register, newest first, for those who may change it."""
    access_editing(user)
    return SiteChange.objects.select_related("made_by")


def access_site_change(user, pk: int) -> SiteChange:
    return _found(access_site_changes(user).filter(pk=pk))


def _demand(user, right: str) -> None:
    if not user.has_perm(right):
        raise PermissionDenied


def _found(queryset):
    found = queryset.first()
    if found is None:
        raise Http404
    return found
