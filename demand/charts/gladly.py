"""Whom to move gladly: ranked segments, winners and losers of the move, people with two infusion needs."""

from collections.abc import Sequence

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, dollars, how_many, percent, shortened
from demand.engine.disclosure import HIDDEN
from demand.engine.ranked_segments import OBJECTIVES
from demand.moves import DESTINATIONS, MoveQuestion
from demand.selectors.move_segments import CHANGES, GROUPS, SIDES, BurdenRow, LineSaid, Ranked, Segment
from demand.selectors.two_sites import Clinic
from demand.selectors.white_bag import share

DRAWN = 12
CAMPUS = {"hopd_on_campus": "on campus", "hopd_off_campus": "off campus"}
MOST_ROWS = 300
OBJECTIVE_NAMES = {"access": "Access", "revenue": "Revenue", "steerage": "Steerage", "safety": "Safety"}
OBJECTIVE_COLORS = {
    "access": "var(--c-kept)",
    "revenue": "var(--c-margin)",
    "steerage": "var(--c-leak)",
    "safety": "var(--c-partner)",
}
HIDDEN_NOTE = "Hidden: a count of 1 to 10 people, or one that would give it away."


def segments(found: Ranked, question: MoveQuestion) -> Figure:
    columns = (
        Column("rank", "Rank", "count"), Column("segment", "Segment"), Column("site_class", "Treated at"), Column("people", "People", "count"),
        Column("infusions", "Infusions a year", "count"), Column("held", "More whom the line holds back", "count"), Column("open", "of the people to be asked first", "count"), Column("miles_saved", "Miles saved a year", "count"), Column("patient_cents_saved", "Patients pay less, a year", "cents"),
        Column("allowed_cents_kept", "Allowed to us, change a year", "cents"), Column("exposed_share", "Under a site policy", "percent"),
        Column("events_avoided", "Hospital visits avoided, per 1,000 infusions", "tenths"),
        *(Column(f"part_{name}", f"{label}, 0–100", "tenths") for name, label in OBJECTIVE_NAMES.items()),
        *(Column(f"weight_{name}", f"Weight of {label.lower()}", "tenths") for name, label in OBJECTIVE_NAMES.items()),
        Column("score", "Score", "tenths"),
    )  # fmt: skip
    rows = tuple(_row(rank, one, question) for rank, one in enumerate(found.segments, start=1))
    # The weights are in the download, so that the order can be made again from it alone; on the page they are in the form.
    page = [place for place, column in enumerate(columns) if not column.key.startswith("weight_")]
    return Figure(
        key="segments", title="Segments, the gladdest move first", reading=_reading(found, question),
        direction="Each objective ranks the segments from 0 (worst) to 100 (best) in its measures; not known counts as 50. The score is their weighted mean.",
        table=Table(
            f"Therapies at hospital sites in the last 12 months, moved to {DESTINATIONS[question.to]}",
            tuple(columns[place] for place in page), tuple(tuple(row[place] for place in page) for row in rows[:MOST_ROWS]),
        ),
        chart=_bars(found.segments, question), metric="move-score",
        note=" ".join(filter(None, [
            f"{count(found.hidden)} segments of fewer than 11 people, or that would give one away, are not shown." if found.hidden else "",
            f"The first {MOST_ROWS} are shown; the download has all." if len(rows) > MOST_ROWS else "",
            "To be asked first: not enough data for the line, or the treatment is not under way on the run's day." if any(one.open for one in found.segments) else "",
            "What is allowed is revenue, not margin: drug cost is a scenario matter.",
        ])),
    )  # fmt: skip


def line_words(said: LineSaid) -> list[str]:
    """Whom the clinical line let nobody offer, and whom it could not judge."""
    if not said.asked:
        return ["A hospital department asks nothing of the clinical line: everybody is offered."]
    signed = "signed" if said.version and said.version.signed_at else "not signed"
    told = [
        f"By {said.version or 'the line as shipped'} ({signed}): {count(said.must_stay)} people must stay in the hospital and are not offered, "
        f"nor are {how_many(said.should_not)} whose drug is not suitable there."
    ]
    if said.not_enough_data:
        told.append(f"Not enough data to judge {count(said.not_enough_data)} people: they are offered, to be asked first.")
    if said.not_under_way:
        told.append(
            f"Not judged, since the treatment ended or is overdue on the run's day: {count(said.not_under_way)} people; they are offered, ask first whether they are still treated."
        )
    told.append(
        "Asked here: whoever was treated at a hospital site, ours or not, in the last 12 months, and for this class of site. The line's own page begins "
        "with treatments under way in our departments, for any site outside the hospital, so its counts are others."
    )
    return told


def segments_download(found: Ranked, question: MoveQuestion) -> tuple[list[str], list[list]]:
    """All segments with parts and weights: score = Σ part × weight ÷ Σ weight, to a tenth."""
    header = [
        "rank", "family", "payer", "market", "site_class", "people", "infusions", "held", "open", "miles_saved", "patient_cents_saved", "allowed_cents_kept", "exposed_share",
        "events_avoided", *(f"part_{name}" for name in OBJECTIVES), *(f"weight_{name}" for name in OBJECTIVES), "score",
    ]  # fmt: skip
    return header, [
        [
            rank,
            *(one.names.get(name) for name in ("family", "payer", "market", "site_class")),
            one.people,
            one.infusions,
            one.held,
            one.open,
            *one.measures.values(),
            *one.parts.values(),
            *question.weights.values(),
            one.score,
        ]
        for rank, one in enumerate(found.segments, start=1)
    ]


def _row(rank: int, one: Segment, question: MoveQuestion) -> tuple:
    return (
        rank, _name(one), words.site_class(one.names["site_class"]), one.people, one.infusions, one.held, one.open, *one.measures.values(), *one.parts.values(),
        *question.weights.values(), one.score,
    )  # fmt: skip


def _name(one: Segment) -> str:
    return ", ".join(words.named(value) for name, value in one.names.items() if name != "site_class")


def _reading(found: Ranked, question: MoveQuestion) -> str:
    if not found.segments:
        return (
            "No segment may be shown: each has fewer than 11 people, or would give one away."
            if found.hidden
            else "Nobody is treated at a hospital site who is not at this class of site already."
        )
    first = found.segments[0]
    said = [
        f"{count(value)} miles" if name == "miles_saved" else f"{dollars(value)} for patients"
        for name in ("miles_saved", "patient_cents_saved")
        if (value := first.measures[name]) and value > 0
    ]
    saves = f", saving {words.joined(said)} a year" if said else ""
    lost = [
        f"{count(-value)} miles more" if name == "miles_saved" else f"{dollars(-value)} more for patients to pay"
        for name in ("miles_saved", "patient_cents_saved")
        if (value := first.measures[name]) and value < 0
    ]
    saves += f"{', but' if said else ', at'} {words.joined(lost)} a year" if lost else ""
    where = words.lower_first(words.site_class(first.names["site_class"]))
    return f"With these weights the gladdest move is {_name(first)}, from {where}: {count(first.people)} {'person' if first.people == 1 else 'people'}{saves}."


def _bars(found: Sequence[Segment], question: MoveQuestion) -> dict | None:
    drawn, total = found[:DRAWN], sum(question.weights.values())
    if not drawn:
        return None
    labels = [shortened(f"{rank}. {_name(one)}, {CAMPUS[one.names['site_class']]}") for rank, one in enumerate(drawn, start=1)]
    data = [
        {
            "type": "bar", "orientation": "h", "name": label, "y": labels, "x": [round(one.parts[name] * question.weights[name] / total, 2) for one in drawn],
            "marker": {"color": OBJECTIVE_COLORS[name]}, "hovertemplate": "%{y}: %{x:.1f}<extra>" + label + "</extra>",
        }
        for name, label in OBJECTIVE_NAMES.items()
    ]  # fmt: skip
    layout = {
        "barmode": "stack", "height": 140 + 28 * len(drawn), "yaxis": {"autorange": "reversed", "type": "category"},
        "xaxis": {"title": {"text": "score, by objective"}, "range": [0, 100]}, "legend": {"traceorder": "normal"},
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"tickfont": {"size": 9}}, "xaxis": {"title": {"text": ""}}}}


SIDE_WORDS = {
    "travel": ("Shorter way", "Longer way", "Same way", "Way not known"),
    "cost": ("Pay less", "Pay more", "Pay the same", "Payment not known"),
    "delay": ("Wait less", "Wait longer", "Wait the same", "Wait not known"),
}


def winners(rows: Sequence[BurdenRow], question: MoveQuestion) -> Figure:
    columns = (
        Column("name", "Group"), Column("movers", "Movers", "count"),
        *(Column(f"{change}_{side.replace(' ', '_')}", label, "count") for change in CHANGES for side, label in zip(SIDES, SIDE_WORDS[change], strict=True)),
    )  # fmt: skip
    table = tuple(
        (
            f"{GROUPS[row.group]}: {words.named(row.name)}",
            row.movers,
            *(row.numbers[change][side] for change in CHANGES for side in SIDES),
        )
        for row in rows
    )
    return Figure(
        key="winners-and-losers", title="Who wins and who loses by the move", reading=_burden_reading(rows, question),
        direction="Movers are people and therapies; each group of lines (area, ZIP code, age, payer) adds up to all of them. Less than 2 miles, $5 an infusion or a day is no change.",
        table=Table(f"All who are at a hospital site, moved to {DESTINATIONS[question.to]}", columns, table), chart=_burden_chart(rows), metric="move-burden", folded=True,
        note=HIDDEN_NOTE if any(HIDDEN in row for row in table) else "",
    )  # fmt: skip


def _burden_reading(rows: Sequence[BurdenRow], question: MoveQuestion) -> str:
    areas = [row for row in rows if row.group == "area"]
    if not areas:
        return "Nobody would move."
    told = []
    for row in areas:
        wins, loses = row.numbers["travel"]["wins"], row.numbers["travel"]["loses"]
        told.append(
            f"of {count(row.movers)} in {row.name} areas {how_many(wins)} have a shorter way and {how_many(loses)} a longer one"
            if row.name != "unknown"
            else ""
        )
    return f"Moved to {DESTINATIONS[question.to]}: {words.joined([one for one in told if one])}."


def _burden_chart(rows: Sequence[BurdenRow]) -> dict | None:
    drawn = [row for row in rows if row.group in ("area", "age") and row.movers not in (HIDDEN, 0)]
    if not drawn:
        return None
    labels = [f"{GROUPS[row.group]}: {words.named(row.name)}" for row in drawn]

    def part(change: str, side: str, sign: int) -> list[float | None]:
        numbers = [(row.numbers[change][side], row.movers) for row in drawn]
        return [None if number is HIDDEN else sign * round(100 * number / of, 1) for number, of in numbers]

    colors = {"travel": "var(--c-kept)", "cost": "var(--c-margin)"}
    data = [
        {
            "type": "bar", "orientation": "h", "name": SIDE_WORDS[change][place], "y": labels, "x": part(change, side, sign), "offsetgroup": change,
            "marker": {"color": color if sign > 0 else f"{color}/0.45"}, "hovertemplate": "%{y}: %{x}%<extra>" + SIDE_WORDS[change][place] + "</extra>",
        }
        for change, color in colors.items()
        for place, (side, sign) in enumerate((("wins", 1), ("loses", -1)))
    ]  # fmt: skip
    layout = {
        "barmode": "group", "height": 160 + 40 * len(drawn), "yaxis": {"autorange": "reversed", "type": "category"},
        "xaxis": {"title": {"text": "% of movers: losers left, winners right"}, "ticksuffix": "%", "range": [-100, 100]},
    }  # fmt: skip
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"tickfont": {"size": 9}}, "xaxis": {"title": {"text": ""}}}}


def needs(clinics: Sequence[Clinic]) -> Figure:
    columns = (
        Column("clinic", "Oncology at"), Column("people", "People with another infusion too", "count"), Column("two_sites", "of them at two sites", "count"),
        Column("share", "Share at two sites", "percent"),
    )  # fmt: skip
    rows = tuple((one.name, one.people, one.two_sites, share(one.two_sites, one.people)) for one in clinics)
    reading = "Nobody had an oncology infusion and another one in the last 12 months."
    if clinics:
        everything = clinics[-1]
        reading = (
            "How many people had an oncology infusion and another one in the last 12 months may not be shown: few people."
            if everything.people is HIDDEN
            else f"{count(everything.people)} people had an oncology infusion and another one in the last 12 months; {how_many(everything.two_sites)} "
            f"({percent(share(everything.two_sites, everything.people))}) go to two sites for them."
        )
    return Figure(
        key="two-sites", title="Oncology and another infusion: one place or two", reading=reading, direction="Fewer at two sites is better: one place for all treatments saves ways and waiting.",
        table=Table("People with infusions that our prescribers ordered, by the clinic of their last oncology infusion", columns, rows[:-1], rows[-1] if rows else None),
        note=HIDDEN_NOTE if any(HIDDEN in row for row in rows) else "", metric="two-sites",
    )  # fmt: skip
