"""Which counts of overdue and silent treatments a reader without the patient-level right may see (definitions.md, section 9).

Released are all of them together and those of one payer, line of business, market or therapy, over all months; `engine/disclosure.py`
judges the set as a whole. Nothing of it stands in sums with infusions: of a silent treatment no infusion is counted.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import Hidden, hidden_cells, tree
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.facts import ask_tables, results_key
from demand.selectors.hidden import DIMENSIONS

SHIFT = "benefit_shift"
# One path per person and treatment: the register's resolution, and of the unknown ones those that were ours until then.
ROWS = f"""
SELECT {", ".join(DIMENSIONS)}, person_no, resolution, CASE WHEN outcome = 'dark' THEN 'dark' ELSE 'other' END FROM {{overdue}} WHERE is_headline
UNION ALL
SELECT {", ".join(DIMENSIONS)}, person_no, '{SHIFT}', '{SHIFT}' FROM {{leaks}} WHERE mechanism = '{SHIFT}'
"""
RELEASED = [("0",) * len(DIMENSIONS)] + [
    tuple("1" if one == name else "0" for one in DIMENSIONS) for name in DIMENSIONS
]  # fmt: skip


@dataclass(frozen=True)
class SilentCells:
    """`node` is a resolution, 'unknown/dark' (ours until it went dark), or benefit_shift."""

    hidden: Hidden
    codes: tuple[dict[str, int], ...]
    filters: DashboardFilters

    def shows(self, node: str, **of: str) -> bool:
        values = {**self.filters.chosen, **of}
        if (
            self.filters.places
            or self.filters.since
            or self.filters.through
            or len(values) > 1
            or not set(values) <= set(DIMENSIONS)
        ):
            return False
        names = [*(str(values.get(name, "")) for name in DIMENSIONS), node]
        found = [codes.get(name) for codes, name in zip(self.codes, names, strict=True)]
        return None in found or not self.hidden.contains(found)


def silent_cells(run: Run, filters: DashboardFilters) -> SilentCells:
    return SilentCells(*_judged(run.pk, results_key(run)), filters)


@lru_cache(maxsize=4)
def _judged(run_id: int, results: str) -> tuple[Hidden, tuple[dict[str, int], ...]]:
    rows = ask_tables(Run.objects.get(pk=run_id), ROWS)
    size = len(DIMENSIONS)
    if not rows:
        return Hidden(np.array([], dtype=np.int64), (1,) * (size + 1)), ({"": 0},) * (size + 1)
    paths = [[f"{row[size + 1]}", f"{row[size + 1]}/{row[size + 2]}"] for row in rows]
    judged = [tree([[str(row[place])] for row in rows]) for place in range(size)] + [tree(paths)]
    # Payers and lines of business cut across each other: three hidden, or both sums solved together give some away.
    axes = [
        replace(axis, least=3) if name == "payer" else axis for (axis, _), name in zip(judged, (*DIMENSIONS, "node"), strict=True)
    ]
    people = np.array([row[size] for row in rows], dtype=np.int64)
    released = [(*levels, depth) for levels in RELEASED for depth in ("1", "2")]
    return hidden_cells(axes, people, released), tuple(codes for _, codes in judged)
