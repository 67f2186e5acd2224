"""Then against now: the leakage rate and the infusions known at a past month's end, their completion with its band, and what came."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, percent
from demand.selectors.then import MonthThen, Then


def then_and_now(found: Then) -> Figure | None:
    """None where there is nothing to compare."""
    if not found.months or found.as_of is None:
        return None
    columns = (
        Column("month", "Month of service", "month"), Column("data", "Data then"),
        Column("left_then", "Left, known then", "count"), Column("base_then", "In the rate, known then", "count"),
        Column("rate_then", "Rate then", "percent"), Column("rate_completed", "completed by feed", "percent"),
        Column("rate_from", "at least", "percent"), Column("rate_to", "at most", "percent"),
        Column("left_now", "Left, known now", "count"), Column("base_now", "In the rate, known now", "count"), Column("rate_now", "Rate now", "percent"),
        Column("completed", "Expected then", "count"), Column("completed_from", "at least", "count"), Column("completed_to", "at most", "count"),
        Column("held", "Now within the band"),
    )  # fmt: skip
    rows = tuple(
        (
            one.month, "complete" if one.judged else "not complete", one.left_then, one.base_then, one.rate_then, one.rate_completed,
            one.rate_from, one.rate_to, one.left_now, one.base_now, one.rate_now, one.completed, one.completed_from, one.completed_to,
            {True: "yes", False: "no", None: "–"}[one.held],
        )
        for one in found.months
    )  # fmt: skip
    return Figure(
        key="then",
        title=f"What we would have said at the end of {found.as_of:%B %Y}",
        reading=_reading(found),
        direction="Neither way is good by itself: it shows how far an early number can be trusted. No trend is read from months that were not complete then.",
        table=Table("By month of service: known then, expected then with its 90 % band, known now", columns, rows),
        chart=_chart(found.months),
        note=_note(found),
        metric="as-of",
        folded=True,
        tall=True,
    )


def _note(found: Then) -> str:
    said = "An infusion counts as known from the month of its first payment, with the site and channel that this run sees today."
    if found.undated:
        said += f" {count(found.undated)} infusions without a paid date are in neither line."
    if found.restricted:
        said += " Counts are rounded down to tens, rates to whole per cents, and months with few infusions are left out. Counts are completed for all feeds together and rates not at all: completed feed by feed they would give a feed's few infusions away."
    return said


def _reading(found: Then) -> str:
    early = [one for one in found.months if not one.judged and isinstance(one.base_then, int) and one.base_then]
    if not early:
        return "Every month that can be shown was complete then: nothing had to be completed."
    last = early[-1]
    said = f"Of {last.month:%B %Y} {count(last.base_then)} infusions were known then ({percent(last.rate_then)} left), {count(last.base_now)} are now ({percent(last.rate_now)})."
    held = [one.held for one in early if one.held is not None]
    if held:
        said += f" Of {len(held)} months completed then and complete now, {sum(held)} came out within the band."
    return said


def _chart(months: tuple[MonthThen, ...]) -> dict:
    days = [f"{one.month:%Y-%m-%d}" for one in months]

    def numbers(name: str, scale: float = 1.0) -> list:
        values = [getattr(one, name) for one in months]
        return [value * scale if isinstance(value, int | float) else None for value in values]

    def line(name: str, key: str, color: str, dash: str = "solid", width: float = 2.0) -> dict:
        return {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": days, "y": numbers(key, 100), "yaxis": "y2",
            "line": {"color": color, "width": width, "dash": dash}, "marker": {"size": 5},
            "hovertemplate": "%{x|%b %Y}: %{y:.1f}%<extra>" + name + "</extra>",
        }  # fmt: skip

    low, expected, high = numbers("completed_from"), numbers("completed"), numbers("completed_to")
    band = {
        "type": "scatter", "mode": "markers", "name": "Expected then, 90 % band", "x": days, "y": expected,
        "marker": {"symbol": "line-ew-open", "size": 12, "color": "var(--ink-2)"},
        "error_y": {
            "type": "data", "symmetric": False, "color": "var(--ink-2)", "thickness": 1.2, "width": 3,
            "array": [None if one is None else top - one for one, top in zip(expected, high, strict=True)],
            "arrayminus": [None if one is None else one - bottom for one, bottom in zip(expected, low, strict=True)],
        },
        "hovertemplate": "%{x|%b %Y}: about %{y:,} expected then<extra></extra>",
    }  # fmt: skip

    def bars(name: str, key: str, color: str, opacity: float) -> dict:
        return {
            "type": "bar", "name": name, "x": days, "y": numbers(key), "marker": {"color": color, "opacity": opacity},
            "hovertemplate": "%{x|%b %Y}: %{y:,}<extra>" + name + "</extra>",
        }  # fmt: skip

    return {
        "data": [
            bars("Known now", "base_now", "var(--c-unknown)", 0.35),
            bars("Known then", "base_then", "var(--c-kept)", 1),
            band,
            line("Rate known now", "rate_now", "var(--c-unknown)", width=3),
            line("Rate known then", "rate_then", "var(--c-leak)", "dot"),
            *([line("Rate then, completed by feed", "rate_completed", "var(--c-margin)", "dash")] if any(numbers("rate_completed")) else []),
        ],
        "layout": {
            "height": 430, "barmode": "overlay", "bargap": 0.25, "showlegend": True, "margin": {"b": 30, "t": 18},
            "legend": {"orientation": "h", "y": -0.12},
            "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 9, "showgrid": False},
            "yaxis": {"domain": [0, 0.5], "nticks": 4, "tickformat": ",", "title": {"text": "infusions", "standoff": 6}},
            "yaxis2": {"domain": [0.6, 1], "nticks": 4, "ticksuffix": "%", "rangemode": "tozero", "title": {"text": "leakage rate", "standoff": 6}},
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 4}},
    }  # fmt: skip
