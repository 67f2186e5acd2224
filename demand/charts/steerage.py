"""Quarters of steerage -> policies and drugs above, people below; with the table and the sentence that says what to see."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count
from demand.engine.disclosure import HIDDEN
from demand.selectors.steerage import SteerageQuarter


def steerage_pace(quarters: tuple[SteerageQuarter, ...]) -> Figure | None:
    """None where no policy has reached anybody."""
    if not quarters:
        return None
    columns = (
        Column("quarter", "Quarter"), Column("when", "Seen"), Column("policies", "Policies that began", "count"),
        Column("anticipated", "Anticipated", "count"), Column("drugs", "Drugs newly covered", "count"),
        Column("exposed", "People newly exposed", "count"), Column("moved", "People moved out by a site policy", "count"),
    )  # fmt: skip
    rows = tuple(
        (
            one.name,
            "to come" if one.to_come else "in claims",
            one.policies,
            one.anticipated,
            one.drugs,
            one.exposed,
            None if one.to_come else one.moved,
        )
        for one in quarters
    )
    return Figure(
        key="pace",
        title="How fast payers steer",
        reading=_reading(quarters),
        direction="Lower is better for us. A person whom two policies reach in two months counts twice as newly exposed. Next: see who is reached next, under “Look ahead”.",
        table=Table("By quarter: policies, payer and drug pairs covered for the first time, people reached", columns, rows),
        chart=_chart(quarters),
        metric="steerage-pace",
        folded=True,
        tall=True,
        note="Where few people are behind a number it is hidden." if HIDDEN in [value for row in rows for value in row] else "",
    )


def _reading(quarters: tuple[SteerageQuarter, ...]) -> str:
    past = [one for one in quarters if not one.to_come]
    now, before = past[-4:], past[-8:-4]
    shown = [one for one in (*now, *before) if HIDDEN not in (one.exposed, one.moved)]
    if len(shown) < 8:
        return "Too few quarters can be shown to speak of a pace."
    return (
        f"In the last four quarters {count(sum(one.policies for one in now))} policies began (in the four before {count(sum(one.policies for one in before))}). "
        f"Some policy newly exposed {count(sum(one.exposed for one in now))} people ({count(sum(one.exposed for one in before))} before), and "
        f"{count(sum(one.moved for one in now))} moved out under one ({count(sum(one.moved for one in before))} before)."
    )


def _chart(quarters: tuple[SteerageQuarter, ...]) -> dict:
    names = [one.name for one in quarters]

    def bars(name: str, values: list, color: str) -> dict:
        return {"type": "bar", "name": name, "x": names, "y": values, "yaxis": "y2", "marker": {"color": color},
                "hovertemplate": "%{x}: %{y}<extra>" + name + "</extra>"}  # fmt: skip

    def line(name: str, values: list, color: str, dash: str) -> dict:
        return {"type": "scatter", "mode": "lines+markers", "name": name, "x": names, "y": [None if one is HIDDEN else one for one in values],
                "line": {"color": color, "width": 2, "dash": dash}, "hovertemplate": "%{x}: %{y} people<extra>" + name + "</extra>"}  # fmt: skip

    return {
        "data": [
            bars("Policies", [one.policies for one in quarters], "var(--c-kept)"),
            bars("Anticipated", [one.anticipated for one in quarters], "var(--c-margin)"),
            bars("Drugs newly covered", [one.drugs for one in quarters], "var(--c-partner)"),
            line("People newly exposed", [one.exposed for one in quarters], "var(--c-leak)", "solid"),
            line("People moved out by a site policy", [None if one.to_come else one.moved for one in quarters], "var(--c-unknown)", "dash"),
        ],
        "layout": {
            "height": 400, "barmode": "group", "bargap": 0.3, "showlegend": True, "legend": {"orientation": "h", "y": -0.16}, "margin": {"b": 40, "t": 10},
            "xaxis": {"type": "category", "nticks": 12, "showgrid": False},
            "yaxis": {"domain": [0, 0.5], "rangemode": "tozero", "nticks": 4, "tickformat": ",d", "title": {"text": "people", "standoff": 6}},
            "yaxis2": {"domain": [0.6, 1], "rangemode": "tozero", "nticks": 4, "tickformat": ",d", "title": {"text": "policies, drugs", "standoff": 6}},
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 5}},
    }  # fmt: skip
