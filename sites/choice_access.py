"""The doors to choices, limits, readiness and watch lists: who sees figures reads them, analysts prepare, the council decides."""

from sites.doors import demand_right, first_found
from sites.models import Choice

READ, PREPARE, DECIDE = "demand.view_dashboard", "care_sites.prepare_choices", "care_sites.decide"


def access_choices(user):
    """Every recorded choice, the newest first."""
    demand_right(user, READ)
    return Choice.objects.select_related("recorded_by").order_by("-pk")


def access_choice(user, pk: int) -> Choice:
    return first_found(access_choices(user).filter(pk=pk))


def access_reading(user) -> None:
    demand_right(user, READ)


def access_deciding(user) -> None:
    demand_right(user, READ)
    demand_right(user, DECIDE)


def access_preparing(user) -> None:
    demand_right(user, READ)
    demand_right(user, PREPARE)


def decides(user) -> bool:
    return user.has_perm(DECIDE)


def prepares(user) -> bool:
    return user.has_perm(PREPARE)
