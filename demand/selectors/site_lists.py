"""Sites that claims name and the register does not, and who else gives infusions in our markets: what they are paid and take from us."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import MARKED, MEASURES, Measure, Slice, dashboard, plus
from demand.selectors.facts import ask
from demand.selectors.hidden import AT_SITE, Everything, visible_cells
from sites.models import Site, SiteNpi

OURS = """
SELECT node, concat_ws('/', node, coalesce(site_class, ''), coalesce(ownership, ''), coalesce(owner, ''),
    coalesce(payer_affiliation, '')), site_id, coalesce(site_class, 'unknown'), {measures}
FROM marked WHERE head = 'named' AND starts_with(site_id, 'npi:') GROUP BY ALL
"""
ALL = """
SELECT site_id, mode(coalesce(site_class, 'unknown')), count(*), count(DISTINCT person_no), CAST(sum(allowed_cents) AS BIGINT),
    min(service_date), max(service_date)
FROM {facts} WHERE starts_with(site_id, 'npi:') GROUP BY 1
"""
BY_PAYER = """
SELECT site_id, coalesce(payer, 'unknown'), count(*) FROM {facts} WHERE starts_with(site_id, 'npi:') GROUP BY ALL ORDER BY 3 DESC, 2
"""
# The pipeline's class of site -> the register's. What claims cannot tell is left open.
CLASS_IN_REGISTER = {"home": "home_infusion", "unknown": "", "inpatient": "", "emergency": ""}
TOP = 3


@dataclass(frozen=True)
class Unregistered:
    """A provider number of claims. Attributed: infusions that named prescribers of ours ordered; `every` … for people with the right."""

    npi: str
    site_class: str
    attributed: Measure
    allowed_cents: Measure
    people: Measure
    every: int | None = None
    every_cents: int | None = None
    last_on: dt.date | None = None
    payers: tuple[tuple[str, float], ...] = ()

    @property
    def register_class(self) -> str:
        return CLASS_IN_REGISTER.get(self.site_class, self.site_class)


@dataclass(frozen=True)
class UnregisteredSites:
    """Largest first. `hidden`: sites whose counts may not be shown; they are not named either. `identified`: in the register by now."""

    rows: tuple[Unregistered, ...]
    hidden: int
    identified: int
    restricted: bool


def unregistered(run: Run, see_small: bool) -> UnregisteredSites:
    known = set(SiteNpi.objects.filter(site__retired=False).values_list("npi", flat=True))
    ours, classes = _attributed(run, see_small)
    every = {site_id: rest for site_id, *rest in ask(run, ALL)} if see_small else {}
    payers = _payers(run) if see_small else {}
    rows, hidden, identified = [], 0, 0
    for site_id in {*ours, *every}:
        npi, cell = site_id.removeprefix("npi:"), ours.get(site_id, Slice())
        if npi in known:
            identified += 1
        elif cell.hidden:
            hidden += 1
        else:
            site_class, infusions, _, cents, _, last = every.get(
                site_id, (classes.get(site_id, "unknown"), None, None, None, None, None)
            )
            rows.append(
                Unregistered(
                    npi, site_class, cell.infusions, cell.allowed_cents, cell.people, infusions, cents, last,
                    payers.get(site_id, ()),
                )
            )  # fmt: skip
    rows.sort(key=lambda row: (-(row.allowed_cents or 0), -(row.attributed or 0), -(row.every or 0), row.npi))
    return UnregisteredSites(tuple(rows), hidden, identified, not see_small)


def _attributed(run: Run, see_small: bool) -> tuple[dict[str, Slice], dict[str, str]]:
    """Per provider number what our prescribers ordered there; hidden where a part of it is hidden."""
    visible = Everything() if see_small else visible_cells(run, DashboardFilters())
    cells: dict[str, list[Slice]] = defaultdict(list)
    classes = {}
    for _, place, site_id, site_class, *measures in ask(run, (MARKED + OURS).replace("{measures}", MEASURES)):
        shown = visible.shows(f"{place}{AT_SITE}{site_id}")
        cells[site_id].append(Slice(*measures) if shown else Slice(HIDDEN, HIDDEN, HIDDEN, HIDDEN))
        classes[site_id] = site_class
    names = ("infusions", "people", "allowed_cents", "amounts_unknown")
    return {
        site_id: Slice(*(plus(*(getattr(cell, name) for cell in found)) for name in names)) for site_id, found in cells.items()
    }, classes


def _payers(run: Run) -> dict[str, tuple[tuple[str, float], ...]]:
    """The payers with most infusions of each site, with their shares."""
    counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for site_id, payer, infusions in ask(run, BY_PAYER):
        counts[site_id].append((payer, infusions))
    return {
        site_id: tuple((payer, infusions / sum(number for _, number in found)) for payer, infusions in found[:TOP])
        for site_id, found in counts.items()
    }


@dataclass(frozen=True)
class Competitor:
    """An owner of sites that are neither ours nor a partner's: what the register says of it and what left us for it."""

    owner: str
    affiliation: str
    sites: tuple[Site, ...]
    left: Measure
    allowed_cents: Measure

    @property
    def classes(self) -> list[str]:
        return sorted({site.get_site_class_display() for site in self.sites})

    @property
    def markets(self) -> list[str]:
        return sorted({site.market for site in self.sites if site.market})

    @property
    def chairs(self) -> int | None:
        known = [site.chairs for site in self.sites if site.chairs is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class Competitors:
    """The infusions that left, split by owner and by the payer behind it: both add up to all that left."""

    owners: tuple[Competitor, ...]
    affiliations: tuple[tuple[str, int, Measure, Measure], ...]  # payer behind it or "", sites, infusions left, allowed
    left: Measure
    allowed_cents: Measure
    restricted: bool


def competitors(run: Run | None, market: str, see_small: bool) -> Competitors:
    """`market` "": all of them."""
    registered: dict[tuple[str, str], list[Site]] = defaultdict(list)
    found = Site.objects.on_file().filter(ownership=Site.Ownership.OTHER)
    for site in found.filter(market=market) if market else found:
        registered[site.owner, site.payer_affiliation].append(site)
    left: dict[tuple[str, str], Slice] = {}
    total = Slice()
    if run is not None:
        board = dashboard(run, DashboardFilters(market=market or None), see_small)
        total = board.total.at("site_leak")
        for place in board.places:
            if place.outcome == "site_leak":
                key = (place.owner, place.payer_affiliation)
                left[key] = _added(left.get(key, Slice()), place.slice)
    owners = [
        Competitor(*key, tuple(registered.get(key, ())), cell.infusions, cell.allowed_cents)
        for key in {*registered, *left}
        for cell in [left.get(key, Slice())]
    ]
    by_affiliation: dict[str, tuple[int, Slice]] = {}
    for owner in owners:
        sites, cell = by_affiliation.get(owner.affiliation, (0, Slice()))
        more = Slice(owner.left, None, owner.allowed_cents, None)
        by_affiliation[owner.affiliation] = (sites + len(owner.sites), _added(cell, more))
    split = [(name, sites, cell.infusions, cell.allowed_cents) for name, (sites, cell) in by_affiliation.items()]
    return Competitors(
        tuple(sorted(owners, key=lambda one: (*_by_size(one.left), one.owner))),
        tuple(sorted(split, key=lambda row: (*_by_size(row[2]), row[0]))),
        total.infusions, total.allowed_cents, not see_small,
    )  # fmt: skip


def _added(first: Slice, second: Slice) -> Slice:
    return Slice(plus(first.infusions, second.infusions), None, plus(first.allowed_cents, second.allowed_cents), None)


def _by_size(infusions: Measure) -> tuple:
    return (infusions is HIDDEN, 0 if infusions is HIDDEN else -(infusions or 0))
