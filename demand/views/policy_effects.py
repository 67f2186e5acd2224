"""What each site policy did: who moved after its date among those it bound and among comparable people, and before it."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand.access import access_published_run, sees_small_counts
from demand.charts.policy_effects import effect
from demand.selectors.coverage import coverage
from demand.selectors.facts import ResultsMissing
from demand.selectors.policy_effects import effects_of_policies


@require_safe
def index(request):
    run = access_published_run(request.user)
    context = {"run": run}
    if run:
        context["coverage"] = coverage(run)
        try:
            found = effects_of_policies(run, sees_small_counts(request.user))
            chosen = next((one for one in found if one.policy_id == request.GET.get("policy")), found[0] if found else None)
            context |= {"found": found, "chosen": chosen, "figure": effect(chosen) if chosen else None}
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "moves/policies.html", context)
