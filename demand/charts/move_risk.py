"""Who is next as charts with their tables and sentences: months ahead, groups, calibration, drivers."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import of_shown, percent, plain, shortened
from demand.selectors.move_risk import Expected, WhoIsNext

SHOWN_GROUPS = 12
TITLES = {"payer": "By payer", "therapy": "By therapy", "site": "By site"}
HEADS = {"payer": "Payer", "therapy": "Therapy", "site": "Site"}
INTERVAL = "80 % interval: what chance alone would make of these risks if every one of them were right."


def months(found: WhoIsNext) -> Figure | None:
    """None where nobody is at risk, or it may not be told."""
    if not found.months:
        return None
    columns = (
        Column("month", "Month", "month"),
        Column("expected", "Expected to move", "tenths"),
        Column("low", "At least", "tenths"),
        Column("high", "At most", "tenths"),
    )
    most = max(found.months, key=lambda one: one.expected)
    return Figure(
        key="months",
        title="Month by month",
        reading=f"Most moves are expected in {most.month:%B %Y}: {most.expected:.1f} treatments (from {most.low:.1f} to {most.high:.1f}).",
        direction="Lower is better. Bars show how many treatments are expected to move out in the month, whiskers their 80 % interval.",
        table=Table("Treatments expected to move out, by month", columns, tuple((one.month, one.expected, one.low, one.high) for one in found.months)),
        chart={
            "data": [
                {
                    "type": "bar", "name": "Expected to move out", "x": [one.month.isoformat() for one in found.months],
                    "y": [round(one.expected, 2) for one in found.months], "marker": {"color": "var(--c-leak)"},
                    "error_y": {
                        "type": "data", "symmetric": False, "color": "var(--ink)", "thickness": 1.2,
                        "array": [round(one.high - one.expected, 2) for one in found.months],
                        "arrayminus": [round(one.expected - one.low, 2) for one in found.months],
                    },
                    "hovertemplate": "%{x|%b %Y}: %{y:.1f} expected<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"type": "date", "tickformat": "%b %Y"},
                "yaxis": {"rangemode": "tozero", "title": {"text": "treatments a month"}},
                "showlegend": False,
                "height": 280,
            },
            "narrow": {"xaxis": {"nticks": 5}},
        },
        note=INTERVAL,
        folded=True,
        metric="move-risk",
    )  # fmt: skip


def group(found: WhoIsNext, by: str) -> Figure:
    rows = found.groups[by]
    columns = (
        Column("name", HEADS[by]),
        Column("people", "People on treatment here", "count"),
        Column("treatments", "Treatments", "count"),
        Column("expected", "Expected to move", "tenths"),
        Column("low", "At least", "tenths"),
        Column("high", "At most", "tenths"),
        Column("share", "Share", "percent"),
        Column("certain", "Without policies that may come", "tenths"),
        Column("with_all", "If all of them come", "tenths"),
    )
    shown = [one for one in rows if not one.is_hidden]
    hidden = len(rows) - len(shown)
    return Figure(
        key=f"by-{by}",
        title=TITLES[by],
        reading=_reading(shown, hidden > 0),
        direction="Lower is better; a high share in a small group says little.",
        table=Table(
            f"Treatments expected to move out in 12 months, {TITLES[by].lower()}",
            columns,
            tuple(tuple(getattr(one, column.key) for column in columns) for one in rows),
        ),
        chart=_bars(shown[:SHOWN_GROUPS]) if len(shown) > 1 else None,
        note=INTERVAL + (f" {hidden} of {len(rows)} groups are hidden: few people, or they would give a small count away." if hidden else ""),
        folded=len(rows) > SHOWN_GROUPS,
        metric="move-risk",
    )  # fmt: skip


def _reading(shown: list[Expected], some_hidden: bool) -> str:
    if not shown:
        return "No group is large enough to be shown."
    first = shown[0]
    return of_shown(
        f"Most are expected to leave from {first.name}: {first.expected:.1f} of {first.treatments:,} treatments "
        f"({percent(first.share)}; from {first.low:.1f} to {first.high:.1f}).",
        some_hidden,
    )


def _bars(shown: list[Expected]) -> dict:
    turned = shown[::-1]  # the first row on top
    return {
        "data": [
            {
                "type": "bar", "orientation": "h", "y": [shortened(one.name) for one in turned],
                "x": [round(one.expected, 2) for one in turned], "marker": {"color": "var(--c-leak)"},
                "error_x": {
                    "type": "data", "symmetric": False, "color": "var(--ink)", "thickness": 1.2,
                    "array": [round(one.high - one.expected, 2) for one in turned],
                    "arrayminus": [round(one.expected - one.low, 2) for one in turned],
                },
                "customdata": [plain(one.name) for one in turned],
                "hovertemplate": "%{customdata}: %{x:.1f} expected<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"rangemode": "tozero", "title": {"text": "treatments expected to move out in 12 months"}},
            "yaxis": {"automargin": True}, "showlegend": False, "height": 110 + 32 * len(turned),
        },
        "narrow": {"xaxis": {"nticks": 4, "title": {"text": "treatments"}}},
    }  # fmt: skip


def calibration(found: WhoIsNext) -> Figure | None:
    """None where the forecast could not be judged."""
    evaluation = found.card["evaluation"]
    if not found.tenths:
        return None
    columns = (
        Column("risks", "Risk said"),
        Column("treatments", "Treatments", "count"),
        Column("expected", "Expected to move", "tenths"),
        Column("moved", "Moved", "count"),
        Column("expected_share", "Share expected", "percent"),
        Column("moved_share", "Share moved", "percent"),
    )
    rows = tuple(
        (f"{percent(one.low)} to {percent(one.high)}", one.treatments, one.expected, one.moved, one.expected_share, one.moved_share)
        for one in found.tenths
    )
    worst = max(found.tenths, key=lambda one: abs(one.points_off))
    joined = len(found.tenths) < len(evaluation["deciles"])
    return Figure(
        key="calibration",
        title="Was the last forecast right?",
        reading=(
            f"Of {evaluation['treatments']:,} treatments on {evaluation['on']}, {evaluation['expected']:.0f} were expected to move in the 12 months after, "
            f"and {evaluation['moved']:,} did. "
            + of_shown(f"The worst group was {abs(worst.points_off):.1f} points off.", joined)
        ),
        direction="On the line is right; above it more moved than expected, below it fewer. Dotted: the base rate, which says the same of everybody.",
        table=Table("Expected against what came, months that the model had not seen", columns, rows),
        chart=_calibration_chart(found),
        note=(
            f"With groups of this size chance alone puts the worst tenth up to {evaluation['chance_points']:.1f} points off, even if every risk is exactly right. "
            + ("Tenths are joined so that no small count is shown." if joined else "Each row is a tenth of the treatments.")
        ),
        metric="move-risk",
    )  # fmt: skip


def _calibration_chart(found: WhoIsNext) -> dict:
    said = [round(100 * one.expected_share, 2) for one in found.tenths]
    came = [round(100 * one.moved_share, 2) for one in found.tenths]
    top = 1.1 * max(*said, *came)
    base = 100 * found.card["evaluation"]["base_rate"]
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    return {
        "data": [
            {**line, "name": "As said", "x": [0, top], "y": [0, top], "line": {"color": "var(--line-strong)", "width": 1.5}},
            {**line, "name": "Base rate", "x": [base, base], "y": [0, top], "line": {"color": "var(--c-unknown)", "dash": "dot", "width": 1.5}},
            {
                "type": "scatter", "mode": "markers", "name": "Treatments by risk", "x": said, "y": came,
                "marker": {"color": "var(--c-leak)", "size": 9}, "cliponaxis": False,
                "hovertemplate": "said %{x:.1f}%, came %{y:.1f}%<extra></extra>",
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": "share expected to move"}, "ticksuffix": "%", "range": [0, top]},
            "yaxis": {"title": {"text": "share that moved"}, "ticksuffix": "%", "range": [0, top]},
            "height": 360, "legend": {"y": -0.28},
        },
        "narrow": {"xaxis": {"nticks": 4}},
    }  # fmt: skip


def drivers(found: WhoIsNext) -> Figure | None:
    """None where everybody has the base rate."""
    told = found.card["drivers"]
    if not told:
        return None
    columns = (
        Column("name", "Where this holds"),
        Column("odds", "Odds to move in a month, times", "tenths"),
        Column("share", "Share of treatments", "percent"),
    )
    most = max(told, key=lambda one: one["odds"])
    return Figure(
        key="drivers",
        title="What goes with moving",
        reading=f"Strongest: “{most['name']}” makes the odds of moving in a month {most['odds']:.1f} times as high, all else equal.",
        direction="Above 1 more likely, below 1 less. Groups are compared with the average group. Not causes: what goes together in the past.",
        table=Table(
            "What tells treatments apart: first what is both strong and common",
            columns,
            tuple((one["name"], one["odds"], one["share"]) for one in told),
        ),
        metric="move-risk",
    )
