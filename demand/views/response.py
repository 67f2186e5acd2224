"""How fast policies are answered: the latency report, and one policy's steps."""

import datetime as dt

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand.access import access_policy_steps, access_published_run, may_date_steps, sees_small_counts
from demand.selectors.response import answer, answers, passed_as_shown
from payers.actions.steps import WrongStep, record_step, remove_step
from payers.engine.response import STEPS, WORDS


@require_safe
def index(request):
    found = answers(access_published_run(request.user))
    context = {"answers": found, "steps": [WORDS[step] for step in STEPS], "may_date": may_date_steps(request.user)}
    return render(request, "response/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request, policy_id: str):
    run = access_published_run(request.user)
    if request.method == "POST":
        access_policy_steps(request.user)
    found = answer(run, policy_id)
    if found is None:
        raise Http404
    refusal, status = "", 200
    if request.method == "POST":
        refusal = _record(request, policy_id)
        if not refusal:
            return redirect("demand:response-policy", policy_id)
        status = 422
    passed = passed_as_shown(found.clock, sees_small_counts(request.user))
    context = {
        "answer": found, "steps": [(step, WORDS[step], found.steps.get(step), passed.get(step)) for step in STEPS],
        "refusal": refusal, "given": request.POST, "may_date": may_date_steps(request.user),
        "between": [(WORDS[one.earlier], WORDS[one.later], one.days) for one in found.clock.between],
        "missing": [WORDS[step] for step in found.clock.missing],
    }  # fmt: skip
    return render(request, "response/policy.html", context, status=status)


def _record(request, policy_id: str) -> str:
    """The refusal, in one sentence; empty where the step is recorded."""
    try:
        on = dt.date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        return "Enter the day as year-month-day, such as 2026-01-31."
    step = request.POST.get("step", "")
    try:
        record_step(policy_id, step, on, timezone.localdate(), request.user, request.POST.get("note", ""))
    except WrongStep as wrong:
        return str(wrong)
    messages.success(request, f"“{WORDS[step]}” is dated {on}.")
    return ""


@require_POST
def remove(request, policy_id: str, step: str):
    access_policy_steps(request.user)
    if step not in STEPS:
        raise Http404
    remove_step(policy_id, step)
    messages.success(request, f"“{WORDS[step]}” has no date any more.")
    return redirect("demand:response-policy", policy_id)
