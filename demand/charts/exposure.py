"""Exposure as a calendar: people who become exposed month by month, and what is at risk; with its table and sentence."""

import datetime as dt

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, dollars
from demand.engine.disclosure import HIDDEN
from demand.selectors.exposure import ExposureMonth, ExposureOf


def calendar(found: ExposureOf) -> Figure | None:
    """None where nobody becomes exposed."""
    months = found.calendar
    if not months or found.as_of is None:
        return None
    columns = (
        Column("month", "Month", "month"),
        Column("when", "Seen"),
        Column("first_exposed", "People newly exposed", "count"),
        Column("infusions", "Infusions of the exposed", "count"),
        Column("allowed", "Their allowed amount", "cents"),
    )
    rows = tuple((one.month, _when(one.month, found.as_of), one.first_exposed, one.infusions, one.allowed_cents) for one in months)
    hidden = sum(HIDDEN in (one.first_exposed, one.allowed_cents) for one in months)
    return Figure(
        key="calendar",
        title="Month by month",
        reading=_reading(found),
        direction="People newly exposed: their first exposed day lies in the month. At risk: what those exposed, treated and not moved are expected to receive. Lower is better. Margin rests on what we pay for drugs, an assumption that a scenario makes.",
        table=Table("By month, expectations after the run's day", columns, rows),
        chart=_chart(months, found.as_of) if hidden < len(months) else None,
        note=f"In {hidden} of {len(months)} months figures are hidden: few people, or they would give a small count away."
        if hidden
        else "",
        folded=True,
        tall=True,
        metric="policy-exposure",
    )


def _when(month: dt.date, as_of: dt.date) -> str:
    return "in claims" if month <= as_of.replace(day=1) else "to come"


def _reading(found: ExposureOf) -> str:
    exposed, to_come = found.of("exposed"), found.to_come
    if HIDDEN in (exposed, to_come):
        begin = "How many people are exposed today may not be shown"
    elif to_come == exposed:
        begin = f"{count(exposed)} people on treatment will be exposed on the first day" if exposed else "Nobody is exposed"
    else:
        later = f"; {count(to_come)} more will be on the first day of what is still to come" if to_come else ""
        begin = f"{count(exposed - to_come)} people are exposed on {found.as_of:%Y-%m-%d}{later}"
    cents = [one.allowed_cents for one in found.calendar if one.month > found.as_of.replace(day=1)]
    if HIDDEN in cents:
        return f"{begin}. What is at risk in the months to come is partly hidden."
    return f"{begin}. {dollars(sum(value or 0 for value in cents))} of allowed amounts are at risk in the {len(cents)} months after {found.as_of:%B %Y}."


def _chart(months: tuple[ExposureMonth, ...], as_of: dt.date) -> dict:
    x = [one.month.isoformat() for one in months]

    def bars(name: str, ahead: bool) -> dict:
        mark: dict = {"color": "var(--c-leak)"}
        if ahead:
            mark["pattern"] = {"fillmode": "overlay", "shape": "/", "fgcolor": "var(--surface)", "size": 5, "solidity": 0.3}
        shown = [
            one.first_exposed if (_when(one.month, as_of) == "to come") == ahead and one.first_exposed is not HIDDEN else None
            for one in months
        ]
        return {
            "type": "bar", "name": name, "x": x, "y": shown, "yaxis": "y2", "marker": mark,
            "hovertemplate": "%{x|%b %Y}: %{y} people<extra></extra>",
        }  # fmt: skip

    line = {
        "type": "scatter", "mode": "lines", "name": "Allowed at risk", "x": x, "line": {"color": "var(--c-margin)", "width": 2},
        "y": [None if one.allowed_cents in (HIDDEN, None) else round(one.allowed_cents / 100) for one in months],
        "hovertemplate": "%{x|%b %Y}: $%{y:,.0f}<extra></extra>",
    }  # fmt: skip
    layout = {
        "barmode": "overlay", "hovermode": "x",
        "xaxis": {"type": "date", "tickformat": "%b %Y"},
        "yaxis": {"domain": [0, 0.44], "rangemode": "tozero", "tickprefix": "$", "tickformat": "~s", "nticks": 4, "title": {"text": "at risk"}},
        "yaxis2": {"domain": [0.56, 1], "rangemode": "tozero", "tickformat": ",d", "nticks": 4, "title": {"text": "newly exposed"}},
    }  # fmt: skip
    return {
        "data": [bars("Newly exposed", False), bars("Newly exposed, to come", True), line],
        "layout": layout,
        "narrow": {"xaxis": {"nticks": 4}},
    }
