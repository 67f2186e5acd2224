"""How, where and why infusions leaked: three splits of one total, and the total by payer, therapy, prescriber group, market or month.

The total is what left the system and what was white-bagged at our own sites, of infusions that named prescribers ordered; beside it
stand the treatments that fell silent (dark, or gone to self-injection), of which no infusion is left to count. Every row of the `leaks`
table is in exactly one part of each split. Small counts are hidden for readers without the patient-level right: a part's cells are
those that `selectors/hidden.py` judges.
"""

import hashlib
from dataclasses import dataclass, replace

from django.core.cache import cache

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import HIDDEN_SLICE, NOTHING, Measure, Slice, dashboard, plus
from demand.selectors.facts import ask_tables, results_key
from demand.selectors.hidden import DIMENSIONS, Everything, how_node, visible_cells, why_node
from demand.selectors.hidden_silent import silent_cells

OUTCOME_OF = {"left": "site_leak", "bagged": "margin_leak"}
MECHANISMS = ("moved_out", "never_captured", "visiting", "unknown", "white_bagged", "benefit_shift", "dark")
SILENT = ("benefit_shift", "dark")
PLACE = ("site_class", "ownership", "owner", "payer_affiliation")
GROUPS = ("specialty", "relation", "prescriber_market")  # of prescribers; for the patient-level right only
BY = ("payer", "line_of_business", "clinical_line", "family", "market", "month", *GROUPS)


@dataclass(frozen=True)
class Silent:
    """Treatments that fell silent, and what one dose of all of them together is usually allowed; amounts_unknown: those without one.

    None under a filter for one site or owner: a silent treatment is at no site."""

    treatments: Measure | None = 0
    dose_cents: Measure | None = 0
    amounts_unknown: Measure | None = 0


NO_SILENCE, HIDDEN_SILENCE, NOT_BY_SITE = Silent(), Silent(HIDDEN, HIDDEN, HIDDEN), Silent(None, None, None)


@dataclass(frozen=True)
class Part:
    """One part of a split: what kind of leak, its code (a mechanism, a place, a reason), and what it holds."""

    kind: str
    code: tuple[str, ...]
    leaked: Slice = NOTHING
    silent: Silent = NO_SILENCE


@dataclass(frozen=True)
class Row:
    """One value of a dimension: infusions by mechanism, what left and what was white-bagged, what fell silent."""

    value: object
    mechanisms: dict[str, Measure]
    left: Slice
    bagged: Slice
    silent: dict[str, Measure | None]


@dataclass(frozen=True)
class Leaks:
    """`total` is what left and what was white-bagged; `ordered` all infusions of the rate (kept, white-bagged, left)."""

    filters: DashboardFilters
    coverage: Coverage
    total: Slice
    silent: Silent
    base: Measure
    unknown: Measure
    named: Measure
    how: tuple[Part, ...]
    where: tuple[Part, ...]
    why: tuple[Part, ...]
    evidence: tuple[tuple, ...]
    by: str
    rows: tuple[Row, ...]
    restricted: bool
    withheld: str = ""


CELL = """
sum(infusions)::BIGINT, count(DISTINCT person_no), sum(allowed_cents)::BIGINT, count(*) FILTER (kind <> 'silent' AND allowed_cents IS NULL),
count(*) FILTER (kind = 'silent'), sum(dose_cents)::BIGINT, count(*) FILTER (kind = 'silent' AND dose_cents IS NULL)
"""


def leaks(run: Run, filters: DashboardFilters, see_small: bool, by: str) -> Leaks:
    """The page's value. ResultsMissing where the run keeps no such table."""
    key = hashlib.sha256(f"{results_key(run)}|{filters.key()}|{see_small}|{by}".encode()).hexdigest()
    return cache.get_or_set(f"leaks|{key}", lambda: _assemble(run, filters, see_small, by), timeout=24 * 3600)


def _assemble(run: Run, filters: DashboardFilters, see_small: bool, by: str) -> Leaks:
    board = dashboard(run, filters, see_small)
    cells = Everything() if see_small else visible_cells(run, filters)
    hush = Everything() if see_small else silent_cells(run, filters)
    rows = _rows(run, filters, by, cells, hush, see_small)
    how = _parts(
        run,
        filters,
        ("mechanism",),
        cells,
        hush,
        lambda kind, code: how_node(OUTCOME_OF[kind], *code) if kind == "left" else "margin_leak",
    )
    left, bagged = board.total.at("site_leak"), board.total.at("margin_leak")
    return Leaks(
        filters=filters,
        coverage=coverage(run),
        total=_total(run, filters, left, bagged, see_small),
        silent=NOT_BY_SITE if filters.places else _silence(part.silent for part in how),
        base=board.total.counted.infusions,
        unknown=board.total.at("unknown").infusions,
        named=board.total.at("named").infusions,
        how=tuple(sorted(how, key=lambda part: MECHANISMS.index(part.code[0]))),
        where=_by_size(_parts(run, filters, PLACE, cells, hush, lambda kind, code: "/".join((OUTCOME_OF[kind], *code)))),
        why=_by_size(_parts(run, filters, ("reason",), cells, hush, lambda kind, code: why_node(OUTCOME_OF[kind], *code))),
        evidence=_evidence(run, filters) if see_small else (),
        by=by,
        rows=tuple(replace(row, silent=dict.fromkeys(SILENT)) for row in rows) if filters.places else rows,
        restricted=not see_small,
        withheld=board.withheld,
    )  # fmt: skip


def _parts(run: Run, filters: DashboardFilters, columns: tuple[str, ...], cells, hush, node) -> list[Part]:
    """The parts of one split. `node` names a part's cell: (kind, code) -> what `cells` judges."""
    names = ", ".join(f"coalesce({name}, '')" for name in columns)
    sql = f"SELECT kind, CASE WHEN kind = 'silent' THEN mechanism ELSE '' END, {names}, {CELL} FROM {{leaks}} GROUP BY ALL"
    parts = []
    for kind, mechanism, *rest in ask_tables(run, sql, filters):
        code, (*leaked, treatments, dose_cents, no_dose) = tuple(rest[: len(columns)]), rest[len(columns) :]
        if kind == "silent" and filters.places:
            continue
        if kind == "silent":
            shown = hush.shows(silent_node(mechanism))
            parts.append(Part(kind, code, silent=Silent(treatments, dose_cents, no_dose) if shown else HIDDEN_SILENCE))
        else:
            parts.append(Part(kind, code, Slice(*leaked) if cells.shows(node(kind, code)) else HIDDEN_SLICE))
    return parts


def silent_node(mechanism: str) -> str:
    return "unknown/dark" if mechanism == "dark" else mechanism


def _by_size(parts: list[Part]) -> tuple[Part, ...]:
    """What left first, then white-bagged, then silent; most money first, hidden parts last."""

    def order(part: Part):
        hidden = HIDDEN in (part.leaked.infusions, part.silent.treatments)
        return (
            ("left", "bagged", "silent").index(part.kind),
            hidden,
            0 if hidden else -(part.leaked.allowed_cents or 0),
            part.code,
        )

    return tuple(sorted(parts, key=order))


def _total(run: Run, filters: DashboardFilters, left: Slice, bagged: Slice, see_small: bool) -> Slice:
    """Both kinds together. Their people overlap, so the sum is counted for those who may see it alone."""
    infusions, allowed, unknown = (
        plus(getattr(left, name), getattr(bagged, name)) for name in ("infusions", "allowed_cents", "amounts_unknown")
    )
    people = None
    if see_small:
        [(people,)] = ask_tables(run, "SELECT count(DISTINCT person_no) FROM {leaks} WHERE kind <> 'silent'", filters)
    return Slice(infusions, HIDDEN if infusions is HIDDEN else people, allowed, unknown)


def _silence(parts) -> Silent:
    parts = list(parts)
    return Silent(*(plus(*(getattr(part, name) for part in parts)) for name in ("treatments", "dose_cents", "amounts_unknown")))


def _evidence(run: Run, filters: DashboardFilters) -> tuple[tuple, ...]:
    """(kind, reason, evidence, infusions, people, allowed): what the reasons rest on, most money first."""
    sql = f"SELECT kind, reason, evidence, {CELL} FROM {{leaks}} WHERE evidence IS NOT NULL AND kind <> 'silent' GROUP BY ALL ORDER BY 6 DESC, 1, 2, 3"
    return tuple(row[:6] for row in ask_tables(run, sql, filters))


def _rows(run: Run, filters: DashboardFilters, by: str, cells, hush, see_small: bool) -> tuple[Row, ...]:
    if by in GROUPS and not see_small:
        return ()
    if by == "clinical_line" and not see_small:
        return _lines_of_shown(run, filters, cells, hush)
    rows = ask_tables(
        run,
        f"SELECT {by}, CASE WHEN grouping(mechanism) = 0 THEN mechanism ELSE kind END, {CELL} FROM {{leaks}} "
        f"GROUP BY GROUPING SETS (({by}, kind, mechanism), ({by}, kind)) HAVING grouping(mechanism) = 0 OR kind <> 'silent'",
        filters,
    )
    found: dict[object, dict[str, tuple]] = {}
    for value, node, *measures in rows:
        found.setdefault(value, {})[node] = measures
    of = (by,) if by in (*DIMENSIONS, "month") else ()
    return tuple(
        sorted((_row(value, nodes, cells, hush, dict.fromkeys(of, value)) for value, nodes in found.items()), key=_order(by))
    )


def _row(value, nodes: dict[str, tuple], cells, hush, of: dict) -> Row:
    def leaked(kind: str) -> Slice:
        if kind not in nodes:
            return NOTHING
        return Slice(*nodes[kind][:4]) if cells.shows(OUTCOME_OF[kind], **of) else HIDDEN_SLICE

    def mechanism(name: str) -> Measure:
        if name not in nodes:
            return 0
        node = "margin_leak" if name == "white_bagged" else how_node("site_leak", name)
        return nodes[name][0] if cells.shows(node, **of) else HIDDEN

    silent = {name: (nodes[name][4] if hush.shows(silent_node(name), **of) else HIDDEN) if name in nodes else 0 for name in SILENT}
    return Row(
        value, {name: mechanism(name) for name in MECHANISMS if name not in SILENT}, leaked("left"), leaked("bagged"), silent
    )


def _order(by: str):
    def size(row: Row):
        amounts = [slice.allowed_cents or 0 for slice in (row.left, row.bagged) if not slice.hidden]
        return (row.value,) if by == "month" else (-sum(amounts), str(row.value))

    return size


def _lines_of_shown(run: Run, filters: DashboardFilters, cells, hush) -> tuple[Row, ...]:
    """Clinical lines as sums of their therapies, where every therapy's figure may be shown: nothing new is told. People overlap: unknown."""
    line_of = dict(ask_tables(run, "SELECT family, any_value(clinical_line) FROM {leaks} GROUP BY family", filters))
    found: dict[str, list[Row]] = {}
    for row in _rows(run, filters, "family", cells, hush, see_small=True):
        found.setdefault(line_of[row.value], []).append(row)
    rows = []
    for line, parts in found.items():
        slices = [
            Slice(*(plus(*(getattr(getattr(part, kind), name) for part in parts)) for name in ("infusions",)), None,
                  *(plus(*(getattr(getattr(part, kind), name) for part in parts)) for name in ("allowed_cents", "amounts_unknown")))
            for kind in ("left", "bagged")
        ]  # fmt: skip
        rows.append(
            Row(
                line,
                {name: plus(*(part.mechanisms[name] for part in parts)) for name in MECHANISMS if name not in SILENT},
                *slices,
                {name: plus(*(part.silent[name] for part in parts)) for name in SILENT},
            )
        )
    return tuple(sorted(rows, key=_order("clinical_line")))
