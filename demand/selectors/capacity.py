"""The capacity page: chair-hours needed against open ones at our sites, now and ahead, and whom freed hours would serve."""

import datetime as dt
from dataclasses import dataclass

from demand.engine.capacity import Assumptions, Capacity, Freed, Move, Place, SiteCapacity, Waiting, capacity, freed, month_after
from demand.engine.capacity_shown import SYSTEM, Hidden, hidden_months, pooled_lines, together, with_system
from demand.engine.disclosure import SMALLEST_SHOWN
from demand.models import Run
from demand.selectors import chair_hours
from sites.engine.site_types import COMMUNITY, HOSPITAL, site_type
from sites.models import Site, WaitingList

HISTORY_MONTHS = 24
NO_EXPOSURE = (
    "Policies on schedule are left out: this run has no table of who is exposed to which policy. Recompute, and they are counted."
)
UNTOLD = (
    "Under “Policies on schedule” some people are left out: they leave in groups of 10 or fewer, or from sites whose hours are hidden. With the "
    "patient-level right more would leave, and sites would fill later than is said here."
)
NO_SITE = (
    "No site of ours with chairs is registered: add our hospitals and centers to the register of sites, with chairs and hours."
)
ONLY_CLAIMS = (
    "Only infusions in the loaded claims need chair-hours here, against all hours that chairs are open. Patients of payers whose claims are "
    "not loaded sit in the same chairs: real use is higher, and a site fills sooner than is said."
)
NO_MONTH = "No month of the claims is complete yet, so there is no “today” to look ahead from."


@dataclass(frozen=True)
class Chosen:
    """The site that is looked at, or the system; `waiting` is its newest list."""

    site: SiteCapacity
    freed: Freed
    waiting: WaitingList | None
    hidden_months: frozenset[dt.date]
    hidden: bool = False
    hides_waiting: bool = False  # few people wait, or would be served


@dataclass(frozen=True)
class CapacityPage:
    """`notes` say in sentences what the figures leave out. `restricted`: small counts are hidden."""

    result: Capacity
    chosen: Chosen
    hidden: Hidden
    lines: tuple[str, ...]
    notes: tuple[str, ...]
    restricted: bool
    has_exposure: bool
    policies: bool
    move: Move
    assumptions: Assumptions


def places() -> dict[str, tuple[Place, str]]:
    """Our sites with chairs, or that could have them, and their class; a site has room while it is open."""
    found = {}
    for site in Site.objects.on_file().filter(ownership=Site.Ownership.OWNED).order_by("name"):
        if site_type(site.site_class) not in (HOSPITAL, COMMUNITY):
            continue
        hours = None if site.open_hours_per_week is None else float(site.open_hours_per_week)
        place = Place(site.site_id, site.name, site.chairs, hours, site.opened_on, site.closed_on)
        found[site.site_id] = (place, site.site_class)
    return found


def lines_of(run: Run) -> tuple[str, ...]:
    """Clinical lines of the run, for the form."""
    sql = "SELECT DISTINCT coalesce(clinical_line, 'unknown') FROM {facts} ORDER BY 1"
    return tuple(row[0] for row in chair_hours.ask_tables(run, sql))


def capacity_page(run: Run, assumptions: Assumptions, site_id: str, move: Move, policies: bool, sees_small: bool) -> CapacityPage:
    found = places()
    ids = list(found)
    months = chair_hours.months(run)
    rows = chair_hours.rows_by_site(run, ids)
    hidden, names = Hidden(), {}
    if not sees_small and months.base and rows:
        hidden, names = _hidden(run, ids, rows, months, {key: kind for key, (_, kind) in found.items()})
    exposed = chair_hours.leaving(run, ids, month_after(months.until, 1)) if months.until else []
    leavers = _leavers(exposed, policies, sees_small, hidden, names)
    result = capacity([place for place, _ in found.values()], chair_hours.given(rows, names), months.base, assumptions, leavers)
    waiting = _waiting()
    return CapacityPage(
        result=result,
        chosen=_chosen(result, site_id, move, waiting, hidden, sees_small),
        hidden=hidden,
        lines=tuple(sorted({row.line for row in rows})),
        notes=(
            *_notes(result, rows, exposed is None and policies),
            *([untold] if (untold := _untold(exposed, leavers, policies)) else []),
        ),
        restricted=not sees_small,
        has_exposure=exposed is not None,
        policies=policies,
        move=move,
        assumptions=assumptions,
    )


def _hidden(run: Run, ids: list[str], rows, months, classes: dict[str, str]) -> tuple[Hidden, dict]:
    first, last = min(row.month for row in rows), max(row.month for row in rows)
    by_month = chair_hours.people_by(run, "month", ids, first, last)
    today = {site: people for (site, _), people in chair_hours.people_by(run, "", ids, months.since, months.until).items()}
    by_line = chair_hours.people_by(run, "line", ids, months.since, months.until)
    found = with_system(hidden_months(by_month, today, classes), chair_hours.people_together(run, ids), months.base)
    return found, pooled_lines(by_line)


def _leavers(exposed, policies: bool, sees_small: bool, hidden: Hidden, names: dict) -> list:
    if not exposed or not policies:
        return []
    if sees_small:
        return [leaver for leaver, _ in exposed]
    told = together([(leaver, people) for leaver, people in exposed if leaver.site_id not in hidden.sites])
    return [type(one)(one.site_id, names.get((one.site_id, one.line), one.line), one.month, one.hours) for one in told]


def _untold(exposed, told: list, policies: bool) -> str:
    """A sentence where people leave in groups too small to be told of."""
    if not policies or not exposed or sum(one.hours for one in told) >= sum(one.hours for one, _ in exposed):
        return ""
    return UNTOLD


def _waiting() -> dict[str, WaitingList]:
    """The newest list of each site."""
    newest: dict[str, WaitingList] = {}
    for row in WaitingList.objects.select_related("site").order_by("counted_on"):
        newest[row.site.site_id] = row
    return newest


def waiting_of(row: WaitingList | None) -> Waiting | None:
    if row is None:
        return None
    staffed = None if row.staffed_hours is None else float(row.staffed_hours)
    return Waiting(row.people, float(row.hours_a_person), staffed, row.value_cents_an_hour)


def _chosen(
    result: Capacity, site_id: str, move: Move, waiting: dict[str, WaitingList], hidden: Hidden, sees_small: bool
) -> Chosen:
    site = next((one for one in result.sites if one.place.site_id == site_id), None)
    if site is None:
        told = _freed_everywhere(result, move, waiting)
        few = not sees_small and _few(told.served_people)
        return Chosen(result.system, told, None, hidden.months_of(SYSTEM), SYSTEM in hidden.sites, few)
    list_ = waiting.get(site_id)
    told = freed(site, move, waiting_of(list_))
    few = _few(told.served_people) or (list_ is not None and _few(list_.people))
    return Chosen(site, told, list_, hidden.months_of(site_id), site_id in hidden.sites, not sees_small and few)


def _few(people: int) -> bool:
    return 0 < people < SMALLEST_SHOWN


def _freed_everywhere(result: Capacity, move: Move, waiting: dict[str, WaitingList]) -> Freed:
    """The sites' sums: a list serves its own site alone."""
    each = [freed(site, move, waiting_of(waiting.get(site.place.site_id))) for site in result.sites]
    values = [one.value_cents for one in each]
    listed = sum(site.place.site_id in waiting for site in result.sites)
    why = (
        f"{listed} of {len(result.sites)} sites have a waiting list; the hours of the others are given no value."
        if listed
        else "No site has a waiting list on record: the freed hours are given no value."
    )
    return Freed(
        now=sum(one.now for one in each),
        freed=sum(one.freed for one in each),
        kept=sum(one.kept for one in each),
        served_people=sum(one.served_people for one in each),
        served_hours=sum(one.served_hours for one in each),
        value_cents=None if None in values else sum(values),
        why=why,
    )


def _notes(result: Capacity, rows, exposure_missing: bool) -> tuple[str, ...]:
    notes = []
    if not result.base_months:
        notes.append(NO_MONTH)
    if not result.sites:
        notes.append(NO_SITE)
    unstated = [site.place.name for site in result.sites if site.today and site.place.open_hours is None]
    if unstated:
        notes.append(f"Chairs or opening hours are not stated for {', '.join(unstated)}: it cannot be told when they fill.")
    if any(site.today and site.place.open_hours is not None for site in result.sites):
        notes.append(ONLY_CLAIMS)
    guessed, infusions = sum(row.guessed for row in rows), sum(row.infusions for row in rows)
    if guessed:
        share = 100 * guessed / infusions
        notes.append(f"{share:.1f}% of infusions are of therapies whose chair minutes nobody has stated: 120 minutes are taken.")
    if exposure_missing:
        notes.append(NO_EXPOSURE)
    return tuple(notes)
