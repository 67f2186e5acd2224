"""The ledger of choices with the need and the capacity beside each cell: the matrix, one cell, what is frozen, the home page's line."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.utils import timezone

from demand.engine.capacity import Place
from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.coverage import coverage
from demand.selectors.dashboard import choices as run_choices
from demand.selectors.facts import ResultsMissing
from demand.selectors.need import EVERYTHING, UNKNOWN, Need, Needs, lines_of_cell, needs
from sites.engine.ledger import Cell, Ledger, Row, ledger
from sites.engine.limits import Limit, binding
from sites.engine.site_types import CLASSES, COMMUNITY, HOSPITAL, site_type
from sites.models import Choice, Partnership, Prescriber, Site

TARGET_USE = 0.75
WITH_CHAIRS = (HOSPITAL, COMMUNITY)


@dataclass(frozen=True)
class Room:
    """What we have ourselves of a kind of site in a market. Hours a month at target use; None where a site states none."""

    sites: int = 0
    partners: int = 0
    others: int = 0
    chairs: int = 0
    hours: float | None = 0.0


@dataclass(frozen=True)
class MatrixCell:
    cell: Cell
    need: Need
    room: Room
    limits: tuple[Limit, ...]
    days_undecided: int | None
    review_due: bool

    @property
    def site_type_name(self) -> str:
        return self.cell.site_type_name


@dataclass(frozen=True)
class Matrix:
    """Rows by market: the market's whole need, and a cell for each kind of site."""

    book: Ledger
    rows: tuple[tuple[str, Need, tuple[MatrixCell, ...]], ...]
    needs: Needs
    missing: str
    reviews_due: tuple[Cell, ...]


@dataclass(frozen=True)
class Undecided:
    """For the home page."""

    number: int
    of: int
    since: dt.date | None

    @property
    def sentence(self) -> str:
        if not self.of:
            return ""
        if not self.number:
            return f"All {self.of} choices of a kind of site in a market are decided."
        verb = "is" if self.number == 1 else "are"
        oldest = f", the oldest since {self.since:%Y-%m-%d}" if self.since else ""
        return f"{self.number} of {self.of} choices {verb} undecided{oldest}."


def known_markets(run: Run | None) -> tuple[str, ...]:
    """Markets of the registers and of the run."""
    named = {
        market
        for (market,) in Site.objects.on_file()
        .order_by()
        .values_list("market")
        .union(Prescriber.objects.order_by().values_list("market"))
    }
    if run is not None:
        try:
            named |= set(run_choices(run).market)
        except ResultsMissing:
            pass  # the page says so where it shows figures
    return tuple(sorted(name for name in named if name and name != UNKNOWN))


def book(run: Run | None) -> Ledger:
    markets = known_markets(run)
    first = Run.objects.published().last()
    since = {market: first.published_at.date() for market in markets} if first else {}
    return ledger([_row(choice) for choice in Choice.objects.all()], markets, since)


def undecided(run: Run | None) -> Undecided:
    found = book(run)
    return Undecided(len(found.undecided), len(found.cells), found.oldest_undecided)


def limits() -> tuple[Limit, ...]:
    return tuple(
        Limit(
            number=one.pk,
            partner=one.partner,
            site_types=tuple(one.site_types),
            markets=tuple(one.markets),
            waived_by=one.waived_by,
            population=one.population,
            terms=one.terms,
            since=one.since,
            until=one.until,
        )
        for one in Partnership.objects.all()
    )


def limits_on(market: str, kind: str) -> tuple[Limit, ...]:
    """What binds a kind of site in a market today; market "" is all of them. Scenarios ask too."""
    return binding(limits(), market, kind, timezone.localdate())


def matrix(run: Run | None, sees_small: bool) -> Matrix:
    found, today, missing = book(run), timezone.localdate(), ""
    try:
        need = needs(run, sees_small)
    except ResultsMissing as error:
        need, missing = Needs({}, None, None, 0), str(error)
    have, barred = rooms(), limits()
    cells = [_matrix_cell(cell, need, have, barred, today) for cell in found.cells]
    rows = tuple(
        (market, need.at(market, EVERYTHING), tuple(cell for cell in cells if cell.cell.market == market))
        for market in found.markets
    )
    return Matrix(found, rows, need, missing, found.reviews_due(today))


def _matrix_cell(cell: Cell, need: Needs, have: dict, barred, today: dt.date) -> MatrixCell:
    return MatrixCell(
        cell=cell,
        need=need.at(cell.market, cell.site_type),
        room=have.get((cell.market, cell.site_type), Room()),
        limits=binding(barred, cell.market, cell.site_type, today),
        days_undecided=(today - cell.undecided_since).days if cell.undecided_since else None,
        review_due=cell.review_due(today),
    )


def rooms() -> dict[tuple[str, str], Room]:
    """Open sites by market and kind."""
    groups = defaultdict(list)
    for site in open_sites():
        if kind := site_type(site.site_class):
            groups[site.market, kind].append(site)
    found = {}
    for key, sites in groups.items():
        ours = [site for site in sites if site.ownership == Site.Ownership.OWNED]
        hours = [_open_hours(site) for site in ours] if key[1] in WITH_CHAIRS else []
        found[key] = Room(
            sites=len(ours),
            partners=sum(site.ownership == Site.Ownership.PARTNER for site in sites),
            others=sum(site.ownership == Site.Ownership.OTHER for site in sites),
            chairs=sum(site.chairs or 0 for site in ours) if key[1] in WITH_CHAIRS else 0,
            hours=None if None in hours else sum(hours) * TARGET_USE,
        )
    return found


def open_sites(**of):
    today = timezone.localdate()
    return [
        site for site in Site.objects.on_file().filter(**of)
        if (not site.opened_on or site.opened_on <= today) and (not site.closed_on or site.closed_on > today)
    ]  # fmt: skip


def _open_hours(site: Site) -> float | None:
    hours = None if site.open_hours_per_week is None else float(site.open_hours_per_week)
    return Place(site.site_id, site.name, site.chairs, hours).open_hours


@dataclass(frozen=True)
class CellPage:
    """One cell opened: its need by clinical line, its sites, its history."""

    at: MatrixCell
    lines: tuple[tuple[str, Need], ...]
    sites: tuple[Site, ...]
    history: tuple[Choice, ...]
    needs: Needs


def cell_page(run: Run | None, market: str, kind: str, sees_small: bool) -> CellPage | None:
    """None where there is no such cell."""
    cell = book(run).at(market, kind)
    if cell is None:
        return None
    need = needs(run, sees_small)
    at = _matrix_cell(cell, need, rooms(), limits(), timezone.localdate())
    lines = lines_of_cell(run, market, kind, sees_small, at.need) if need.months else {}
    return CellPage(
        at=at,
        lines=tuple(sorted(lines.items(), key=lambda line: (-(line[1].people if isinstance(line[1].people, int) else 0), line[0]))),
        sites=tuple(
            sorted(open_sites(market=market, site_class__in=CLASSES[kind]), key=lambda site: (site.ownership != "owned", site.name))
        ),
        history=tuple(Choice.objects.filter(market=market, site_type=kind).select_related("recorded_by").order_by("-pk")),
        needs=need,
    )


def evidence(run: Run | None, market: str, kind: str) -> dict:
    """The cell's figures as they stand now, as everybody may see them: the decision page is for all roles."""
    page = cell_page(run, market, kind, sees_small=False)
    at, need = page.at, page.needs
    frozen = {
        "sites": at.room.sites, "partners": at.room.partners, "others": at.room.others, "chairs": at.room.chairs,
        "room_hours": None if at.room.hours is None else round(at.room.hours, 1),
        "limits": [limit.sentence for limit in at.limits],
    }  # fmt: skip
    if need.months:
        whole = need.at(market, EVERYTHING)
        as_of = coverage(run).as_of
        frozen |= {
            "run": run.pk, "as_of": as_of.isoformat() if as_of else None, "months": need.months,
            "from": f"{need.since:%Y-%m}", "to": f"{need.until:%Y-%m}",
            "people": _frozen(at.need.people), "infusions": _frozen(at.need.infusions), "hours": _frozen(at.need.hours),
            "market_people": _frozen(whole.people), "market_infusions": _frozen(whole.infusions),
            "market_hours": _frozen(whole.hours),
        }  # fmt: skip
    return frozen


def _frozen(value):
    return str(HIDDEN) if value is HIDDEN else round(value, 1) if isinstance(value, float) else value


def _row(choice: Choice) -> Row:
    return Row(
        choice.pk,
        choice.market,
        choice.site_type,
        choice.decision,
        choice.decided_on,
        choice.next_review,
        choice.owner,
        choice.reason,
    )
