"""Recorded choices, markets and a day -> where each kind of site stands in each market; grain: one cell (market × kind of site).

The newest row of a cell counts (rows are only ever added, so the highest number is the newest). A cell without a row is undecided
since the system first saw the market; one recorded as undecided is so since the oldest row of the unbroken run of undecided rows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sites.engine.site_types import SITE_TYPES

YES, NO, UNDECIDED = "yes", "no", "undecided"


@dataclass(frozen=True)
class Row:
    """One recorded choice. `number` grows with every row."""

    number: int
    market: str
    site_type: str
    decision: str
    decided_on: dt.date
    next_review: dt.date | None = None
    owner: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Cell:
    """`newest` is None where nobody has ever chosen. `undecided_since` is None for a decided cell and where nothing tells since when."""

    market: str
    site_type: str
    newest: Row | None
    earlier: tuple[Row, ...]
    undecided_since: dt.date | None

    @property
    def decision(self) -> str:
        return self.newest.decision if self.newest else UNDECIDED

    @property
    def site_type_name(self) -> str:
        return SITE_TYPES[self.site_type]

    @property
    def is_decided(self) -> bool:
        return self.decision != UNDECIDED

    def review_due(self, on: dt.date) -> bool:
        return self.newest is not None and self.newest.next_review is not None and self.newest.next_review <= on


@dataclass(frozen=True)
class Ledger:
    """Cells by market, then in the order of SITE_TYPES."""

    cells: tuple[Cell, ...]

    @property
    def undecided(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if not cell.is_decided)

    @property
    def oldest_undecided(self) -> dt.date | None:
        return min((cell.undecided_since for cell in self.undecided if cell.undecided_since), default=None)

    @property
    def markets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.market for cell in self.cells))

    def at(self, market: str, site_type: str) -> Cell | None:
        return next((cell for cell in self.cells if (cell.market, cell.site_type) == (market, site_type)), None)

    def reviews_due(self, on: dt.date) -> tuple[Cell, ...]:
        """The most overdue first."""
        return tuple(sorted((cell for cell in self.cells if cell.review_due(on)), key=lambda cell: cell.newest.next_review))


def ledger(rows: Iterable[Row], markets: Iterable[str], known_since: Mapping[str, dt.date] | None = None) -> Ledger:
    """Every kind of site in every market, those named only by a row included."""
    history: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -row.number):
        history[row.market, row.site_type].append(row)
    named = sorted({*markets, *(market for market, _ in history)})
    return Ledger(tuple(_cell(market, kind, history[market, kind], known_since or {}) for market in named for kind in SITE_TYPES))


def _cell(market: str, site_type: str, rows: Sequence[Row], known_since: Mapping[str, dt.date]) -> Cell:
    since = None
    if not rows:
        since = known_since.get(market)
    elif rows[0].decision == UNDECIDED:
        for row in rows:
            if row.decision != UNDECIDED:
                break
            since = row.decided_on
    return Cell(market, site_type, rows[0] if rows else None, tuple(rows[1:]), since)
