"""Moves as a Sankey from place to place, their reasons, and continuity of care; each with its table and sentence."""

from demand import leak_words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, cut, percent, plain
from demand.engine.disclosure import HIDDEN
from demand.selectors.moves import PRESCRIBERS, Flow, Moves

ENDS = 10  # places on the right that are drawn by name; the rest is one node
COLORS = {"out": "var(--c-leak)", "in": "var(--c-kept)", "within": "var(--c-partner)", "elsewhere": "var(--c-unknown)"}
DIRECTIONS = {
    "out": "Out: from a site of ours to one that is not",
    "in": "In: from elsewhere to a site of ours",
    "within": "Within ours: from one site of ours to another",
    "elsewhere": "Elsewhere: between sites that are not ours",
}
ORDERS = {
    "same_prescriber": "Same prescriber orders",
    "same_network": "Another of ours orders",
    "outside": "Outside, or has left us",
    "unknown": "Not known who orders",
}


def figures(found: Moves) -> tuple[Figure, ...]:
    return (_flows(found), _reasons(found), _continuity(found)) if found.continuity else ()


def _flows(found: Moves) -> Figure:
    shown = [flow for flow in found.flows if flow.moves is not HIDDEN]
    hidden = len(found.flows) - len(shown)
    return Figure(
        key="moves",
        title="From where to where",
        reading=_reading(found, shown),
        direction="A move is the first infusion of a stay at another site that becomes established. Out (orange): fewer is better. In (blue): more is better. Next: look at what the receiving sites offer, under Competitors.",
        table=Table(
            "Moves of treatments that named prescribers ordered",
            (
                Column("start", "From"), Column("end", "To"), Column("direction", "Direction"),
                Column("moves", "Moves", "count"), Column("people", "People", "count"),
            ),
            tuple((leak_words.place(flow.start), leak_words.place(flow.end), DIRECTIONS[flow.direction].split(":")[0], flow.moves, flow.people) for flow in found.flows),
        ),
        chart={"data": [_sankey(shown, 60)], "narrow_data": [_sankey(shown, 20)], "layout": {"height": 460, "margin": {"l": 4, "r": 4, "t": 6, "b": 10}},
               "narrow": {"height": 520, "font": {"size": 10.5}}} if shown else None,
        metric="moves",
        folded=True,
        tall=True,
        note=f"Hidden: {hidden} of {len(found.flows)} flows, because few people are behind them or they would give a small count away."
        if hidden
        else "",
    )  # fmt: skip


def _reading(found: Moves, shown: list[Flow]) -> str:
    out, back = found.total.get("out", 0), found.total.get("in", 0)
    said = f"{count(out).capitalize()} treatments moved out, {count(back)} moved in."
    leaving = [flow for flow in shown if flow.direction == "out"]
    if leaving:
        top = leaving[0]
        said += f" The widest flow out: {count(top.moves)} from “{leak_words.place(top.start)}” to “{leak_words.place(top.end)}”."
    return said


def _sankey(flows: list[Flow], longest: int) -> dict:
    ends: dict[tuple, int] = {}
    for flow in flows:
        ends[flow.end] = ends.get(flow.end, 0) + flow.moves
    named = set(sorted(ends, key=lambda end: -ends[end])[:ENDS])
    labels: list[str] = []
    index: dict[tuple, int] = {}
    links: dict[tuple, int] = {}

    def node(side: str, label: str) -> int:
        if (side, label) not in index:
            index[side, label] = len(labels)
            labels.append(label)
        return index[side, label]

    for flow in flows:
        start = node("from", leak_words.place(flow.start))
        end = node("to", leak_words.place(flow.end) if flow.end in named else "Other places")
        links[start, end, flow.direction] = links.get((start, end, flow.direction), 0) + flow.moves
    totals = [0] * len(labels)
    for (start, end, _), value in links.items():
        totals[start] += value
        totals[end] += value
    return {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [f"{plain(cut(label, longest))} {total:,}" for label, total in zip(labels, totals, strict=True)],
            "color": ["var(--line-strong)"] * len(labels), "pad": 14, "thickness": 14, "line": {"width": 0},
            "hovertemplate": "%{label} moves<extra></extra>",
        },
        "link": {
            "source": [start for start, _, _ in links], "target": [end for _, end, _ in links], "value": list(links.values()),
            "color": [f"{COLORS[direction]}/0.42" for *_, direction in links],
            "hovertemplate": "%{value:,} moves<br>%{source.label} → %{target.label}<extra></extra>",
        },
    }  # fmt: skip


def _reasons(found: Moves) -> Figure:
    total = found.total.get("out", 0)
    known = [(name, moves) for name, moves, _ in found.reasons if moves is not HIDDEN and name != "unexplained"]
    bars = [(leak_words.reason(name), moves) for name, moves, _ in found.reasons if moves is not HIDDEN][::-1]
    return Figure(
        key="reasons",
        title="Why they moved out",
        reading=f"Most of what is explained: “{leak_words.reason(known[0][0])}”, {count(known[0][1])} of {count(total)} moves out."
        if known
        else "No reason of a move out may be shown, or none is on file.",
        direction="Fewer is better, and so is the part that nothing explains. The first reason that holds counts, each with evidence on file.",
        table=Table(
            "Moves out of our sites by the first reason that holds",
            (Column("reason", "Reason"), Column("moves", "Moves", "count"), Column("people", "People", "count"), Column("share", "Share", "percent")),
            tuple((leak_words.reason(name), moves, people, HIDDEN if HIDDEN in (moves, total) else moves / total) for name, moves, people in found.reasons),
            total=("All moves out", total, None, None),
        ),
        chart={
            "data": [{"type": "bar", "orientation": "h", "y": [plain(cut(name, 48)) for name, _ in bars], "x": [moves for _, moves in bars],
                      "marker": {"color": "var(--c-leak)"}, "hovertemplate": "%{y}: %{x:,} moves<extra></extra>"}],
            "narrow_data": [{"type": "bar", "orientation": "h", "y": [plain(cut(name, 22)) for name, _ in bars], "x": [moves for _, moves in bars],
                             "marker": {"color": "var(--c-leak)"}}],
            "layout": {"height": 60 + 30 * len(bars), "margin": {"l": 8, "r": 16, "t": 6, "b": 44}, "bargap": 0.25, "showlegend": False,
                       "xaxis": {"tickformat": ",d", "nticks": 6, "rangemode": "tozero", "title": {"text": "moves", "standoff": 8}},
                       "yaxis": {"type": "category", "automargin": True}},
            "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3}},
        } if bars else None,
        metric="leakage-why",
    )  # fmt: skip


def _continuity(found: Moves) -> Figure:
    rows = []
    for one in found.continuity:
        kept, known = one.in_network
        rows.append((
            DIRECTIONS[one.direction].split(":")[0], one.moves, *(one.prescribers[name] for name in PRESCRIBERS),
            HIDDEN if kept is HIDDEN else kept / known if known else None,
            one.late, one.timed, HIDDEN if HIDDEN in (one.late, one.timed) else one.late / one.timed if one.timed else None, one.median_days,
        ))  # fmt: skip
    out = next((one for one in found.continuity if one.direction == "out"), None)
    return Figure(
        key="continuity",
        title="Did they stay with their care team, and on time?",
        reading=_continuity_reading(out),
        direction="More in our prescribers' network and fewer late first doses are better. A move within ours is the comparison: it asks the same of the patient. Next: where first doses come late, ask the receiving site for its slots before the move.",
        table=Table(
            "After the move: who orders, and how the first dose kept the person's own interval (late: by a week, or a tenth of it where that is more)",
            (
                Column("direction", "Direction"), Column("moves", "Moves", "count"), *(Column(name, ORDERS[name], "count") for name in PRESCRIBERS),
                Column("in_network", "Still ordered in our network", "percent"), Column("late", "First dose late", "count"),
                Column("timed", "of", "count"), Column("late_share", "Late", "percent"), Column("median_days", "Median days over the interval", "tenths"),
            ),
            tuple(rows),
        ),
        metric="continuity",
    )  # fmt: skip


def _continuity_reading(out) -> str:
    if out is None:
        return "No treatment moved out, as far as claims show."
    kept, known = out.in_network
    if HIDDEN in (kept, out.late):
        return "How moves out went on may be shown in part only: few people are behind it."
    said = f"After {percent(kept / known if known else None)} of moves out ({count(kept)} of {count(known)} whose prescriber is known) a prescriber of ours still orders. "
    return said + (
        f"The first dose elsewhere came late in {count(out.late)} of {count(out.timed)} moves ({percent(out.late / out.timed if out.timed else None)})."
    )
