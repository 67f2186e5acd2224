"""Leakage by month: the rate above, the infusions by outcome below, immature months marked and never judged."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from demand import words
from demand.charts.figure import (
    COUNTED,
    COUNTED_WORDS,
    OUTCOME_FIGURES,
    STAYED,
    STAYED_MARK,
    WITHHELD,
    WITHHELD_MARK,
    Column,
    Figure,
    Table,
)
from demand.charts.numbers import percent
from demand.engine.disclosure import HIDDEN
from demand.selectors.dashboard import OUTCOMES, Dashboard, Line, Month

COLORS = {
    "kept": "var(--c-kept)",
    "margin_leak": "var(--c-margin)",
    "partner": "var(--c-partner)",
    "site_leak": "var(--c-leak)",
    "unknown": "var(--c-unknown)",
}


def with_infusions(months: tuple[Month, ...]) -> tuple[Month, ...]:
    """From the first to the last month with an attributed infusion (a hidden one is one); all of them where there is none."""
    numbers = [number for number, month in enumerate(months) if month.line.counted.infusions != 0]
    return months[numbers[0] : numbers[-1] + 1] if numbers else months


def by_month(board: Dashboard) -> Figure:
    months = with_infusions(board.months)
    columns = (
        Column("month", "Month", "month"),
        Column("maturity", "Data"),
        *COUNTED,
        *(Column(f"{outcome}_infusions", words.OUTCOMES[outcome], "count", OUTCOME_FIGURES[outcome]) for outcome in OUTCOMES),
        Column("leakage_rate", "Leakage rate", "percent", "leakage-rate"),
        Column("completed_infusions", "When complete", "count", "when-complete"),
        Column("completed_from", "at least", "count", "when-complete"),
        Column("completed_to", "at most", "count", "when-complete"),
    )
    rows = tuple(
        (
            month.day,
            "complete" if month.mature else "not complete",
            month.line.counted.infusions,
            month.line.counted.people,
            *(month.line.at(outcome).infusions for outcome in OUTCOMES),
            month.line.leakage_rate.value,
            completed(month),
            completed(month, "least"),
            completed(month, "most"),
        )
        for month in months
    )
    immature = [month for month in months if not month.mature]
    note = ""
    if immature:
        note = (
            f"Claims of {immature[0].day:%b %Y}{' and later' if len(immature) > 1 else ''} are still coming in: those months are "
            f"drawn pale, with what is still expected and its 90% band on top, stand completed in the table where the feeds' curves allow it ({'all feeds together' if board.restricted else 'each feed on its own'}), and no trend is read from them."
        )
    partly = sum(1 for month in months if HIDDEN in (month.line.counted.infusions, month.line.leakage_rate.value))
    if partly:
        note = (
            f"In {partly} of {len(months)} months counts are hidden (few people, or they would give a small count away): hatched "
            f"or left out, never nothing. {note}"
        ).strip()
    elif less := sum(1 for month in months if any(month.line.at(outcome).hidden for outcome in OUTCOMES)):
        note = f"In {less} of {len(months)} months an outcome is hidden (few people, or it would give a small count away): left out of the bar, or hatched with another. {note}".strip()
    drawn = any(month.line.counted.infusions not in (HIDDEN, 0) for month in months)
    return Figure(
        key="month",
        title="Leakage by month",
        reading=_reading(months),
        direction="Leakage rate = left ÷ (kept + white-bagged + left). Lower is better.",
        table=Table(
            f"Attributed infusions by month of service; {COUNTED_WORDS}",
            columns,
            rows,
            run=board.coverage.run_id,
            asks=tuple(replace(board.filters, since=month.day, through=month.day).query_string() for month in months),
        ),
        chart=_chart(months) if drawn else None,
        key_to_marks=key_to_marks(month.line for month in months),
        metric="leakage-rate",
        note=note,
        folded=True,
        tall=True,
    )


def undivided(lines: Iterable[Line]) -> list[tuple[str, dict, list[int]]]:
    """(name, mark, infusions by line) of what may not be told apart, where there is any."""
    lines = list(lines)
    found = [(STAYED, STAYED_MARK, [line.stayed for line in lines]), (WITHHELD, WITHHELD_MARK, [line.withheld for line in lines])]
    return [one for one in found if any(one[2])]


def key_to_marks(lines: Iterable[Line]) -> tuple[tuple[str, str], ...]:
    lines = list(lines)
    extra = [("stayed", STAYED, any(line.stayed for line in lines)), ("withheld", WITHHELD, any(line.withheld for line in lines))]
    return (*words.OUTCOMES.items(), *((mark, name) for mark, name, drawn in extra if drawn))


def completed(month: Month, part: str = "expected"):
    """Infusions expected once all claims are in, or an end of their band (least, most). None for a mature month, and where it is not known."""
    if month.completed is None:
        return None
    return HIDDEN if month.line.counted.infusions is HIDDEN else getattr(month.completed, part)


def _reading(months: tuple[Month, ...]) -> str:
    judged = [month for month in months if month.mature and isinstance(month.line.leakage_rate.value, float)]
    if months and all(month.line.counted.infusions is HIDDEN for month in months):
        return "No month may be shown for these filters: the groups are small, or would give small ones away."
    if len(judged) < 2:
        return "Too few complete months can be shown to speak of a trend."
    if len(judged) < 12:
        first, last = judged[0], judged[-1]
        return (
            f"The rate was {percent(first.line.leakage_rate.value)} in {first.day:%B %Y} and "
            f"{percent(last.line.leakage_rate.value)} in {last.day:%B %Y}, the last complete month shown."
        )
    half = min(12, len(judged) // 2)
    before, after = judged[-2 * half : -half], judged[-half:]
    then, now = (_pooled(group) for group in (before, after))
    change = 100 * (now - then)
    way = "rose" if change >= 0.5 else "fell" if change <= -0.5 else "held"
    by = "steady" if way == "held" else f"by {abs(change):.1f} percentage points"
    return (
        f"Over the last {half} complete months shown the rate was {percent(now)}; it {way} {by} against the {half} before "
        f"({percent(then)}). The last complete month is {judged[-1].day:%B %Y}."
    )


def _pooled(months: list[Month]) -> float:
    rates = [month.line.leakage_rate for month in months]
    return sum(rate.numerator for rate in rates) / max(1, sum(rate.denominator for rate in rates))


def _chart(months: tuple[Month, ...]) -> dict:
    days = [f"{month.day:%Y-%m-%d}" for month in months]
    rates = [100 * month.line.leakage_rate.value if isinstance(month.line.leakage_rate.value, float) else None for month in months]
    mature = [month.mature for month in months]
    # Both lines share the joint, so that the drawn line does not break there.
    joint = [not now or (number + 1 < len(months) and not mature[number + 1]) for number, now in enumerate(mature)]
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": "Leakage rate", "x": days, "yaxis": "y2",
            "y": [rate if ok else None for rate, ok in zip(rates, mature, strict=True)],
            "line": {"color": "var(--c-leak)", "width": 2.5}, "marker": {"size": 5},
            "hovertemplate": "%{x|%b %Y}: %{y:.1f}%<extra>leakage rate</extra>",
        },
        {
            "type": "scatter", "mode": "lines+markers", "name": "Leakage rate, month not complete", "x": days, "yaxis": "y2",
            "y": [rate if ok else None for rate, ok in zip(rates, joint, strict=True)],
            "line": {"color": "var(--c-leak)", "width": 1.5, "dash": "dot"},
            "marker": {
                "size": [0 if ok else 7 for ok in mature], "color": "var(--surface)",
                "line": {"color": "var(--c-leak)", "width": 1.5},
            },
            "hovertemplate": "%{x|%b %Y}: %{y:.1f}% so far<extra>not complete</extra>",
        },
    ]  # fmt: skip
    for outcome in OUTCOMES:
        data.append(
            {
                "type": "bar",
                "name": words.OUTCOMES[outcome],
                "x": days,
                "y": [0 if month.line.at(outcome).hidden else month.line.at(outcome).infusions for month in months],
                "marker": {
                    "color": COLORS[outcome],
                    "opacity": [1 if ok else 0.4 for ok in mature],
                    "line": {"width": 0},
                },
                "hovertemplate": "%{x|%b %Y}: %{y:,} infusions<extra>" + words.OUTCOMES[outcome] + "</extra>",
            }
        )
    for name, mark, values in undivided(month.line for month in months):
        data.insert(
            3 if name is STAYED else len(data),
            {
                "type": "bar", "name": name, "x": days, "y": values, "marker": mark | {"opacity": [1 if ok else 0.4 for ok in mature]},
                "hovertemplate": "%{x|%b %Y}: %{y:,} infusions<extra>" + name + "</extra>",
            },
        )  # fmt: skip
    extra = [(month, completed(month)) for month in months]
    if any(isinstance(value, int) for _, value in extra):
        missing = [
            value - month.line.counted.infusions if isinstance(value, int) else None for month, value in extra
        ]  # None: no bar, and no whisker at zero
        data.append(
            {
                "type": "bar", "name": "Expected once complete", "x": days, "y": missing,
                "marker": {
                    "color": "rgba(0,0,0,0)",
                    "line": {"color": "var(--line-strong)", "width": [1 if value else 0 for value in missing]},
                },
                "error_y": _band(months, extra),
                "hovertemplate": "%{x|%b %Y}: about %{y:,} more expected<extra>not complete</extra>",
            }
        )  # fmt: skip
    layout = {
        "height": 400,
        "barmode": "stack",
        "bargap": 0.25,
        "showlegend": False,
        "margin": {"b": 30, "t": 18},
        "xaxis": {"type": "date", "tickformat": "%b %Y", "nticks": 9, "showgrid": False},
        "yaxis": {"domain": [0, 0.5], "nticks": 4, "tickformat": ",", "title": {"text": "infusions", "standoff": 6}},
        "yaxis2": {
            "domain": [0.6, 1],
            "nticks": 4,
            "ticksuffix": "%",
            "rangemode": "tozero",
            "title": {"text": "leakage rate", "standoff": 6},
        },
    }
    first = next((number for number, ok in enumerate(mature) if not ok), None)
    if first is not None and not any(mature[first:]):
        layout["shapes"] = [
            {"type": "rect", "xref": "x", "yref": "paper",
             "x0": _half_before(months[first].day), "x1": _half_before(months[-1].day, 31),
             "y0": 0, "y1": 1, "fillcolor": "var(--c-unknown)", "opacity": 0.1, "line": {"width": 0}, "layer": "below"}
        ]  # fmt: skip
        layout["annotations"] = [
            {"x": _half_before(months[first].day), "y": 1, "xref": "x", "yref": "paper", "yshift": 14,
             "xanchor": "left", "showarrow": False, "text": "not complete", "font": {"size": 11, "color": "var(--ink-2)"}}
        ]  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 4}}}


def _band(months: tuple[Month, ...], extra: list) -> dict:
    """The 90 % band around the completed count, as bars above and below it."""
    above, below = [], []
    for month, value in extra:
        above.append(completed(month, "most") - value if isinstance(value, int) else 0)
        below.append(value - completed(month, "least") if isinstance(value, int) else 0)
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": "var(--ink-2)",
        "thickness": 1.2,
        "width": 3,
    }


def _half_before(day, days: int = 0) -> str:
    return f"{day - dt.timedelta(days=15) + dt.timedelta(days=days):%Y-%m-%d}"
