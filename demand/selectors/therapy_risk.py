"""Therapies on two axes that are not one: what is at stake in dollars, and how their patients fare.

Financial risk: allowed dollars that left or were white-bagged, and the share they are of all allowed dollars of the rate. Clinical risk: one
of the measures of `clinical_axes`, as asked. A therapy can be high on one alone; neither is made into the other.
"""

from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN
from demand.filters import DashboardFilters
from demand.models import RetentionLine, Run
from demand.selectors.clinical_axes import AXES, LATE, STAY, Axis, Clinical, clinical_axis
from demand.selectors.clinical_line import standing_version
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Measure, dashboard, plus

WITH_THE_RIGHT = "With filters this clinical measure is shown with the patient-level right only: few people are behind it."


@dataclass(frozen=True)
class TherapyRisk:
    """leaked_cents of allowed_cents (of the rate) are the financial axis, `clinical` the other; least: the fewest cases of a share."""

    family: str
    leaked_cents: Measure
    allowed_cents: Measure
    clinical: Clinical
    least: int

    @property
    def leaked_share(self) -> float | None:
        known = isinstance(self.leaked_cents, int) and isinstance(self.allowed_cents, int) and self.allowed_cents
        return self.leaked_cents / self.allowed_cents if known else None

    @property
    def share(self) -> float | None:
        """None where the cases are too few to speak of a share."""
        return self.clinical.share if isinstance(self.clinical.of, int) and self.clinical.of >= self.least else None

    @property
    def hides(self) -> bool:
        return HIDDEN in (self.leaked_cents, self.clinical.events, self.clinical.of)


@dataclass(frozen=True)
class TherapyRisks:
    """version: the clinical line that judged, where the axis asks it; None: as shipped."""

    filters: DashboardFilters
    coverage: Coverage
    axis: Axis
    rows: tuple[TherapyRisk, ...]
    restricted: bool
    version: RetentionLine | None = None
    withheld: str = ""

    @property
    def corner(self) -> tuple[float | None, float | None]:
        """The medians of both axes over the therapies that have both: above them is high."""
        both = [(row.leaked_cents, row.share) for row in self.rows if isinstance(row.leaked_cents, int) and row.share is not None]
        return (_middle([one for one, _ in both]), _middle([one for _, one in both])) if both else (None, None)


def therapy_risks(run: Run, filters: DashboardFilters, see_small: bool, by: str = LATE) -> TherapyRisks:
    """ResultsMissing where the run keeps no table for it. Most money first. by: a key of AXES."""
    asked, axis = filters.without("site", "site_owner"), AXES[by]
    perturbs = axis.key == STAY  # what the line says is shown perturbed, whatever is asked
    withheld = "" if see_small or not filters.any or perturbs else WITH_THE_RIGHT
    fares = {} if withheld else clinical_axis(run, axis, asked, see_small)
    rows = []
    for line in dashboard(run, asked, see_small).families:
        kept, left, bagged = (line.at(node).allowed_cents for node in ("kept", "site_leak", "margin_leak"))
        clinical = fares.get(line.label, Clinical())
        rows.append(TherapyRisk(line.label, plus(left, bagged), plus(kept, left, bagged), clinical, axis.least))
    rows.sort(
        key=lambda row: (row.leaked_cents is HIDDEN, 0 if row.leaked_cents is HIDDEN else -(row.leaked_cents or 0), row.family)
    )
    version = standing_version() if perturbs else None
    return TherapyRisks(asked, coverage(run), axis, tuple(rows), not see_small, version, withheld)


def _middle(values: list) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
