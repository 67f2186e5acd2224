"""A figure's table as a CSV download: the same values as on the page, hidden ones as the word hidden."""

import io
import re

from django.http import HttpResponse

from demand.charts.figure import Table
from demand.engine.csv_text import write_csv


def csv_response(name: str, columns, rows) -> HttpResponse:
    """Rows as an attachment that a spreadsheet shows and never runs."""
    text = io.StringIO()
    write_csv(text, columns, rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{re.sub(r"[^A-Za-z0-9_.-]", "-", name)}.csv"'
    return response


def table_rows(table: Table, **constants) -> tuple[list[str], list[list]]:
    """Header and rows of a table with raw values; `constants` (run, filters …) stand in every row."""
    header = [column.key for column in table.columns] + list(constants)
    return header, [[_raw(value) for value in row] + list(constants.values()) for row in table.rows]


def _raw(value):
    if isinstance(value, float):
        return round(value, 6)
    return value if isinstance(value, int | str) or value is None else str(value)
