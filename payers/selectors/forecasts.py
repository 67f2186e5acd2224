"""How likely each policy is: what was said last of it, and how well those who said it have done."""

import datetime as dt
from dataclasses import dataclass

from payers.engine.forecasts import Decided, Said, Score, scores
from payers.models import Policy, PolicyDecision, PolicyForecast


@dataclass(frozen=True)
class Forecasted:
    """A policy on file with the likelihood that counts: decided (0 or 1), else said last, else that of its document."""

    policy: Policy
    likelihood: float
    said_by: str = ""
    said_on: dt.date | None = None
    note: str = ""
    decision: PolicyDecision | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may still come or not come."""
        return self.decision is None and self.policy.status != "in_force"


def forecasted() -> list[Forecasted]:
    """All policies on file, by payer and date of effect."""
    said: dict[int, PolicyForecast] = {one.policy_id: one for one in PolicyForecast.objects.order_by("said_at", "pk")}
    decisions = {one.policy_id: one for one in PolicyDecision.objects.all()}
    return [
        _forecasted(policy, said.get(policy.pk), decisions.get(policy.pk))
        for policy in Policy.objects.on_file().order_by("payer", "effective_from", "policy_id")
    ]


def _forecasted(policy: Policy, last: PolicyForecast | None, decision: PolicyDecision | None) -> Forecasted:
    if decision:
        return Forecasted(policy, 1.0 if decision.came else 0.0, decision=decision)
    if policy.status == "in_force":
        return Forecasted(policy, 1.0)
    if last:
        return Forecasted(policy, last.likelihood, last.forecaster_name, last.said_at.date(), last.note)
    return Forecasted(policy, policy.likelihood)


def score_board() -> list[Score]:
    """Every forecaster's Brier score over the policies that were decided."""
    said = [
        Said(one.policy.policy_id, one.forecaster_name, one.likelihood, one.said_at.date())
        for one in PolicyForecast.objects.select_related("policy").order_by("said_at", "pk")
    ]
    decided = {
        one.policy.policy_id: Decided(one.policy.policy_id, one.came, one.known_on)
        for one in PolicyDecision.objects.select_related("policy")
    }
    return scores(said, decided)
