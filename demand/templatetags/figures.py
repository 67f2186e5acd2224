"""How values are written: counts, shares, money, months; a hidden count says so in words."""

import datetime as dt
import math
from decimal import Decimal
from itertools import zip_longest

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

from demand.engine.disclosure import HIDDEN

register = template.Library()
UNKNOWN = "–"
WHY_HIDDEN = "A count of 1 to 10 people, or one that would give it away"
HIDDEN_HTML = format_html('<span class="hidden-count" title="{}">hidden</span>', WHY_HIDDEN)


@register.filter
def count(value) -> str:
    """12345 -> 12,345"""
    return _marked(value) or f"{value:,.0f}"


@register.filter
def tenths(value) -> str:
    """12.345 -> 12.3"""
    return _marked(value) or f"{value:,.1f}"


@register.filter
def percent(value) -> str:
    """0.3127 -> 31.3%"""
    return _marked(value) or f"{100 * value:.1f}%"


@register.filter
def dollars(cents) -> str:
    """Whole dollars: 1234567 cents -> $12,346"""
    return _marked(cents) or _signed(Decimal(cents) / 100, "{:,.0f}")


@register.filter
def dollars_cents(cents) -> str:
    """To the cent: 1234567 -> $12,345.67"""
    return _marked(cents) or _signed(Decimal(cents) / 100, "{:,.2f}")


@register.filter
def dollars_short(cents) -> str:
    """For headlines: 123456789012 cents -> $1.23B"""
    if marked := _marked(cents):
        return marked
    amount = Decimal(cents) / 100
    for size, word in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if abs(amount) >= size:
            shown = amount / size
            return _signed(shown, "{:,.2f}" if abs(shown) < 10 else "{:,.1f}" if abs(shown) < 100 else "{:,.0f}") + word
    return _signed(amount, "{:,.0f}")


@register.filter
def miles(value) -> str:
    """12.34 -> 12.3; no site at all is infinitely far"""
    return _marked(value) or ("none" if math.isinf(value) else f"{value:.1f}")


@register.filter
def month(value) -> str:
    """2026-03-01 -> Mar 2026"""
    return _marked(value) or f"{value:%b %Y}"


@register.filter
def size(bytes_: int) -> str:
    """1536000 -> 1.5 MB; 20000000000 -> 20 GB. upload.js writes sizes the same way."""
    amount, unit = float(bytes_), "bytes"
    for bigger in ("KB", "MB", "GB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.0f} {unit}" if unit in ("bytes", "KB") else f"{amount:.1f}".removesuffix(".0") + f" {unit}"


@register.filter
def seconds(value: float) -> str:
    """0.42 -> 0.4 s; 75 -> 1 min 15 s"""
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


FORMATS = {
    "count": count,
    "miles": miles,
    "tenths": tenths,
    "cents": dollars,
    "exact_cents": dollars_cents,
    "percent": percent,
    "month": month,
}


@register.filter
def cell(value, column) -> str:
    """A table's value as its column's kind writes it."""
    if value is HIDDEN or value is None:
        return _marked(value)
    if column.kind in FORMATS:
        return FORMATS[column.kind](value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def _marked(value) -> str:
    if value is HIDDEN:
        return HIDDEN_HTML
    # "" is what a template makes of a key that is not there: an extract without pharmacy files has no pharmacy count.
    return UNKNOWN if value is None or value == "" else ""


def _signed(amount: Decimal, form: str) -> str:
    return ("−" if amount < 0 else "") + "$" + form.format(abs(amount))


PROSE = ' class="prose"'


@register.filter
def rows_html(rows, table) -> str:
    """Rows of a table. Not a template: a brief has thousands of cells, and a template takes ten times as long for each."""
    columns, asks = table.columns, table.asks if rows is table.rows else ()
    origins = [
        (table.origin or reverse("demand:figure", args=[table.run, column.figure])) if asks and column.figure else ""
        for column in columns
    ]
    made = (_row(row, columns, origins, ask) for row, ask in zip_longest(rows, asks, fillvalue=""))
    return mark_safe("\n".join(made))  # every text is escaped below


def _row(row, columns, origins, ask: str) -> str:
    query = f"?{conditional_escape(ask)}" if ask else ""
    cells = [
        f'<td class="num">{_number(value, column, origin and origin + query)}</td>'
        if column.is_number
        else f"<td{PROSE if column.kind == 'prose' else ''}>{conditional_escape(cell(value, column))}</td>"
        for value, column, origin in zip(row[1:], columns[1:], origins[1:], strict=True)
    ]
    return f'<tr><th scope="row">{conditional_escape(cell(row[0], columns[0]))}</th>{"".join(cells)}</tr>'


def _number(value, column, origin: str) -> str:
    written = cell(value, column)
    return f'<a class="origin" href="{origin}">{written}</a>' if origin and value is not None else written
