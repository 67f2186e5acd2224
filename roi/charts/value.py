"""A result -> its figures, each a chart and the table of the same numbers: bridge, monthly cash flow, yearly statement, chairs."""

import math
from itertools import accumulate

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.engine.cash_flow import BASELINES, PARTS, part_of
from roi.engine.worlds import DO_NOTHING, TODAY

UP, DOWN, TOTAL = "var(--c-kept)", "var(--c-leak)", "var(--c-unknown)"


def figures(summary: dict, lines) -> tuple[Figure, ...]:
    """All figures of a scenario's result, in reading order."""
    return (
        bridge(summary, DO_NOTHING),
        bridge(summary, TODAY),
        cash_by_month(summary),
        statement(summary, lines),
        *chairs(summary),
    )


def headline(summary: dict) -> str:
    """The answer in two sentences."""
    nothing, today = (summary["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    verb = "adds" if nothing["npv_cents"] >= 0 else "loses"
    paid, last = nothing["payback_month"], len(nothing["monthly_cents"]) - 1
    back = (
        "it never runs a deficit"
        if paid == 0
        else f"the money is back only in month {paid}, the last one looked at"
        if paid == last
        else f"the money is back in month {paid}"
        if paid
        else "the money is not back within these months"
    )
    return (
        f"Against doing nothing the site {verb} {words.dollars_short(abs(nothing['npv_cents']))} of present value; {back}. "
        f"Against today unchanged its value is {words.dollars_short(today['npv_cents'])}."
    )


def bridge(summary: dict, baseline: str) -> Figure:
    """From nothing to the net present value, part by part."""
    value = summary["baselines"][baseline]
    name = words.BASELINE_NAMES[baseline]
    # a result of an earlier engine has not all parts
    parts = [part for part in PARTS if value["parts_npv_cents"].get(part) or value["parts_cents"].get(part)]
    columns = (
        Column("part", "Part"),
        Column("npv", "Present value", "exact_cents"),
        Column("total", "Not discounted", "exact_cents"),
    )
    rows = tuple((words.PART_NAMES[part], value["parts_npv_cents"][part], value["parts_cents"][part]) for part in parts)
    return Figure(
        key=f"bridge-{baseline.replace('_', '-')}",
        title=f"What makes up the value against “{name.lower()}”",
        reading=_bridge_reading(value, parts, name),
        direction=f"{words.BASELINE_SENTENCES[baseline]} Higher is better.",
        table=Table(f"Value against “{name.lower()}” by part", columns, rows, ("Value", value["npv_cents"], value["total_cents"])),
        chart=_waterfall(value, parts),
    )


def _bridge_reading(value: dict, parts: list[str], name: str) -> str:
    if not parts:
        return f"The scenario differs in nothing from “{name.lower()}”."
    by_size = sorted(parts, key=lambda part: value["parts_npv_cents"][part])
    least, most = by_size[0], by_size[-1]
    said = f"The net present value is {words.dollars_short(value['npv_cents'])}."
    if value["parts_npv_cents"][most] > 0:
        said += f" Most is brought by “{words.PART_NAMES[most].lower()}” ({words.dollars_short(value['parts_npv_cents'][most])})"
    if value["parts_npv_cents"][least] < 0:
        joined = ", most is taken by" if value["parts_npv_cents"][most] > 0 else " Most is taken by"
        said += f"{joined} “{words.PART_NAMES[least].lower()}” ({words.dollars_short(value['parts_npv_cents'][least])})"
    return said if said.endswith(".") else said + "."


def _waterfall(value: dict, parts: list[str]) -> dict:
    amounts = [_dollars(value["parts_npv_cents"][part]) for part in parts] + [_dollars(value["npv_cents"])]
    names = [words.PART_SHORT_NAMES[part] for part in parts] + ["Net present value"]
    data = [
        {
            "type": "waterfall",
            "orientation": "h",
            "y": names,
            "x": amounts,
            "measure": ["relative"] * len(parts) + ["total"],
            "text": [_label(amount) for amount in amounts],
            "textposition": "outside",
            "cliponaxis": False,
            "increasing": {"marker": {"color": UP}},
            "decreasing": {"marker": {"color": DOWN}},
            "totals": {"marker": {"color": TOTAL}},
            "connector": {"line": {"color": "var(--line-strong)", "width": 1}},
            "hovertemplate": "%{y}: %{x:$,.0f}<extra></extra>",
        }
    ]
    reach = [*accumulate(amounts[:-1]), amounts[-1], 0]
    span = (max(reach) - min(reach)) or 1
    layout = {
        "height": 70 + 40 * len(names),
        "showlegend": False,
        "margin": {"b": 34, "r": 12},
        "xaxis": {"tickformat": "$~s", "nticks": 5, "range": [min(reach) - 0.22 * span, max(reach) + 0.22 * span]},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
    }
    wide = [min(reach) - 0.5 * span, max(reach) + 0.4 * span]
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3, "range": wide}}}


def cash_by_month(summary: dict) -> Figure:
    """Value flows by month, and what has come together by then, against both baselines."""
    nothing, today = (summary["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    together = {baseline: list(accumulate(summary["baselines"][baseline]["monthly_cents"])) for baseline in BASELINES}
    columns = (
        Column("month", "Month"),
        Column("nothing", "Against do nothing", "exact_cents"),
        Column("nothing_together", "Together", "exact_cents"),
        Column("today", "Against today unchanged", "exact_cents"),
        Column("today_together", "Together", "exact_cents"),
    )
    rows = tuple(zip(
        map(str, range(len(nothing["monthly_cents"]))),
        nothing["monthly_cents"], together[DO_NOTHING], today["monthly_cents"], together[TODAY], strict=True,
    ))  # fmt: skip
    lowest = min(together[DO_NOTHING])
    reading = (
        f"Against doing nothing at most {words.dollars_short(-lowest)} is out, at the end of month {nothing['peak_cash_month']}; "
        f"after {len(rows) - 1} months {words.dollars_short(nothing['total_cents'])} has come together."
        if lowest < 0
        else "Against doing nothing the site is never in deficit."
    )
    return Figure(
        key="months",
        title="Cash flow by month",
        reading=reading,
        direction="Bars are the month's flow, the line what has come together; month 0 is before opening.",
        note="The legend switches the line against today unchanged on.",
        table=Table("Cash flow by month, in dollars", columns, rows),
        chart=_cash_chart(nothing["monthly_cents"], together),
        folded=True,
        tall=True,
    )


def _cash_chart(flows: list[int], together: dict[str, list[int]]) -> dict:
    months = list(range(len(flows)))
    data = [
        {
            "type": "bar",
            "name": "Month's flow, against do nothing",
            "x": months,
            "y": [_dollars(flow) for flow in flows],
            "marker": {"color": [DOWN if flow < 0 else UP for flow in flows]},
            "hovertemplate": "month %{x}: %{y:$,.0f}<extra>flow</extra>",
        }
    ]
    looks = {DO_NOTHING: {"color": "var(--ink)", "width": 2.5}, TODAY: {"color": "var(--c-3)", "width": 2, "dash": "dash"}}
    for baseline in BASELINES:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"Together, against {words.BASELINE_NAMES[baseline].lower()}",
                "x": months,
                "y": [_dollars(amount) for amount in together[baseline]],
                "line": looks[baseline],
                # Its scale would flatten the other; the table has both, the legend switches it on.
                "visible": True if baseline == DO_NOTHING else "legendonly",
                "hovertemplate": "month %{x}: %{y:$,.0f}<extra>together</extra>",
            }
        )
    layout = {
        "height": 380,
        "bargap": 0.2,
        "xaxis": {"title": {"text": "month", "standoff": 4}, "nticks": 12, "showgrid": False},
        "yaxis": {"tickformat": "$~s", "nticks": 6},
        "legend": {"y": 1.12, "yanchor": "bottom"},
        "margin": {"b": 40, "t": 30},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 6}}}


def statement(summary: dict, lines) -> Figure:
    """Line items by year against doing nothing: month 0, then twelve months each."""
    horizon = len(summary["baselines"][DO_NOTHING]["monthly_cents"]) - 1
    years = math.ceil(horizon / 12)
    by_line: dict[str, list[int]] = {}
    for baseline, month, line, cents in lines:
        if baseline == DO_NOTHING:
            by_line.setdefault(line, [0] * (years + 1))[math.ceil(month / 12)] += cents
    ordered = sorted(by_line, key=lambda line: (PARTS.index(part_of(line)), line))
    columns = (
        Column("line", "Line item"),
        Column("part", "Part"),
        Column("before", "Before opening", "exact_cents"),
        *(Column(f"year{year}", f"Year {year}", "exact_cents") for year in range(1, years + 1)),
        Column("total", "Together", "exact_cents"),
    )
    rows = tuple((words.line_name(line), words.PART_NAMES[part_of(line)], *by_line[line], sum(by_line[line])) for line in ordered)
    totals = [sum(column) for column in zip(*by_line.values(), strict=True)] if by_line else [0] * (years + 1)
    losing = [year for year, total in enumerate(totals) if year and total < 0]
    reading = (
        f"The site loses against doing nothing in year{'s' if len(losing) > 1 else ''} {', '.join(map(str, losing))}."
        if losing
        else "The site gains against doing nothing in every year."
    )
    return Figure(
        key="statement",
        title="Statement by year",
        reading=reading,
        direction="Each line item is the scenario less doing nothing, in dollars, not discounted.",
        table=Table("Line items by year", columns, rows, ("Value", "", *totals, sum(totals))),
        folded=True,
    )


def chairs(summary: dict) -> tuple[Figure, ...]:
    """Chairs needed by month, and the month from which the site is full; nothing where nobody needs a chair."""
    use = summary["chairs"]
    if use["needed"] is None:
        return ()
    needed, wanted, given = use["needed"], use["infusions_wanted"], use["infusions_given"]
    most = max(needed)
    turned_away = sum(wanted) - sum(given)
    if use["month_full"] is None:
        reading = f"The site is never full: it needs at most {most:.1f} chairs."
    else:
        reading = (
            f"The site is full from month {use['month_full']}; {turned_away:,.0f} infusions asked for do not fit and are not "
            f"earned. It would need up to {most:.1f} chairs."
        )
    columns = (
        Column("month", "Month"),
        Column("needed", "Chairs needed"),
        Column("wanted", "Infusions asked for"),
        Column("given", "Infusions given"),
    )
    rows = tuple(
        (str(month), f"{n:.2f}", f"{w:,.1f}", f"{g:,.1f}")
        for month, (n, w, g) in enumerate(zip(needed, wanted, given, strict=True), start=1)
    )
    months = list(range(1, len(needed) + 1))
    data = [
        _line("Infusions asked for", months, wanted, {"color": DOWN, "width": 2, "dash": "dot"}),
        _line("Infusions given", months, given, {"color": UP, "width": 2.5}),
    ]
    layout = {
        "height": 260,
        "xaxis": {"title": {"text": "month", "standoff": 4}, "nticks": 12, "showgrid": False},
        "yaxis": {"rangemode": "tozero", "nticks": 5, "tickformat": ","},
        "legend": {"y": 1.12, "yanchor": "bottom"},
        "margin": {"b": 40, "t": 30},
    }
    return (
        Figure(
            key="chairs",
            title="Chairs and infusions at the new site",
            reading=reading,
            direction="Chair need = infusions × chair minutes ÷ 60 ÷ (open hours × target use).",
            table=Table("Chairs and infusions by month", columns, rows),
            chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}}},
            folded=True,
        ),
    )


def _line(name: str, months: list[int], values: list[float], line: dict) -> dict:
    hover = "month %{x}: %{y:,.0f}<extra>" + name.lower() + "</extra>"
    return {"type": "scatter", "mode": "lines", "name": name, "x": months, "y": values, "line": line, "hovertemplate": hover}


def _label(dollars: float) -> str:
    """A bar's end: −$232K, $1.4M."""
    sign, amount = "−" if dollars < 0 else "", abs(dollars)
    return f"{sign}${amount / 1e6:,.1f}M" if amount >= 999_500 else f"{sign}${amount / 1e3:,.0f}K"


def _dollars(cents: int) -> float:
    return cents / 100
