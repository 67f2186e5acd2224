"""What was approved beside what came -> the months as a figure, the windows' errors as a table."""

from collections.abc import Sequence
from decimal import Decimal

from demand.charts.figure import Column, Figure, Table
from demand.engine.disclosure import HIDDEN
from roi import words
from roi.engine.look_back import ASSUMPTIONS
from roi.selectors.look_back import Judged, LookBack, LookMonth
from roi.selectors.look_back_hospital import HospitalMonth

METRIC = "error-of-an-approved-scenario"


def months(page: LookBack) -> Figure:
    columns = (
        Column("month", "Month", "month"),
        Column("predicted", "Infusions expected", "tenths"),
        Column("infusions", "Infusions given", "count"),
        Column("predicted_cents", "Allowed, expected", "cents"),
        Column("allowed_cents", "Allowed", "cents"),
        Column("state", "Claims"),
    )
    rows = tuple(
        (
            one.day,
            float(round(one.predicted, 1)),
            one.infusions,
            int(one.predicted_cents),
            one.allowed_cents,
            claims_state(one),
        )
        for one in page.months
    )
    shown = [one for one in page.months if one.mature and one.infusions is not HIDDEN]
    expected, given = sum(one.predicted for one in shown), sum(one.infusions for one in shown)
    reading = (
        f"In {len(shown)} complete months the scenario expected {expected:,.0f} infusions at {page.approval.site}, claims show {given:,}."
        if shown
        else "No complete month can be shown yet."
    )
    return Figure(
        key="look-back",
        title="Expected and given, by month",
        reading=reading,
        direction="The dotted line is the approved scenario, bars are claims; grey bars are months that are not complete.",
        table=Table("Infusions and allowed amounts at the site, ordered by prescribers of ours", columns, rows),
        chart=expected_beside_claims(page.months, [one.predicted for one in page.months], "Given"),
        metric=METRIC,
        folded=True,
    )


def claims_state(month: LookMonth | HospitalMonth) -> str:
    return "complete" if month.mature else "not in yet" if month.infusions is None else "not complete"


def expected_beside_claims(months: Sequence[LookMonth | HospitalMonth], expected: Sequence[Decimal], what: str) -> dict:
    """A dotted line of what was expected over bars of what claims show, grey where a month is not complete."""
    days = [f"{one.day:%Y-%m}" for one in months]
    data = [
        {"type": "scatter", "mode": "lines", "name": "Expected", "x": days, "y": [float(round(number, 1)) for number in expected],
         "line": {"color": "var(--ink)", "dash": "dot", "width": 1.5}},
        {"type": "bar", "name": what, "x": days, "y": [None if one.infusions in (None, HIDDEN) else one.infusions for one in months],
         "marker": {"color": ["var(--c-kept)" if one.mature else "var(--c-unknown)" for one in months]}},
    ]  # fmt: skip
    layout = {
        "height": 300,
        "showlegend": False,
        "yaxis": {"title": {"text": "infusions a month"}, "rangemode": "tozero"},
        "margin": {"b": 40, "r": 12},
    }
    return {"data": data, "layout": layout}


def errors(page: LookBack) -> Figure:
    """One row a window and assumption, with its owner; the effects of a window add up to its error."""
    owners = page.approval.owners
    columns = (
        Column("window", "After the approved opening"),
        Column("assumption", "Assumption"),
        Column("owner", "Owner"),
        Column("effect", "Error", "exact_cents"),
        Column("share", "Of what was expected", "percent"),
    )
    rows = [row for judged in page.windows for row in _rows(judged, owners)]
    known = [judged.window for judged in page.windows if judged.window]
    return Figure(
        key="errors",
        title="Error by assumption and owner",
        reading=_reading(known[-1], owners) if known else "No window is complete yet: " + page.windows[0].why,
        table=Table("What was allowed less what was expected", columns, tuple(rows)),
        metric=METRIC,
    )


def _rows(judged: Judged, owners: dict) -> list[tuple]:
    name, window = f"{judged.months} months", judged.window
    if window is None:
        return [(name, judged.why, "", None, None)]
    whole = window.predicted_cents
    rows = [
        (name, words.ASSUMPTION_NAMES[each], owners.get(each, ""), cents, cents / whole if whole else None)
        for each, cents in (window.effects or {}).items()
    ]
    return [*rows, (name, "All together", "", window.error_cents, window.error_cents / whole if whole else None)]


def _reading(window, owners: dict) -> str:
    expected, came = words.dollars_short(window.predicted_cents), words.dollars_short(window.allowed_cents)
    sentence = f"In {window.months} months {expected} was expected and {came} was allowed."
    if not window.effects:
        return sentence
    largest = max(ASSUMPTIONS, key=lambda each: abs(window.effects[each]))
    owner = f", owned by {owners[largest]}" if owners.get(largest) else ""
    return f"{sentence} The largest error is “{words.ASSUMPTION_NAMES[largest].lower()}”{owner}: {words.dollars_short(window.effects[largest])}."
