"""How fast each policy was answered: its dated steps, the days between them, who was already exposed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from demand.models import Run
from payers.engine.response import STEPS, WORDS, Clock, clock, median_days
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


def exposed(run: Run | None, policy_id: str) -> Iterable[tuple[object, dt.date, int]] | None:
    """(person, exposed_from, allowed_cents) of the policy in the run's exposure; None while a run computes none."""
    return None


def answers(run: Run | None) -> Answers:
    steps: dict[str, dict[str, PolicyStep]] = defaultdict(dict)
    for step in PolicyStep.objects.select_related("by"):
        steps[step.policy_id][step.step] = step
    policies = {policy.policy_id: policy for policy in Policy.objects.all()}
    rows = [_answer(policy_id, policies.get(policy_id), steps[policy_id], run) for policy_id in sorted({*policies, *steps})]
    rows.sort(key=lambda row: (row.clock.notice_to_answer is None, -(row.clock.notice_to_answer or 0), row.policy_id))
    clocks = [row.clock for row in rows]
    answered = sum(1 for found in clocks if found.notice_to_answer is not None)
    waiting = sum(1 for found in clocks if "notice" in found.dates and "answered" not in found.dates)
    return Answers(tuple(rows), median_days(clocks), answered, waiting)


def answer(run: Run | None, policy_id: str) -> Answer | None:
    """None where neither a policy nor a step has this id."""
    steps = {step.step: step for step in PolicyStep.objects.filter(policy_id=policy_id).select_related("by")}
    policy = Policy.objects.filter(policy_id=policy_id).first()
    return _answer(policy_id, policy, steps, run) if policy or steps else None


def _answer(policy_id: str, policy: Policy | None, steps: dict[str, PolicyStep], run: Run | None) -> Answer:
    dates = {name: step.on for name, step in steps.items()}
    return Answer(policy_id, policy, clock(dates, exposed(run, policy_id)), steps)
