"""Stresses of a scenario -> their table and chart, and the curve of white bagging."""

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.stress import Bagging, Stressed
from roi.engine.worlds import DO_NOTHING, TODAY

_SHORT = {
    "none": "As answered",
    "denials": "Denials +10 points",
    "ramp": "Ramp +6 months",
    "opening": "Opening +6 months",
    "asp": "Average sales prices −10 %",
    "bag_half": "White bagging 50 %",
    "bag_all": "White bagging 100 %",
    "payer": "Key payer lost",
    "rule_340b": "340B proposal",
    "chairs": "Half the chair hours",
    "affiliated": "Read as affiliated",
    "nobody_leaves": "Policies withdrawn",
}


def stresses(found: list[Stressed]) -> Figure:
    base = found[0]
    columns = (
        Column("changed", "What is changed", "prose"),
        Column("npv", "Value against do nothing", "exact_cents"),
        Column("change", "Change", "exact_cents"),
        Column("today", "Against today unchanged", "exact_cents"),
        Column("payback", "Payback"),
        Column("peak", "Peak cash", "cents"),
        Column("full", "Full once"),
    )
    rows = tuple(
        (
            one.changed,
            one.npv[DO_NOTHING],
            one.npv[DO_NOTHING] - base.npv[DO_NOTHING],
            one.npv[TODAY],
            words.payback_text(one.payback[DO_NOTHING]),
            one.peak[DO_NOTHING],
            "yes" if one.full else "no",
        )
        for one in found
    )
    rest = found[1:]
    worst = min(rest, key=lambda one: one.npv[DO_NOTHING], default=base)
    below = sum(one.npv[DO_NOTHING] < 0 for one in rest)
    reading = (
        f"Of {len(rest)} stresses {below} leave the value below zero. The worst is “{worst.changed}”: "
        f"{words.dollars_short(worst.npv[DO_NOTHING])}."
    )
    names = [_SHORT[one.key] for one in found]
    dollars = [one.npv[DO_NOTHING] / 100 for one in found]
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
        "height": 70 + 30 * len(names),
        "bargap": 0.35,
        "xaxis": {"tickformat": "$~s", "nticks": 6, "title": {"text": "net present value against doing nothing", "standoff": 6}},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "shapes": [{"type": "line", "x0": dollars[0], "x1": dollars[0], "yref": "paper", "y0": 0, "y1": 1,
                    "line": {"color": "var(--ink)", "width": 1.5, "dash": "dot"}}],
        "margin": {"b": 46, "r": 12},
    }  # fmt: skip
    return Figure(
        key="stress",
        title="One thing goes wrong at a time",
        reading=reading,
        direction="Each line is computed anew with that one change; the dotted line is the value as answered.",
        table=Table("Value under each stress", columns, rows),
        chart={
            "data": data,
            "layout": layout,
            "narrow": {"font": {"size": 9.5}, "xaxis": {"nticks": 3, "title": {"text": "value"}}},
        },
        tall=True,
    )


def white_bagging(found: Bagging) -> Figure:
    columns = (
        Column("share", "White-bagged", "percent"),
        Column("site", "At the site alone", "exact_cents"),
        Column("everywhere", "At the hospital too", "exact_cents"),
    )
    rows = tuple(zip(found.shares, found.site_only, found.everywhere, strict=True))
    data = [
        _line("at the site alone", found.shares, found.site_only, {"color": "var(--ink)", "width": 2.5}),
        _line("at the hospital too", found.shares, found.everywhere, {"color": "var(--c-3)", "width": 2, "dash": "dash"}),
    ]
    shapes = []
    if found.stops_at is not None:
        shapes.append(
            {"type": "line", "x0": found.stops_at, "x1": found.stops_at, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": DOWN, "width": 1.5, "dash": "dot"}}
        )  # fmt: skip
    layout = {
        "height": 320,
        "shapes": shapes,
        "xaxis": {"tickformat": ".0%", "title": {"text": "commercial infusions white-bagged", "standoff": 6}, "showgrid": False},
        "yaxis": {"tickformat": "$~s", "nticks": 6},
        "legend": {"y": 1.05, "yanchor": "bottom"},
        "margin": {"t": 30, "b": 46},
    }
    return Figure(
        key="white-bagging",
        title="Where buy-and-bill stops paying",
        reading=_bagging_reading(found),
        direction="Net present value against doing nothing, by the share of commercial infusions whose drug the payer's pharmacy supplies.",
        note="Where payers do the same at the hospital, doing nothing is worth less too.",
        table=Table("Value by white-bagged share", columns, rows),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 4}}},
        folded=True,
    )


def _bagging_reading(found: Bagging) -> str:
    if not found.pays_at_none:
        return "Even without white bagging the site's last month costs more than it brings."
    if found.stops_at is None:
        return "The site's last month brings more than it costs even if all commercial infusions are white-bagged."
    turned = found.turned
    return (
        f"From {found.stops_at * 100:.0f} % white bagging a month at the site costs more than it brings. If it closed then, of "
        f"{sum(turned.values()):,.0f} infusions a month {turned['hospital']:,.0f} would return to the hospital, {turned['lost']:,.0f} would "
        f"be lost to policies and {turned['elsewhere']:,.0f} would go back elsewhere; payers would pay the hospital "
        f"{words.dollars_short(found.payers_pay_more)} a month more for those that return."
    )


def _line(name: str, shares, cents, line: dict) -> dict:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(shares),
        "y": [each / 100 for each in cents],
        "line": line,
        "hovertemplate": "%{x:.0%}: %{y:$,.0f}<extra>" + name + "</extra>",
    }
