"""Options side by side -> their value as a chart and a table, and the parts it is made of; grain: one option."""

from collections.abc import Sequence

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.cash_flow import PARTS
from roi.engine.options import NOTHING
from roi.engine.worlds import DO_NOTHING, TODAY
from roi.selectors.options import Side, differing


def figures(sides: Sequence[Side]) -> tuple[Figure, ...]:
    """Those that are computed."""
    sides = [side for side in sides if side.summary]
    return (_value(sides), _parts(sides)) if sides else ()


def _value(sides: list[Side]) -> Figure:
    drawn = any(side.summary.get("uncertainty") for side in sides)
    columns = (
        Column("option", "Option"),
        Column("npv", "Against do nothing", "cents"),
        Column("today", "Against today", "cents"),
        Column("irr", "Return a year"),
        Column("payback", "Paid back"),
        Column("peak", "Peak cash", "cents"),
        Column("infusions", "Infusions, last month"),
        Column("chairs", "Chairs needed"),
        Column("full", "Full"),
        *((Column("low", "P10", "cents"), Column("high", "P90", "cents"), Column("chance", "Adds value in")) if drawn else ()),
    )
    rows = tuple(_row(side, drawn) for side in sides)
    npv = [side.summary["baselines"][DO_NOTHING]["npv_cents"] for side in sides]
    names = [side.name for side in sides]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": [cents / 100 for cents in npv],
            "marker": {"color": [DOWN if cents < 0 else UP for cents in npv]},
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
        reading=_reading(sides, npv),
        direction=f"{_differ(sides)}: each bar is read by itself, none is ranked against another."
        if differing(sides)
        else "The same patients, prices and months in each; an option differs by what it costs, who comes and what is paid there.",
        metric="options",
        table=Table("Options side by side", columns, rows),
        chart={
            "data": data,
            "layout": layout,
            "narrow": {"font": {"size": 9.5}, "xaxis": {"nticks": 3, "title": {"text": "value"}}},
        },
        tall=len(sides) > 6,
    )


def _reading(sides: list[Side], npv: list[int]) -> str:
    """Doing nothing is what all are measured against, so it is not counted among them."""
    tried = [(cents, side.name) for side, cents in zip(sides, npv, strict=True) if side.option.key != NOTHING]
    if not tried:
        return "Doing nothing is worth nothing against itself."
    best, name = max(tried)
    adding = sum(cents > 0 for cents, _ in tried)
    if differing(sides):
        return f"{adding} of {len(tried)} add{'s' if adding == 1 else ''} value against doing nothing, each on figures of its own."
    if not adding:
        return f"None of {len(tried)} adds value against doing nothing; “{name}” loses least, {words.dollars_short(abs(best))}."
    return f"{adding} of {len(tried)} add{'s' if adding == 1 else ''} value against doing nothing; “{name}” most, {words.dollars_short(best)}."


def _differ(sides: Sequence[Side]) -> str:
    *most, last = differing(sides)
    found = f"{', '.join(most)} and {last}" if most else last
    return f"Their {found} differ, as told below"


def _row(side: Side, with_draws: bool) -> tuple:
    nothing, today = (side.summary["baselines"][baseline] for baseline in (DO_NOTHING, TODAY))
    chairs, drawn = side.summary["chairs"], side.summary.get("uncertainty")
    needed, paid = chairs["needed"], nothing["payback_month"]
    spread = drawn["baselines"][DO_NOTHING] if drawn else None
    return (
        side.name,
        nothing["npv_cents"],
        today["npv_cents"],
        words.irr_text(nothing["irr"]),
        "never" if paid is None else words.payback_text(paid),
        nothing["peak_cash_cents"],
        f"{chairs['infusions_given'][-1]:,.0f}",
        "none" if needed is None else f"{max(needed):.1f}",
        "–" if needed is None else words.full_text(chairs["month_full"]),
        *(
            (spread["npv_cents"][0], spread["npv_cents"][2], words.chance(spread["probability_positive"]))
            if spread
            else (None, None, "–")
        )[: 3 * with_draws],
    )


def _parts(sides: list[Side]) -> Figure:
    shown = [part for part in PARTS if any(side.summary["baselines"][DO_NOTHING]["parts_npv_cents"].get(part) for side in sides)]
    columns = (
        Column("option", "Option"),
        *(Column(part, words.PART_SHORT_NAMES[part], "cents") for part in shown),
        Column("npv", "Value", "cents"),
    )
    values = [side.summary["baselines"][DO_NOTHING] for side in sides]
    rows = tuple(
        (side.name, *(value["parts_npv_cents"].get(part, 0) for part in shown), value["npv_cents"])
        for side, value in zip(sides, values, strict=True)
    )
    spending = max(values, key=lambda value: -value["parts_npv_cents"]["costs"])
    costliest = sides[values.index(spending)].name
    return Figure(
        key="option-parts",
        title="What each is made of",
        reading="A row adds up to its value."
        if differing(sides)
        else f"“{costliest}” costs most, {words.dollars_short(-spending['parts_npv_cents']['costs'])}; a row adds up to its value.",
        direction="Present value against doing nothing, rounded to the dollar.",
        table=Table("Parts of each option's value", columns, rows),
    )
