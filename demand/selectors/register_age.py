"""Whether policies were saved after a run was asked for: its exposures then judge people by what they said before."""

from django.db.models import Q

from demand.models import Run
from payers.models import Policy, PolicyVersion

UNDER_WAY, ASK = "under way", "ask"


def newer_register(run: Run, policy_id: str | None = None, payer: str | None = None) -> str:
    """UNDER_WAY where a recomputation will know what is newer, ASK where somebody has to ask for one, "" where nothing is newer."""
    policies = Policy.objects.all()
    if policy_id:
        policies = policies.filter(policy_id=policy_id)
    if payer:
        policies = policies.filter(payer__iexact=payer)
    since = run.requested_at
    saved = PolicyVersion.objects.filter(policy__in=policies).filter(Q(saved_at__gt=since) | Q(taken_back_at__gt=since))
    if not saved.exists() and not policies.filter(retired_at__gt=since).exists():
        return ""
    waiting = Run.objects.filter(kind=Run.Kind.RECOMPUTE, status__in=[Run.Status.QUEUED, Run.Status.RUNNING]).exists()
    return UNDER_WAY if waiting else ASK
