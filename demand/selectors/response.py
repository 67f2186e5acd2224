"""How fast each policy was answered: its dated steps, the days between them, who was already exposed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from demand.engine.disclosure import SMALLEST_SHOWN
from demand.models import Run
from demand.selectors.facts import ResultsMissing, ask_tables
from payers.engine.response import STEPS, WORDS, Clock, Passed, clock, median_days
from payers.models import Policy, PolicyStep


@dataclass(frozen=True)
class Answer:
    """A policy's clock. `policy` is None where steps name a policy that is not on file (its notice came, the policy did not)."""

    policy_id: str
    policy: Policy | None
    clock: Clock
    steps: dict[str, PolicyStep]

    @property
    def cells(self) -> list[tuple[str, PolicyStep | None]]:
        return [(WORDS[step], self.steps.get(step)) for step in STEPS]


@dataclass(frozen=True)
class Answers:
    rows: tuple[Answer, ...]
    median: float | None
    answered: int
    waiting: int  # noticed, not answered


# Who was exposed when, and each infusion given where the policy no longer wants it.
EXPOSED = """
WITH bound AS (
    SELECT policy_id, person_no, family, min(exposed_from) AS exposed_from, max(moved_on) AS moved_on
    FROM {exposure} WHERE exposed_from IS NOT NULL AND verdict <> 'exempt' GROUP BY policy_id, person_no, family
)
SELECT policy_id, person_no, exposed_from, 0 FROM bound
UNION ALL
SELECT bound.policy_id, bound.person_no, infusion.service_date, coalesce(infusion.allowed_cents, 0)
FROM bound
JOIN {infusions} AS infusion
    ON infusion.person_no = bound.person_no AND infusion.family = bound.family AND infusion.service_date >= bound.exposed_from
    AND (bound.moved_on IS NULL OR infusion.service_date < bound.moved_on)
"""
Exposed = Mapping[str, list[tuple[int, dt.date, int]]]


def exposed(run: Run | None) -> Exposed | None:
    """By policy: (person, day, allowed cents), a row when they are first exposed and one for each infusion since. None without results."""
    if run is None:
        return None
    found = defaultdict(list)
    try:
        for policy_id, *row in ask_tables(run, EXPOSED):
            found[policy_id].append(tuple(row))
    except ResultsMissing:
        return None
    return found


def passed_as_shown(clock: Clock, see_small: bool) -> dict[str, Passed | None]:
    """Who passed before each step; None where the number, or its difference from the one before, is small and may not be seen."""
    shown, last = {}, 0
    for step in STEPS:
        if step not in (clock.passed or {}):
            continue
        passed = clock.passed[step]
        small = any(0 < number < SMALLEST_SHOWN for number in (passed.people, abs(passed.people - last)))
        shown[step] = None if small and not see_small else passed
        last = last if shown[step] is None else passed.people
    return shown


def answers(run: Run | None) -> Answers:
    bound = exposed(run)
    steps: dict[str, dict[str, PolicyStep]] = defaultdict(dict)
    for step in PolicyStep.objects.select_related("by"):
        steps[step.policy_id][step.step] = step
    policies = {policy.policy_id: policy for policy in Policy.objects.all()}
    rows = [_answer(policy_id, policies.get(policy_id), steps[policy_id], bound) for policy_id in sorted({*policies, *steps})]
    rows.sort(key=lambda row: (row.clock.notice_to_answer is None, -(row.clock.notice_to_answer or 0), row.policy_id))
    clocks = [row.clock for row in rows]
    answered = sum(1 for found in clocks if found.notice_to_answer is not None)
    waiting = sum(1 for found in clocks if "notice" in found.dates and "answered" not in found.dates)
    return Answers(tuple(rows), median_days(clocks), answered, waiting)


def answer(run: Run | None, policy_id: str) -> Answer | None:
    """None where neither a policy nor a step has this id."""
    steps = {step.step: step for step in PolicyStep.objects.filter(policy_id=policy_id).select_related("by")}
    policy = Policy.objects.filter(policy_id=policy_id).first()
    return _answer(policy_id, policy, steps, exposed(run)) if policy or steps else None


def _answer(policy_id: str, policy: Policy | None, steps: dict[str, PolicyStep], bound: Exposed | None) -> Answer:
    dates = {name: step.on for name, step in steps.items()}
    return Answer(policy_id, policy, clock(dates, None if bound is None else bound.get(policy_id, [])), steps)
