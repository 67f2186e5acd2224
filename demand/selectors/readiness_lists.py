"""Readiness of a kind of site in a market: its checklists, who can help with each gap, which home providers are safe, what is due."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.utils import timezone

from sites.engine.readiness import AREAS, Assessment, Item, assess
from sites.engine.site_types import HOME, SITE_TYPES
from sites.models import ChecklistItem, ReadyMark, Site, WatchEntry

LISTS = {
    "entrant": ("Entrants to watch", "Who may come into the market: insurers, consultancies, technology companies, providers."),
    "regulation": ("Regulatory requirements", "What rules ask of us in a market, and the day on which that is looked at again."),
    "patient_need": (
        "Patient needs",
        "What the people of a market need that others do not, and the day on which that is looked at again.",
    ),
    "adviser": ("Advisers", "Who can help to close which gap; they are named beside open items of that area."),
    "resource": ("Resources of ours", "Rooms, chairs, licences and staff that a new site could use again, and what that saves."),
}
BEFORE_READY = (ChecklistItem.Kind.READINESS, ChecklistItem.Kind.DRUG)


@dataclass(frozen=True)
class Line:
    """An item with what the list says of it today: its word and colour, and who can help where it is missing."""

    item: ChecklistItem
    word: str
    tone: str
    stale_on: dt.date | None
    advisers: tuple[WatchEntry, ...]


@dataclass(frozen=True)
class Readiness:
    """`mark` is the last time somebody said ready; it holds only while the assessment still does."""

    market: str
    site_type: str
    assessment: Assessment
    lines: tuple[Line, ...]
    launch: Assessment
    launch_lines: tuple[Line, ...]
    mark: ReadyMark | None
    resources: tuple[WatchEntry, ...]

    @property
    def site_type_name(self) -> str:
        return SITE_TYPES[self.site_type]

    @property
    def is_started(self) -> bool:
        return bool(self.lines)

    @property
    def saved_cents(self) -> int:
        return sum(one.saves_cents or 0 for one in self.resources)

    @property
    def cost_left_cents(self) -> int:
        """What unfinished launch items cost once our own resources are used."""
        return max(0, self.launch.cost_cents - self.saved_cents)


@dataclass(frozen=True)
class HomeProvider:
    site: Site
    assessment: Assessment
    lines: tuple[Line, ...]

    @property
    def is_safe(self) -> bool:
        return self.assessment.is_ready

    @property
    def why_not(self) -> str:
        if not self.lines:
            return "No protocol is recorded for it."
        return self.assessment.why_not.replace("Not ready", "Not on the safe list")


@dataclass(frozen=True)
class WatchPage:
    """Entries by list (key, title, what it is for, entries); what is due for review, the longest overdue first."""

    lists: tuple[tuple[str, str, str, tuple[WatchEntry, ...]], ...]
    due: tuple[WatchEntry, ...]


def readiness_of(market: str, kind: str) -> Readiness:
    items = list(_items().filter(market=market, site_type=kind))
    return _readiness(market, kind, items, _advisers() if items else {})


def readiness_matrix(markets) -> tuple[tuple[str, tuple[Readiness, ...]], ...]:
    """Each market's kinds of site in their order."""
    groups = defaultdict(list)
    for item in _items():
        groups[item.market, item.site_type].append(item)
    advisers = _advisers()
    return tuple(
        (market, tuple(_readiness(market, kind, groups[market, kind], advisers) for kind in SITE_TYPES))
        for market in sorted({*markets, *(market for market, _ in groups)})
    )


def home_providers(market: str = "") -> tuple[HomeProvider, ...]:
    """Home infusion providers and whether their protocols are all in place and fresh: a lapse takes one from the safe ones."""
    today, advisers = timezone.localdate(), _advisers()
    items = defaultdict(list)
    for item in _items().filter(kind=ChecklistItem.Kind.PROTOCOL, site__isnull=False):
        items[item.site_id].append(item)
    sites = Site.objects.on_file().filter(site_class=Site.SiteClass.HOME_INFUSION).order_by("name")
    sites = sites.filter(market=market) if market else sites
    return tuple(
        HomeProvider(site, assess([as_item(item) for item in items[site.pk]], today), _lines(items[site.pk], today, advisers))
        for site in sites
        if not site.closed_on or site.closed_on > today
    )


def watch_page(market: str = "") -> WatchPage:
    """Of one market those of all markets too."""
    found, today = WatchEntry.objects.all(), timezone.localdate()
    entries = list(found.filter(market__in=["", market]) if market else found)
    lists = tuple((kind, *words, tuple(one for one in entries if one.kind == kind)) for kind, words in LISTS.items())
    due = sorted((one for one in entries if one.review_on and one.review_on <= today), key=lambda one: one.review_on)
    return WatchPage(lists, tuple(due))


def as_item(item: ChecklistItem) -> Item:
    title = f"{item.title} at {item.distributor}" if item.kind == ChecklistItem.Kind.DRUG and item.distributor else item.title
    return Item(
        number=item.pk,
        title=title,
        area=item.area,
        state=item.state,
        required=item.required,
        checked_on=item.checked_on,
        stale_after_months=item.stale_after_months,
        cost_cents=item.cost_cents,
        lead_time_weeks=item.lead_time_weeks,
        contingency_percent=item.contingency_percent,
        owner=item.owner,
    )


def _items():
    return ChecklistItem.objects.select_related("site")


def _advisers() -> dict[str, list[WatchEntry]]:
    found = defaultdict(list)
    for one in WatchEntry.objects.filter(kind=WatchEntry.Kind.ADVISER):
        found[one.area].append(one)
    return found


def _readiness(market: str, kind: str, items: list[ChecklistItem], advisers) -> Readiness:
    today, order = timezone.localdate(), list(AREAS)
    items = sorted(items, key=lambda item: (order.index(item.area), item.pk))
    before = [item for item in items if item.kind in BEFORE_READY]
    launch = [item for item in items if item.kind == ChecklistItem.Kind.LAUNCH]
    resources = WatchEntry.objects.filter(kind=WatchEntry.Kind.RESOURCE, market__in=["", market]) if launch else ()
    return Readiness(
        market=market,
        site_type=kind,
        assessment=assess([as_item(item) for item in before], today),
        lines=_lines(before, today, advisers),
        launch=assess([as_item(item) for item in launch], today),
        launch_lines=_lines(launch, today, advisers),
        mark=ReadyMark.objects.filter(market=market, site_type=kind).select_related("marked_by").first() if before else None,
        resources=tuple(resources),
    )


def _lines(items: list[ChecklistItem], today: dt.date, advisers) -> tuple[Line, ...]:
    return tuple(_line(item, today, advisers) for item in items)


def _line(item: ChecklistItem, today: dt.date, advisers) -> Line:
    known = as_item(item)
    stale_on = known.stale_on()
    if known.is_stale(today):
        word, tone = "stale", "warn"
    elif item.state == ChecklistItem.State.OPEN:
        word, tone = "open", "bad" if item.required else "warn"
    else:
        word, tone = item.get_state_display().lower(), "good" if item.state == ChecklistItem.State.DONE else ""
    here = [one for one in advisers.get(item.area, []) if one.market in ("", item.market)] if known.is_missing(today) else []
    return Line(item, word, tone, stale_on, tuple(here))


def asks_protocols(kind: str) -> bool:
    return kind == HOME
