"""Costs and hospital volumes of an approved version beside what came -> figures with the error by line, assumption and owner."""

from demand.charts.figure import Column, Figure, Table
from roi import words
from roi.charts.look_back import METRIC, claims_state, expected_beside_claims
from roi.engine.look_back import KEPT, KEPT_PRICE, OUTLAYS, RUNNING
from roi.models import Approval
from roi.selectors.look_back import LookBack
from roi.selectors.look_back_costs import CostBook
from roi.selectors.look_back_hospital import Hospital


def owner_of(approval: Approval, assumption: str) -> str:
    """Versions approved before an assumption had an owner: the executive answers."""
    return approval.owners.get(assumption) or approval.executive


def cost_errors(book: CostBook, approval: Approval) -> Figure:
    columns = (
        Column("window", "After the approved opening"),
        Column("cost", "Cost"),
        Column("owner", "Owner"),
        Column("expected", "Expected", "exact_cents"),
        Column("actual", "Came", "exact_cents"),
        Column("error", "Error", "exact_cents"),
    )
    rows = [
        (
            f"{window.months} months",
            words.line_name(each.line),
            owner_of(approval, each.assumption),
            each.expected,
            each.actual,
            each.error,
        )
        for window in book.windows()
        for each in window.errors
    ]
    return Figure(
        key="cost-errors",
        title="Costs, expected and real",
        reading=_costs_read(book, approval),
        direction="Above zero it cost more than expected. A running cost is judged once every month of the window is recorded; an outlay counts from the beginning.",
        table=Table("What was recorded less what was expected", columns, tuple(rows)),
        metric=METRIC,
    )


def _costs_read(book: CostBook, approval: Approval) -> str:
    window = max(book.windows(), key=lambda window: (len(window.known), window.months))
    if not window.known:
        return "No cost line is recorded for a whole window yet."
    expected, came = (sum(getattr(each, what) for each in window.known) for what in ("expected", "actual"))
    largest = max(window.known, key=lambda each: abs(each.error))
    return (
        f"In {window.months} months {len(window.known)} of {len(window.errors)} cost lines are recorded: {words.dollars_short(expected)} expected, "
        f"{words.dollars_short(came)} spent. The largest error is “{words.line_name(largest.line)}”, owned by "
        f"{owner_of(approval, largest.assumption)}: {words.dollars_short(largest.error)}."
    )


def hospital(found: Hospital, approval: Approval) -> Figure:
    columns = (
        Column("month", "Month", "month"),
        Column("expected", "Infusions expected to stay", "tenths"),
        Column("infusions", "Infusions kept", "count"),
        Column("state", "Claims"),
    )
    rows = tuple(
        (
            one.day,
            float(round(one.expected, 1)),
            one.infusions,
            claims_state(one),
        )
        for one in found.months
    )
    return Figure(
        key="hospital-kept",
        title="What our hospital departments kept",
        reading=_kept_read(found, approval),
        direction="The dotted line is what the months that the scenario was measured on gave, times the share it keeps; bars are claims, grey "
        "where a month is not complete.",
        table=Table("Infusions at our hospital departments, ordered by prescribers of ours", columns, rows),
        chart=expected_beside_claims(found.months, [one.expected for one in found.months], "Kept"),
        metric=METRIC,
        folded=True,
    )


def _kept_read(found: Hospital, approval: Approval) -> str:
    known = [window for _, window in found.windows if window]
    if not known:
        return "No window is complete yet, or a month of it has too few people to be shown."
    window = known[-1]
    return (
        f"In {window.months} months {window.predicted_infusions:,.0f} infusions were expected to stay and {window.infusions:,} did; "
        f"{owner_of(approval, KEPT)} answers for it."
    )


def by_owner(look: LookBack) -> Figure | None:
    """Every assumption judged so far at its longest window, the largest error first; None where none is."""
    rows = sorted(_judged(look), key=lambda row: -abs(row[3]))
    if not rows:
        return None
    columns = (
        Column("owner", "Owner"),
        Column("assumption", "Assumption"),
        Column("window", "After the approved opening"),
        Column("error", "Error", "exact_cents"),
        Column("share", "Of what was expected", "percent"),
        Column("good", "For us"),
    )
    first = rows[0]
    return Figure(
        key="by-owner",
        title="Error by owner",
        reading=f"The largest error so far is in “{first[1].lower()}”, owned by {first[0]}: {words.dollars_short(first[3])} after {first[2]}."
        if first[3]
        else "Everything that is judged so far came as expected.",
        direction="What came less what was expected, in dollars allowed or spent, at the longest window that is complete.",
        table=Table("Assumptions by the size of their error", columns, tuple(rows)),
        metric=METRIC,
    )


def _judged(look: LookBack) -> list[tuple]:
    approval = look.approval
    windows = [judged.window for judged in look.windows if judged.window]
    kept = [window for _, window in look.hospital.windows if window] if look.hospital else []
    made = []
    for window in (*windows[-1:], *kept[-1:]):
        for assumption, cents in (window.effects or {}).items():
            made.append(_row(approval, assumption, window.months, cents, window.predicted_cents, cents >= 0))
    costs = look.costs.windows() if look.costs else ()
    for assumption in (RUNNING, OUTLAYS):
        known = [(window.months, [each for each in window.known if each.assumption == assumption]) for window in costs]
        # What is spent once is known before the longer windows are over: the shortest that has all of it is told.
        told = {tuple(its): months for months, its in reversed(known) if its}
        for its, months in list(told.items())[:1]:
            error, expected = sum(each.error for each in its), sum(each.expected for each in its)
            made.append(_row(approval, assumption, months, error, expected, error <= 0))
    return made


def _row(approval: Approval, assumption: str, months: int, error: int, expected: int, is_good: bool) -> tuple:
    good = "as expected" if not error else "better" if is_good else "worse"
    name = words.ASSUMPTION_NAMES[assumption]
    return (owner_of(approval, assumption), name, f"{months} months", error, error / expected if expected else None, good)


def hospital_errors(found: Hospital, approval: Approval) -> Figure:
    columns = (
        Column("window", "After the approved opening"),
        Column("assumption", "Assumption"),
        Column("owner", "Owner"),
        Column("error", "Error", "exact_cents"),
        Column("share", "Of what was expected", "percent"),
    )
    rows = []
    for months, window in found.windows:
        name = f"{months} months"
        if window is None or not window.effects:
            rows.append((name, "Not all its months are complete and shown", "", None, None))
            continue
        whole = window.predicted_cents
        for each in (KEPT, KEPT_PRICE):
            cents = window.effects[each]
            rows.append((name, words.ASSUMPTION_NAMES[each], owner_of(approval, each), cents, cents / whole if whole else None))
    return Figure(
        key="hospital-errors",
        title="Error in what the hospital keeps",
        reading=_kept_read(found, approval),
        table=Table("What was allowed at our hospital departments less what was expected", columns, tuple(rows)),
        metric=METRIC,
    )
