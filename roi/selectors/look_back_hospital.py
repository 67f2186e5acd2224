"""What our hospital departments gave since the approved opening, beside what the approved version said they would keep."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from demand.engine.capacity import month_after
from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.dashboard import NOTHING
from demand.selectors.departments import DEPARTMENTS, departments_by_month
from roi.engine.hospital_kept import hospital_window, share_kept
from roi.engine.infusion_center import Center, inputs_of, read_value
from roi.engine.look_back import WINDOWS, Actual, Window
from roi.engine.yearly import month_number
from sites.models import Site


@dataclass(frozen=True)
class HospitalMonth:
    day: dt.date
    expected: Decimal
    infusions: object
    mature: bool


@dataclass(frozen=True)
class Hospital:
    """Without months, `why` says what is missing."""

    months: tuple[HospitalMonth, ...] = ()
    windows: tuple[tuple[int, Window | None], ...] = ()
    why: str = ""


def hospital_kept(center: Center, site: Site, run: Run, mature: dict[dt.date, bool], sees_small: bool) -> Hospital:
    """`mature`: the run's months. Expected is what the months gave that the scenario was measured on, times the share it keeps."""
    if site.site_class in DEPARTMENTS:
        return Hospital(why="The site is a hospital department itself: what the other departments kept is not told apart from it.")
    share = share_kept(center)
    if share is None:
        return Hospital(why="The scenario has no patients at the hospital.")
    market = center.market
    found = departments_by_month(run, market.name, sees_small)
    base = [month for month in mature if market.first_month <= month <= market.last_month]
    if len(base) < month_number(market.first_month, market.last_month):
        return Hospital(why=f"The newest run does not reach back to {market.first_month:%b %Y}, where the scenario was measured.")
    cells = [found.get(month, NOTHING) for month in base]
    if any(cell.infusions is HIDDEN for cell in cells):
        return Hospital(
            why="Too few people in a month that the scenario was measured on, to show it without the patient-level right."
        )
    measured = (
        Decimal(sum(cell.infusions for cell in cells)) / len(base),
        Decimal(sum(cell.allowed_cents or 0 for cell in cells)) / len(base),
    )
    first, opens = read_value("first_month", center.answers["first_month"].text), inputs_of(center).opens
    last, months, actual = max(mature), [], {}
    for number in range(1, min(opens + max(WINDOWS), len(share.infusions) + 1)):
        day = month_after(first, number - 1)
        cell = found.get(day, NOTHING) if day <= last else None
        months.append(
            HospitalMonth(day, share.infusions[number - 1] * measured[0], cell and cell.infusions, mature.get(day, False))
        )
        if cell and mature.get(day) and cell.infusions is not HIDDEN:
            actual[number] = Actual(cell.infusions, cell.allowed_cents or 0)
    windows = tuple((length, hospital_window(center, share, measured, actual, length)) for length in WINDOWS)
    return Hospital(tuple(months), windows)
