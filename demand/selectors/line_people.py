"""Treatments on either side of the retention line, one by one, with their reasons: for readers with the patient-level right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.retention_line import Line
from demand.engine.verdicts import MAY_MOVE, VERDICTS, Judged, Reason
from demand.models import RetentionLine, Run
from demand.selectors.clinical_line import Scope, judged, saved_line


@dataclass(frozen=True)
class PersonRow:
    """One treatment of a person, for readers with the patient-level right."""

    person_id: str
    family: str
    payer: str
    site_id: str
    site_class: str
    verdict: str
    before: str
    reasons: tuple[Reason, ...]
    episode_id: int


def people_rows(
    run: Run, line: Line, base: Line | None, scope: Scope, verdict: str = "", crossing: bool = False
) -> list[PersonRow]:
    """Treatments in scope with their verdicts and reasons, of one verdict or of those that cross."""
    now = judged(run, line)
    values = now.values
    inside = scope.holds(values)
    after, _ = now.over(scope.site_classes)
    columns = [SITE_CLASSES.index(name) for name in scope.site_classes]
    before = judged(run, base).over(scope.site_classes)[0] if base is not None else after
    if crossing:
        inside &= (before == MAY_MOVE) != (after == MAY_MOVE)
    if verdict in VERDICTS:
        inside &= after == VERDICTS.index(verdict)
    text = values.texts
    return [
        PersonRow(
            text["person_id"][row], text["family"][row], text["payer"][row] or "unknown", text["site_id"][row] or "unknown",
            text["site_class"][row] or "unknown", VERDICTS[after[row]], VERDICTS[before[row]], tuple(_reasons(now, row, after[row], columns)),
            int(values.numbers["episode_id"][row]),
        )
        for row in np.flatnonzero(inside)
    ]  # fmt: skip


def _reasons(now: Judged, row: int, verdict: int, columns: Sequence[int]) -> list[Reason]:
    """Reasons in the class that gave the verdict; the first such class of the scope."""
    return next(now.reasons(row, SITE_CLASSES[column]) for column in columns if now.verdict[row, column] == verdict)


def verdict_rows(run: Run, version: RetentionLine | None) -> Sequence[tuple]:
    """The `verdicts` table: person_id, family, site_class, line_id, verdict, reasons."""
    now = judged(run, saved_line(version))
    line_id = version.line_id if version else "shipped"
    text = now.values.texts
    return [
        (text["person_id"][row], text["family"][row], site_class, line_id, VERDICTS[now.verdict[row, column]],
         "; ".join(map(str, now.reasons(row, site_class))))
        for row in range(len(now.values))
        for column, site_class in enumerate(SITE_CLASSES)
    ]  # fmt: skip
