"""A figure's table as a CSV download: the same values as on the page, hidden ones as the word hidden; each download is audited."""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django.http import Http404, HttpResponse

from demand.audit import note
from demand.charts.figure import Figure, Table
from demand.engine.csv_text import write_csv
from demand.models import Run
from demand.selectors.facts import ResultsMissing

Made = TypeVar("Made")


def csv_response(name: str, columns, rows) -> HttpResponse:
    """Rows as an attachment that a spreadsheet shows and never runs."""
    text = io.StringIO()
    write_csv(text, columns, rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{re.sub(r"[^A-Za-z0-9_.-]", "-", name)}.csv"'
    return response


def figure_csv(
    user, run: Run | None, make: Callable[[Run], tuple[Iterable[Figure], Mapping]], key: str, name: str = ""
) -> HttpResponse:
    """The table of the figure of that key, of those that make(run) gives with what stands in every row beside the run's number. `name`: the
    file's (default: the key). Http404 where there is no such figure, no published run, or its results are gone."""
    figures, constants = _made(run, make)
    figure = next((figure for figure in figures if figure.key == key), None)
    if figure is None:
        raise Http404
    header, rows = table_rows(figure.table, run_id=run.pk, **constants)
    return _noted(user, run, name or key, header, rows, str(constants.get("filters", "")))


def noted_csv(user, run: Run | None, make: Callable[[Run], tuple[list, list]], name: str, filters: str = "") -> HttpResponse:
    """The (header, rows) that make(run) gives; Http404 as above."""
    header, rows = _made(run, make)
    return _noted(user, run, name, header, rows, filters)


def _made(run: Run | None, make: Callable[[Run], Made]) -> Made:
    if run is None:
        raise Http404
    try:
        return make(run)
    except ResultsMissing as missing:
        raise Http404(str(missing)) from missing


def _noted(user, run: Run, name: str, header, rows, filters: str) -> HttpResponse:
    """Rows as a download, with an entry in the audit log that says what it was."""
    note(user, run, "downloaded a table", table=name, rows=len(rows), filters=filters)
    return csv_response(f"{name}-run-{run.pk}", header, rows)


def table_rows(table: Table, **constants) -> tuple[list[str], list[list]]:
    """Header and rows of a table with raw values; `constants` (run, filters …) stand in every row."""
    header = [column.key for column in table.columns] + list(constants)
    return header, [[_raw(value) for value in row] + list(constants.values()) for row in table.rows]


def _raw(value):
    if isinstance(value, float):
        return round(value, 6)
    return value if isinstance(value, int | str) or value is None else str(value)
