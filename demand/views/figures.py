"""Where a figure comes from, the infusions behind it, and one of those infusions."""

import io

from django.core.paginator import Paginator
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from demand import trace_words, words
from demand.access import access_published_run, access_single_infusions, sees_small_counts
from demand.audit import note
from demand.engine.csv_text import write_csv
from demand.figures import RATE, FigureQuestion
from demand.models import Run
from demand.selectors import behind
from demand.selectors.claim_rows import file_names, find_row
from demand.selectors.dashboard import dashboard
from demand.selectors.facts import ResultsMissing
from demand.selectors.infusion import infusion as one_infusion
from demand.selectors.provenance import provenance, value_of

LABELS = {"line_of_business": words.LINES_OF_BUSINESS}


def _asked(request, slug: str) -> tuple[FigureQuestion, tuple[str, ...]]:
    question, problems = FigureQuestion.from_query(slug, request.GET)
    if question is None:
        raise Http404
    return question, problems


def _about(run: Run, question: FigureQuestion) -> dict:
    """What every page about a figure needs: the question in words, and where its other pages are."""
    query = question.query_string()
    tail = f"?{query}" if query else ""
    filters = question.filters.query_string()
    return {
        "run": run,
        "question": question,
        "figure": question.figure,
        "is_share": question.figure.measure in (RATE, "share"),
        "filter_words": question.filters.words(LABELS),
        "flow": _flow_words(question),
        "figure_url": reverse("demand:figure", args=[run.pk, question.figure.slug]) + tail,
        "list_url": reverse("demand:figure-infusions", args=[run.pk, question.figure.slug]) + tail,
        "csv_url": reverse("demand:figure-infusions-csv", args=[run.pk, question.figure.slug]) + tail,
        "brief_url": reverse("home") + (f"?{filters}" if filters else ""),
        "tail": tail,
    }


def _flow_words(question: FigureQuestion) -> str:
    place = question.place
    if place is None:
        return ""
    if not place.outcome:
        return words.site_class(place.site_class)
    affiliation = f", payer behind it: {place.payer_affiliation}" if place.payer_affiliation else ""
    owner = f"owner: {words.named(place.owner)} ({words.OWNERSHIPS.get(place.ownership, 'not known')})"
    return f"{words.OUTCOMES[place.outcome]}; {words.site_class(place.site_class or None)}; {owner}{affiliation}"


@require_safe
def detail(request, pk: int, slug: str):
    """The figure again, its definition, its run, its extracts; for those with the right, the way to the infusions."""
    run = access_published_run(request.user, pk)
    question, problems = _asked(request, slug)
    found = provenance(run, question, sees_small_counts(request.user))
    newest_url = reverse("demand:figure", args=[found.newest.pk, slug]) if found.outdated else ""
    context = _about(run, question)
    context |= {
        "problems": problems,
        "found": found,
        "metric": found.metric,
        "newest_url": newest_url and newest_url + context["tail"],
        "sql": found.metric.sql_texts(),
        "table": found.question.figure.counts,
    }
    return render(request, "figures/detail.html", context)


@require_safe
def infusions(request, pk: int, slug: str):
    """The infusions that the figure counts, a page at a time; every look is audited."""
    run = access_single_infusions(request.user, pk)
    question, problems = _asked(request, slug)
    context = _about(run, question) | {"problems": problems}
    try:
        value = value_of(dashboard(run, question.filters, see_small=True), question)
        totals = behind.totals(run, question)
        upper = context["is_share"] and "numerator" in request.GET
        page = Paginator(range(totals.numerator if upper else totals.infusions), behind.PAGE).get_page(request.GET.get("page"))
        rows = behind.infusion_rows(run, question, page.number, upper)
    except ResultsMissing as missing:
        return render(request, "figures/infusions.html", context | {"missing": str(missing)}, status=404)
    note(
        request.user, run, "looked at infusions behind a figure",
        figure=slug, rows=len(rows), page=page.number, filters=question.query_string(),
    )  # fmt: skip
    context |= {
        "value": value,
        "totals": totals,
        "agrees": totals.agrees(question, value),
        "page": page,
        "upper": upper,
        "rows": [(row, _row_words(row)) for row in rows],
    }
    return render(request, "figures/infusions.html", context)


def _row_words(row) -> dict[str, str]:
    return {
        "site_class": words.site_class(row.site_class),
        "outcome": words.OUTCOMES.get(row.outcome, "Not attributed to us"),
        "channel": trace_words.CHANNELS.get(row.channel, row.channel),
        "short_channel": trace_words.SHORT_CHANNELS.get(row.channel, row.channel),
        "rule": trace_words.SHORT_RULES.get(row.attribution_rule, row.attribution_rule),
        "why": trace_words.rule(row.attribution_rule),
    }


@require_safe
def infusions_csv(request, pk: int, slug: str):
    """All of them as CSV, streamed; audited before the first row leaves."""
    run = access_single_infusions(request.user, pk)
    question, _ = _asked(request, slug)
    try:
        rows = behind.totals(run, question).infusions
        parts = behind.all_infusion_rows(run, question)
    except ResultsMissing as missing:
        return render(request, "figures/infusions.html", _about(run, question) | {"missing": str(missing)}, status=404)
    note(
        request.user, run, "downloaded the infusions behind a figure", figure=slug, rows=rows, filters=question.query_string()
    )  # fmt: skip
    header = ["run", "figure", "filters", *behind.COLUMNS, "attribution"]
    constants = (run.pk, slug, question.filters.words(LABELS))
    rule = behind.COLUMNS.index("attribution_rule")
    return _streamed(
        f"{slug}-infusions-run-{run.pk}",
        header,
        ([[*constants, *row, trace_words.rule(row[rule])] for row in some] for some in parts),
    )


def _streamed(name: str, header: list[str], parts) -> StreamingHttpResponse:
    def chunks():
        yield _csv_text(header, [])
        for rows in parts:
            yield _csv_text(None, rows)

    response = StreamingHttpResponse(chunks(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _csv_text(header: list[str] | None, rows) -> str:
    text = io.StringIO()
    write_csv(text, header, rows)
    return text.getvalue()


@require_safe
def infusion(request, pk: int, number: int):
    """One infusion: its lines with their money, the pharmacy's claim behind a bag, its episode."""
    run = access_single_infusions(request.user, pk)
    try:
        found = one_infusion(run, number)
    except ResultsMissing as missing:
        return render(request, "figures/infusion.html", {"run": run, "missing": str(missing)}, status=404)
    if found is None:
        raise Http404
    note(request.user, run, "looked at an infusion", infusion=number, lines=len(found.lines))
    names = {extract_id: file_names(extract_id) for extract_id in {line.extract_id for line in found.lines}}
    there = {entry["id"]: entry["name"] for entry in run.inputs.get("extracts", [])}
    episode = found.episode
    context = {
        "run": run,
        "found": found,
        "row": found.row,
        "why": found.why,
        "words": _row_words(found.row),
        "mechanism": trace_words.MECHANISMS.get(found.why.mechanism, ""),
        "reason": trace_words.reason(found.why.reason),
        "lines": [
            (
                line,
                trace_words.ROLES.get(line.role, line.role),
                there.get(line.extract_id, ""),
                names[line.extract_id].get(line.file_no, ""),
            )
            for line in found.lines
        ],
        "supplies": [(supply, find_row(run, supply.claim_id, supply.claim_line_number)) for supply in found.supplies],
        "episode": episode,
        "episode_outcome": trace_words.EPISODE_OUTCOMES.get(episode.outcome, "Not attributed to us") if episode else "",
        "episode_reason": trace_words.reason(episode.reason) if episode and episode.reason else "",
        "from_class": words.site_class(episode.first_site_class) if episode else "",
        "to_class": words.site_class(episode.last_site_class) if episode else "",
    }
    return render(request, "figures/infusion.html", context)
