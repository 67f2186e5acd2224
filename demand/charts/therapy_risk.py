"""Therapies as points: dollars at stake across, how patients fare up; with the table and the sentence that says what to see."""

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import dollars, of_shown, percent, shortened
from demand.engine.disclosure import HIDDEN
from demand.selectors.clinical_axes import LATE, STAY
from demand.selectors.therapy_risk import TherapyRisk, TherapyRisks

NAMED = 7  # points of most money, and of the highest share, with their name beside them
ENOUGH = 3  # points that can be set against each other
UP = {
    LATE: "Up: doses late for the person's own interval (by a week, or a tenth of it where that is more: our assumption).",
    STAY: "Up: people on treatment who must stay in the hospital by the clinical line, whatever site is asked for; it is no harm, it says what cannot follow the money.",
    "reaction": "Up: infusions with a reaction or epinephrine on the day or the next.",
    "hospital": "Up: infusions with an emergency visit or a stay on the day or the next; claims do not say whether the infusion was the cause.",
    "infection": "Up: infusions with an infection of a line or of the blood within 7 days.",
}
MEDIANS = "The lines are the medians: beyond them is high."
NEXT = "Next: right and low asks for a word with the payer; left and high for a word with the clinic."
NEXT_OF_STAY = "Next: right and low, most patients could follow the money to a site that the policy permits; right and high, ask the payer for exceptions."


def two_axes(found: TherapyRisks) -> Figure:
    drawn = [row for row in found.rows if isinstance(row.leaked_cents, int) and row.share is not None]
    hidden, axis = sum(row.hides for row in found.rows), found.axis
    notes = (
        [f"In {hidden} of {len(found.rows)} therapies figures are hidden: few people, or they would give a small count away."]
        if hidden
        else []
    )
    if axis.key == STAY:
        notes.append(
            f"By {found.version or 'the line as shipped'}{'' if found.version and found.version.signed_at else ', not signed'}, over all classes of site, on the run's day: months are left out of the filters."
        )
        notes += ["Counts of people are perturbed and rounded to tens."] if found.restricted else []
    else:
        notes.append("Intervals take each case for itself, though a person has several.")
        notes += ["Cases and unknown cases are rounded to tens."] if found.restricted else []
    return Figure(
        key="risk",
        title=f"Financial risk against clinical risk: {words.lower_first(axis.name)}",
        reading=_reading(found, drawn),
        direction=f"{'Across' if axis.key == STAY else 'Lower is better on both. Across'}: allowed dollars that left or were white-bagged. {UP[axis.key]} {MEDIANS} {NEXT_OF_STAY if axis.key == STAY else NEXT}",
        table=Table("Therapies by what is at stake; a therapy can be high on one alone", _columns(found), tuple(_row(row, found) for row in found.rows)),
        chart=_chart(drawn, found) if len(drawn) >= ENOUGH else None,
        metric="therapy-risk",
        folded=True,
        tall=True,
        note=" ".join(notes),
    )  # fmt: skip


def _columns(found: TherapyRisks) -> tuple[Column, ...]:
    axis = found.axis
    late = (
        (Column("people", "People treated", "count"), Column("missed", "of the late a whole dose missed", "count"))
        if axis.key == LATE
        else ()
    )
    return (
        Column("family", "Therapy"), Column("clinical_line", "Clinical line"), Column("leaked_cents", "Left or white-bagged", "cents"),
        Column("leaked_share", "Share of allowed", "percent"), Column("of", axis.of, "count"), Column("events", axis.events, "count"), *late,
        Column("share", "Share", "percent"), Column("low", "at least", "percent"), Column("high_limit", "at most", "percent"),
        Column("unknown", axis.unknown, "count"), Column("unknown_share", "Share unknown", "percent"), Column("high", "High on"),
    )  # fmt: skip


def _row(row: TherapyRisk, found: TherapyRisks) -> tuple:
    one = row.clinical
    told = HIDDEN if HIDDEN in (one.events, one.of) else row.share
    limits = (told, told) if told is HIDDEN or told is None else one.interval
    late = (one.people, one.missed) if found.axis.key == LATE else ()
    return (
        words.named(row.family), one.clinical_line, row.leaked_cents, HIDDEN if HIDDEN in (row.leaked_cents, row.allowed_cents) else row.leaked_share,
        one.of, one.events, *late, told, *limits, one.unknown, HIDDEN if HIDDEN in (one.unknown, one.of) else one.unknown_share, high(row, found),
    )  # fmt: skip


def high(row: TherapyRisk, found: TherapyRisks) -> str:
    money, share = found.corner
    if money is None or not isinstance(row.leaked_cents, int) or row.share is None:
        return "not known"
    said = [
        name
        for name, value, corner in (("dollars", row.leaked_cents, money), (found.axis.high, row.share, share))
        if value > corner
    ]
    return " and ".join(said) or "neither"


def _reading(found: TherapyRisks, drawn: list[TherapyRisk]) -> str:
    if found.withheld:
        return found.withheld
    if len(drawn) < ENOUGH:
        return "Too few therapies have both figures to set them against each other."
    axis = found.axis
    both, money, fares = (
        [row for row in drawn if high(row, found) == kind] for kind in (f"dollars and {axis.high}", "dollars", axis.high)
    )
    said = []
    if both:
        top = max(both, key=lambda row: row.leaked_cents)
        said.append(
            f"{_therapies(both)} high on both, most money in {top.family} ({dollars(top.leaked_cents)}, {percent(top.share)} {axis.said})."
        )
    if money:
        said.append(f"{_therapies(money)} high on dollars alone, first {money[0].family} ({dollars(money[0].leaked_cents)}).")
    if fares:
        top = max(fares, key=lambda row: row.share)
        said.append(f"{_therapies(fares)} high on {axis.high} alone, first {top.family} ({percent(top.share)} {axis.said}).")
    return (
        of_shown(" ".join(said), any(row.hides for row in found.rows)) if said else "No therapy is above the median on either axis."
    )


def _therapies(rows: list[TherapyRisk]) -> str:
    return "1 therapy is" if len(rows) == 1 else f"{len(rows)} therapies are"


def _chart(drawn: list[TherapyRisk], found: TherapyRisks) -> dict:
    money, share = found.corner
    most = max(row.leaked_cents for row in drawn)  # names near the edges stand inside

    def points(named: int) -> list[dict]:
        highest = sorted(drawn, key=lambda row: -row.share)[: named // 2]
        return [
            {
                "type": "scatter", "mode": "markers+text", "x": [row.leaked_cents / 100 for row in drawn], "y": [100 * row.share for row in drawn],
                "text": [shortened(words.named(row.family)) if number < named or row in highest else "" for number, row in enumerate(drawn)],
                "customdata": [words.named(row.family) for row in drawn], "textposition": ["top right" if row.leaked_cents < most / 8 else "top left" if row.leaked_cents > most * 7 / 8 else "top center" for row in drawn], "textfont": {"size": 10},
                "marker": {"size": 9, "color": "var(--c-leak)", "opacity": 0.75, "line": {"width": 0}}, "cliponaxis": False,
                "hovertemplate": "%{customdata}: $%{x:,.0f}, %{y:.1f}% " + found.axis.said + "<extra></extra>",
            }
        ]  # fmt: skip

    across = {"type": "line", "line": {"color": "var(--line-strong)", "width": 1, "dash": "dot"}}
    return {
        "data": points(NAMED),
        "narrow_data": points(4),
        "layout": {
            "height": 460, "showlegend": False, "hovermode": "closest", "margin": {"b": 50, "t": 14},
            "xaxis": {"tickprefix": "$", "tickformat": "~s", "rangemode": "tozero", "nticks": 7, "title": {"text": "allowed that left or was white-bagged", "standoff": 8}},
            "yaxis": {"ticksuffix": "%", "rangemode": "tozero", "nticks": 6, "title": {"text": f"share {found.axis.said}", "standoff": 6}},
            "shapes": [
                across | {"xref": "x", "yref": "paper", "x0": money / 100, "x1": money / 100, "y0": 0, "y1": 1},
                across | {"xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": 100 * share, "y1": 100 * share},
            ],
        },
        "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}},
    }  # fmt: skip
