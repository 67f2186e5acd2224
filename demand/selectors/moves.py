"""Moves between established sites: from where to where, why, and whether the patient stayed with their care team and on time.

Grain: one move of a treatment that a named prescriber ordered. Readers without the patient-level right see the figures of all moves
together, small counts hidden (definitions.md, section 9); parts of them by payer or month are for people with the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN, KNOWN, Lines, hide
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Measure
from demand.selectors.facts import ask_tables

DIRECTIONS = ("out", "in", "within", "elsewhere")
DIRECTION = """CASE
    WHEN from_ownership = 'owned' AND to_ownership = 'owned' THEN 'within'
    WHEN from_ownership = 'owned' THEN 'out' WHEN to_ownership = 'owned' THEN 'in' ELSE 'elsewhere' END"""
PRESCRIBERS = ("same_prescriber", "same_network", "outside", "unknown")
BY_MONTHS_ONLY = (
    "Moves are counted by payer, line of business, market, therapy and month; the filters for one site or owner were left out."
)
WITH_THE_RIGHT = (
    "With filters moves are shown with the patient-level right only: so few people move that parts would give small counts away."
)


@dataclass(frozen=True)
class Flow:
    """Moves from one kind of place to another. A place is (class, ownership, owner, payer affiliation)."""

    direction: str
    start: tuple[str, str, str, str]
    end: tuple[str, str, str, str]
    moves: Measure
    people: Measure


@dataclass(frozen=True)
class Continuity:
    """Moves of a direction: who orders afterwards, and how much later than the person's interval the first dose there came."""

    direction: str
    moves: Measure
    prescribers: dict[str, Measure]
    late: Measure
    timed: Measure
    median_days: float | None

    @property
    def in_network(self) -> tuple[Measure, Measure]:
        """(moves after which a prescriber of ours still orders, moves of which the prescriber is known)"""
        if HIDDEN in self.prescribers.values():
            return HIDDEN, HIDDEN
        kept = self.prescribers["same_prescriber"] + self.prescribers["same_network"]
        return kept, kept + self.prescribers["outside"]


@dataclass(frozen=True)
class Moves:
    filters: DashboardFilters
    coverage: Coverage
    total: dict[str, Measure]
    flows: tuple[Flow, ...]
    reasons: tuple[tuple[str, Measure, Measure], ...]
    continuity: tuple[Continuity, ...]
    restricted: bool
    withheld: str = ""


FLOWS = f"""
SELECT {DIRECTION}, from_site_class, from_ownership, coalesce(from_owner, ''), to_site_class, to_ownership, coalesce(to_owner, ''),
    coalesce(to_payer_affiliation, ''), count(*), count(DISTINCT person_no)
FROM {{moves}} WHERE is_headline GROUP BY ALL ORDER BY 9 DESC, 1, 2, 3, 4, 5, 6, 7, 8
"""
REASONS = f"""
SELECT coalesce(reason, 'unexplained'), count(*), count(DISTINCT person_no)
FROM {{moves}} WHERE is_headline AND {DIRECTION} = 'out' GROUP BY 1 ORDER BY 2 DESC, 1
"""
CONTINUITY = f"""
SELECT {DIRECTION}, count(*), {", ".join(f"count(*) FILTER (prescriber_after = '{name}')" for name in PRESCRIBERS)},
    count(*) FILTER (is_late), count(is_late),
    median(gap_days - interval_days), {", ".join(f"count(DISTINCT person_no) FILTER (prescriber_after = '{name}')" for name in PRESCRIBERS)},
    count(DISTINCT person_no) FILTER (is_late),
    count(DISTINCT person_no) FILTER (NOT is_late)
FROM {{moves}} WHERE is_headline GROUP BY 1
"""


def moves(run: Run, filters: DashboardFilters, see_small: bool) -> Moves:
    """ResultsMissing where the run keeps no moves."""
    asked = filters.without("site", "site_owner")
    withheld = BY_MONTHS_ONLY if filters.places else ""
    if not see_small and filters.any:
        return Moves(asked, coverage(run), {}, (), (), (), True, WITH_THE_RIGHT)
    flows = ask_tables(run, FLOWS, asked)
    shown = parts_shown([row[9] for row in flows], see_small, [DIRECTIONS.index(row[0]) for row in flows])
    reasons = ask_tables(run, REASONS, asked)
    why = parts_shown([row[2] for row in reasons], see_small)
    continuity = tuple(_continuity(row, see_small) for row in ask_tables(run, CONTINUITY, asked))
    return Moves(
        filters=asked,
        coverage=coverage(run),
        total={one.direction: one.moves for one in continuity},
        flows=tuple(
            Flow(row[0], (*row[1:4], ""), tuple(row[4:8]), *((row[8], row[9]) if ok else (HIDDEN, HIDDEN)))
            for row, ok in zip(flows, shown, strict=True)
        ),
        reasons=tuple((name, *((number, people) if ok else (HIDDEN, HIDDEN))) for (name, number, people), ok in zip(reasons, why, strict=True)),
        continuity=tuple(sorted(continuity, key=lambda one: DIRECTIONS.index(one.direction))),
        restricted=not see_small,
        withheld=withheld,
    )  # fmt: skip


def parts_shown(people: Sequence[int], see_small: bool, totals: Sequence[int] | None = None) -> list[bool]:
    """Which parts of a total that everybody knows may be shown; totals: which of several each is a part of."""
    if see_small or not people:
        return [True] * len(people)
    parts, flat = np.arange(len(people)), np.zeros(len(people), dtype=np.int64)
    line = flat if totals is None else np.array(totals, dtype=np.int64)
    hidden = hide(np.array(people), Lines.from_pairs(line, np.full(len(people), KNOWN), parts, np.full(len(people), 2), flat))
    return [not gone for gone in hidden]


def _continuity(row: tuple, see_small: bool) -> Continuity:
    direction, number, *rest = row
    counts, (late, timed, median), people = rest[:4], rest[4:7], rest[7:]
    present = [name for name, of in zip(PRESCRIBERS, people, strict=False) if of]
    shown = dict(zip(present, parts_shown([of for of in people[:4] if of], see_small), strict=True))
    on_time = parts_shown([of for of in people[4:] if of], see_small)
    small = not see_small and sum(people[:4]) < 11
    return Continuity(
        direction,
        HIDDEN if small else number,
        {name: HIDDEN if small or not shown.get(name, True) else count for name, count in zip(PRESCRIBERS, counts, strict=True)},
        HIDDEN if small or not all(on_time) else late,
        HIDDEN if small else timed,
        None if small else median,
    )
