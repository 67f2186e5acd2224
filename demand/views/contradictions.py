"""Where the functions' records contradict each other: the list, what is behind each, settling one."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from demand.access import access_published_run, access_settling, may_load_logs, sees_small_counts
from demand.actions import settlements
from demand.actions.extracts import Refused
from demand.audit import note
from demand.engine.address_names import address_name
from demand.models import LogLoad
from demand.selectors import contradictions
from demand.selectors.contradictions import Found

SHOWN = 200


def _address(found: Found) -> tuple[str, str] | None:
    what = found.what
    return (address_name(what.payer), address_name(what.family)) if what.payer and what.family else None


@require_safe
def index(request):
    board = contradictions.board(access_published_run(request.user))
    context = {
        "board": board, "may_settle": may_load_logs(request.user), "see_small": sees_small_counts(request.user),
        "groups": _grouped(board.open), "weak": _grouped(board.weak),
    }  # fmt: skip
    return render(request, "contradictions/index.html", context)


def _grouped(found: tuple[Found, ...]) -> list[tuple]:
    groups: dict[str, list] = {}
    for one in found:
        groups.setdefault(one.what.kind, []).append((one, _address(one)))
    return [(rows[0][0].words, rows) for rows in groups.values()]


@require_safe
def detail(request, key: str):
    run = access_published_run(request.user)
    found = contradictions.find(run, key)
    history = contradictions.history(key)
    if found is None and not history:
        raise Http404
    see_small = sees_small_counts(request.user)
    rows = contradictions.behind(found) if found and see_small else []
    load = LogLoad.objects.filter(kind=found.what.log).first() if rows else None
    if load:
        note(request.user, load, "looked at the records behind a contradiction", kind=found.what.kind, rows=len(rows))
    context = {
        "found": found, "key": key, "history": history, "rows": rows[:SHOWN], "number": len(rows), "see_small": see_small,
        "may_settle": may_load_logs(request.user), "address": _address(found) if found else None,
    }  # fmt: skip
    return render(request, "contradictions/detail.html", context)


@require_POST
def settle(request, key: str):
    access_settling(request.user)
    found = contradictions.find(access_published_run(request.user), key)
    if found is None:
        raise Http404
    try:
        settlements.settle(found.what, request.POST.get("reason", ""), request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("demand:contradiction", key)
    messages.success(request, "Settled. The reason is kept, and the contradiction comes back if more is recorded.")
    return redirect("demand:contradictions")


@require_POST
def reopen(request, key: str):
    access_settling(request.user)
    settlements.reopen(key, request.user)
    messages.success(request, "Open again; the earlier reason is kept below.")
    return redirect("demand:contradiction", key)
