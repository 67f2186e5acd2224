"""The `leakage` table of a run, small counts hidden for readers without the patient-level right; API and export share it."""

from collections.abc import Sequence
from functools import lru_cache

from demand.engine.disclosure import hide_small_cells
from demand.filters import DashboardFilters
from demand.models import LeakageCell, Run
from demand.models.results import OUTCOMES
from demand.selectors.facts import results_key
from demand.selectors.hidden import DIMENSIONS, VisibleCells, visible_cells

MEASURES = ("infusions", "people", "allowed_cents")
COLUMNS = (
    *("month", "payer", "line_of_business", "family", "site_class", "market"),
    *(f"{outcome}_{measure}" for outcome in OUTCOMES for measure in MEASURES),
    "mature",
)


def leakage_rows(run: Run, filters: DashboardFilters, see_small: bool) -> list[dict]:
    """Rows of the table under the filters, in its order. A hidden measure is None."""
    rows = _rows(run) if see_small else _shown(run.pk, results_key(run))
    return [
        row
        for row in rows
        if all(row[name] == value for name, value in filters.chosen.items())
        and (not filters.since or row["month"] >= filters.since)
        and (not filters.until or row["month"] < filters.until)
    ]


def _rows(run: Run) -> list[dict]:
    cells = LeakageCell.objects.filter(run=run).order_by(*COLUMNS[:6]).values_list(*COLUMNS)
    return [dict(zip(COLUMNS, cell, strict=True)) for cell in cells]


@lru_cache(maxsize=2)
def _shown(run_id: int, results: str) -> list[dict]:
    run = Run.objects.get(pk=run_id)
    rows = hide_leakage(run, COLUMNS, [tuple(row.values()) for row in _rows(run)])
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def hide_leakage(run: Run, columns: Sequence[str], rows: Sequence[tuple]) -> list[tuple]:
    """The table's rows as they may be shown: small cells hidden, and whatever lies inside a cell that the pages hide."""
    shown = [list(row) for row in hide_small_cells(columns, rows)]
    place = {column: number for number, column in enumerate(columns)}
    everything = visible_cells(run, DashboardFilters())
    for row in shown:
        for outcome in OUTCOMES:
            if row[place[f"{outcome}_people"]] and not _may_be_shown(everything, row, place, outcome):
                for measure in MEASURES:
                    row[place[f"{outcome}_{measure}"]] = None
    return [tuple(row) for row in shown]


def _may_be_shown(everything: VisibleCells, row: Sequence, place: dict[str, int], outcome: str) -> bool:
    """Every released cell that the row's cell is part of is shown: nothing that is hidden can be summed up from inside."""
    values = {name: row[place[name]] for name in DIMENSIONS}
    return everything.shows_around(outcome, values, row[place["month"]])
