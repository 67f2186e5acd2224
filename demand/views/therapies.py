"""Payer by drug: the list to find one, and the page with all that the four functions know of it."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demand import trace_words, words
from demand.access import access_published_run, may_load_logs, sees_small_counts
from demand.engine.address_names import address_name
from demand.selectors.contradictions import open_on
from demand.selectors.therapies import therapy
from demand.selectors.therapy_pairs import find_pair, pairs


@require_safe
def index(request):
    run = access_published_run(request.user)
    see_small = sees_small_counts(request.user)
    search = request.GET.get("q", "").strip()
    page = Paginator(pairs(run, see_small, search), 50).get_page(request.GET.get("page"))
    return render(request, "therapies/index.html", {"page": page, "search": search, "run": run, "restricted": not see_small})


@require_safe
def detail(request, payer: str, family: str):
    run = access_published_run(request.user)
    found = find_pair(run, payer, family)
    if found is None:
        raise Http404
    shown = therapy(run, *found, sees_small_counts(request.user))
    outcomes = [(words.OUTCOMES[node], shown.claims.line.at(node)) for node in words.OUTCOMES] if shown.claims else []
    channels, years = _years(shown.claims.by_year if shown.claims else ())
    context = {
        "contradictions": open_on(run, shown.payer, shown.family, {row.policy_id for row in shown.policy_rows}),
        "therapy": shown, "outcomes": outcomes, "may_load": may_load_logs(request.user), "run": run,
        "coverage": shown.claims.coverage if shown.claims else None,
        "sites": [(words.site_class(row[0]), row[1], words.OWNERSHIPS.get(row[2], "not known"), _channel(row[3]), *row[4:]) for row in shown.claims.by_site] if shown.claims else [],
        "channels": channels, "years": years,
        "drug_address": address_name(shown.family),
    }  # fmt: skip
    return render(request, "therapies/detail.html", context)


def _channel(code: str) -> str:
    return trace_words.SHORT_CHANNELS.get(code, code)


def _years(rows) -> tuple[list[str], list[tuple[int, list[tuple[int, float]]]]]:
    """Channels, the most used first, and for each year the infusions of each and their share of the year."""
    numbers: dict[tuple[int, str], int] = {}
    for year, channel, number in rows:
        numbers[year, _channel(channel)] = numbers.get((year, _channel(channel)), 0) + number
    sums = {channel: sum(number for (_, named), number in numbers.items() if named == channel) for _, channel in numbers}
    channels = sorted(sums, key=lambda channel: (-sums[channel], channel))
    years = []
    for year in sorted({year for year, _ in numbers}):
        counts = [numbers.get((year, channel), 0) for channel in channels]
        years.append((year, [(number, number / sum(counts)) for number in counts]))
    return channels, years
