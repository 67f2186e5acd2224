"""Payment limits by quarter as a chart in plotly's words; None where no code has two quarters."""

from payers.selectors.asp import AspHistory, CodeHistory

COLORS = ("var(--c-kept)", "var(--c-leak)", "var(--c-margin)", "var(--c-partner)", "var(--c-unknown)")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def asp_chart(history: AspHistory) -> dict | None:
    """One line a code with two quarters or more: percent of change since its first. Lines differ by dash too, not by color alone."""
    moved = [each for each in history.codes if each.change is not None]
    if not moved:
        return None
    names = [quarter.name for quarter in history.quarters]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{each.code.hcpcs_code} {each.code.brand or each.code.molecule}",
            "x": names,
            "y": _since_first(each),
            "customdata": [None if limit is None else f"${limit}" for limit in each.limits],
            "line": {"color": COLORS[number % len(COLORS)], "dash": DASHES[number % len(DASHES)]},
            "hovertemplate": "%{x}: %{y:+.1f}%, %{customdata}<extra>%{fullData.name}</extra>",
        }
        for number, each in enumerate(moved)
    ]
    layout = {
        "height": 340,
        "yaxis": {"title": {"text": "Change since the first quarter"}, "ticksuffix": "%"},
        "xaxis": {"type": "category"},
        "legend": {"orientation": "h", "y": -0.2},
        "margin": {"t": 10, "r": 10},
    }
    return {"data": data, "layout": layout}


def _since_first(history: CodeHistory) -> list[float | None]:
    first = next(limit for limit in history.limits if limit)
    return [None if limit is None else round(float(100 * (limit - first) / first), 2) for limit in history.limits]
