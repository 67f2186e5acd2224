"""A scenario's newest approved version beside what came: its site and our hospitals in the newest run, its costs as recorded.

Readers without the patient-level right see of a single site what the released tables show (demand.selectors.sites); a window with a
hidden month stays hidden as a whole.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from demand.engine.capacity import month_after
from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Slice
from demand.selectors.facts import ResultsMissing
from demand.selectors.sites import slices_by_month
from roi.access import access_version
from roi.engine.infusion_center import Center, inputs_of, read_value
from roi.engine.look_back import WINDOWS, Actual, Window, looked_back, predicted
from roi.models import Approval, ScenarioVersion
from roi.selectors.look_back_costs import CostBook, cost_book
from roi.selectors.look_back_hospital import Hospital, hospital_kept


@dataclass(frozen=True)
class LookMonth:
    """`infusions` and `allowed_cents` are what claims show: None where the month is not in yet, hidden where it is too small."""

    number: int
    day: dt.date
    predicted: Decimal
    predicted_cents: Decimal
    infusions: object
    allowed_cents: object
    mature: bool


@dataclass(frozen=True)
class Judged:
    """A window of months since the approved opening; without a `window`, `why` says what is missing."""

    months: int
    window: Window | None
    why: str = ""


@dataclass(frozen=True)
class LookBack:
    version: ScenarioVersion
    approval: Approval | None
    run: Run | None
    coverage: Coverage | None
    months: tuple[LookMonth, ...]
    windows: tuple[Judged, ...]
    restricted: bool
    missing: str = ""
    costs: CostBook | None = None
    hospital: Hospital | None = None

    @property
    def scenario(self):
        return self.version.scenario


def newest_approval(scenario_pk: int) -> Approval | None:
    found = Approval.objects.filter(version__scenario=scenario_pk).select_related("version__scenario", "site", "approved_by")
    return found.order_by("-version__number").first()


def look_back(user, pk: int, sees_small: bool) -> LookBack:
    """404 where there is no such scenario; without an approval, or a site, there is nothing to look back at yet."""
    newest, approval = access_version(user, pk), newest_approval(pk)
    run = Run.objects.published().first()
    book = cost_book(approval) if approval else None
    covers = coverage(run) if run else None
    if approval is None or approval.site is None or run is None:
        return LookBack(newest, approval, run, covers, (), (), not sees_small, costs=book)
    center = Center.from_json(approval.version.inputs)
    try:
        found, mature = slices_by_month(run, approval.site, sees_small)
        hospital = hospital_kept(center, approval.site, run, mature, sees_small)
    except ResultsMissing as sentence:
        return LookBack(newest, approval, run, covers, (), (), not sees_small, str(sentence), book)
    months = _months(center, found, mature)
    known = {
        one.number: Actual(one.infusions, one.allowed_cents)
        for one in months
        if one.mature and one.infusions not in (None, HIDDEN) and one.allowed_cents is not HIDDEN
    }
    windows = tuple(_judged(center, months, known, length) for length in WINDOWS)
    return LookBack(newest, approval, run, covers, months, windows, not sees_small, costs=book, hospital=hospital)


def _months(center: Center, found: dict[dt.date, Slice], mature: dict[dt.date, bool]) -> tuple[LookMonth, ...]:
    """Months from the first counted to the last that is judged; those without an infusion at the site are a plain zero."""
    first, opens = read_value("first_month", center.answers["first_month"].text), inputs_of(center).opens
    expected, last = predicted(center), max(mature, default=None)
    made = []
    for number in range(1, min(opens + max(WINDOWS), len(expected.infusions) + 1)):
        day = month_after(first, number - 1)
        is_in = last is not None and day <= last
        cell = found.get(day)
        made.append(
            LookMonth(
                number,
                day,
                expected.infusions[number - 1],
                expected.allowed[number - 1],
                (cell.infusions if cell else 0) if is_in else None,
                (cell.allowed_cents or 0 if cell else 0) if is_in else None,
                mature.get(day, False),
            )
        )
    return tuple(made)


def _judged(center: Center, months: tuple[LookMonth, ...], known: dict[int, Actual], length: int) -> Judged:
    window = looked_back(center, known, length)
    if window is not None:
        return Judged(length, window)
    opens = inputs_of(center).opens
    span = [one for one in months if opens <= one.number < opens + length]
    if any(one.infusions is HIDDEN for one in span):
        return Judged(length, None, "Too few people in a month to show it without the patient-level right.")
    if len(span) < length:
        return Judged(length, None, "The scenario does not look that far.")
    complete = max((one.day for one in months if one.mature), default=None)
    reached = f"are complete to {complete:%b %Y}" if complete else "have no complete month of it"
    return Judged(length, None, f"It needs the months to {span[-1].day:%b %Y}; claims {reached}.")
