"""Saying how likely a policy is, and recording whether it came. What was said is never changed: a new word is a new row."""

import datetime as dt

from django.db import transaction

from payers.models import Policy, PolicyDecision, PolicyForecast


class Refused(Exception):
    """One sentence that says what to do."""


def state_likelihood(policy: Policy, user, likelihood: float, note: str = "") -> PolicyForecast:
    """The user's own likelihood (0 to 1); the last one said is what counts in the outlook."""
    if policy.status == "in_force":
        raise Refused(f"{policy.policy_id} is in force, so there is nothing to foresee.")
    if PolicyDecision.objects.filter(policy=policy).exists():
        raise Refused(f"{policy.policy_id} is decided; take the decision back to say how likely it is.")
    return PolicyForecast.objects.create(
        policy=policy, forecaster=user, forecaster_name=user.get_username(), likelihood=likelihood, note=note
    )


@transaction.atomic
def decide(policy: Policy, user, came: bool, known_on: dt.date, note: str = "") -> PolicyDecision:
    """Whether the policy came, and the day from which that was known. The register's status is changed there, by whoever keeps it."""
    if PolicyDecision.objects.filter(policy=policy).exists():
        raise Refused(f"{policy.policy_id} is decided already; take that back first.")
    return PolicyDecision.objects.create(policy=policy, came=came, known_on=known_on, note=note, recorded_by=user)


def take_decision_back(policy: Policy) -> None:
    PolicyDecision.objects.filter(policy=policy).delete()
