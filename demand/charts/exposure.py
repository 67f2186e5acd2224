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
        direction="People newly exposed: their first exposed day lies in the month. At risk: what those exposed, treated and not moved are expected to receive. Lower is better.",
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
    ahead = [one for one in found.calendar if one.month > found.as_of.replace(day=1)]
    people = [one.first_exposed for one in ahead]
    cents = [one.allowed_cents for one in ahead]
    begin = f"{count(found.of('exposed'))} people are exposed on {found.as_of:%Y-%m-%d}"
    if HIDDEN in people or HIDDEN in cents:
        return f"{begin}; what is to come is partly hidden."
    newly = sum(people)
    at_risk = sum(value or 0 for value in cents)
    return f"{begin}, {newly:,} more become so in the {len(ahead)} months after; {dollars(at_risk)} of allowed amounts are at risk in those months."


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
