"""What a payer brief prints -> its figures in order, and those that nobody has supplied; grain: one payer × drug family × period.

Every figure carries where it comes from and a page to open it on. A figure that is missing stays missing: it is named, not zero.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from payers.engine.indifference import IndifferenceRate, PayerCosts

UNITS = ("people", "people a month", "days", "cents", "hours", "events", "percent")


@dataclass(frozen=True)
class BriefFigure:
    """One number of the brief. `value` None: not supplied. `url` opens its source; `unit` is one of UNITS."""

    label: str
    value: Decimal | int | None
    unit: str
    source: str = ""
    as_of: dt.date | None = None
    url: str = ""


@dataclass(frozen=True)
class PayerBrief:
    """Steerage pace is people moved a month since the policy began; delay days are the mean per person moved."""

    payer: str
    family: str
    period_from: dt.date
    period_to: dt.date
    patients: BriefFigure
    steerage_pace: BriefFigure
    delay_days: BriefFigure
    write_offs: BriefFigure
    staff_hours: BriefFigure
    safety_events: BriefFigure
    costs: PayerCosts | None = None
    indifference: IndifferenceRate | None = None

    @property
    def figures(self) -> tuple[BriefFigure, ...]:
        return (self.patients, self.steerage_pace, self.delay_days, self.write_offs, self.staff_hours, self.safety_events)

    @property
    def missing(self) -> tuple[str, ...]:
        """Labels of what nobody has supplied."""
        absent = [figure.label for figure in self.figures if figure.value is None]
        return (*absent, *(() if self.indifference else ("Indifference rate",)))
