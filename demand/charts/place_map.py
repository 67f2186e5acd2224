"""The map of a market without map tiles: people by ZIP code, sites, rings of miles; and the same as two tables.

x is longitude × cos(latitude of the middle), y is latitude, at one scale: a ring of so many miles is a circle.
"""

import math
from collections.abc import Sequence

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, percent, plain
from demand.engine.disclosure import HIDDEN
from demand.engine.reach import RADII
from demand.places import REACHED, PlaceQuestion
from demand.selectors.market_map import Pin, Spot

MILES_A_DEGREE = 69.0936  # of latitude, on the sphere that distances are measured on
RING_STEPS = 60
MOST_RINGED = 8  # sites; more rings than that hide what they show
LARGEST, SMALLEST = 28, 6
SYMBOLS = {
    "hopd_on_campus": "square",
    "hopd_off_campus": "square-open",
    "infusion_center": "diamond",
    "infusion_suite": "diamond-open",
    "physician_office": "triangle-up",
    "surgery_center": "pentagon",
    "home_infusion": "star",
}
SYMBOL_WORDS = "■ hospital, on campus; □ off campus; ◆ infusion center; ◇ infusion suite; ▲ physician office; ⬟ surgery center; ★ home infusion"
OWNER_COLORS = {"owned": "var(--c-kept)", "partner": "var(--c-partner)", "other": "var(--ink-2)"}
OWNER_NAMES = {"owned": "Our sites", "partner": "Partners' sites", "other": "Others' sites"}


def people_map(spots: Sequence[Spot], pins: Sequence[Pin], question: PlaceQuestion, knows_exposure: bool, unplaced) -> Figure:
    has = words.lower_first(REACHED[question.reached])
    columns = (
        Column("zip_code", "ZIP code"),
        Column("area", "Area"),
        Column("people", "People", "count"),
        Column("at_risk", "At risk", "count"),
        Column("out_of_reach", "Out of reach", "count"),
        Column("miles", "Miles", "miles"),
        Column("share_65_plus", "65+", "percent"),
        Column("middle", "Placed by"),
    )
    rows = tuple(
        (
            f"{one.zip_code} {one.place}".strip(),
            one.area,
            one.people,
            one.at_risk if knows_exposure else None,
            one.outside,
            one.miles,
            one.share_65_plus,
            one.middle,
        )
        for one in spots
    )
    notes = [
        f"Sites: {SYMBOL_WORDS}.",
        "How fast the people aged 65 or more grow is said for each market on the page “Reach”.",
    ]
    if not knows_exposure:
        notes.append(
            "This run knows no exposures to policies: nobody is marked at risk and every class of site counts as permitted."
        )
    if unplaced is HIDDEN or unplaced:
        notes.append(f"{count(unplaced)} people live at a ZIP code that is missing or has no known middle; they are in no share.")
    return Figure(
        key="people-map",
        title="Where people live, and what is in reach",
        reading=_reading(spots, has),
        direction=f"In reach means: {question.miles_words()}. Fewer people out of reach is better. Rings are 10, 20 and 30 miles.",
        table=Table(
            f"People by ZIP code. In reach: {has}. Miles: to the nearest, half of the people live nearer. 65+: share of residents.",
            columns,
            rows,
        ),
        chart=_chart(spots, pins, question) if any(one.latitude is not None for one in (*spots, *pins)) else None,
        note=" ".join(notes),
        metric="in-reach",
        tall=True,
        key_to_marks=(),
    )


def sites_table(pins: Sequence[Pin]) -> Figure:
    columns = (
        Column("name", "Site"), Column("site_class", "Class"), Column("ownership", "Whose"), Column("owner", "Owner"),
        Column("market", "Market"), Column("latitude", "Latitude"), Column("longitude", "Longitude"), Column("middle", "Placed by"),
    )  # fmt: skip
    rows = tuple(
        (
            pin.name, words.site_class(pin.site_class), words.OWNERSHIPS.get(pin.ownership, pin.ownership), pin.owner or "–",
            pin.market or "–", _degrees(pin.latitude), _degrees(pin.longitude), pin.middle,
        )
        for pin in pins
    )  # fmt: skip
    missing = sum(pin.latitude is None for pin in pins)
    reading = f"{len(pins)} open sites." + (
        f" {missing} of them have neither coordinates nor a known ZIP code and are not on the map." if missing else ""
    )
    return Figure(key="map-sites", title="Sites on the map", reading=reading, table=Table("Open sites", columns, rows), folded=True)


def _degrees(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _reading(spots: Sequence[Spot], has: str) -> str:
    shown = [one for one in spots if one.outside is not HIDDEN]
    if not spots:
        return "Nobody of ours matches these filters."
    outside, people = sum(one.outside for one in shown), sum(one.people for one in shown if one.people is not HIDDEN)
    hidden = len(spots) - len(shown)
    if hidden:
        where = f"{count(people)} people in the areas that may be shown"
        return (
            f"How many do not have it in reach ({has}) cannot be said: {hidden} ZIP area{'s' if hidden > 1 else ''} may not be shown, and those out of "
            f"reach mostly live in such. Of {where}, {count(outside)} do not have it in reach."
        )
    said = f"{count(outside)} of {count(people)} people ({percent(outside / people if people else None)}) do not have it in reach: {has}."
    if outside:
        worst = max(shown, key=lambda one: one.outside)
        said += f" Most of them live in {worst.zip_code}{f' ({worst.place})' if worst.place else ''}: {count(worst.outside)}."
    return said


def _chart(spots: Sequence[Spot], pins: Sequence[Pin], question: PlaceQuestion) -> dict:
    drawn = [one for one in spots if one.latitude is not None and one.people is not HIDDEN and one.people]
    placed = [pin for pin in pins if pin.latitude is not None]
    everything = drawn or placed
    middle = sum(one.latitude for one in everything) / len(everything)
    squeeze = math.cos(math.radians(middle))
    near = _near(drawn, placed)
    ringed = [pin for pin in near if pin.ownership == "owned" and pin.site_class != "home_infusion"]
    ringed = [pin for pin in ringed if question.reached in ("permitted", "ours", pin.site_class)][:MOST_RINGED]
    data = [_ring(ringed, radius, squeeze) for radius in reversed(RADII) if ringed]
    most = max((one.people for one in drawn), default=1)
    kinds = (
        ("All in reach", "var(--c-kept)/0.45", "circle", lambda one: one.outside == 0),
        (
            "Some out of reach",
            "var(--c-margin)/0.6",
            "circle-dot",
            lambda one: one.outside is not HIDDEN and 0 < one.outside < one.people,
        ),
        ("All out of reach", "var(--c-leak)/0.65", "circle-x", lambda one: one.outside is not HIDDEN and one.outside == one.people),
        ("Reach hidden", "var(--line-strong)", "circle-open", lambda one: one.outside is HIDDEN),
    )
    for name, color, symbol, fits in kinds:
        mine = [one for one in drawn if fits(one)]
        if mine:
            data.append(_bubbles(mine, f"People: {name.lower()}", color, symbol, most, squeeze))
    for ownership, name in OWNER_NAMES.items():
        mine = [pin for pin in near if pin.ownership == ownership]
        if mine:
            data.append(_pins(mine, name, OWNER_COLORS[ownership], squeeze))
    hidden_axis = {"visible": False, "showgrid": False, "zeroline": False}
    return {
        "data": data,
        "layout": {
            "height": 620, "xaxis": hidden_axis, "yaxis": {**hidden_axis, "scaleanchor": "x", "scaleratio": 1},
            "margin": {"l": 4, "r": 4, "t": 4, "b": 90}, "hovermode": "closest", "legend": {"y": -0.02, "font": {"size": 11.5}},
        },
        "narrow": {"height": 520, "margin": {"b": 150}},
    }  # fmt: skip


def _near(drawn: Sequence[Spot], pins: Sequence[Pin]) -> list[Pin]:
    """Sites within 60 miles of anybody: one in another state would make everything else a dot."""
    if not drawn:
        return list(pins)
    reach = 60 / MILES_A_DEGREE
    south, north = min(one.latitude for one in drawn) - reach, max(one.latitude for one in drawn) + reach
    west, east = min(one.longitude for one in drawn) - 1.4 * reach, max(one.longitude for one in drawn) + 1.4 * reach
    return [pin for pin in pins if south <= pin.latitude <= north and west <= pin.longitude <= east]


def _ring(pins: Sequence[Pin], miles: int, squeeze: float) -> dict:
    across, up = [], []
    for pin in pins:
        for step in range(RING_STEPS + 1):
            angle = 2 * math.pi * step / RING_STEPS
            across.append(round(pin.longitude * squeeze + miles / MILES_A_DEGREE * math.cos(angle), 5))
            up.append(round(pin.latitude + miles / MILES_A_DEGREE * math.sin(angle), 5))
        across.append(None)
        up.append(None)
    dash = {10: "solid", 20: "dash", 30: "dot"}[miles]
    return {
        "type": "scatter", "mode": "lines", "x": across, "y": up, "name": f"{miles} miles", "hoverinfo": "skip",
        "line": {"color": "var(--line-strong)/0.5", "width": 1, "dash": dash}, "fill": "toself", "fillcolor": "var(--c-kept)/0.05",
    }  # fmt: skip


def _bubbles(spots: Sequence[Spot], name: str, color: str, symbol: str, most: int, squeeze: float) -> dict:
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [round(one.longitude * squeeze, 5) for one in spots], "y": [round(one.latitude, 5) for one in spots],
        "text": [_hover(one) for one in spots], "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "color": color, "symbol": symbol, "line": {"color": color if symbol.endswith("open") else "var(--surface)", "width": 1.5},
            "size": [round(SMALLEST + (LARGEST - SMALLEST) * math.sqrt(one.people / most), 1) for one in spots],
        },
    }  # fmt: skip


def _hover(one: Spot) -> str:
    outside = "hidden" if one.outside is HIDDEN else f"{one.outside:,}"
    return f"{one.zip_code} {plain(one.place)}<br>{one.people:,} people, {outside} out of reach<br>area: {one.area}"


def _pins(pins: Sequence[Pin], name: str, color: str, squeeze: float) -> dict:
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [round(pin.longitude * squeeze, 5) for pin in pins], "y": [round(pin.latitude, 5) for pin in pins],
        "text": [f"{plain(pin.name)}<br>{words.site_class(pin.site_class)}<br>{plain(pin.owner or 'owner not known')}" for pin in pins],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": 11, "symbol": [SYMBOLS.get(pin.site_class, "cross") for pin in pins], "color": color,
            "line": {"color": color, "width": 1.5},
        },
    }  # fmt: skip
