"""The doors to the register of payers, policies and laws: who may read it, who may keep it."""

from payers.models import Payer, Policy
from sites.doors import demand_right, first_found

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on
EDIT = "payers.edit_policies"


def access_register(user) -> None:
    demand_right(user, READ)


def access_editing(user) -> None:
    demand_right(user, READ)
    demand_right(user, EDIT)


def access_policy(user, policy_id: str) -> Policy:
    demand_right(user, READ)
    return first_found(Policy.objects.filter(policy_id=policy_id))


def access_editable_policy(user, policy_id: str) -> Policy:
    access_editing(user)
    return access_policy(user, policy_id)


def access_payer(user, pk: int) -> Payer:
    demand_right(user, READ)
    return first_found(Payer.objects.filter(pk=pk))


def access_editable_payer(user, pk: int) -> Payer:
    access_editing(user)
    return access_payer(user, pk)
