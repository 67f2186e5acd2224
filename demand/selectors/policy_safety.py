"""A payer's site policies -> late doses and hospital visits of the people it exposes, before and after its first day; grain: one policy.

Before and after are of equal length, 180 days where the claims are complete for so long, and of the drugs that the policy names. Also
what providers reported of it in their log. Before and after is no proof of a cause: who is exposed also grows older and iller.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.facts import ask_tables, results_key
from demand.selectors.logs import log_rows
from demand.selectors.safety import Columns, due, followed_infusions, lateness
from demand.selectors.split_cells import AllShown, SplitCells
from payers.models import Policy

MOST_DAYS, FEWEST_DAYS = 180, 30
WITHIN_DAYS = 7
SIDES = ("before", "after")
HIT = """
SELECT policy_id, list(DISTINCT person_no || '/' || family) FROM {exposure}
WHERE kind = 'site_of_care' AND verdict IN ('exposed', 'in_grace') AND person_no IS NOT NULL GROUP BY policy_id
"""


@dataclass(frozen=True)
class Side:
    """infusions of the people exposed; of those with a next dose (`due`) the late ones; visits: those followed by an emergency visit or
    admission within 7 days."""

    infusions: object
    due: object
    late: object
    visits: object


@dataclass(frozen=True)
class PolicySafety:
    policy_id: str
    payer: str
    effective_from: dt.date
    days: int
    before: Side
    after: Side
    reports: object


def policy_safety(run: Run, see_small: bool) -> tuple[PolicySafety, ...]:
    """Policies whose first day has at least 30 complete days before and after it."""
    columns = followed_infusions(run.pk, results_key(run))
    if not len(columns["person_no"]):
        return ()
    late, _ = lateness(columns)
    days = columns["service_date"].astype("datetime64[D]")
    who = np.char.add(np.char.add(columns["person_no"].astype(str), "/"), columns["family"].astype(str))
    policies = {policy.policy_id: policy for policy in Policy.objects.filter(kind="site_of_care", effective_from__isnull=False)}
    found = []
    for policy_id, hit in sorted(ask_tables(run, HIT)):
        if policy_id not in policies:
            continue
        first = np.datetime64(policies[policy_id].effective_from)
        length = int(min(MOST_DAYS, (days.max() - first).astype(int), (first - days.min()).astype(int)))
        if length < FEWEST_DAYS:
            continue
        mine = np.isin(who, hit)
        sides = (mine & (days >= first - length) & (days < first), mine & (days >= first) & (days < first + length))
        found.append((policies[policy_id], length, sides))
    cells = AllShown() if see_small else _cells(columns, late, found)
    log = log_rows("patient_impacts", run, see_small)
    return tuple(
        PolicySafety(
            policy.policy_id, policy.payer, policy.effective_from, length,
            *(_side(columns, late, mask, cells, policy.policy_id, side) for mask, side in zip(sides, SIDES, strict=True)),
            sum(row.policy_id == policy.policy_id for row in log.rows) if log.cells.shows(policy=policy.policy_id) else HIDDEN,
        )
        for policy, length, sides in found
    )  # fmt: skip


def _states(columns: Columns, late: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(doses: late, in time or not due; visits or none) of every infusion."""
    return np.select([~due(columns), late], ["not due", "late"], default="in time"), np.where(
        columns["hospital"] <= WITHIN_DAYS, "visit", "none"
    )


def _side(columns: Columns, late: np.ndarray, mask: np.ndarray, cells, policy: str, side: str) -> Side:
    dose, visit = _states(columns, late)

    def count(which: np.ndarray, *nodes: str):
        return int((mask & which).sum()) if cells.shows(side, *nodes, policy=policy) else HIDDEN

    slow, timely = count(dose == "late", "late"), count(dose == "in time", "in time")
    known = HIDDEN if HIDDEN in (slow, timely) else slow + timely
    return Side(count(mask), known, slow, count(visit == "visit", "visit"))


def _cells(columns: Columns, late: np.ndarray, found: Sequence) -> SplitCells:
    """A person may be exposed under several policies: each is judged by itself, what they add up to is shown nowhere."""
    dose, visit = _states(columns, late)
    rows = [
        (policy.policy_id, side, np.flatnonzero(mask))
        for policy, _, sides in found
        for side, mask in zip(SIDES, sides, strict=True)
    ]
    places = np.concatenate([at for *_, at in rows]) if rows else np.array([], dtype=np.int64)
    names = [policy for policy, _, at in rows for _ in at]
    sides = [side for _, side, at in rows for _ in at]
    trees = [[(side, str(state[place])) for side, place in zip(sides, places, strict=True)] for state in (dose, visit)]
    return SplitCells({"policy": names}, trees, columns["person_no"][places].astype(np.int64))
