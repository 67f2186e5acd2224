"""People by policy and window -> what a site policy did; grain: one dict a policy, with the windows before it.

Formula (definitions.md, section 4): share moved within 90 days of the effective date among people the policy applied to, minus the same
among comparable people of other payers (`sql/policy_effects.sql`). Beside it what is left of the difference once the one that the groups
had before is taken off. Neither is a cause by itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from demand.engine.leakage import policy_effect

LEAST_PEOPLE = 20  # in each group: with fewer the interval spans nearly everything
TOO_FEW, INCOMPLETE, TOLD = "too few", "incomplete", "told"
Z = 1.96


@dataclass(frozen=True)
class PolicyWindow:
    """A row of policy_people."""

    policy_id: str
    window_no: int
    begins_on: dt.date
    complete: bool
    bound: int
    bound_moved: int
    comparable: int
    comparable_moved: int
    comparators: list[str] | None
    clinical_lines: list[str] | None
    policies_of_others: list[str] | None

    def as_json(self) -> dict:
        effect = policy_effect(self.policy_id, self.bound, self.bound_moved, self.comparable, self.comparable_moved)
        return effect.as_json() | {
            "begins_on": self.begins_on.isoformat(),
            "complete": self.complete,
            "policies_of_others": self.policies_of_others or [],
        }


def policy_effects(rows: Iterable[Sequence]) -> list[dict]:
    """Rows of policy_people in their order -> one dict a policy, ready for JSON. `before`: its earlier windows, the oldest first."""
    found = []
    for _, of_policy in groupby((PolicyWindow(*row) for row in rows), key=lambda row: row.policy_id):
        *earlier, last = of_policy
        if last.window_no != 0:  # nobody was bound or comparable on its date
            continue
        few = min(last.bound, last.comparable) < LEAST_PEOPLE
        found.append(
            last.as_json()
            | {
                "verdict": TOO_FEW if few else TOLD if last.complete else INCOMPLETE,
                "comparators": last.comparators or [],
                "clinical_lines": last.clinical_lines or [],
                "before": [one.as_json() for one in earlier],
            }
            | _less_before(last, [one for one in earlier if one.bound and one.comparable])
        )
    return found


def _less_before(last: PolicyWindow, earlier: Sequence[PolicyWindow]) -> dict:
    """The difference less the mean difference of the windows before, with a 95 % interval (windows taken as independent)."""
    if not earlier or not last.bound or not last.comparable:
        return dict.fromkeys(("change", "change_low", "change_high"))
    change = _difference(last) - sum(map(_difference, earlier)) / len(earlier)
    half = Z * math.sqrt(_variance(last) + sum(map(_variance, earlier)) / len(earlier) ** 2)
    return {"change": change, "change_low": max(-1.0, change - half), "change_high": min(1.0, change + half)}


def _difference(one: PolicyWindow) -> float:
    return one.bound_moved / one.bound - one.comparable_moved / one.comparable


def _variance(one: PolicyWindow) -> float:
    """Of the difference; one mover and one stayer are added to each group, so that nobody moved is not certainty (Agresti and Caffo 2000)."""
    return sum(
        share * (1 - share) / people
        for share, people in (
            ((moved + 1) / (people + 2), people + 2)
            for moved, people in ((one.bound_moved, one.bound), (one.comparable_moved, one.comparable))
        )
    )
