"""What each driver of demand brings -> its table and chart, which add up to the value."""

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, TOTAL, UP
from roi.engine.drivers import Driven, Worth
from roi.engine.worlds import DO_NOTHING, TODAY


def figure(found: Driven) -> Figure:
    on = [driver for driver in found.drivers if driver.is_on]
    rows = [
        ("Without any driver", *_cells(found.without)),
        *((words.driver_name(driver.key), *_cells(driver.effect)) for driver in on),
        ("Acting together", *_cells(found.together)),
    ]
    columns = (
        Column("driver", "Driver", "prose"),
        Column("npv", "Value against do nothing", "exact_cents"),
        Column("today", "Against today unchanged", "exact_cents"),
        Column("infusions", "Infusions at the site, all months"),
    )
    return Figure(
        key="drivers",
        title="What each driver brings",
        reading=_reading(found, on),
        direction="Each driver: the value less what it would be with this one off, in the scenario and in the baseline alike. What only several "
        "bring together stands by itself, so that all rows add up.",
        table=Table("Value and infusions by driver", columns, tuple(rows), ("As switched", *_cells(found.whole))),
        chart=_chart(found, on),
    )


def _cells(worth: Worth) -> tuple:
    return worth.npv[DO_NOTHING], worth.npv[TODAY], f"{worth.infusions:,.0f}".replace("-", "−")


def _reading(found: Driven, on) -> str:
    if not on:
        return f"No driver is on: the value is {words.dollars_short(found.whole.npv[DO_NOTHING])}."
    strongest = max(on, key=lambda driver: abs(driver.effect.npv[DO_NOTHING]))
    together = found.together.npv[DO_NOTHING]
    acting = (
        f" Acting together they bring {words.dollars_short(together)} more than each alone says."
        if together >= 50
        else f" Acting together they bring {words.dollars_short(-together)} less than each alone says."
        if together <= -50
        else " They do not act on each other: their effects add up, to the dollar."
    )
    effect = strongest.effect.npv[DO_NOTHING]
    verb = "brings" if effect >= 0 else "costs"
    return (
        f"Of a value of {words.dollars_short(found.whole.npv[DO_NOTHING])} against doing nothing, “{words.driver_name(strongest.key)}” "
        f"{verb} most, {words.dollars_short(abs(effect))}.{acting}"
    )


def _chart(found: Driven, on) -> dict:
    names = ["Without any driver", *(words.driver_short_name(driver.key) for driver in on), "Acting together", "As switched"]
    cents = [found.without, *(driver.effect for driver in on), found.together, found.whole]
    data = [
        {
            "type": "waterfall",
            "orientation": "h",
            "y": names,
            "x": [worth.npv[DO_NOTHING] / 100 for worth in cents],
            "measure": [*["relative"] * (len(names) - 1), "total"],
            "increasing": {"marker": {"color": UP}},
            "decreasing": {"marker": {"color": DOWN}},
            "totals": {"marker": {"color": TOTAL}},
            "connector": {"line": {"color": "var(--line-strong)", "width": 1}},
            "hovertemplate": "%{y}: %{x:$,.0f}<extra></extra>",
        }
    ]
    layout = {
        "height": 80 + 34 * len(names),
        "showlegend": False,
        "xaxis": {"tickformat": "$~s", "nticks": 6},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "margin": {"b": 34, "r": 12},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10}, "xaxis": {"nticks": 3}}}
