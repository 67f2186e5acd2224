"""Per-diem adequacy -> the gap by payer or therapy as a chart and its table, and the cost of a visit line by line."""

from decimal import Decimal

from demand.charts.figure import Column, Figure, Table
from demand.charts.numbers import plain, shortened
from roi import words
from roi.charts.value import DOWN, UP
from roi.engine.cents import add_up, round_half_up
from roi.engine.home_day import HomeDay
from roi.selectors.home_days import HomeDays, HomeRow

METRIC = "per-diem-adequacy"
DRAWN = 20


def cents(amount: Decimal | None) -> int | None:
    return None if amount is None else round_half_up(amount)


def gaps(found: HomeDays, title: str, by_payer: bool) -> Figure:
    """`by_payer`: rows are payers, else therapies."""
    columns = (
        Column("row", "Payer" if by_payer else "Therapy"),
        Column("payment", "Per diem and visit", "exact_cents"),
        Column("cost", "Service cost", "exact_cents"),
        Column("service_gap", "Gap of the services", "exact_cents"),
        Column("a_day", "Gap a paid day", "exact_cents"),
        Column("drug_gap", "Drug margin", "exact_cents"),
        Column("gap", "All together", "exact_cents"),
        Column("note", "Note", "prose"),
    )
    rows = tuple((name(row, by_payer), *amounts(row.day), note(row.day)) for row in found.rows)
    return Figure(
        key="home-gaps",
        title=title,
        reading=reading(found, by_payer),
        direction="Below zero the per diem and the visit pay less than the services cost; a drug margin may hide it.",
        table=Table("Dollars an infusion; the gap a day over the days of per diem that are paid", columns, rows),
        chart=_chart(found, by_payer) if found.known else None,
        note=f"The chart shows the {DRAWN} with the widest shortfall or the least surplus." if len(found.known) > DRAWN else "",
        metric=METRIC,
    )


def amounts(day: HomeDay) -> tuple[int | None, ...]:
    """Payment, cost, gap, gap a day, drug margin and all together: gaps of the cents that are shown, so that a row adds up."""
    payment, cost, drug = cents(day.price.administration), cents(day.service_cost), cents(day.drug_gap)
    gap = None if payment is None else payment - cost
    return payment, cost, gap, cents(day.gap_a_day), drug, None if gap is None or drug is None else gap + drug


def name(row: HomeRow, by_payer: bool) -> str:
    payer, plan = row.day.payer, row.day.plan
    if not by_payer:
        return f"{row.therapy.family}, {plan}" if plan and "," not in plan else row.therapy.family
    return plan if plan.startswith(payer) else f"{payer}, {plan}".removesuffix(", ")


def note(day: HomeDay) -> str:
    if day.price.gaps:
        return "; ".join(dict.fromkeys(f"{gap.hcpcs_code} {gap.reason}".strip() for gap in day.price.gaps))
    return day.condition


def reading(found: HomeDays, by_payer: bool) -> str:
    what = "payers and plans" if by_payer else "therapies"
    if not found.known:
        return f"No payment is on file for any of {len(found.rows)} {what}: add home infusion rates to the rate register."
    worst = found.known[0]
    sentence = f"Of {len(found.known)} {what} with a payment on file, {len(found.short)} pay less for the services than they cost"
    if not found.short:
        return f"{sentence}."
    shortfall = words.dollars_short(-round_half_up(worst.day.service_gap))
    return f"{sentence}; the widest shortfall is {shortfall} an infusion ({name(worst, by_payer)})."


def _chart(found: HomeDays, by_payer: bool) -> dict:
    shown = found.known[:DRAWN]
    dollars = [float(round(row.day.service_gap / 100, 2)) for row in shown]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": list(range(len(shown))),
            "text": [plain(name(row, by_payer)) for row in shown],
            "textposition": "none",
            "x": dollars,
            "marker": {"color": [DOWN if amount < 0 else UP for amount in dollars]},
            "hovertemplate": "%{text}: %{x:$,.2f}<extra></extra>",
        }
    ]
    layout = {
        "height": 80 + 26 * len(shown),
        "bargap": 0.35,
        "xaxis": {
            "tickformat": "$,.0f",
            "nticks": 6,
            "title": {"text": "per diem and visit less service cost, an infusion", "standoff": 6},
        },
        "yaxis": {
            "autorange": "reversed",
            "tickvals": list(range(len(shown))),  # two long names may be alike once they are cut
            "ticktext": [f"{shortened(name(row, by_payer))}  " for row in shown],
        },
        "margin": {"b": 46, "r": 12},
    }
    return {"data": data, "layout": layout, "narrow": {"font": {"size": 10.5}, "xaxis": {"nticks": 3, "title": {"text": ""}}}}


def visit_costs(row: HomeRow) -> Table:
    """What the services of one infusion cost, line by line with the formula."""
    columns = (Column("line", "Cost"), Column("cents", "An infusion", "exact_cents"), Column("words", "How", "prose"))
    together = cents(row.day.service_cost)
    shown = add_up({line.label: line.cents for line in row.day.costs}, together)
    rows = tuple((line.label, shown[line.label], line.words) for line in row.day.costs)
    total = ("Together", together, "")
    return Table(f"Service cost of one infusion of {row.therapy.family} at home", columns, rows, total)
