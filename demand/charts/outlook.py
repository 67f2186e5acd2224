"""The months ahead as a chart, a table and a sentence."""

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import dollars
from demand.engine.disclosure import HIDDEN
from demand.selectors.outlook import OutlookPage

WORLDS = (
    ("without", "Only what is in force", {"color": "var(--c-kept)", "dash": "dot"}),
    ("expected", "Each policy as likely as said", {"color": "var(--c-leak)"}),
    ("with_all", "Every policy comes", {"color": "var(--c-margin)", "dash": "dash"}),
)


def months_ahead(page: OutlookPage) -> Figure:
    columns = (
        Column("month", "Month", "month"),
        *(Column(f"{world}_infusions", f"Infusions: {name.lower()}", "count") for world, name, _ in WORLDS),
        *(Column(f"{world}_allowed", f"Allowed: {name.lower()}", "cents") for world, name, _ in WORLDS),
    )
    rows = tuple(
        (
            one.month,
            *(_value(getattr(one, world), "infusions") for world, *_ in WORLDS),
            *(_value(getattr(one, world), "allowed_cents") for world, *_ in WORLDS),
        )
        for one in page.months
    )
    hidden = sum(one.expected is HIDDEN for one in page.months)
    note = f"In {hidden} of {len(page.months)} months so few people are touched that the figures are hidden." if hidden else ""
    drawn = any(one.expected is not HIDDEN for one in page.months)
    return Figure(
        key="ahead",
        title="Allowed amount at risk, month by month",
        reading=_reading(page),
        direction="At risk = what is expected of people whom a policy will have excluded from where they are. Lower is better.",
        table=Table("Infusions and allowed amounts at risk by month, expectations", columns, rows),
        chart=_chart(page) if drawn else None,
        note=note,
        folded=True,
        tall=True,
        metric="policy-outlook",
    )


def _value(month, name: str):
    return month if month is HIDDEN else round(getattr(month, name))


def _reading(page: OutlookPage) -> str:
    expected, certain, everything = (one.allowed_cents for one in (page.expected, page.without, page.with_all))
    span = f"From {page.first_day:%b %Y} on, {len(page.months)} months"
    if not everything:
        return f"{span}: no policy on file puts anything at risk."
    if not page.policies:
        return f"{span}: {dollars(expected)} of allowed amounts are at risk, all of it by policies in force; none that may come is on file."
    return (
        f"{span}: {dollars(expected)} of allowed amounts are expected to be at risk. {dollars(certain)} are at risk whatever comes; "
        f"{dollars(everything)} would be if every policy came."
    )


def _chart(page: OutlookPage) -> dict:
    months = [one.month.isoformat() for one in page.months]
    data = []
    for world, name, line in WORLDS:
        values = [getattr(one, world) for one in page.months]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": months,
                "y": [None if value is HIDDEN else round(value.allowed_cents / 100) for value in values],
                "line": {**line, "width": 2},
                "marker": {"size": 5},
                "hovertemplate": f"%{{x|%b %Y}}<br>{name}: $%{{y:,.0f}}<extra></extra>",
            }
        )
    layout = {
        "xaxis": {"type": "date", "tickformat": "%b %Y"},
        "yaxis": {
            "title": {"text": "Allowed at risk, dollars a month"},
            "rangemode": "tozero",
            "tickprefix": "$",
            "tickformat": "~s",
        },
        "hovermode": "x",
    }
    return {"data": data, "layout": layout, "narrow": {"yaxis": {"title": {"text": ""}}, "xaxis": {"nticks": 5}}}
