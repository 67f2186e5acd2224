"""A result -> the figures that take the answer apart: break-even, what each group contributes, the statement by month."""

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.break_even import HEADLINE_KEYS
from roi.engine.cash_flow import PARTS, part_of
from roi.engine.contributions import PATIENTS, PAYER, SHARED, THERAPY
from roi.engine.worlds import DO_NOTHING

_TITLES = {
    PAYER: "What each payer contributes",
    THERAPY: "What each therapy contributes",
    PATIENTS: "What each group of patients contributes",
}


def figures(summary: dict, lines) -> tuple[Figure, ...]:
    """Break-even, contributions by payer, therapy and patients, statement by month; results of an older engine lack the first."""
    made = [break_even(summary)] if "break_even" in summary else []
    if "contributions" in summary:
        made += [contribution(summary, way) for way in (PAYER, THERAPY, PATIENTS)]
    return (*made, statement_by_month(summary, lines))


def break_even(summary: dict) -> Figure:
    """Where one input alone would have to be for the value against doing nothing to be zero."""
    solved = [summary["break_even"][key] for key in HEADLINE_KEYS if key in summary["break_even"]]
    columns = (
        Column("input", "Alone, all else as answered", "prose"),
        Column("likely", "Is"),
        Column("value", "Would have to be"),
        Column("room", "Room", "prose"),
    )
    rows = tuple(
        (
            words.break_even_label(one["key"]),
            words.input_value(one["key"], one["likely"]),
            _solved(one),
            _room(one),
        )
        for one in solved
    )
    positive = summary["baselines"][DO_NOTHING]["npv_cents"] > 0
    volume = summary["break_even"]["volume"]["value"]
    reading = (
        f"The value against doing nothing is zero at {words.input_value('volume', volume).replace(' of what the data say', '')} of the volume."
        if volume is not None
        else f"No volume up to ten times the data's brings the value to zero: it is {'above' if positive else 'below'} zero at all of them."
    )
    return Figure(
        key="break-even",
        title="Where it breaks even",
        reading=reading,
        direction="Each line is solved by moving that one input; a full site does not earn what does not fit.",
        table=Table("Break-even against doing nothing, input by input", columns, rows),
    )


def _solved(one: dict) -> str:
    if one["value"] is not None:
        return words.input_value(one["key"], one["value"])
    return f"nowhere from {words.input_value(one['key'], one['low'])} to {words.input_value(one['key'], one['high'])}"


def _room(one: dict) -> str:
    if one["value"] is None or not one["likely"]:
        return "–"
    away = one["value"] / one["likely"] - 1
    return f"{'up' if away > 0 else 'down'} by {abs(away) * 100:.0f} %" if abs(away) >= 0.005 else "none"


def contribution(summary: dict, way: str) -> Figure:
    """Present value by payer, therapy or patients, the least first; with what is shared it adds up to the net present value."""
    rows = summary["contributions"][way]
    own = [row for row in rows if row["name"] != [SHARED]]
    losing = [row for row in own if row["npv_cents"] < 0]
    if not own:
        reading = "Nobody comes to the new site."
    elif losing:
        together = words.dollars_short(-sum(row["npv_cents"] for row in losing))
        reading = f"{len(losing)} of {len(own)} take value away, {together} together; “{words.contribution_name(losing[0]['name'])}” takes most."
    else:
        reading = f"None takes value away; “{words.contribution_name(own[-1]['name'])}” brings most, {words.dollars_short(own[-1]['npv_cents'])}."
    columns = (
        Column("name", {PAYER: "Payer", THERAPY: "Therapy", PATIENTS: "Patients"}[way], "prose"),
        Column("infusions", "Infusions at the site (about)"),
        Column("npv", "Present value", "exact_cents"),
    )
    table_rows = tuple(
        (words.contribution_name(row["name"]), f"{row['infusions']:,.0f}" if row["infusions"] else "–", row["npv_cents"])
        for row in rows
    )
    return Figure(
        key=f"contribution-{way}",
        title=_TITLES[way],
        reading=reading,
        direction="Against doing nothing; what takes value away stands first. Supplies are taken off, shared costs stand at the end.",
        table=Table(
            "Contribution to the net present value",
            columns,
            table_rows,
            ("Net present value", "", sum(r["npv_cents"] for r in rows)),
        ),
        chart=_bars([words.contribution_name(row["name"]) for row in own], [row["npv_cents"] / 100 for row in own])
        if own
        else None,
    )


def _bars(names: list[str], dollars: list[float]) -> dict:
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": dollars,
            "marker": {"color": [DOWN if amount < 0 else UP for amount in dollars]},
            "hovertemplate": "%{y}: %{x:$,.0f}<extra></extra>",
        }
    ]
    layout = {
        "height": 60 + 30 * len(names),
        "bargap": 0.35,
        "xaxis": {"tickformat": "$~s", "nticks": 5},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "margin": {"b": 34, "r": 12},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10}, "xaxis": {"nticks": 3}}}


def statement_by_month(summary: dict, lines) -> Figure:
    """Every line item in every month, against doing nothing."""
    months = len(summary["baselines"][DO_NOTHING]["monthly_cents"])
    by_line: dict[str, list[int]] = {}
    for baseline, month, line, cents in lines:
        if baseline == DO_NOTHING:
            by_line.setdefault(line, [0] * months)[month] += cents
    ordered = sorted(by_line, key=lambda line: (PARTS.index(part_of(line)), line))
    columns = (
        Column("month", "Month"),
        *(Column(line, words.line_name(line), "exact_cents") for line in ordered),
        Column("value", "Value", "exact_cents"),
    )
    rows = tuple(
        (str(month), *cents, sum(cents)) for month, cents in enumerate(zip(*(by_line[line] for line in ordered), strict=True))
    )
    totals = [sum(by_line[line]) for line in ordered]
    flows = summary["baselines"][DO_NOTHING]["monthly_cents"]
    first = next((month for month, cents in enumerate(flows) if month and cents > 0), None)
    return Figure(
        key="statement-months",
        title="Statement by month",
        reading=f"The first month that brings more than it takes is month {first}."
        if first
        else "No month brings more than it takes.",
        direction="Each line item is the scenario less doing nothing, in dollars, not discounted.",
        table=Table("Line items by month", columns, rows, ("Together", *totals, sum(totals))),
        folded=True,
    )
