"""A scenario's infusions by month -> what becomes of them if nothing is done, and what the new site gives, as chart and tables."""

from demand.charts.figure import Column, Figure, Table
from demand.words import line_of_business
from roi.charts.value import DOWN, TOTAL, UP
from roi.engine.monthly_volumes import AT_SITE, AWAY, FATES, HERE, MOVED, TAKEN, Monthly, summed

NAMES = {
    HERE: "In our hospitals, if nothing is done",
    TAKEN: "Taken by policies",
    MOVED: "Moved without a policy",
    AWAY: "Of our prescribers, elsewhere",
    AT_SITE: "At the new site",
}
_COLORS = {HERE: UP, TAKEN: DOWN, MOVED: "var(--c-3)", AWAY: TOTAL}
CSV_COLUMNS = ("payer", "line_of_business", "therapy", "month", *FATES)


def figures(found: Monthly) -> tuple[Figure, ...]:
    return _by_month(found), _by_group(found)


def csv_rows(found: Monthly) -> list[tuple]:
    """Payer × line of business × therapy × month, in infusions to a tenth."""
    return [
        (*group, month + 1, *(round(float(row[fate][month]), 1) for fate in FATES))
        for group, row in found.items()
        for month in range(len(row[HERE]))
    ]


def _by_month(found: Monthly) -> Figure:
    sums = summed(found)
    months = list(range(1, len(sums[HERE]) + 1))
    first, last = ({fate: sums[fate][month] for fate in FATES} for month in (0, -1))
    lost = [f"{last[fate]:,.0f} {words}" for fate, words in ((TAKEN, "by a policy"), (MOVED, "without a policy")) if last[fate]]
    columns = (Column("month", "Month"), *(Column(fate, NAMES[fate]) for fate in FATES))
    rows = tuple((str(month), *(f"{sums[fate][month - 1]:,.1f}" for fate in FATES)) for month in months)
    reading = (
        f"If nothing is done our hospitals give {first[HERE]:,.0f} infusions in month 1 and {last[HERE]:,.0f} in month {months[-1]}"
        + (f"; of that month's infusions {' and '.join(lost)} have left" if lost else "; no policy and no move takes any")
        + f". The new site then gives {last[AT_SITE]:,.0f}."
    )
    data = [
        {"type": "scatter", "mode": "lines", "stackgroup": "one", "name": NAMES[fate], "x": months, "y": [float(n) for n in sums[fate]],
         "line": {"color": _COLORS[fate], "width": 1}, "hovertemplate": "month %{x}: %{y:,.0f}<extra>" + NAMES[fate] + "</extra>"}
        for fate in (HERE, MOVED, TAKEN)
    ]  # fmt: skip
    data.append(
        {"type": "scatter", "mode": "lines", "name": NAMES[AT_SITE], "x": months, "y": [float(n) for n in sums[AT_SITE]],
         "line": {"color": "var(--ink)", "width": 2.5}, "hovertemplate": "month %{x}: %{y:,.0f}<extra>" + NAMES[AT_SITE] + "</extra>"}
    )  # fmt: skip
    layout = {
        "height": 320,
        "xaxis": {"title": {"text": "month", "standoff": 4}, "nticks": 12, "showgrid": False},
        "yaxis": {"rangemode": "tozero", "nticks": 5, "tickformat": ","},
        "legend": {"y": 1.05, "yanchor": "bottom"},
        "margin": {"b": 40, "t": 30},
    }
    return Figure(
        key="volumes-by-month",
        title="Infusions a month: who stays, who leaves, who comes",
        reading=reading,
        direction="Areas are our hospitals' patients if nothing is done; the line is what the new site gives, of them and of others.",
        table=Table("Infusions by month", columns, rows),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10}, "xaxis": {"nticks": 6}}},
        metric="scenario-volumes",
        folded=True,
        tall=True,
    )


def _by_group(found: Monthly) -> Figure:
    horizon = len(next(iter(found.values()))[HERE]) if found else 1
    columns = (
        Column("payer", "Payer"),
        Column("lob", "Line of business"),
        Column("family", "Therapy"),
        *(Column(f"{fate}_{month}", f"{NAMES[fate]}, month {month}") for fate, month in _asked(horizon)),
    )
    rows = tuple(
        (group.payer, line_of_business(group.line_of_business), group.family, *(f"{row[fate][month - 1]:,.1f}" for fate, month in _asked(horizon)))
        for group, row in found.items()
    )  # fmt: skip
    most = max(found, key=lambda group: found[group][TAKEN][-1] + found[group][MOVED][-1], default=None)
    taken = found[most][TAKEN][-1] + found[most][MOVED][-1] if most else 0
    return Figure(
        key="volumes-by-group",
        title="By payer and therapy",
        reading=f"Most leave of {most.family} with {most.payer}, {line_of_business(most.line_of_business)}: {taken:,.0f} infusions a month in the end."
        if taken
        else "Nobody leaves our hospitals in these months.",
        direction="The download has every month.",
        table=Table("Infusions a month by payer and therapy", columns, rows),
        folded=True,
    )


def _asked(horizon: int) -> list[tuple[str, int]]:
    return [(HERE, 1), (HERE, horizon), (TAKEN, horizon), (MOVED, horizon), (AWAY, horizon), (AT_SITE, horizon)]
