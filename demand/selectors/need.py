"""Need by market and kind of site: people, infusions and chair-hours of the last complete months, wherever they were given."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from demand.engine.capacity_shown import known_sums
from demand.engine.disclosure import HIDDEN, KNOWN, SMALLEST_SHOWN, Lines, hide
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.chair_hours import HOURS, MINUTES, chair_minutes, months
from demand.selectors.facts import ask_tables
from demand.selectors.hidden import FACTS, visible_cells
from sites.engine.site_types import CLASSES

UNKNOWN = "unknown"
TYPES = "(SELECT unnest($classes) AS site_class, unnest($types) AS site_type)"
NEED = f"""
SELECT coalesce(nullif(market, ''), '{UNKNOWN}') AS market, {{by}} AS part, count(DISTINCT person_no) AS people, count(*) AS infusions,
    {HOURS} AS hours
FROM {{facts}}
LEFT JOIN {MINUTES} AS known USING (family)
LEFT JOIN {TYPES} AS kind USING (site_class)
WHERE month >= $since AND month <= $until
GROUP BY ALL ORDER BY ALL
"""
EVERYTHING = "*"


@dataclass(frozen=True)
class Need:
    """Of the months looked at; hours a month. HIDDEN where few people would be told of."""

    people: object = 0
    infusions: object = 0
    hours: object = 0.0

    @property
    def is_hidden(self) -> bool:
        return self.people is HIDDEN


NOTHING = Need()
WITHHELD = Need(HIDDEN, HIDDEN, HIDDEN)


@dataclass(frozen=True)
class Needs:
    """`cells` by (market, kind of site), kind "" for places that are of none, "*" for the whole market."""

    cells: dict[tuple[str, str], Need]
    since: dt.date | None
    until: dt.date | None
    months: int

    def at(self, market: str, site_type: str) -> Need:
        return self.cells.get((market, site_type), NOTHING)


def needs(run: Run | None, sees_small: bool) -> Needs:
    base = months(run).base if run else ()
    if not base:
        return Needs({}, None, None, 0)
    given = _values(base)
    cells = _rows(run, "coalesce(site_type, '')", given, len(base))
    cells |= _rows(run, f"'{EVERYTHING}'", given, len(base))
    if not sees_small:
        people = {key: need.people for key, need in cells.items()}
        for key in _gives_away(run, given, set(people)):
            people[key] = min(people[key], SMALLEST_SHOWN - 1)
        hidden = _hidden(people)
        cells = {key: WITHHELD if key in hidden else need for key, need in cells.items()}
    return Needs(cells, base[0], base[-1], len(base))


def lines_of_cell(run: Run, market: str, site_type: str, sees_small: bool, cell: Need) -> dict[str, Need]:
    """The cell's clinical lines; every line of the market is judged with them, so that no difference tells of few people."""
    base = months(run).base
    rows = _rows(run, "coalesce(clinical_line, 'unknown') || '|' || coalesce(site_type, '')", _values(base), len(base))
    lines = {tuple(part.rsplit("|", 1)): need for (where, part), need in rows.items() if where == market}
    if not sees_small:
        keys = [key for key, need in lines.items() if need.people]
        groups = defaultdict(list)
        for number, (line, kind) in enumerate(keys):
            groups["line", line].append(number)
            groups["kind", kind].append(number)
        gone = hide(np.array([lines[key].people for key in keys]), known_sums(groups.values())) if keys else []
        lines |= {key: WITHHELD for key, is_hidden in zip(keys, gone, strict=True) if is_hidden or cell.is_hidden}
    return {line: need for (line, kind), need in lines.items() if kind == site_type}


def _values(base) -> dict:
    pairs = [(site_class, kind) for kind, classes in CLASSES.items() for site_class in classes]
    return {
        "since": base[0],
        "until": base[-1],
        "classes": [site_class for site_class, _ in pairs],
        "types": [kind for _, kind in pairs],
    }


def _rows(run: Run, by: str, given: dict, number: int) -> dict[tuple[str, str], Need]:
    rows = ask_tables(run, NEED.replace("{by}", by), **given, **chair_minutes())
    return {(market, part): Need(people, infusions, hours / number) for market, part, people, infusions, hours in rows}


def _hidden(people: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Kinds add up to their market, markets to what the brief tells of everything."""
    keys = [key for key, number in people.items() if number]
    at = {key: number for number, key in enumerate(keys)}
    lines, totals, parts = [], [], []
    for key in keys:
        market, kind = key
        if kind == EVERYTHING:
            lines.append(0), totals.append(KNOWN), parts.append(at[key])
            continue
        lines.append(1 + at[market, EVERYTHING]), totals.append(at[market, EVERYTHING]), parts.append(at[key])
        lines.append(-1 - sorted({kind for _, kind in keys}).index(kind)), totals.append(KNOWN), parts.append(at[key])
    if not keys:
        return set()
    arrays = [np.array(column, dtype=np.int64) for column in (lines, totals, parts, [2] * len(lines), [0] * len(lines))]
    gone = hide(np.array([people[key] for key in keys]), Lines.from_pairs(*arrays))
    return {key for key, is_hidden in zip(keys, gone, strict=True) if is_hidden}


def _gives_away(run: Run, given: dict, cells: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Cells from which the brief's shown months, taken away, would leave a few people."""
    places = FACTS.replace("SELECT month,", "SELECT site_class, month,")
    sql = (
        f"SELECT coalesce(nullif(market, ''), '{UNKNOWN}'), coalesce(site_type, ''), market, head, place, month, list(DISTINCT person_no) "
        f"FROM ({places}) LEFT JOIN {TYPES} AS kind USING (site_class) WHERE month >= $since AND month <= $until GROUP BY ALL"
    )
    left: dict[tuple[str, str], set[int]] = defaultdict(set)
    visible = {}
    for market, kind, named, head, place, month, people in ask_tables(run, sql, **given):
        if named not in visible:
            visible[named] = visible_cells(run, replace(DashboardFilters(), market=named)) if named else None
        if head == "named" and visible[named] and visible[named].shows(place, month=month):
            continue
        left[market, kind] |= set(people)
    return {key for key, people in left.items() if 0 < len(people) < SMALLEST_SHOWN and key in cells}
