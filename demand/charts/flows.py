"""Where attributed infusions go: outcome, class of site, owner, as a Sankey and as a table."""

from collections import Counter
from urllib.parse import urlencode

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, cut, percent, plain
from demand.engine.disclosure import HIDDEN
from demand.figures import FlowPlace, place_query
from demand.selectors.dashboard import OUTCOMES, Dashboard, Place

OWNERS = 9  # beside ours and not known; the rest is one node
COLORS = {
    "kept": "var(--c-kept)",
    "margin_leak": "var(--c-margin)",
    "partner": "var(--c-partner)",
    "site_leak": "var(--c-leak)",
    "unknown": "var(--c-unknown)",
}


def destinations(board: Dashboard) -> Figure:
    shown = [place for place in board.places if place.slice.infusions is not HIDDEN]
    hidden = len(board.places) - len(shown)
    everything = sum(place.slice.infusions for place in shown)
    columns = (
        Column("outcome", "What became of it"),
        Column("site_class", "Class of site"),
        Column("owner", "Owner"),
        Column("ownership", "Whose"),
        Column("payer_affiliation", "Payer behind it"),
        Column("infusions", "Infusions", "count", "flow-infusions"),
        Column("people", "People", "count", "flow-people"),
        Column("share", "Share", "percent", "flow-share"),
        Column("allowed_cents", "Allowed", "cents", "flow-allowed"),
    )
    named = board.total.at("named").infusions
    ordered = sorted(board.places, key=lambda place: OUTCOMES.index(place.outcome))
    rows = tuple(
        (
            words.OUTCOMES[place.outcome],
            words.site_class(place.site_class),
            words.named(place.owner),
            words.OWNERSHIPS.get(place.ownership, "not known"),
            place.payer_affiliation or "–",
            place.slice.infusions,
            place.slice.people,
            HIDDEN if place.slice.hidden or named is HIDDEN else place.slice.infusions / named if named else None,
            place.slice.allowed_cents,
        )
        for place in ordered
    )
    note = (
        f"Hidden: {hidden} of {len(board.places)} flows, because few people are behind them or they would give a small count away."
        if hidden
        else ""
    )
    return Figure(
        key="destinations",
        title="Where the infusions go",
        reading=_reading(shown, everything, hidden),
        direction="Flows are as wide as the infusions they carry. More in “Kept”, less in “Left the system” is better; "
        "what is unknown stays unknown.",
        table=Table(
            "Attributed infusions by outcome, class of site and owner",
            columns,
            rows,
            run=board.coverage.run_id,
            asks=tuple(urlencode(board.filters.as_query() | place_query(flow_place(place))) for place in ordered),
        ),
        chart=_sankey(shown) if everything else None,
        metric="where-infusions-go",
        folded=True,
        tall=True,
        note=note,
    )


def flow_place(place: Place) -> FlowPlace:
    """What an address says of a flow."""
    parts = (place.outcome, place.site_class, place.ownership, place.owner, place.payer_affiliation)
    return FlowPlace(*(part or "" for part in parts))


def _reading(places: list[Place], everything: int, hidden: int) -> str:
    left = [place for place in places if place.outcome == "site_leak"]
    gone = sum(place.slice.infusions for place in left)
    if not everything and hidden:
        return "No flow may be shown for these filters: the groups are small, or would give small ones away."
    if not everything:
        return "There is nothing to show for these filters."
    if not gone:
        return "None of the flows shown leaves the system."
    classes, owners, payers = Counter(), Counter(), 0
    for place in left:
        classes[place.site_class] += place.slice.infusions
        owners[words.named(place.owner)] += place.slice.infusions
        payers += place.slice.infusions if place.payer_affiliation else 0
    (top, most), (owner, theirs) = classes.most_common(1)[0], owners.most_common(1)[0]
    said = (
        f"{count(gone)} of the {count(everything)} infusions {'whose flows may be shown' if hidden else 'shown'} left the system; "
        f"{percent(most / gone)} of them went to "
        f"sites of the class “{words.site_class(top)}”, and {_receiver(owner)} ({count(theirs)})."
    )
    if payers:
        said += f" {percent(payers / gone)} went to owners with a payer behind them."
    return said


def _receiver(owner: str) -> str:
    return "most to owners that the register does not name" if owner == words.named(None) else f"{owner} received most"


def _sankey(places: list[Place]) -> dict:
    # Three columns of names do not fit on a phone: there the flow goes straight to the owner; the table has the class of site.
    return {
        "data": [_flows(places)],
        "layout": {"height": 470, "margin": {"l": 4, "r": 4, "t": 6, "b": 10}},
        "narrow": {"height": 560, "font": {"size": 10.5}},
        "narrow_data": [_flows(places, by_class=False)],
    }


def _flows(places: list[Place], by_class: bool = True) -> dict:
    owners = Counter()
    for place in places:
        owners[_owner(place)] += place.slice.infusions
    kept = {name for name, _ in owners.most_common(OWNERS + 2)}
    labels, colors, links = [], [], {}
    index: dict[tuple, int] = {}

    def node(column: int, label: str, color: str) -> int:
        if (column, label) not in index:
            index[column, label] = len(labels)
            labels.append(plain(label))
            colors.append(color)
        return index[column, label]

    for outcome in OUTCOMES:  # so that nodes stand in this order
        for place in (place for place in places if place.outcome == outcome):
            owner = _owner(place) if _owner(place) in kept else "Other owners"
            start = node(0, words.OUTCOMES[outcome], COLORS[outcome])
            middle = node(1, words.site_class(place.site_class), "var(--line-strong)") if by_class else None
            end = node(2, owner if by_class else cut(owner, 28), "var(--line-strong)")
            for pair in ((start, middle), (middle, end)) if by_class else ((start, end),):
                links[pair, outcome] = links.get((pair, outcome), 0) + place.slice.infusions
    totals = Counter()
    for ((start, end), _), value in links.items():
        totals[end] += value
        if start in {index[0, label] for column, label in index if column == 0}:
            totals[start] += value
    return {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [f"{label} {totals[number]:,}" for number, label in enumerate(labels)],
            "color": colors,
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label} infusions<extra></extra>",
        },
        "link": {
            "source": [pair[0] for pair, _ in links],
            "target": [pair[1] for pair, _ in links],
            "value": list(links.values()),
            "color": [f"{COLORS[outcome]}/0.42" for _, outcome in links],
            "label": [words.OUTCOMES[outcome] for _, outcome in links],
            "hovertemplate": "%{label}: %{value:,} infusions<br>%{source.label} → %{target.label}<extra></extra>",
        },
    }


def _owner(place: Place) -> str:
    if place.ownership == "owned":
        return "Ours"
    name = "Owner not known" if words.named(place.owner) == "Not known" else place.owner
    return f"{name} ({place.payer_affiliation})" if place.payer_affiliation else name
