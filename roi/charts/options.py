"""Options side by side -> their value as a chart and a table, and the parts it is made of; grain: one option."""

from collections.abc import Sequence

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.cash_flow import PARTS
from roi.engine.worlds import DO_NOTHING, TODAY
from roi.selectors.options import Side


def figures(sides: Sequence[Side]) -> tuple[Figure, ...]:
    """Those that are computed."""
    sides = [side for side in sides if side.summary]
    return (_value(sides), _parts(sides)) if sides else ()


def _value(sides: list[Side]) -> Figure:
    columns = (
        Column("option", "Option", "prose"),
        Column("npv", "Value against do nothing", "cents"),
        Column("today", "Against today unchanged", "cents"),
        Column("irr", "Rate of return"),
        Column("payback", "Payback"),
        Column("peak", "Peak cash", "cents"),
        Column("infusions", "Infusions in the last month"),
        Column("chairs", "Most chairs needed"),
        Column("full", "Full"),
        Column("chance", "Adds value in"),
    )
    rows = tuple(_row(side) for side in sides)
    npv = {side.name: side.summary["baselines"][DO_NOTHING]["npv_cents"] for side in sides}
    best = max(npv, key=npv.get)
    adding = sum(cents > 0 for cents in npv.values())
    reading = f"{adding} of {len(sides)} add value against doing nothing; most is worth “{best}”: {words.dollars_short(npv[best])}."
    names = [_broken(side.name) for side in sides]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": [cents / 100 for cents in npv.values()],
            "marker": {"color": [DOWN if cents < 0 else UP for cents in npv.values()]},
            "hovertemplate": "%{y}: %{x:$,.0f}<extra></extra>",
        }
    ]
    layout = {
        "height": 80 + 40 * len(names),
        "bargap": 0.35,
        "xaxis": {"tickformat": "$~s", "nticks": 6, "title": {"text": "net present value against doing nothing", "standoff": 6}},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "margin": {"b": 46, "r": 12},
    }
    return Figure(
        key="options",
        title="Value of each option",
        reading=reading,
        direction="The same patients, prices and months in each; an option differs by what it costs, who comes and what is paid there.",
        metric="options",
        table=Table("Options side by side", columns, rows),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 9.5}, "xaxis": {"nticks": 3}}},
        tall=True,
    )


def _row(side: Side) -> tuple:
    nothing, today = (side.summary["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    chairs, drawn = side.summary["chairs"], side.summary.get("uncertainty")
    needed = chairs["needed"]
    return (
        side.name,
        nothing["npv_cents"],
        today["npv_cents"],
        words.irr_text(nothing["irr"]),
        words.payback_text(nothing["payback_month"]),
        nothing["peak_cash_cents"],
        f"{chairs['infusions_given'][-1]:,.0f}",
        "none" if needed is None else f"{max(needed):.1f}",
        "–" if needed is None else words.full_text(chairs["month_full"]),
        words.chance(drawn["baselines"][DO_NOTHING]["probability_positive"]) if drawn else "not drawn",
    )


def _parts(sides: list[Side]) -> Figure:
    shown = [part for part in PARTS if any(side.summary["baselines"][DO_NOTHING]["parts_npv_cents"][part] for side in sides)]
    columns = (
        Column("option", "Option", "prose"),
        *(Column(part, words.PART_NAMES[part], "cents") for part in shown),
        Column("npv", "Value", "cents"),
    )
    values = [side.summary["baselines"][DO_NOTHING] for side in sides]
    rows = tuple(
        (side.name, *(value["parts_npv_cents"][part] for part in shown), value["npv_cents"])
        for side, value in zip(sides, values, strict=True)
    )
    cheapest = max(zip(sides, values, strict=True), key=lambda pair: pair[1]["parts_npv_cents"]["costs"])[0]
    return Figure(
        key="option-parts",
        title="What each is made of",
        reading=f"The least costs “{cheapest.name}”; a row adds up to its value.",
        direction="Present value against doing nothing, rounded to the dollar.",
        table=Table("Parts of each option's value", columns, rows),
    )


def _broken(name: str) -> str:
    """A long name on two lines, so that the bars keep their room."""
    words_ = name.split()
    if len(name) <= 22:
        return name
    half = min(range(1, len(words_)), key=lambda cut: abs(len(" ".join(words_[:cut])) - len(" ".join(words_[cut:]))))
    return " ".join(words_[:half]) + "<br>" + " ".join(words_[half:])
