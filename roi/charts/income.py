"""A result -> the income view by year: what accountants call income, with what was built written off over years."""

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.engine.income import income
from roi.engine.infusion_center import Center, values_of
from roi.engine.worlds import DO_NOTHING
from roi.engine.yearly import month_number


def income_by_year(summary: dict, lines, center: Center) -> Figure:
    value = values_of(center)
    horizon = len(summary["baselines"][DO_NOTHING]["monthly_cents"]) - 1
    opens = month_number(value["first_month"], value["opens_in"])
    own = [(month, line, cents) for baseline, month, line, cents in lines if baseline == DO_NOTHING]
    found, left = income(own, horizon, opens, float(value["depreciation_years"]))
    columns = (
        Column("year", "Year"),
        Column("margin", "Margin and 340B", "exact_cents"),
        Column("running", "Running costs", "exact_cents"),
        Column("opening", "Opening, not built", "exact_cents"),
        Column("depreciation", "Depreciation", "exact_cents"),
        Column("income", "Income", "exact_cents"),
    )
    rows = tuple((f"Year {one.year}", one.margin, one.running, one.opening, one.depreciation, one.income) for one in found)
    first = next((one for one in found if one.income > 0), None)
    return Figure(
        key="income",
        title="Income by year",
        reading=f"Year {first.year} is the first with an income, {words.dollars_short(first.income)} against doing nothing."
        if first
        else "No year has an income against doing nothing.",
        direction="Against doing nothing, not discounted, without taxes and interest. Working capital is money tied up, no income.",
        note=f"What was built is written off over {value['depreciation_years']:f} years from the opening on; "
        f"{words.dollars_short(left)} is left to write off after month {horizon}.",
        table=Table(
            "Income view", columns, rows, ("Together", *(sum(each) for each in zip(*(row[1:] for row in rows), strict=True)))
        ),
        folded=True,
    )
