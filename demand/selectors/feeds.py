"""Feeds as their pages show them: what each fetches, how its refreshes went, when the next one is."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from demand import connections
from demand.engine.disclosure import HIDDEN
from demand.engine.schedule import next_due
from demand.models import Extract, ExtractFile, Feed, Run

KINDS = {choice.value: str(choice.label) for choice in ExtractFile.Kind}
SHOWN_REFRESHES = 50
SMALL = range(1, 11)


@dataclass(frozen=True)
class Refresh:
    """One refresh. `outcome`: queued, running, failed, same (nothing new), deleted (the extract is gone), loading, or the extract's status."""

    run: Run
    outcome: str
    people_in_tables: int | str | None
    people: int | str | None
    rows: tuple[tuple[str, int], ...]
    extract: Extract | None
    extract_name: str

    @property
    def under_way(self) -> bool:
        return self.run.status in (Run.Status.QUEUED, Run.Status.RUNNING)


@dataclass(frozen=True)
class FeedState:
    """`missing`: the server's settings have no connection of that name."""

    feed: Feed
    last: Refresh | None
    refreshes: tuple[Refresh, ...]
    next_at: dt.datetime | None
    missing: bool

    @property
    def under_way(self) -> bool:
        return bool(self.last and self.last.under_way)


def feed_states(feeds, see_small: bool) -> tuple[FeedState, ...]:
    return tuple(feed_state(feed, see_small, most=1) for feed in feeds)


def feed_state(feed: Feed, see_small: bool, most: int = SHOWN_REFRESHES) -> FeedState:
    """A feed with its newest refreshes. Without `see_small` counts of 1 to 10 people are hidden."""
    runs = Run.objects.filter(kind=Run.Kind.FETCH, subject_id=feed.pk).select_related("requested_by").order_by("-pk")[:most]
    refreshes = _refreshes(list(runs), see_small)
    return FeedState(
        feed=feed,
        last=refreshes[0] if refreshes else None,
        refreshes=refreshes,
        next_at=next_due(feed.schedule, feed.hour, timezone.now()),
        missing=feed.connection not in connections.names(),
    )


def origin(extract: Extract, see_small: bool) -> tuple[Refresh, Feed | None] | None:
    """The refresh that brought an extract, and its feed where that is still there; None for an upload."""
    run = Run.objects.filter(kind=Run.Kind.FETCH, result__extract=extract.pk).select_related("requested_by").first()
    if run is None:
        return None
    return _refreshes([run], see_small)[0], Feed.objects.filter(pk=run.subject_id).first()


def _refreshes(runs: list[Run], see_small: bool) -> tuple[Refresh, ...]:
    wanted = {number for run in runs for number in (run.result.get("extract"), run.result.get("same_as")) if number}
    extracts = Extract.objects.in_bulk(wanted)
    return tuple(_refresh(run, extracts, see_small) for run in runs)


def _refresh(run: Run, extracts: dict[int, Extract], see_small: bool) -> Refresh:
    result = run.result
    in_tables, people = result.get("people_in_tables"), result.get("people")
    extract = extracts.get(result.get("extract") or result.get("same_as"))
    if run.status != Run.Status.FINISHED:
        outcome = str(run.status)
    elif "same_as" in result:
        outcome = "same"
    elif extract is None:
        outcome = "deleted"
    else:
        states = {Extract.Status.QUEUED: "loading", Extract.Status.LOADING: "loading"}
        outcome = states.get(extract.status, extract.status)
    return Refresh(
        run=run,
        outcome=outcome,
        people_in_tables=HIDDEN if in_tables in SMALL and not see_small else in_tables,
        # the rest of the tables' people gives the count away where it is small itself
        people=HIDDEN if people is not None and not see_small and (people in SMALL or in_tables - people in SMALL) else people,
        rows=tuple((label, result["rows"][kind]) for kind, label in KINDS.items() if kind in result.get("rows", {})),
        extract=extract,
        extract_name=result.get("extract_name") or result.get("same_as_name", ""),
    )
