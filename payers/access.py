"""The doors to the register of payers, policies and laws: who may read it, who may keep it."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from payers.models import Payer, Policy

READ = "demand.view_dashboard"  # who sees figures sees the registers that they rest on
EDIT = "payers.edit_policies"


def access_register(user) -> None:
    _demand(user, READ)


def access_editing(user) -> None:
    _demand(user, READ)
    _demand(user, EDIT)


def access_policy(user, policy_id: str) -> Policy:
    _demand(user, READ)
    return _found(Policy.objects.filter(policy_id=policy_id))


def access_editable_policy(user, policy_id: str) -> Policy:
    access_editing(user)
    return access_policy(user, policy_id)


def access_payer(user, pk: int) -> Payer:
    _demand(user, READ)
    return _found(Payer.objects.filter(pk=pk))


def access_editable_payer(user, pk: int) -> Payer:
    access_editing(user)
    return access_payer(user, pk)


def _demand(user, right: str) -> None:
    if not user.has_perm(right):
        raise PermissionDenied


def _found(queryset):
    found = queryset.first()
    if found is None:
        raise Http404
    return found
