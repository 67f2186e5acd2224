"""Therapies on two axes that are not one: what is at stake in dollars, and how often doses came late or not at all.

Financial risk: allowed dollars that left or were white-bagged, and the share they are of all allowed dollars of the rate. Clinical risk: the
share of doses that came late for the person's own interval, or of which a whole one was missed, over treatments ordered
by named prescribers, wherever they were given. A therapy can be high on one alone; neither is made into the other.
"""

from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Measure, dashboard, plus
from demand.selectors.facts import ask_tables

ENOUGH_DOSES = 30
WITH_THE_RIGHT = "With filters late doses are shown with the patient-level right only: few people are behind them."


@dataclass(frozen=True)
class TherapyRisk:
    """leaked_cents of allowed_cents (of the rate) are the financial axis; late of doses the clinical one, missed a part of late."""

    family: str
    clinical_line: str
    leaked_cents: Measure
    allowed_cents: Measure
    people: Measure
    doses: Measure
    late: Measure
    missed: Measure
    late_people: Measure

    @property
    def leaked_share(self) -> float | None:
        return _share(self.leaked_cents, self.allowed_cents)

    @property
    def late_share(self) -> float | None:
        """None where doses are too few to speak of a share."""
        return _share(self.late, self.doses) if isinstance(self.doses, int) and self.doses >= ENOUGH_DOSES else None


@dataclass(frozen=True)
class TherapyRisks:
    filters: DashboardFilters
    coverage: Coverage
    rows: tuple[TherapyRisk, ...]
    restricted: bool
    withheld: str = ""

    @property
    def corner(self) -> tuple[float | None, float | None]:
        """The medians of both axes over the therapies that have both: above them is high."""
        both = [
            (row.leaked_cents, row.late_share)
            for row in self.rows
            if isinstance(row.leaked_cents, int) and row.late_share is not None
        ]
        return (_middle([one for one, _ in both]), _middle([one for _, one in both])) if both else (None, None)


TIMING = """
SELECT family, any_value(clinical_line), count(DISTINCT person_no), sum(doses)::BIGINT, sum(late)::BIGINT, sum(missed)::BIGINT,
    count(DISTINCT person_no) FILTER (late > 0), count(DISTINCT person_no) FILTER (missed > 0),
    count(DISTINCT person_no) FILTER (late > missed)
FROM {dose_timing} GROUP BY family
"""


def therapy_risks(run: Run, filters: DashboardFilters, see_small: bool) -> TherapyRisks:
    """ResultsMissing where the run keeps no dose timing. Most money first."""
    asked = filters.without("site", "site_owner")
    withheld = "" if see_small or not filters.any else WITH_THE_RIGHT
    board = dashboard(run, asked, see_small)
    timing = {} if withheld else {row[0]: row[1:] for row in ask_tables(run, TIMING, asked)}
    rows = []
    for line in board.families:
        kept, left, bagged = (line.at(node).allowed_cents for node in ("kept", "site_leak", "margin_leak"))
        clinical_line, *measures = timing.get(line.label, ("unknown", None, None, None, None, None, None, None))
        people, doses, late, missed, *small = measures
        if (
            not see_small
            and timing
            and any(0 < (number or 0) < SMALLEST_SHOWN for number in (people, *small, (people or 0) - (small[0] or 0)))
        ):
            people, late, missed, small = (HIDDEN if people and people < SMALLEST_SHOWN else people), HIDDEN, HIDDEN, [HIDDEN]
            doses = HIDDEN if people is HIDDEN else doses
        rows.append(
            TherapyRisk(
                line.label, clinical_line, plus(left, bagged), plus(kept, left, bagged), people, doses, late, missed, small[0]
            )
        )
    rows.sort(
        key=lambda row: (row.leaked_cents is HIDDEN, 0 if row.leaked_cents is HIDDEN else -(row.leaked_cents or 0), row.family)
    )
    return TherapyRisks(asked, coverage(run), tuple(rows), not see_small, withheld)


def _share(part, whole) -> float | None:
    return part / whole if isinstance(part, int) and isinstance(whole, int) and whole else None


def _middle(values: list) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
