"""Quarters of steerage -> a figure as plain JSON for app.js, and the sentence that says what to see."""

import datetime as dt
from collections.abc import Sequence

from payers.selectors.pace import Quarter, quarter_of


def pace_chart(quarters: Sequence[Quarter]) -> dict:
    names = [quarter.name for quarter in quarters]

    def bars(name: str, values: list[int], color: str, axis: str, pattern: str = "") -> dict:
        mark: dict = {"color": color}
        if pattern:
            mark = {
                "color": "rgba(0,0,0,0)",
                "line": {"color": color, "width": 1},
                "pattern": {"shape": pattern, "fgcolor": color, "size": 6, "solidity": 0.25},
            }
        return {
            "type": "bar", "name": name, "x": names, "y": values, "yaxis": axis, "marker": mark,
            "hovertemplate": f"%{{x}}: %{{y}}<extra>{name}</extra>",
        }  # fmt: skip

    return {
        "data": [
            bars("Policies that began", [quarter.policies for quarter in quarters], "var(--c-kept)", "y2"),
            bars("Anticipated", [quarter.anticipated for quarter in quarters], "var(--c-margin)", "y2", "/"),
            bars("Drugs newly covered", [quarter.drugs for quarter in quarters], "var(--c-leak)", "y"),
        ],
        "layout": {
            "height": 320, "barmode": "stack", "bargap": 0.3, "showlegend": False, "margin": {"b": 40, "t": 10},
            "xaxis": {"type": "category", "nticks": 10, "showgrid": False},
            "yaxis": {"domain": [0, 0.44], "rangemode": "tozero", "nticks": 4, "tickformat": ",d", "title": {"text": "drugs", "standoff": 6}},
            "yaxis2": {"domain": [0.56, 1], "rangemode": "tozero", "nticks": 4, "tickformat": ",d", "title": {"text": "policies", "standoff": 6}},
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 5}},
    }  # fmt: skip


def pace_reading(quarters: Sequence[Quarter], as_of: dt.date) -> str:
    """The last four quarters up to the one of `as_of` against the four before."""
    past = [quarter for quarter in quarters if quarter.start <= quarter_of(as_of)]
    if not past:
        return "No policy on file has begun yet."
    since = dt.date(as_of.year - 1, as_of.month, min(as_of.day, 28))
    before = dt.date(as_of.year - 2, as_of.month, min(as_of.day, 28))
    now = [quarter for quarter in past if quarter.start > quarter_of(since)]
    then = [quarter for quarter in past if quarter_of(before) < quarter.start <= quarter_of(since)]
    return (
        f"In the four quarters to {quarter_name(as_of)}, {_counted(now)}; in the four before, {_counted(then)}. "
        f"{past[-1].in_force} polic{'y covers' if past[-1].in_force == 1 else 'ies cover'} the end of {past[-1].name}, announced ones included."
    )


def quarter_name(day: dt.date) -> str:
    return f"{day.year} Q{(day.month + 2) // 3}"


def _counted(quarters: Sequence[Quarter]) -> str:
    policies, drugs = sum(quarter.policies for quarter in quarters), sum(quarter.drugs for quarter in quarters)
    return f"{policies} polic{'y' if policies == 1 else 'ies'} began and {drugs} drug{'' if drugs == 1 else 's'} came under a payer's policy for the first time"
