"""The doors to the site register: who may read it, who may keep it.

What the register says of a site (ours or not, open when) decides what counts as kept and what as left, so it is kept by analysts
and administrators; everybody who sees figures may read it.
"""

from sites.doors import demand_right, first_found
from sites.models import Site, SiteChange

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on
EDIT = "care_sites.edit_sites"


def access_register(user) -> None:
    demand_right(user, READ)


def access_editing(user) -> None:
    demand_right(user, READ)
    demand_right(user, EDIT)


def may_edit_sites(user) -> bool:
    return user.has_perms([READ, EDIT])


def access_site(user, pk: int) -> Site:
    """An entry, also one that was merged or taken out: its history stays readable."""
    demand_right(user, READ)
    return first_found(Site.objects.select_related("merged_into").filter(pk=pk))


def access_editable_site(user, pk: int) -> Site:
    access_editing(user)
    return access_site(user, pk)


def access_site_changes(user):
    """The changes of the register, newest first, for those who may change it."""
    access_editing(user)
    return SiteChange.objects.select_related("made_by")


def access_site_change(user, pk: int) -> SiteChange:
    return first_found(access_site_changes(user).filter(pk=pk))
