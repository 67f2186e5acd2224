"""Payment limits by quarter as a chart in plotly's words; None below two quarters."""

from payers.selectors.asp import AspHistory

COLORS = ("var(--c-kept)", "var(--c-leak)", "var(--c-margin)", "var(--c-partner)", "var(--c-unknown)")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def asp_chart(history: AspHistory) -> dict | None:
    """One line a code: dollars a unit by quarter. Lines differ by dash too, nothing by color alone."""
    if len(history.quarters) < 2:
        return None
    names = [quarter.name for quarter in history.quarters]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{each.code.hcpcs_code} {each.code.brand or each.code.molecule}",
            "x": names,
            "y": [None if limit is None else float(limit) for limit in each.limits],
            "line": {"color": COLORS[number % len(COLORS)], "dash": DASHES[number // len(COLORS) % len(DASHES)]},
            "hovertemplate": "%{x}: $%{y:.3f}<extra>%{fullData.name}</extra>",
        }
        for number, each in enumerate(history.codes)
    ]
    layout = {
        "height": 340,
        "yaxis": {"title": {"text": "Dollars per unit"}, "rangemode": "tozero", "tickprefix": "$"},
        "xaxis": {"type": "category"},
        "legend": {"orientation": "h", "y": -0.2},
        "margin": {"t": 10, "r": 10},
    }
    return {"data": data, "layout": layout}
