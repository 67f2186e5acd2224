"""Therapies as points: dollars at stake across, late doses up; with the table and the sentence that says what to see."""

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import dollars, of_shown, percent, shortened
from demand.engine.disclosure import HIDDEN
from demand.selectors.therapy_risk import TherapyRisk, TherapyRisks

NAMED = 7  # points of most money, and of most late doses, with their name beside them


def two_axes(found: TherapyRisks) -> Figure:
    drawn = [row for row in found.rows if isinstance(row.leaked_cents, int) and row.late_share is not None]
    columns = (
        Column("family", "Therapy"), Column("clinical_line", "Clinical line"), Column("leaked_cents", "Left or white-bagged", "cents"),
        Column("leaked_share", "Share of allowed", "percent"), Column("people", "People treated", "count"), Column("doses", "Doses with one before", "count"),
        Column("late", "Late", "count"), Column("missed", "of these a whole dose missed", "count"), Column("late_share", "Late share", "percent"),
        Column("high", "High on"),
    )  # fmt: skip
    rows = tuple(
        (words.named(row.family), row.clinical_line, row.leaked_cents, HIDDEN if HIDDEN in (row.leaked_cents, row.allowed_cents) else row.leaked_share,
         row.people, row.doses, row.late, row.missed, HIDDEN if row.late is HIDDEN else row.late_share, high(row, found))
        for row in found.rows
    )  # fmt: skip
    hidden = sum(HIDDEN in (row.leaked_cents, row.late) for row in found.rows)
    return Figure(
        key="risk",
        title="Financial risk against clinical risk",
        reading=_reading(found, drawn),
        direction="Lower is better on both. Across: allowed dollars that left or were white-bagged. Up: doses late for the person's own interval (by a week, or a tenth of it where that is more: our assumption). The lines are the medians: beyond them is high. Next: right and low asks for a word with the payer; left and high for a word with the clinic.",
        table=Table("Therapies by what is at stake; a therapy can be high on one alone", columns, rows),
        chart=_chart(drawn, found) if drawn else None,
        metric="therapy-risk",
        folded=True,
        tall=True,
        note=f"In {hidden} of {len(found.rows)} therapies figures are hidden: few people, or they would give a small count away."
        if hidden
        else "",
    )


def high(row: TherapyRisk, found: TherapyRisks) -> str:
    money, doses = found.corner
    if money is None or not isinstance(row.leaked_cents, int) or row.late_share is None:
        return "not known"
    said = [
        name
        for name, value, corner in (("dollars", row.leaked_cents, money), ("late doses", row.late_share, doses))
        if value > corner
    ]
    return " and ".join(said) or "neither"


def _reading(found: TherapyRisks, drawn: list[TherapyRisk]) -> str:
    if found.withheld:
        return found.withheld
    if len(drawn) < 3:
        return "Too few therapies have both figures to set them against each other."
    names = {
        kind: [row for row in drawn if high(row, found) == kind] for kind in ("dollars and late doses", "dollars", "late doses")
    }
    said = []
    if both := names["dollars and late doses"]:
        top = max(both, key=lambda row: row.leaked_cents)
        said.append(
            f"{len(both)} therapies are high on both, most money in {top.family} ({dollars(top.leaked_cents)}, {percent(top.late_share)} of doses late)."
        )
    if only := names["dollars"]:
        said.append(f"{len(only)} are high on dollars alone, first {only[0].family} ({dollars(only[0].leaked_cents)}).")
    if late := names["late doses"]:
        top = max(late, key=lambda row: row.late_share)
        said.append(f"{len(late)} on late doses alone, first {top.family} ({percent(top.late_share)} of doses).")
    return of_shown(" ".join(said), any(HIDDEN in (row.leaked_cents, row.late) for row in found.rows)) if said else ""


def _chart(drawn: list[TherapyRisk], found: TherapyRisks) -> dict:
    money, late = found.corner
    most = max(row.leaked_cents for row in drawn)  # names near the edges stand inside

    def points(named: int) -> list[dict]:
        latest = sorted(drawn, key=lambda row: -row.late_share)[: named // 2]
        return [
            {
                "type": "scatter", "mode": "markers+text", "x": [row.leaked_cents / 100 for row in drawn], "y": [100 * row.late_share for row in drawn],
                "text": [shortened(words.named(row.family)) if number < named or row in latest else "" for number, row in enumerate(drawn)],
                "customdata": [words.named(row.family) for row in drawn], "textposition": ["middle right" if row.leaked_cents < most / 8 else "middle left" if row.leaked_cents > most * 7 / 8 else "top center" for row in drawn], "textfont": {"size": 10},
                "marker": {"size": 9, "color": "var(--c-leak)", "opacity": 0.75, "line": {"width": 0}},
                "hovertemplate": "%{customdata}: $%{x:,.0f}, %{y:.1f}% of doses late<extra></extra>",
            }
        ]  # fmt: skip

    across = {"type": "line", "line": {"color": "var(--line-strong)", "width": 1, "dash": "dot"}}
    return {
        "data": points(NAMED),
        "narrow_data": points(4),
        "layout": {
            "height": 460, "showlegend": False, "hovermode": "closest", "margin": {"b": 50, "t": 14},
            "xaxis": {"tickprefix": "$", "tickformat": "~s", "rangemode": "tozero", "nticks": 7, "title": {"text": "allowed that left or was white-bagged", "standoff": 8}},
            "yaxis": {"ticksuffix": "%", "rangemode": "tozero", "nticks": 6, "title": {"text": "doses late", "standoff": 6}},
            "shapes": [
                across | {"xref": "x", "yref": "paper", "x0": money / 100, "x1": money / 100, "y0": 0, "y1": 1},
                across | {"xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": 100 * late, "y1": 100 * late},
            ],
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}},
    }  # fmt: skip
