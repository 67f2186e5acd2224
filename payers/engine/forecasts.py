"""What forecasters said of policies and what came -> each forecaster's Brier score; grain: one forecaster.

Formula: mean of (likelihood - outcome)², outcome 1 where the policy came and 0 where it did not, over the decided policies that the
forecaster spoke of. The last likelihood said before the day of the decision counts. 0 is perfect, 0.25 is what “50 %” always gets.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COIN = 0.25


@dataclass(frozen=True)
class Said:
    """A likelihood (0 to 1) that a forecaster gave a policy on a day."""

    policy_id: str
    forecaster: str
    likelihood: float
    on: dt.date


@dataclass(frozen=True)
class Decided:
    """Whether a policy came, and when that was known."""

    policy_id: str
    came: bool
    on: dt.date


@dataclass(frozen=True)
class Score:
    """`brier` over `decided` policies; `waiting` are those spoken of and not decided yet. None where nothing is decided."""

    forecaster: str
    brier: float | None
    decided: int
    waiting: int


def scores(said: Iterable[Said], decisions: Mapping[str, Decided]) -> list[Score]:
    """One score a forecaster, the best first; those without a decided policy come last."""
    last: dict[tuple[str, str], Said] = {}
    for one in sorted(said, key=lambda one: one.on):
        decision = decisions.get(one.policy_id)
        if decision is None or one.on < decision.on:
            last[one.forecaster, one.policy_id] = one
    errors, waiting = defaultdict(list), defaultdict(int)
    for (forecaster, policy_id), one in last.items():
        decision = decisions.get(policy_id)
        if decision is None:
            waiting[forecaster] += 1
        else:
            errors[forecaster].append((one.likelihood - decision.came) ** 2)
    found = [
        Score(name, sum(errors[name]) / len(errors[name]) if errors[name] else None, len(errors[name]), waiting[name])
        for name in {*errors, *waiting}
    ]
    return sorted(found, key=lambda score: (score.brier is None, score.brier or 0.0, score.forecaster))
