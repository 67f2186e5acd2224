"""The clinical line: drafted, compared, saved, signed; the people on either side of it; drug rules."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand import exposure_words, words
from demand.access import (
    access_dashboard,
    access_line_drafting,
    access_line_signing,
    access_published_run,
    access_single_infusions,
    may_draft_line,
    may_sign_line,
    sees_small_counts,
)
from demand.actions.clinical_line import Refused, save_version, sign_version, take_rule_back, write_rule
from demand.audit import note
from demand.charts import clinical_line as charts
from demand.downloads import csv_response
from demand.engine.drug_suitability import CRITERIA, SITE_CLASSES, SUITABILITIES
from demand.engine.retention_line import RECORDED, differences
from demand.engine.verdicts import VERDICTS
from demand.line_question import TARGETS, WHOM, LineQuestion, version_name
from demand.models import DrugRule, RetentionLine
from demand.models.clinical_line import CLASSES_IN_WORDS
from demand.selectors.clinical_line import answer, saved_line, standing_version
from demand.selectors.coverage import coverage
from demand.selectors.diagnosis_names import diagnosis_names
from demand.selectors.drug_rules import rule_table, shipped_table
from demand.selectors.facts import ResultsMissing
from demand.selectors.line_people import people_rows
from demand.selectors.person_line import person_line
from sites.doors import first_found

ROWS = 100
COLUMNS = ("person_id", "family", "payer", "site_id", "site_class", "verdict", "before", "reasons")


@require_safe
def index(request):
    """The line as a form, and what it says of the newest run's people; the answer alone for htmx."""
    run = access_published_run(request.user)
    asked = LineQuestion.from_query(request.GET)
    see_small = sees_small_counts(request.user)
    context = {"run": run, "asked": asked, "restricted": not see_small, "may_list": see_small}
    context["may_draft"] = may_draft_line(request.user)
    if run:
        try:
            found = answer(run, asked.line, asked.base, asked.scope, see_small)
            context |= {
                "found": found,
                "counts": [
                    (name, charts.VERDICT_WORDS[name], found.counts[name], (found.before or {}).get(name)) for name in VERDICTS
                ],
                "figure": charts.attrition(found, not see_small),
                "crossings": charts.crossings(found) if found.freed else [],
                "effects": charts.effects(found) if found.freed else None,
                "differences": differences(asked.base, asked.line),
                "query": asked.query(),
            }
        except ResultsMissing as missing:
            context["missing"] = str(missing)
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "clinical_line/answer.html", context | {"swapped": True})
    context |= {
        "coverage": coverage(run) if run else None,
        "versions": _versions(),
        "criteria": list(enumerate(asked.line.criteria, start=1)),
        "targets": TARGETS,
        "whom": WHOM,
        "recorded": RECORDED,
    }
    return render(request, "clinical_line/index.html", context)


def _versions() -> list[tuple[str, str]]:
    saved = [
        (version_name(one), f"{one}{', signed' if one.signed_at else ', draft'}") for one in RetentionLine.objects.all()
    ]  # fmt: skip
    return [*saved, (version_name(None), "As shipped, a draft with sources")]


@require_POST
def save(request):
    access_line_drafting(request.user)
    asked = LineQuestion.from_query(request.POST)
    try:
        if asked.problem:
            raise Refused(asked.problem)
        version = save_version(request.user, asked.line, request.POST.get("title", ""), request.POST.get("note", ""), asked.version)
    except Refused as refusal:
        messages.error(request, f"Nothing was saved. {refusal}")
        return redirect(f"{reverse('demand:clinical-line')}?{asked.query()}")
    messages.success(request, f"Saved as version {version.pk}. A clinical lead can sign it.")
    begun = asked.version.pk if asked.version else 0
    newer = RetentionLine.objects.filter(pk__gt=begun, pk__lt=version.pk).first()
    if newer is not None:
        was = f"version {begun}" if begun else "the line as shipped"
        messages.warning(
            request, f"It begins with {was}, though there is a newer one, {newer}: what that one changed is not in yours."
        )
    return redirect("demand:line-version", version.pk)


@require_safe
def versions(request):
    access_dashboard(request.user)
    found = list(RetentionLine.objects.select_related("made_by", "signed_by", "based_on"))
    changes = [(one, differences(saved_line(one.based_on), saved_line(one))) for one in found]
    context = {"versions": changes, "standing": standing_version(), "listed": _versions()}
    return render(request, "clinical_line/versions.html", context)


@require_safe
def version(request, pk: int):
    access_dashboard(request.user)
    found = first_found(RetentionLine.objects.select_related("made_by", "signed_by", "based_on").filter(pk=pk))
    line = saved_line(found)
    context = {
        "version": found,
        "rules": [(one, charts.rule_words(one)) for one in line.criteria],
        "differences": differences(saved_line(found.based_on), line),
        "newer_signed": RetentionLine.objects.exclude(signed_at=None).filter(pk__gt=pk).first(),
        "may_sign": may_sign_line(request.user) and not found.signed_at,
    }
    return render(request, "clinical_line/version.html", context)


@require_POST
def sign(request, pk: int):
    access_line_signing(request.user)
    found = first_found(RetentionLine.objects.filter(pk=pk))
    try:
        sign_version(request.user, found)
        counts = standing_version()
        if counts.pk == pk:
            messages.success(request, f"You signed version {pk}. It counts from now on, in verdicts and exports.")
        else:
            messages.warning(
                request, f"You signed version {pk}. It does not count: version {counts.pk} is newer and signed, and stands."
            )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("demand:line-version", pk)


def _people(request):
    run = access_single_infusions(request.user)
    asked = LineQuestion.from_query(request.GET)
    chosen = request.GET.get("verdict", "")
    crossing = request.GET.get("crossing") == "on"
    rows = people_rows(run, asked.line, asked.base, asked.scope, chosen, crossing) if run else []
    return run, asked, chosen, crossing, rows


@require_safe
def people(request):
    """Treatments on either side of the line, by pseudonym, with the reasons of each verdict."""
    try:
        run, asked, chosen, crossing, rows = _people(request)
    except ResultsMissing as missing:
        return render(request, "clinical_line/people.html", {"missing": str(missing)})
    if run:
        note(request.user, run, "looked at people and the clinical line", rows=len(rows))
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    names = diagnosis_names(why.diagnosis for one in page for why in one.reasons)
    context = {
        "run": run, "asked": asked, "crossing": crossing, "query": request.GET.urlencode(), "page": page,
        "verdict": charts.VERDICT_WORDS.get(chosen, ""),
        "rows": [
            (one, charts.VERDICT_WORDS[one.verdict], charts.VERDICT_WORDS[one.before], [charts.reason_words(why, names) for why in one.reasons])
            for one in page
        ],
    }  # fmt: skip
    return render(request, "clinical_line/people.html", context)


@require_safe
def people_csv(request):
    try:
        run, _, _, _, rows = _people(request)
    except ResultsMissing as missing:
        raise Http404 from missing
    if run is None:
        raise Http404
    note(request.user, run, "downloaded people and the clinical line", rows=len(rows))
    written = ([*(getattr(one, name) for name in COLUMNS[:-1]), "; ".join(map(str, one.reasons))] for one in rows)
    return csv_response(f"clinical-line-run-{run.pk}", COLUMNS, written)


@require_safe
def person(request, pk: int, episode: int):
    """One person's verdicts by the line in force, reached by one of their treatments; beside them what policies say of the person."""
    run = access_single_infusions(request.user, pk)
    try:
        found = person_line(run, episode)
    except ResultsMissing as missing:
        return render(request, "clinical_line/person.html", {"run": run, "missing": str(missing)}, status=404)
    if found is None:
        raise Http404
    note(request.user, run, "looked at a person's verdicts", episode=episode)
    names = diagnosis_names(why.diagnosis for drug in found.drugs for _, _, reasons in drug.by_class for why in reasons)
    context = {
        "run": run,
        "found": found,
        "coverage": coverage(run),
        "drugs": [
            (
                drug,
                charts.VERDICT_WORDS[drug.verdict],
                words.site_class(drug.site_class),
                [
                    (CLASSES_IN_WORDS[name], charts.VERDICT_WORDS[verdict], [charts.reason_words(why, names) for why in reasons])
                    for name, verdict, reasons in drug.by_class
                ],
            )
            for drug in found.drugs
        ],
        "policies": [(one, exposure_words.verdict(one.verdict)) for one in found.policies],
    }
    return render(request, "clinical_line/person.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def drugs(request):
    """Drug by site class: shipped rules and our own, which clinicians write and take back."""
    access_dashboard(request.user)
    refused = ""
    if request.method == "POST":
        access_line_drafting(request.user)
        try:
            rule = write_rule(request.user, request.POST)
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, f"Written: {rule}, from {rule.since}.")
            return redirect("demand:line-drugs")
    context = {
        "rows": rule_table(timezone.localdate()),
        "shipped": shipped_table(),
        "classes": CLASSES_IN_WORDS,
        "suitabilities": SUITABILITIES,
        "criteria": CRITERIA,
        "own": DrugRule.objects.filter(taken_back_at=None).select_related("made_by"),
        "may_draft": may_draft_line(request.user),
        "refused": refused,
        "said": request.POST,
        "site_classes": SITE_CLASSES,
        "today": timezone.localdate(),
    }
    return render(request, "clinical_line/drugs.html", context, status=422 if refused else 200)


@require_POST
def take_back(request, pk: int):
    access_line_drafting(request.user)
    rule = first_found(DrugRule.objects.filter(pk=pk))
    try:
        take_rule_back(request.user, rule)
        messages.success(request, f"Taken back: {rule}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("demand:line-drugs")
