"""The pace of steerage by quarter: policies that began, drugs newly covered, people newly exposed and people who moved out under a site policy."""

import datetime as dt
from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.dashboard import Measure
from demand.selectors.exposure import exposure_of
from demand.selectors.facts import ask_tables
from demand.selectors.moves import parts_shown
from payers.models import Policy
from payers.selectors.pace import Quarter, pace, quarter_of
from payers.selectors.register import drug_names


@dataclass(frozen=True)
class SteerageQuarter:
    """`exposed` counts a person once for each month in which a policy first reaches them; `moved` are people who moved out with a site
    policy as the reason. `to_come`: the quarter ends after the day the run's claims tell of."""

    start: dt.date
    policies: int
    anticipated: int
    drugs: int
    exposed: Measure
    moved: Measure
    to_come: bool

    @property
    def name(self) -> str:
        return f"{self.start.year} Q{(self.start.month + 2) // 3}"


def steerage(run: Run, see_small: bool) -> tuple[SteerageQuarter, ...]:
    """From the first claim's quarter to the last quarter for which anything is known. ResultsMissing: recompute first."""
    found = exposure_of(run, see_small)
    exposed: dict[dt.date, Measure] = {}
    for month in found.calendar:
        quarter = quarter_of(month.month)
        exposed[quarter] = (
            HIDDEN if HIDDEN in (exposed.get(quarter, 0), month.first_exposed) else exposed.get(quarter, 0) + month.first_exposed
        )
    moved = dict(
        ask_tables(
            run,
            "SELECT date_trunc('quarter', moved_on)::DATE, count(DISTINCT person_no) FROM {moves} "
            "WHERE is_headline AND reason = 'site_policy' AND from_ownership = 'owned' GROUP BY 1",
        )
    )
    told = dict(zip(moved, parts_shown(list(moved.values()), see_small), strict=True))  # “Moves” tells their sum
    began = {quarter.start: quarter for quarter in pace(Policy.objects.on_file(), drug_names())}
    [(first,)] = ask_tables(run, "SELECT min(month) FROM {facts}")
    first = quarter_of(first) if first else min([*exposed, *moved, *began], default=None)
    starts = sorted(start for start in {*exposed, *moved, *began} if first and start >= first)
    none = Quarter(dt.date.min, 0, 0, 0, 0)
    return tuple(
        SteerageQuarter(
            start,
            *((one := began.get(start, none)).policies, one.anticipated, one.drugs),
            exposed.get(start, 0),
            moved.get(start, 0) if told.get(start, True) else HIDDEN,
            bool(found.as_of and quarter_of(found.as_of) < start),
        )
        for start in starts
    )
