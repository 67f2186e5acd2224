"""Claims lag: the completion curve of each feed, its months with how complete they are, and the run-off triangle."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import plain
from demand.charts.quality_part import Part
from demand.engine.parameters import Parameters
from demand.selectors.quality import Quality
from demand.selectors.quality_run import Feed

COLORS = ("var(--c-kept)", "var(--c-leak)", "var(--c-margin)", "var(--c-partner)", "var(--c-unknown)")
AGES = 12  # shown of the triangle: paid within 0 … 12 months
MONTHS = 24  # the newest of them
MATURE = Parameters().mature_completion


def lag(found: Quality) -> Part:
    feeds = found.feeds
    fixed = {
        "key": "lag", "title": "Claims lag and complete months", "metric": "completion",
        "harms": "Recent months look as if less had been given and less had left; no trend or alert rests on a month that is not complete.",
        "next_step": "Judge months marked complete only, and load the next extract of the feed before the council meets on later ones.",
    }  # fmt: skip
    if found.run is None:
        return Part(mark=None, see="No run has read this extract yet: claims lag is known once it has.", **fixed)
    known = [feed for feed in feeds if feed.curve]
    if not known:
        return Part(
            mark="warn",
            see="The feed has no paid dates, so nobody can tell which months are complete: none counts as such.",
            **fixed,
        )
    see = " ".join(_sentence(feed) for feed in known)
    figures = [_curve(known)]
    for number, feed in enumerate(feeds):
        figures.append(_months(feed, number))
        if found.see_small and feed.curve:
            figures.append(_triangle(feed, number))
    note = f"Chain ladder on lines by paid date; complete means {100 * MATURE:.0f} % or more are expected to be in, as run {found.run.pk} judged."
    if not found.see_small:
        note += " The triangle of single months is for people with the patient-level right."
    missing = [feed for feed in feeds if not feed.curve]
    return Part(mark="look" if missing else "pass", see=see, figures=tuple(figures), note=note, **fixed)


def _sentence(feed: Feed) -> str:
    reached = next((age for age, share in feed.curve if share >= MATURE), None)
    mature = [month.month for month in feed.months if month.mature]
    at_latest = ", at the latest" if feed.curve[0][0] == reached and reached else ""
    if reached is None:
        speed = f"{feed.data_source} reaches {100 * MATURE:.0f} % in no month seen"
    elif reached == 0:
        speed = f"{feed.data_source} is {100 * MATURE:.0f} % complete at the end of the month of service"
    else:
        speed = f"{feed.data_source} is {100 * MATURE:.0f} % complete {reached} month{'' if reached == 1 else 's'} after the month of service{at_latest}"
    return f"{speed}; its last complete month is {max(mature):%B %Y}." if mature else f"{speed}; it has no complete month yet."


def _curve(feeds: list[Feed]) -> Figure:
    oldest = max(age for feed in feeds for age, _ in feed.curve)
    by_age = [dict(feed.curve) for feed in feeds]
    columns = (
        Column("age", "Months since service"),
        *(Column(str(n), feed.data_source, "percent") for n, feed in enumerate(feeds)),
    )
    rows = tuple((str(age), *(curve.get(age) for curve in by_age)) for age in range(oldest + 1))
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": plain(feed.data_source),
            "x": [age for age, _ in feed.curve], "y": [100 * share for _, share in feed.curve],
            "line": {"color": COLORS[number % len(COLORS)], "width": 2}, "marker": {"size": 5},
            "hovertemplate": "%{x} months: %{y:.1f}%<extra>" + plain(feed.data_source) + "</extra>",
        }
        for number, feed in enumerate(feeds)
    ]  # fmt: skip
    layout = {
        "height": 300,
        "showlegend": len(feeds) > 1,
        "legend": {"orientation": "h", "y": 1.15},
        "margin": {"b": 44, "t": 18},
        "xaxis": {"title": {"text": "months since service", "standoff": 6}, "range": [-0.3, min(oldest, 18) + 0.3], "showgrid": False, "nticks": 10},
        "yaxis": {"ticksuffix": "%", "range": [0, 104], "nticks": 6, "title": {"text": "share of lines in", "standoff": 6}},
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100 * MATURE, "y1": 100 * MATURE,
             "line": {"color": "var(--line-strong)", "width": 1, "dash": "dot"}}
        ],
        "annotations": [
            {"xref": "paper", "x": 1, "y": 100 * MATURE, "yshift": -9, "xanchor": "right", "showarrow": False, "text": "complete from here up",
             "font": {"size": 11, "color": "var(--ink-2)"}}
        ],
    }  # fmt: skip
    chart = {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 5}}}
    return Figure(
        "completion-curve",
        "Completion curve",
        "",
        Table("Share of a month's lines that are in, by its age", columns, rows),
        chart,
        folded=True,
    )


MONTH = (
    Column("month", "Month of service", "month"), Column("lines", "Lines so far", "count"), Column("completion", "Complete", "percent"),
    Column("low", "at least", "percent"), Column("high", "at most", "percent"), Column("mature", "Mark"),
)  # fmt: skip


def _months(feed: Feed, number: int) -> Figure:
    rows = tuple(
        (
            month.month,
            month.lines,
            month.completion,
            month.completion_low,
            month.completion_high,
            "complete" if month.mature else "not complete",
        )
        for month in reversed(feed.months)
    )
    caption = f"Months of {feed.data_source}, newest first" + (
        f"; paid through {feed.paid_through}" if feed.paid_through else "; no paid dates"
    )
    return Figure(f"months-{number}", f"Months of {feed.data_source}", "", Table(caption, MONTH, rows), folded=True)


def _triangle(feed: Feed, number: int) -> Figure:
    ages = range(AGES + 1)
    columns = (Column("month", "Month of service", "month"), *(Column(str(age), f"within {age}", "count") for age in ages))
    rows = tuple(
        (month.month, *(month.paid_by_age[age] if age < len(month.paid_by_age) else None for age in ages))
        for month in reversed(feed.months[-MONTHS:])
    )
    caption = f"{feed.data_source}: lines paid within so many months of the month of service, newest first"
    return Figure(f"triangle-{number}", f"Run-off triangle of {feed.data_source}", "", Table(caption, columns, rows), folded=True)
