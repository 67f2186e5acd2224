"""Where to open: the frontier of k against what is kept, the map and the table of one answer."""

import math
from dataclasses import replace

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import dollars, plain
from demand.charts.place_map import MILES_A_DEGREE, RING_STEPS
from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.engine.reach import Thresholds
from demand.selectors.where import Kept, Opening, Search
from demand.where import MEASURES, WhereQuestion
from demand.words import lower_first
from sites.engine.zip_places import middle_of_prefix

KIND_WORDS = {"new": "New center", "clinic": "Ours, as an infusion center", "partner": "Partner's site"}


def rounded(value: float, question: WhereQuestion, see_small: bool, told: bool = True):
    """To those without the patient-level right people in whole tens, below 11 hidden, other amounts to two figures, and nothing that
    may not be told: two answers never differ by a few people."""
    if see_small:
        return round(value)
    if value < 0.5:
        return 0
    if not told:
        return HIDDEN
    if question.measure != "people":
        return int(float(f"{value:.2g}"))
    return HIDDEN if value < SMALLEST_SHOWN else int(value // 10 * 10)


def amount(value: float, question: WhereQuestion, see_small: bool, told: bool = True) -> str:
    shown = rounded(value, question, see_small, told)
    if shown is HIDDEN:
        return "hidden"
    about = "" if see_small or not shown else "about "
    return about + (dollars(shown) if question.measure == "margin" else f"{shown:,}")


def frontier(found: Search, question: WhereQuestion, see_small: bool) -> Figure:
    rows = [
        (
            0,
            "–",
            amount(found.base, question, see_small, found.base_told),
            "–",
            _share(found.base, found, see_small, found.base_told),
            _miles(found.median_miles, found, see_small),
            _miles(found.ninetieth_miles, found, see_small),
            "proven",
        )
    ]
    before, before_told = found.base, found.base_told
    for kept in found.kept:
        names = "; ".join(name_of(spot, see_small) for spot, _, _ in kept.sites) or "none helps"
        rows.append((
            kept.answer.k, names, amount(kept.total, question, see_small, kept.told),
            amount(max(0.0, kept.total - before), question, see_small, kept.told and before_told), _share(kept.total, found, see_small, kept.told), _miles(kept.median_miles, found, see_small), _miles(kept.ninetieth_miles, found, see_small),
            "proven" if kept.answer.proven else f"not proven: at most {amount(found.base + kept.answer.bound, question, see_small, kept.told)}",
        ))  # fmt: skip
        before, before_told = kept.total, kept.told
    last = found.kept[-1] if found.kept else None
    reading = f"Without a new center {amount(found.base, question, see_small, found.base_told)} of {amount(found.everything, question, see_small, found.everything_told)} are kept"
    reading += f"; with the best {last.answer.k}, {amount(last.total, question, see_small, last.told)}." if last else "."
    return Figure(
        key="frontier",
        title="How many centers, and what they keep",
        reading=reading,
        direction=f"Kept: {lower_first(MEASURES[question.measure])} with a site of ours in reach that their policies permit. More is better; where the line flattens another center adds little.",
        table=Table(
            "The best answer for each number of new centers",
            (Column("k", "New centers"), Column("sites", "Where", "prose"), Column("kept", "Kept"), Column("added", "Added"), Column("share", "Share kept"),
             Column("median", "Median miles"), Column("p90", "90th percentile"), Column("proof", "Best possible")),
            tuple(rows),
        ),
        chart=_line(found, question, see_small) if found.kept else None,
        metric="covering",
        note="Miles of people at risk to their nearest permitted site of ours, those without any left out." + ("" if see_small else " People are rounded down to tens, infusions and dollars to two figures; what rests on fewer than 11 people, or differs from another number by so few, is hidden."),
    )  # fmt: skip


def _share(value: float, found: Search, see_small: bool, told: bool) -> str:
    if not found.everything:
        return "–"
    if not (see_small or told):
        return "hidden"
    share = 100 * value / found.everything
    return f"{share:.1f}%" if see_small else f"about {5 * round(share / 5)}%"


def _miles(value: float | None, found: Search, see_small: bool) -> str:
    return (
        "–" if value is None or (not see_small and found.people < 110) else f"{value:.1f}" if see_small else f"about {round(value)}"
    )


def name_of(spot: Opening, see_small: bool) -> str:
    if not spot.zip_code:
        return spot.name
    return f"{spot.zip_code if see_small else spot.zip_code[:3] + '••'} ({spot.name})"


def _line(found: Search, question: WhereQuestion, see_small: bool) -> dict:
    points = [(0, found.base, found.base_told), *((kept.answer.k, kept.total, kept.told) for kept in found.kept)]
    scale = 100 if question.measure == "margin" else 1
    shown = [(k, rounded(value, question, see_small, told)) for k, value, told in points]
    shown = [(k, value / scale) for k, value in shown if value is not HIDDEN]
    return {
        "data": [{
            "type": "scatter", "mode": "lines+markers", "x": [k for k, _ in shown], "y": [value for _, value in shown],
            "line": {"color": "var(--c-kept)", "width": 2.5}, "marker": {"size": 8, "color": "var(--c-kept)"},
            "hovertemplate": "%{x} new centers: %{y:,.0f}<extra></extra>", "showlegend": False,
        }],
        "layout": {
            "height": 320, "xaxis": {"title": {"text": "New centers"}, "dtick": 1},
            "yaxis": {"title": {"text": "Dollars kept a year" if scale == 100 else "Infusions kept a year" if question.measure == "infusions" else "People kept"}, "rangemode": "tozero"},
            "margin": {"l": 60, "b": 44},
        },
    }  # fmt: skip


def answer(found: Search, kept: Kept | None, owned: list[tuple[float, float]], question: WhereQuestion, see_small: bool) -> Figure:
    sites = kept.sites if kept else ()
    rows = tuple(
        (
            name_of(spot, see_small),
            KIND_WORDS[spot.candidate.kind],
            words.named(spot.candidate.market),
            amount(keeps, question, see_small, told),
            amount(load, WhereQuestion(measure="infusions"), see_small, told),
        )
        for (spot, keeps, load), told in zip(sites, kept.sites_told if kept else (), strict=True)
    )
    return Figure(
        key="answer",
        title=f"The best {kept.answer.k}" if kept else "No answer",
        reading=_reading(found, kept, question, see_small),
        direction="People whom several of the sites reach are counted at one of them.",
        table=Table(
            "Sites of this answer",
            (Column("site", "Site"), Column("kind", "Kind"), Column("market", "Market"), Column("kept", f"{MEASURES[question.measure]}, added"), Column("infusions", "Infusions a year")),
            rows,
        ),
        chart=_map(found, sites, owned, question.thresholds, see_small) if sites else None,
        metric="covering",
    )  # fmt: skip


def _reading(found: Search, kept: Kept | None, question: WhereQuestion, see_small: bool) -> str:
    if kept is None:
        return "There is nobody at risk at a known ZIP code, or no candidate is left."
    if not kept.sites:
        return "No candidate reaches anybody who is not kept already, or none reaches its minimum volume."
    fewer, told = kept.answer.k - len(kept.sites), kept.told and found.base_told
    said = f"{words.joined([name_of(spot, see_small) for spot, _, _ in kept.sites])} together add {amount(kept.answer.value, question, see_small, told)}"
    said += f"; {fewer} more would add nothing." if fewer else "."
    return said + (
        " No other choice adds more."
        if kept.answer.proven
        else f" Time ran out before that was proven: no choice adds more than {amount(kept.answer.bound, question, see_small, told)}."
    )


def _map(found: Search, sites, owned, thresholds: Thresholds, see_small: bool) -> dict:
    chosen = [spot for spot, _, _ in sites] if see_small else [_to_the_area(spot) for spot, _, _ in sites]
    middle = sum(spot.latitude for spot in chosen) / len(chosen)
    squeeze = math.cos(math.radians(middle))
    others = (
        [spot for spot in found.candidates if spot not in chosen]
        if see_small
        else [
            spot
            for spot in found.candidates
            if not spot.zip_code and all(spot.candidate.key != one.candidate.key for one in chosen)
        ]
    )

    def dots(name, points, texts, color, symbol, size):
        return {
            "type": "scatter", "mode": "markers", "name": name, "x": [round(one[1] * squeeze, 5) for one in points], "y": [round(one[0], 5) for one in points],
            "text": texts, "hovertemplate": "%{text}<extra></extra>", "marker": {"color": color, "symbol": symbol, "size": size, "line": {"width": 1.5, "color": color}},
        }  # fmt: skip

    across, up = [], []
    for spot in chosen:
        for step in range(RING_STEPS + 1):
            angle = 2 * math.pi * step / RING_STEPS
            across.append(round(spot.longitude * squeeze + thresholds.suburban / MILES_A_DEGREE * math.cos(angle), 5))
            up.append(round(spot.latitude + thresholds.suburban / MILES_A_DEGREE * math.sin(angle), 5))
        across.append(None)
        up.append(None)
    hidden_axis = {"visible": False, "showgrid": False, "zeroline": False}
    return {
        "data": [
            {"type": "scatter", "mode": "lines", "x": across, "y": up, "name": f"{thresholds.suburban:g} miles", "hoverinfo": "skip", "line": {"color": "var(--line-strong)", "width": 1, "dash": "dash"}},
            dots("Other candidates", [(one.latitude, one.longitude) for one in others], [plain(name_of(one, see_small)) for one in others], "var(--c-unknown)", "circle-open", 7),
            dots("Our sites today", owned, ["Our site"] * len(owned), "var(--c-kept)", "square", 9),
            dots("Chosen", [(one.latitude, one.longitude) for one in chosen], [plain(name_of(one, see_small)) for one in chosen], "var(--c-leak)", "star", 15),
        ],
        "layout": {
            "height": 460, "xaxis": hidden_axis, "yaxis": {**hidden_axis, "scaleanchor": "x", "scaleratio": 1},
            "margin": {"l": 4, "r": 4, "t": 4, "b": 60}, "hovermode": "closest", "legend": {"y": -0.02},
        },
    }  # fmt: skip


def _to_the_area(opening: Opening) -> Opening:
    """A new center drawn in the middle of its three-digit area, as its ZIP code is written."""
    middle = middle_of_prefix(opening.zip_code[:3]) if opening.zip_code else None
    return replace(opening, latitude=middle[0], longitude=middle[1]) if middle else opening
