"""The draws of a result -> figures: how the value spreads, what moves it, what rests on guesses, what finding out is worth."""

from itertools import pairwise

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.marks import GUESSED, MARKS
from roi.engine.spreads import SHAPE_WORDS
from roi.engine.worlds import DO_NOTHING

SHOWN_BARS = 12
_MARK_COLORS = {"measured": "var(--c-kept)", "borrowed": "var(--c-3)", "guessed": "var(--c-leak)"}


def figures(drawn: dict, npv: int) -> tuple[Figure, ...]:
    """All figures of the draws, in reading order; `npv` is the value at the likely inputs."""
    return (histogram(drawn), tornado(drawn, npv), debt(drawn), inputs(drawn))


def headline(drawn: dict) -> str:
    """The answer in two sentences."""
    value = drawn["baselines"][DO_NOTHING]
    low, middle, high = (words.dollars_short(cents) for cents in value["npv_cents"])
    return (
        f"The site adds value against doing nothing in {words.chance(value['probability_positive'])} draws. Half of the draws lie below "
        f"{middle}, eight in ten between {low} and {high}."
    )


def histogram(drawn: dict) -> Figure:
    value = drawn["baselines"][DO_NOTHING]
    edges, counts = value["histogram"]["edges_cents"], value["histogram"]["draws"]
    middles = [(low + high) / 200 for low, high in pairwise(edges)]
    columns = (
        Column("low", "Value from", "exact_cents"),
        Column("high", "to", "exact_cents"),
        Column("draws", "Draws", "count"),
    )
    data = [
        {
            "type": "bar",
            "x": middles,
            "y": counts,
            "width": (edges[-1] - edges[0]) / 100 / len(counts) * 0.94 or 1,
            "marker": {"color": [DOWN if middle < 0 else UP for middle in middles]},
            "hovertemplate": "about %{x:$,.3s}: %{y:,} draws<extra></extra>",
        }
    ]
    lines, notes = [], []
    for name, cents in zip(("P10", "P50", "P90"), value["npv_cents"], strict=True):
        lines.append(
            {"type": "line", "x0": cents / 100, "x1": cents / 100, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": "var(--ink)", "width": 1.5, "dash": "dot"}}
        )  # fmt: skip
        notes.append({"x": cents / 100, "y": 1.0, "yref": "paper", "yanchor": "bottom", "text": name, "showarrow": False})
    layout = {
        "height": 320,
        "bargap": 0,
        "shapes": lines,
        "annotations": notes,
        "xaxis": {"tickformat": "$~s", "nticks": 8, "title": {"text": "net present value against doing nothing", "standoff": 6}},
        "yaxis": {"title": {"text": "draws"}, "nticks": 5, "tickformat": ","},
        "margin": {"t": 26, "b": 46},
    }
    low, middle, high = (words.dollars_short(cents) for cents in value["npv_cents"])
    return Figure(
        key="histogram",
        title="How the value spreads",
        reading=(
            f"One draw in ten lies below {low} (P10), half below {middle} (P50), one in ten above {high} (P90); "
            f"{words.chance(value['probability_positive'])} are above zero."
        ),
        direction=f"{drawn['draws']:,} draws of all uncertain inputs together, seed {drawn['seed']}. Further right is better.",
        table=Table("Draws by value", columns, tuple(zip(edges, edges[1:], counts, strict=False))),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 4}}},
        metric="probability-of-a-positive-return",
        folded=True,
    )


def tornado(drawn: dict, npv: int) -> Figure:
    """Each input alone at its P10 and P90, the widest swing first."""
    found = drawn["inputs"]
    shown = found[:SHOWN_BARS]
    columns = (
        Column("input", "Input alone", "prose"),
        Column("mark", "Mark"),
        Column("p10", "P10"),
        Column("npv10", "Value there", "exact_cents"),
        Column("p90", "P90"),
        Column("npv90", "Value there", "exact_cents"),
    )
    rows = tuple(
        (
            words.input_label(one["key"]),
            one["mark"],
            words.short_value(one["key"], one["p10"]),
            one["npv_at_p10_cents"],
            words.short_value(one["key"], one["p90"]),
            one["npv_at_p90_cents"],
        )
        for one in found
    )
    names = [_short_label(one) for one in shown]
    data = [
        _swing("input at its P10", names, [one["npv_at_p10_cents"] for one in shown], npv, "var(--c-3)"),
        _swing("input at its P90", names, [one["npv_at_p90_cents"] for one in shown], npv, "var(--c-kept)"),
    ]
    layout = {
        "height": 90 + 28 * len(shown),
        "barmode": "overlay",
        "bargap": 0.35,
        "xaxis": {"tickformat": "$~s", "nticks": 6, "title": {"text": "net present value against doing nothing", "standoff": 6}},
        "yaxis": {"autorange": "reversed", "ticksuffix": "  "},
        "legend": {"y": 1.02, "yanchor": "bottom"},
        "margin": {"t": 30, "b": 46, "r": 12},
        "shapes": [{"type": "line", "x0": npv / 100, "x1": npv / 100, "yref": "paper", "y0": 0, "y1": 1,
                    "line": {"color": "var(--ink)", "width": 1.5}}],
    }  # fmt: skip
    if shown:
        first = shown[0]
        reading = (
            f"“{words.input_label(first['key'])}” moves the value most: from "
            f"{words.dollars_short(min(first['npv_at_p10_cents'], first['npv_at_p90_cents']))} to "
            f"{words.dollars_short(max(first['npv_at_p10_cents'], first['npv_at_p90_cents']))}."
        )
    else:
        reading = "No input is uncertain."
    return Figure(
        key="tornado",
        title="What moves it: one input at a time",
        reading=reading,
        direction=f"Each input at its P10 and its P90, all others as answered; the line is the value as answered, {words.dollars_short(npv)}.",
        note=f"The {SHOWN_BARS} widest of {len(found)} inputs are drawn; the table has all." if len(found) > SHOWN_BARS else "",
        table=Table("Value with one input at its P10 and P90", columns, rows),
        chart={
            "data": data,
            "layout": layout,
            "narrow": {"font": {"size": 9.5}, "xaxis": {"nticks": 3, "title": {"text": "value"}}},
        }
        if shown
        else None,
        folded=True,
        tall=True,
    )


def _short_label(one: dict) -> str:
    label = words.input_label(one["key"])
    return label if len(label) <= 44 else f"{label[:42].rstrip(' ,')}…"


def _swing(name: str, names: list[str], values: list[int], npv: int, color: str) -> dict:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": names,
        "base": [npv / 100] * len(names),
        "x": [(cents - npv) / 100 for cents in values],
        "customdata": [cents / 100 for cents in values],
        "marker": {"color": color},
        "hovertemplate": "%{y}: %{customdata:$,.0f}<extra>" + name + "</extra>",
    }


def debt(drawn: dict) -> Figure:
    """The spread by what the inputs rest on."""
    shares, found = drawn["debt"], drawn["inputs"]
    columns = (
        Column("mark", "Inputs that are"),
        Column("inputs", "Inputs", "count"),
        Column("share", "Share of the spread", "percent"),
    )
    rows = tuple((mark, sum(one["mark"] == mark for one in found), shares[mark] if shares else None) for mark in MARKS)
    total = sum(one["share"] for one in found)
    if shares:
        guesses = sorted((one for one in found if one["mark"] == GUESSED), key=lambda one: -one["share"])
        reading = f"{shares[GUESSED] * 100:.0f} % of the spread rests on guesses"
        if guesses and guesses[0]["share"] > 0:
            reading += f", {guesses[0]['share'] / total * 100:.0f} % on “{words.input_label(guesses[0]['key'])}” alone"
        reading += "."
    else:
        reading = "Nothing spreads, so nothing rests on guesses."
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": mark,
            "y": ["spread"],
            "x": [shares[mark] if shares else 0],
            "marker": {"color": _MARK_COLORS[mark]},
            "hovertemplate": mark + ": %{x:.0%}<extra></extra>",
        }
        for mark in MARKS
    ]
    layout = {
        "height": 120,
        "barmode": "relative",
        "xaxis": {"tickformat": ".0%"},
        "yaxis": {"visible": False},
        "legend": {"y": 1.05, "yanchor": "bottom"},
        "margin": {"t": 30, "b": 26},
    }
    explained = "" if drawn["explained"] is None else (
        f"Straight lines explain {drawn['explained'] * 100:.0f} % of the variance; bends and products of inputs are assigned to none."
    )  # fmt: skip
    return Figure(
        key="debt",
        title="Assumption debt: what the spread rests on",
        reading=reading,
        direction="A smaller share of guesses is better.",
        note=explained,
        table=Table("Spread of the value by mark", columns, rows),
        chart={"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}}} if shares else None,
        metric="assumption-debt",
    )


def inputs(drawn: dict) -> Figure:
    """Every uncertain input: its spread, its share, what knowing it is worth, where the value would be zero."""
    found = sorted(drawn["inputs"], key=lambda one: (-one["worth_cents"], -one["share"]))
    total = sum(one["share"] for one in found) or 1
    columns = (
        Column("input", "Input", "prose"),
        Column("mark", "Mark"),
        Column("low", "Low"),
        Column("likely", "Likely"),
        Column("high", "High"),
        Column("shape", "Spread", "prose"),
        Column("share", "Share of the spread", "percent"),
        Column("worth", "Worth finding out, at most", "cents"),
        Column("zero", "Breaks even at", "prose"),
        Column("chance", "Draws beyond that"),
    )
    rows = tuple(
        (
            words.input_label(one["key"]),
            one["mark"],
            words.short_value(one["key"], one["low"]),
            words.short_value(one["key"], one["likely"]),
            words.short_value(one["key"], one["high"]),
            SHAPE_WORDS[one["shape"]] + (", given" if one["given"] else ""),
            round(one["share"] / total, 4) + 0.0,  # a share below zero by a hair is none
            one["worth_cents"],
            "nowhere alone" if one["break_even"] is None else words.short_value(one["key"], one["break_even"]),
            "–" if one["chance_beyond"] is None else words.chance(one["chance_beyond"]),
        )
        for one in found
    )
    worth = found[0]["worth_cents"] if found else 0
    if worth:
        reading = (
            f"Knowing “{words.input_label(found[0]['key'])}” before deciding is worth at most {words.dollars_short(worth)}, knowing everything "
            f"{words.dollars_short(drawn['worth_of_all_cents'])}."
        )
    elif drawn["worth_of_all_cents"]:
        reading = (
            "No single answer would change the decision, so none is worth paying for; knowing everything would be worth "
            f"{words.dollars_short(drawn['worth_of_all_cents'])} at most."
        )
    else:
        reading = "Nothing that could be found out would change the decision."
    return Figure(
        key="inputs-spread",
        title="What each answer is worth, and what would have to be true",
        reading=reading,
        direction="Worth: the gain from deciding after the answer instead of before. Breaks even: that input alone, all others as answered.",
        table=Table("Every uncertain input", columns, rows),
    )
