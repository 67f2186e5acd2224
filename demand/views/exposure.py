"""Exposure: who is hit by which policy from when; for a policy, a payer, a therapy, or all of them, and for an edited policy."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from demand import exposure_words as said
from demand.access import access_published_run, access_single_infusions, sees_small_counts
from demand.audit import note
from demand.charts.clinical_line import VERDICT_WORDS
from demand.charts.exposure import calendar
from demand.downloads import csv_response
from demand.selectors.coverage import coverage
from demand.selectors.exposure import VERDICTS, ExposureOf, crossings, exposure_of
from demand.selectors.exposure_people import COLUMNS, exposed_people
from demand.selectors.facts import ResultsMissing
from demand.selectors.person_line import standing_verdicts
from demand.selectors.register_age import newer_register
from payers.access import access_editing
from payers.engine.policies import checked_document
from payers.engine.policy_values import WrongValue
from payers.models import Policy
from payers.policy_form import PolicyForm

ROWS = 100


def _asked(request) -> dict[str, str | None]:
    return {name: (request.GET.get(name) or "").strip()[:200] or None for name in ("policy", "payer", "family")}


@require_safe
def index(request):
    """Everything, or one policy, payer or therapy; as a fragment for the pages of those."""
    run = access_published_run(request.user)
    asked = _asked(request)
    context = {
        "run": run,
        "asked": asked,
        "query": request.GET.urlencode(),
        "may_list": request.user.has_perm("demand.view_patient_level"),
    }
    if run:
        try:
            see_small = sees_small_counts(request.user)
            found = exposure_of(run, see_small, asked["policy"], asked["payer"], asked["family"])
            context |= {
                "found": found,
                "verdicts": [(one.verdict, said.verdict(one.verdict), one.people) for one in found.verdicts],
                "clauses": [
                    (said.verdict(one.verdict), said.clause(one.clause), one.people)
                    for one in found.clauses
                    if one.verdict != "exposed"
                ],
                "funding": [(said.verdict(one.verdict), one.insured, one.self_funded) for one in found.unknown_funding],
                "figure": calendar(found),
                "restricted": not see_small,
            }
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    context["newer"] = newer_register(run, asked["policy"], asked["payer"]) if run else ""
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "exposure/part.html", context)
    policies = Policy.objects.on_file().order_by("payer", "policy_id")
    if run and not context.get("missing") and not any(asked.values()):
        context["table"] = [_row(policy, exposure_of(run, see_small, policy.policy_id)) for policy in policies]
    context |= {"coverage": coverage(run) if run else None, "policies": policies}
    return render(request, "exposure/index.html", context)


def _row(policy: Policy, found: ExposureOf) -> tuple:
    return policy, [found.of(verdict) for verdict in ("exposed", "in_grace", "exempt", "shielded", "unknown")], found.moved


@require_safe
def people(request):
    """The treatments behind the counts, by pseudonym."""
    run = access_single_infusions(request.user)
    asked, verdict = _asked(request), request.GET.get("verdict") if request.GET.get("verdict") in VERDICTS else None
    context = {"run": run, "asked": asked, "verdict": said.verdict(verdict) if verdict else "", "query": request.GET.urlencode()}
    if run:
        try:
            total, _ = exposed_people(run, asked["policy"], asked["payer"], asked["family"], verdict, 1, 1)
            page = Paginator(range(total), ROWS).get_page(request.GET.get("page"))
            _, rows = exposed_people(run, asked["policy"], asked["payer"], asked["family"], verdict, page.number, ROWS)
            by_line = standing_verdicts(run, ((one.person_id, one.family) for one in rows))
            context |= {
                "page": page,
                "rows": [
                    (
                        one,
                        said.verdict(one.verdict),
                        [said.clause(name) for name in one.clauses.split(";") if name],
                        VERDICT_WORDS.get(by_line.get((one.person_id, one.family)), "Verdicts"),
                    )
                    for one in rows
                ],
            }
            note(request.user, run, "looked at people exposed to policies", rows=len(rows))
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "exposure/people.html", context)


@require_safe
def people_csv(request):
    run = access_single_infusions(request.user)
    asked, verdict = _asked(request), request.GET.get("verdict") if request.GET.get("verdict") in VERDICTS else None
    if run is None:
        raise Http404
    try:
        _, rows = exposed_people(run, asked["policy"], asked["payer"], asked["family"], verdict)
    except ResultsMissing as missing:
        raise Http404 from missing
    note(request.user, run, "downloaded people exposed to policies", rows=len(rows))
    return csv_response(f"exposure-run-{run.pk}", COLUMNS, ([getattr(one, name) for name in COLUMNS] for one in rows))


@require_POST
def crossing(request):
    """Who would cross from which verdict to which if the policy said what the form says now; nothing is kept."""
    access_editing(request.user)
    run = access_published_run(request.user)
    policy = Policy.objects.filter(policy_id=request.POST.get("editing", "")).first()
    form = PolicyForm(request.POST, fixed_id=policy.policy_id if policy else "")
    form.is_valid()
    context = {"run": run, "policy": policy}
    if run:
        try:
            document = checked_document(form.document() | {"examples": []})
            found = crossings(run, policy.document if policy else None, document, sees_small_counts(request.user))
            context |= {
                "found": found,
                "restricted": not sees_small_counts(request.user),
                "crossings": [(said.verdict(one.before), said.verdict(one.after), one.people) for one in found.crossings],
                "listed": [(one, said.verdict(one.before), said.verdict(one.after)) for one in found.listed[:50]],
            }
        except WrongValue as wrong:
            context["waiting"] = f"{wrong.path} {wrong}"
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    return render(request, "exposure/crossings.html", context)
