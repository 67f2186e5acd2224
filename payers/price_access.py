"""The doors to prices and contract rates: who may read them, who may change them."""

from payers.models import Rate, RateChange
from sites.doors import demand_right, first_found

READ = "demand.view_dashboard"  # who sees figures sees the prices that they rest on
CHANGE = "payers.change_rate"


def access_prices(user) -> None:
    demand_right(user, READ)


def access_rate_changes(user):
    """The changes of rates, newest first, for those who may change rates."""
    demand_right(user, READ)
    demand_right(user, CHANGE)
    return RateChange.objects.select_related("made_by")


def access_rate_change(user, pk: int) -> RateChange:
    return first_found(access_rate_changes(user).filter(pk=pk))


def access_rate(user, pk: int) -> Rate:
    access_rate_changes(user)
    return first_found(Rate.objects.filter(pk=pk))


def may_change_rates(user) -> bool:
    return user.has_perm(READ) and user.has_perm(CHANGE)
