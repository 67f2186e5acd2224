"""What fits where: reach by class of site, by market and payer, access points, travel today, unmet demand."""

import numpy as np

from demand import words
from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import count, cut, percent
from demand.engine.disclosure import HIDDEN, KNOWN, Lines, hide
from demand.engine.reach import HOME, PERMITTED, RADII
from demand.places import REACHED, PlaceQuestion
from demand.selectors.hidden_reach import columns
from demand.selectors.market_map import matching
from demand.selectors.reach import Reached, Travel

SHADES = ("var(--c-kept)", "var(--c-kept)/0.6", "var(--c-kept)/0.3")


def by_class(found: Reached, visible, question: PlaceQuestion) -> Figure:
    """Share of people within 10, 20, 30 miles and within their own radius, by class of site."""
    reach, mine = found.reach, matching(found, question) & found.reach.located
    total = visible.count(int(reach.people[mine].sum()), **question.chosen)
    names = [name for name in REACHED if name == HOME or name in reach.miles]

    def inside(name: str, radius: float | None):
        number = int(reach.people[mine & reach.within(name, radius)].sum())
        return visible.count(number, name, radius, **question.chosen)

    rows = tuple(
        (
            REACHED[name],
            *(None if name == HOME else _share(inside(name, radius), total) for radius in RADII),
            inside(name, None),
            _share(inside(name, None), total),
        )
        for name in names
    )
    table_columns = (
        Column("site", "What is in reach"),
        *(Column(f"within_{radius}", f"Within {radius} miles", "percent") for radius in RADII),
        Column("people", "In reach by area", "count"),
        Column("share", "Share in reach by area", "percent"),
    )
    permitted = next((row[-1] for row in rows if row[0] == REACHED[PERMITTED]), None)
    return Figure(
        key="reach-by-class",
        title="People in reach of each class of site",
        reading=f"Of {count(total)} people {percent(permitted)} have a site that their policies permit in reach."
        if total != 0
        else "Nobody of ours matches these filters.",
        direction=f"“By area” counts {question.miles_words()}. Home infusion has no distance: it is in reach where a provider serves the "
        "person's market. Classes of site count whatever the policies say; the first two lines do not count barred sites.",
        table=Table("Share of people on infusion therapy with a site in reach", table_columns, rows),
        chart=_bars(rows) if total is not HIDDEN and total else None,
        note="Shares that may not be shown are not drawn." if any(HIDDEN in row for row in rows) else "",
        metric="in-reach",
        tall=True,
    )


def _share(part, whole):
    return HIDDEN if HIDDEN in (part, whole) else part / whole if whole else None


def _bars(rows: tuple) -> dict:
    """Rings one on the other; from the first hidden share on a row is not drawn."""
    drawn = [row for row in rows if row[1] is not None and row[1] is not HIDDEN]
    labels = [row[0] for row in drawn]
    data = []
    for place, (radius, shade) in enumerate(zip(RADII, SHADES, strict=True), start=1):
        shown = [
            None if HIDDEN in row[1 : place + 1] else (row[place], row[place] - (row[place - 1] if place > 1 else 0))
            for row in drawn
        ]
        data.append(
            {
                "type": "bar", "orientation": "h", "name": f"within {radius} miles", "y": labels,
                "x": [one and round(100 * one[1], 2) for one in shown], "customdata": [one and round(100 * one[0], 1) for one in shown],
                "hovertemplate": "%{y}<br>%{customdata}% " + f"within {radius} miles<extra></extra>",
                "marker": {"color": shade, "line": {"color": "var(--c-kept)", "width": 1}},
            }
        )  # fmt: skip
    return {
        "data": data,
        "layout": {
            "barmode": "stack", "height": 120 + 34 * len(drawn),
            "xaxis": {"range": [0, 100], "ticksuffix": "%"}, "yaxis": {"autorange": "reversed"}, "legend": {"traceorder": "normal"},
        },
        "narrow": {"yaxis": {"tickfont": {"size": 10}}},
        "narrow_data": [{**trace, "y": [cut(label, 18) for label in labels]} for trace in data],
    }  # fmt: skip


def by_market_and_payer(found: Reached, visible, question: PlaceQuestion) -> Figure:
    """One row per market and payer, one share per class of site; by each person's own radius."""
    reach, mine = found.reach, matching(found, question) & found.reach.located
    split = columns(reach)
    names = [name for name in REACHED if name == HOME or name in reach.miles]
    inside = {name: reach.within(name) for name in names}
    rows = []
    for market, payer in sorted(set(zip(split["market"][mine], split["payer"][mine], strict=True))):
        here = mine & (split["market"] == market) & (split["payer"] == payer)
        of = {**question.chosen, "market": market, "payer": payer}
        total = visible.count(int(reach.people[here].sum()), **of)
        shares = (visible.count(int(reach.people[here & inside[name]].sum()), name, **of) for name in names)
        rows.append((words.named(market), words.named(payer), total, *(_share(part, total) for part in shares)))
    known = [row for row in rows if isinstance(row[3], float) and row[2] >= 30]
    worst = min(known, key=lambda row: row[3], default=None)
    return Figure(
        key="reach-by-payer",
        title="Reach by market and payer",
        reading=f"Of the groups of 30 people or more, {worst[1]} in {worst[0]} has the smallest share with a permitted site in reach: {percent(worst[3])} of {count(worst[2])}."
        if worst else "No group of 30 people or more may be shown.",
        direction="Within the distance of each person's area. The market is where the latest infusion was given or ordered.",
        table=Table(
            "Share of people with a site in reach, by market and payer",
            (Column("market", "Market"), Column("payer", "Payer"), Column("people", "People", "count"),
             *(Column(name, REACHED[name], "percent") for name in names)),
            tuple(rows),
        ),
        metric="in-reach",
        folded=len(rows) > 12,
    )  # fmt: skip


def access_points(found: Reached, question: PlaceQuestion, see_small: bool) -> Figure:
    """Sites without which people would have none in reach, and how many people."""
    reach, mine = found.reach, matching(found, question) & found.reach.located
    alone = mine & (reach.only >= 0)
    each = np.bincount(reach.only[alone], weights=reach.people[alone], minlength=len(reach.places)).astype(np.int64)
    several = int(reach.people[mine & (reach.permitted_in_reach > 1)].sum())
    counts = np.append(each, several)
    hidden = np.zeros(len(counts), dtype=bool)
    if not see_small and counts.any():
        some = np.flatnonzero(counts)
        line = Lines(np.array([KNOWN]), np.array([0, len(some)]), np.arange(len(some)), np.array([2]), np.array([0]))
        hidden[some] = hide(counts[some], line)
        hidden[:-1] |= bool(question.chosen)  # judged without filters only
    order = sorted(np.flatnonzero(each), key=lambda place: (-each[place], reach.places[place].site_id))
    rows = tuple(
        (
            found.names[reach.places[place].site_id], words.site_class(reach.places[place].site_class),
            words.OWNERSHIPS.get(reach.places[place].ownership, ""), found.owners[reach.places[place].site_id] or "–",
            reach.places[place].market or "–", HIDDEN if hidden[place] else int(each[place]),
        )
        for place in order
    )  # fmt: skip
    if question.chosen and not see_small:
        rows = ()
    shown = [row for row in rows if row[-1] is not HIDDEN]
    if question.chosen and not see_small:
        reading = "Clear the filters to see access points: with a filter they would give small counts away."
    elif not rows:
        reading = "No site is anybody's only one in reach."
    elif not shown:
        reading = f"{len(rows)} sites are the only one in reach of some people; how many may not be shown."
    else:
        reading = f"If {shown[0][0]} closed, {count(shown[0][-1])} people would have no permitted site in reach. {len(rows)} sites are somebody's only one."
    return Figure(
        key="access-points",
        title="Access points",
        reading=reading,
        direction="A site is an access point for those who have no other permitted site in reach. Home infusion is not counted as a site.",
        table=Table(
            "People who would have no site in reach if it closed",
            (Column("site", "Site"), Column("site_class", "Class"), Column("ownership", "Whose"), Column("owner", "Owner"),
             Column("market", "Market"), Column("people", "People without another", "count")),
            rows,
        ),
        metric="access-point",
    )  # fmt: skip


def travel_now(trips: dict[str, Travel]) -> Figure:
    everyone = trips[""]
    rows = tuple(
        (words.named(market) if market else "All markets", one.infusions or None, one.median, one.ninetieth)
        for market, one in trips.items()
    )
    return Figure(
        key="travel",
        title="Travel today",
        reading=f"Half of the infusions are within {everyone.median:.0f} miles of the person's ZIP code; one in ten is {everyone.ninetieth:.0f} miles away or more."
        if everyone.median is not None else "How far people travel may not be shown or is not known.",
        direction="Straight miles from the middle of the person's ZIP code to the site where the infusion was given; home infusions are left out. Shorter is better.",
        table=Table(
            "Miles to where infusions are given today",
            (Column("market", "Market"), Column("infusions", "Infusions", "count"), Column("median", "Median miles", "miles"), Column("p90", "90th percentile, miles", "miles")),
            rows,
        ),
        note=f"{everyone.not_placed:,} infusions at sites or from ZIP codes that cannot be placed are left out." if everyone.not_placed else "",
        metric="travel",
    )  # fmt: skip
