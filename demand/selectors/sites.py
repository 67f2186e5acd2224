"""What a published run knows of one site: the page's frozen value, opening with the one thing most worth attention.

Readers without the patient-level right get what the released set of tables shows of a site (demand.selectors.hidden): its attributed
infusions by outcome and month. Therapies, payers, moves and logs of a single site are for people with the right.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from demand import trace_words
from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import HIDDEN_SLICE, MARKED, MEASURES, NOTHING, OUTCOMES, Measure, Slice, plus
from demand.selectors.facts import ResultsMissing, ask, ask_tables
from demand.selectors.hidden import AT_SITE, Everything, visible_cells
from demand.selectors.site_attention import Attention, attention
from demand.selectors.site_measures import Measures, measures_of
from payers.models import DrugFamily, Rate, SitePeriod340B
from sites.models import Site, SiteChangeRow
from sites.selectors import merged_ids

CELLS = """
SELECT {month}, node, concat_ws('/', node, coalesce(site_class, ''), coalesce(ownership, ''), coalesce(owner, ''),
    coalesce(payer_affiliation, '')), site_id, {measures}
FROM marked WHERE head = 'named' AND list_contains($sites, site_id) GROUP BY ALL
"""
EVERYTHING = """
SELECT count(*), count(DISTINCT person_no), CAST(sum(allowed_cents) AS BIGINT), count(*) - count(allowed_cents),
    count(*) FILTER (attributed), min(service_date), max(service_date)
FROM {facts} WHERE list_contains($sites, site_id)
"""
MIX = """
SELECT coalesce({value}, 'unknown'), count(*), count(DISTINCT person_no), CAST(sum(allowed_cents) AS BIGINT),
    count(*) FILTER (channel = 'white_bag')
FROM {facts} WHERE list_contains($sites, site_id) GROUP BY 1 ORDER BY 2 DESC, 1
"""
MONTHLY = """
SELECT month, family, count(*), bool_and(mature) FROM {facts} WHERE list_contains($sites, site_id) GROUP BY 1, 2 ORDER BY 1, 2
"""
MOVES = """
SELECT CASE WHEN list_contains($sites, to_site_id) THEN 'to' ELSE 'from' END AS way,
    CASE WHEN list_contains($sites, to_site_id) THEN from_site_id ELSE to_site_id END, coalesce(reason, 'unexplained'), count(*),
    count(*) FILTER (outcome_on > $since)
FROM {episodes}
WHERE outcome IN ('moved_out', 'moved_in') AND from_site_id IS DISTINCT FROM to_site_id
    AND (list_contains($sites, from_site_id) OR list_contains($sites, to_site_id))
GROUP BY ALL ORDER BY 4 DESC, 2, 3
"""
COMING = """
SELECT policy_id, any_value(payer), count(DISTINCT person_no), min(coalesce(expected_from, exposed_from, grace_until)),
    CAST(sum(allowed_per_infusion_cents * 365.0 / nullif(interval_days, 0)) AS BIGINT)
FROM {exposure}
WHERE active AND kind = 'site_of_care' AND verdict IN ('exposed', 'in_grace') AND list_contains($sites, site_id)
GROUP BY policy_id ORDER BY 3 DESC, 1
"""


@dataclass(frozen=True)
class SiteMonth:
    """A month: attributed infusions by outcome (hidden where small), and chair hours needed against those open where known."""

    day: dt.date
    outcomes: dict[str, Measure]
    needed_hours: float | None = None
    open_hours: float | None = None
    mature: bool = True

    @property
    def chair_use(self) -> float | None:
        return self.needed_hours / self.open_hours if self.needed_hours is not None and self.open_hours else None


@dataclass(frozen=True)
class Share:
    """One therapy or payer at the site; all infusions there, whoever ordered them."""

    label: str
    infusions: int
    people: int
    allowed_cents: int | None
    white_bagged: int


@dataclass(frozen=True)
class Move:
    """Treatments that moved between this site and another, and why; `recent` of them in the last twelve months of the data."""

    site_id: str
    name: str
    treatments: int
    recent: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def reason_in_words(self) -> str:
        return "; ".join(f"{trace_words.reason(reason)} ({number:,})" for reason, number in self.reasons)


@dataclass(frozen=True)
class Coming:
    """A policy that excludes the site for people who are treated there now."""

    policy_id: str
    payer: str
    people: int
    on: dt.date | None
    allowed_a_year_cents: int | None


@dataclass(frozen=True)
class Detail:
    """For people with the patient-level right."""

    infusions: int
    people: int
    allowed_cents: int | None
    without_amount: int
    attributed: int
    first_on: dt.date | None
    last_on: dt.date | None
    families: tuple[Share, ...]
    payers: tuple[Share, ...]
    moved_to: tuple[Move, ...]  # from here to there
    moved_from: tuple[Move, ...]
    coming: tuple[Coming, ...]
    measured: Measures | None
    missing: str = ""

    @property
    def white_bagged(self) -> int:
        return sum(share.white_bagged for share in self.payers)


@dataclass(frozen=True)
class SitePage:
    site: Site
    run: Run | None
    coverage: Coverage | None
    slices: dict[str, Slice]
    months: tuple[SiteMonth, ...]
    detail: Detail | None
    attention: Attention | None
    periods_340b: tuple[SitePeriod340B, ...]
    rates: int
    also_known_as: tuple[str, ...]
    history: tuple[SiteChangeRow, ...]
    restricted: bool
    missing: str = ""

    @property
    def infusions(self) -> Measure:
        """What named prescribers of ours ordered there."""
        return plus(*(cell.infusions for cell in self.slices.values()))

    @property
    def allowed_cents(self) -> Measure:
        return plus(*(cell.allowed_cents for cell in self.slices.values()))


def site_page(site: Site, run: Run | None, see_small: bool, on: dt.date) -> SitePage:
    ids = [site.site_id, *(merged for merged, kept in merged_ids().items() if kept == site.site_id)]
    slices, months, detail, missing = {}, (), None, ""
    if run is not None:
        try:
            slices = _slices(run, ids, see_small)
            months = _months(run, site, ids, see_small)
            detail = _detail(run, site, ids) if see_small else None
        except ResultsMissing as sentence:
            missing = str(sentence)
    return SitePage(
        site=site,
        run=run,
        coverage=coverage(run) if run else None,
        slices=slices,
        months=months,
        detail=detail,
        attention=attention(site, months, detail, on),
        periods_340b=tuple(SitePeriod340B.objects.filter(site_id__in=ids)),
        rates=Rate.objects.filter(site_id__in=ids).count(),
        also_known_as=tuple(ids[1:]),
        history=tuple(
            SiteChangeRow.objects.filter(site_id=site.site_id)
            .exclude(change__state__in=["checked", "dropped"])
            .select_related("change__made_by")
            .order_by("-change_id")[:50]
        ),
        restricted=not see_small,
        missing=missing,
    )


def _ask_cells(run: Run, ids: list[str], month: str) -> list[tuple]:
    sql = (MARKED + CELLS).replace("{measures}", MEASURES).replace("{month}", month)
    return ask(run, sql, DashboardFilters(), sites=ids)


def _slices(run: Run, ids: list[str], see_small: bool) -> dict[str, Slice]:
    """By outcome; an outcome is hidden where a part of it is."""
    visible = Everything() if see_small else visible_cells(run, DashboardFilters())
    found: dict[str, Slice] = {}
    for _, node, place, site_id, *measures in _ask_cells(run, ids, "NULL"):
        cell = Slice(*measures) if visible.shows(f"{place}{AT_SITE}{site_id}") else HIDDEN_SLICE
        found[node] = added(found.get(node, NOTHING), cell)
    return {outcome: found[outcome] for outcome in OUTCOMES if outcome in found}


def added(first: Slice, second: Slice) -> Slice:
    return Slice(
        *(plus(getattr(first, name), getattr(second, name)) for name in ("infusions", "people", "allowed_cents", "amounts_unknown"))
    )


def _months(run: Run, site: Site, ids: list[str], see_small: bool) -> tuple[SiteMonth, ...]:
    visible = Everything() if see_small else visible_cells(run, DashboardFilters())
    by_month: dict[dt.date, dict[str, Measure]] = defaultdict(dict)
    for month, node, place, site_id, infusions, *_ in _ask_cells(run, ids, "month"):
        shown = infusions if visible.shows(f"{place}{AT_SITE}{site_id}", month=month) else HIDDEN
        by_month[month][node] = plus(by_month[month].get(node, 0), shown)
    needed, mature = _needed_hours(run, ids) if see_small else ({}, {})
    if site.ownership == Site.Ownership.OTHER:
        needed = {}  # our claims show a part of what others' chairs are used for
    days = sorted({*by_month, *mature})
    steps = list(site.chairs_by_month.all())
    return tuple(
        SiteMonth(day, by_month.get(day, {}), needed.get(day), _open_hours(site, steps, day), mature.get(day, True)) for day in days
    )


def _needed_hours(run: Run, ids: list[str]) -> tuple[dict[dt.date, float], dict[dt.date, bool]]:
    """Chair hours of everything that was given there (definitions.md, section 8), by month; drugs without chair minutes count none."""
    minutes = dict(DrugFamily.objects.exclude(chair_minutes=None).values_list("family", "chair_minutes"))
    needed: dict[dt.date, float] = defaultdict(float)
    mature: dict[dt.date, bool] = {}
    for month, family, infusions, is_mature in ask(run, MONTHLY, sites=ids):
        needed[month] += infusions * minutes.get(family, 0) / 60
        mature[month] = mature.get(month, True) and bool(is_mature)
    return needed, mature


def _open_hours(site: Site, steps: list, month: dt.date) -> float | None:
    """Chairs × open hours of the month: by the last step that began, else as the entry says."""
    begun = [step for step in steps if step.from_month <= month]
    chairs, hours = (begun[-1].chairs, begun[-1].hours) if begun else (site.chairs, site.open_hours_per_week)
    if not chairs or not hours:
        return None
    following = dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return chairs * float(hours) * (following - month).days / 7


def _detail(run: Run, site: Site, ids: list[str]) -> Detail:
    ((*counts,),) = ask(run, EVERYTHING, sites=ids)
    last = counts[-1]
    since = last - dt.timedelta(days=365) if last else dt.date.min
    moves, coming, measured, missing = [], [], None, ""
    try:
        moves = ask_tables(run, MOVES, sites=ids, since=since)
        measured = measures_of(run, site, ids)
        coming = ask_tables(run, COMING, sites=ids)
    except ResultsMissing as sentence:
        missing = str(sentence)
    names = dict(Site.objects.values_list("site_id", "name"))

    def moved(way: str) -> tuple[Move, ...]:
        by_site: dict[str, list[tuple]] = defaultdict(list)
        for found, other, *rest in moves:
            if found == way:
                by_site[other or ""].append(rest)
        made = [
            Move(
                other or "unknown", names.get(other, "Not in the register" if other else "Not known"),
                sum(treatments for _, treatments, _ in rows), sum(recent for *_, recent in rows),
                tuple((reason, treatments) for reason, treatments, _ in rows),
            )
            for other, rows in by_site.items()
        ]  # fmt: skip
        return tuple(sorted(made, key=lambda move: (-move.treatments, move.site_id)))

    return Detail(
        *counts,
        families=_mix(run, ids, "family"),
        payers=_mix(run, ids, "payer"),
        moved_to=moved("from"),
        moved_from=moved("to"),
        coming=tuple(Coming(*row) for row in coming),
        measured=measured,
        missing=missing,
    )


def _mix(run: Run, ids: list[str], value: str) -> tuple[Share, ...]:
    return tuple(Share(*row) for row in ask(run, MIX.replace("{value}", value), sites=ids))


def slices_by_month(run: Run, site: Site, see_small: bool) -> tuple[dict[dt.date, Slice], dict[dt.date, bool]]:
    """What named prescribers of ours ordered at a site, by month (hidden where a part of it is), and which months of the run are
    mature. A month without an infusion there is left out of the first."""
    ids = [site.site_id, *(merged for merged, kept in merged_ids().items() if kept == site.site_id)]
    visible = Everything() if see_small else visible_cells(run, DashboardFilters())
    found: dict[dt.date, Slice] = {}
    for month, _, place, site_id, *measures in _ask_cells(run, ids, "month"):
        cell = Slice(*measures) if visible.shows(f"{place}{AT_SITE}{site_id}", month=month) else HIDDEN_SLICE
        found[month] = added(found.get(month, NOTHING), cell)
    return found, dict(ask(run, "SELECT month, bool_and(mature) FROM {facts} GROUP BY month ORDER BY month"))
