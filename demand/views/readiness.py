"""Readiness by market and kind of site, the watch list, and the forms of every list beside the choices."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demand.access import sees_small_counts
from demand.engine.disclosure import SMALLEST_SHOWN
from demand.selectors.choices import known_markets
from demand.selectors.coverage import newest_published
from demand.selectors.readiness_lists import asks_protocols, home_providers, readiness_matrix, readiness_of, watch_page
from sites.actions.choices import Refused, mark_ready, start_checklist
from sites.choice_access import access_preparing, access_reading, prepares
from sites.choice_forms import ItemForm, ListForm, PartnershipForm, WaitingForm, WatchForm
from sites.engine.site_types import SITE_TYPES
from sites.models import ChecklistItem, Partnership, WaitingList, WatchEntry


@dataclass(frozen=True)
class Room:
    """A list: what one line of it is called, its model, its form, the page to which one returns."""

    noun: str
    model: type
    form: type[ListForm]
    page: str


ROOMS = {
    "item": Room("item", ChecklistItem, ItemForm, "choices:readiness"),
    "watch": Room("entry", WatchEntry, WatchForm, "choices:watch"),
    "partnership": Room("limiting partnership", Partnership, PartnershipForm, "choices:watch"),
    "waiting": Room("waiting list", WaitingList, WaitingForm, "choices:capacity"),
}


@require_safe
def index(request):
    access_reading(request.user)
    markets = known_markets(newest_published())
    market, kind = request.GET.get("market", ""), request.GET.get("type", "")
    context = {"prepares": prepares(request.user), "site_types": SITE_TYPES.values()}
    if kind in SITE_TYPES and market in markets:
        providers = home_providers(market) if asks_protocols(kind) else None
        return render(request, "markets/checklist.html", context | {"ready": readiness_of(market, kind), "providers": providers})
    return render(request, "markets/readiness.html", context | {"rows": readiness_matrix(markets), "providers": home_providers()})


@require_POST
def start(request):
    access_preparing(request.user)
    market, kind = _cell(request)
    which = request.POST.get("kind", "")
    if which not in (ChecklistItem.Kind.READINESS, ChecklistItem.Kind.LAUNCH):
        raise Http404
    number = start_checklist(market, kind, which)
    messages.success(request, f"{number} items were added from the standard list.")
    return redirect(_checklist(market, kind))


@require_POST
def ready(request):
    access_preparing(request.user)
    market, kind = _cell(request)
    try:
        mark_ready(request.user, market, kind, readiness_of(market, kind).assessment, timezone.localdate())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{SITE_TYPES[kind]} is marked as ready in {market}.")
    return redirect(_checklist(market, kind))


@require_safe
def watch(request):
    access_reading(request.user)
    markets = known_markets(newest_published())
    market = request.GET.get("market", "")
    market = market if market in markets else ""
    partnerships = [
        (one, [SITE_TYPES[kind] for kind in one.site_types if kind in SITE_TYPES])
        for one in Partnership.objects.all()
        if not market or not one.markets or market in one.markets
    ]
    context = {"page": watch_page(market), "partnerships": partnerships, "prepares": prepares(request.user)}
    context |= {"today": timezone.localdate(), "markets": markets, "market": market}
    return render(request, "markets/watch.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request, room: str):
    access_preparing(request.user)
    return _edit(request, _room(room), room, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, room: str, pk: int):
    access_preparing(request.user)
    return _edit(request, _room(room), room, _entry(request.user, _room(room), pk))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request, room: str, pk: int):
    """Ask first."""
    access_preparing(request.user)
    chosen = _room(room)
    entry = _entry(request.user, chosen, pk)
    back = _back(request, chosen)
    if request.method != "POST":
        return render(request, "markets/delete.html", {"entry": entry, "room": room, "noun": chosen.noun, "back": back})
    named = str(entry)
    entry.delete()
    messages.success(request, f"“{named}” was deleted. The audit log keeps what it said.")
    return redirect(back)


def _edit(request, chosen: Room, room: str, entry):
    given = request.POST if request.method == "POST" else None
    asked = {name: request.GET[name] for name in ("market", "kind", "site_type", "area", "site") if name in request.GET}
    if entry is None:
        asked |= {name: timezone.localdate() for name in ("noted_on", "counted_on")}
    initial = None if entry else asked
    form = chosen.form(
        given, instance=entry, initial=initial, markets=known_markets(newest_published()), today=timezone.localdate()
    )
    back = _back(request, chosen)
    if given is not None and form.is_valid():
        saved = form.save()
        messages.success(request, f"“{saved}” was saved.")
        return redirect(back)
    context = {"form": form, "entry": entry, "room": room, "noun": chosen.noun, "back": back}
    return render(request, "markets/entry.html", context, status=422 if form.errors else 200)


def _back(request, chosen: Room) -> str:
    """Where the form was opened, if that is a page of ours; else the list's page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse(chosen.page)


def _entry(user, chosen: Room, pk: int):
    """A list of few people who wait is a small count: without the patient-level right one records the next list."""
    entry = get_object_or_404(chosen.model, pk=pk)
    if isinstance(entry, WaitingList) and 0 < entry.people < SMALLEST_SHOWN and not sees_small_counts(user):
        raise PermissionDenied
    return entry


def _room(name: str) -> Room:
    if name not in ROOMS:
        raise Http404
    return ROOMS[name]


def _cell(request) -> tuple[str, str]:
    market, kind = request.POST.get("market", ""), request.POST.get("type", "")
    if kind not in SITE_TYPES or market not in known_markets(newest_published()):
        raise Http404
    return market, kind


def _checklist(market: str, kind: str) -> str:
    return reverse("choices:readiness", query={"market": market, "type": kind})
