"""Filled shares of columns from extract to extract: those that were ever less than full, the most changing first."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import cut, percent, plain
from demand.charts.quality_lag import COLORS
from demand.selectors.quality_history import ExtractQuality

DRAWN = 5
KINDS = {"medical": "medical", "pharmacy": "pharmacy", "eligibility": "eligibility"}


def over_time(history: tuple[ExtractQuality, ...]) -> Figure | None:
    """None where there is nothing to compare."""
    if len(history) < 2:
        return None
    columns = dict.fromkeys(place for one in history for place in one.filled)
    lines = {place: [one.filled.get(place) for one in history] for place in columns}
    moving = sorted((place for place in lines if _range(lines[place]) > 0.001), key=lambda place: (-_range(lines[place]), place))
    names = [f"{number}. {one.extract.name}" for number, one in enumerate(history, start=1)]
    table = Table(
        "Filled share by extract, in the order of loading",
        (
            Column("column", "Column"),
            *(Column(str(one.extract.pk), name, "percent") for one, name in zip(history, names, strict=True)),
        ),
        tuple(
            (f"{column} ({KINDS[kind]})", *lines[(kind, column)])
            for kind, column in [*moving, *(p for p in lines if p not in moving)]
        ),
    )
    reading = _reading(moving, lines, history)
    chart = _chart(moving[:DRAWN], lines, names) if moving else None
    return Figure(
        "completeness-over-time", "Completeness over time", reading, table, chart, direction="Higher is better.", folded=True, metric="completeness"
    )  # fmt: skip


def _range(shares: list) -> float:
    return max(share or 0.0 for share in shares) - min(share or 0.0 for share in shares)


def _reading(moving: list, lines: dict, history: tuple) -> str:
    if not moving:
        return "Every column that the questions need is filled alike in all extracts."
    newest = history[-1]
    number = next((n for n in range(len(history) - 2, -1, -1) if set(history[n].data_sources) & set(newest.data_sources)), None)
    if number is None:
        return f"“{newest.extract.name}” is the first extract of its source; the others may rightly be filled otherwise."
    before = history[number]
    last = [(place, (lines[place][number] or 0.0) - (lines[place][-1] or 0.0)) for place in moving]
    (kind, column), fall = max(last, key=lambda one: one[1])
    if fall > 0.001:
        return (
            f"From “{before.extract.name}” to “{newest.extract.name}”, of the same source, {column} ({KINDS[kind]}) fell the most: from "
            f"{percent(lines[(kind, column)][number] or 0.0)} to {percent(lines[(kind, column)][-1] or 0.0)}."
        )
    return f"No column of “{newest.extract.name}” is emptier than in “{before.extract.name}”, the last extract of its source."


def _chart(drawn: list, lines: dict, names: list[str]) -> dict:
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": f"{column} ({KINDS[kind]})", "x": [plain(cut(name, 18)) for name in names],
            "y": [None if share is None else 100 * share for share in lines[(kind, column)]],
            "line": {"color": COLORS[number % len(COLORS)], "width": 2}, "marker": {"size": 7},
            "hovertemplate": "%{y:.1f}%<extra>" + column + "</extra>",
        }
        for number, (kind, column) in enumerate(drawn)
    ]  # fmt: skip
    layout = {
        "height": 340,
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.25},
        "margin": {"b": 60, "t": 18},
        "xaxis": {"type": "category", "showgrid": False},
        "yaxis": {"ticksuffix": "%", "range": [-3, 104], "nticks": 6, "title": {"text": "rows filled", "standoff": 6}},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "height": 420}}
