"""A policy's dated steps -> how long the answer took, what is missing, who passed meanwhile; grain: one policy.

The steps in their order: the payer's notice, logged here, computed (patients known), decided, answered, adopted. A step may be
missing; those that are there never go backwards. Days from notice to answer = answered − notice. A person has passed before a step
where exposed_from lies before the step's date: the policy already bound them when we took it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

STEPS = ("notice", "logged", "computed", "decided", "answered", "adopted")
WORDS = {
    "notice": "the payer's notice",
    "logged": "logged here",
    "computed": "patients computed",
    "decided": "decided",
    "answered": "answered to the payer",
    "adopted": "adopted in the clinics",
}


@dataclass(frozen=True)
class Passed:
    """People and dollars to whom the policy already applied when the step was taken."""

    people: int
    allowed_cents: int


@dataclass(frozen=True)
class Between:
    """Two steps, one after the other among those that are dated, and the days between them."""

    earlier: str
    later: str
    days: int


@dataclass(frozen=True)
class Clock:
    """`passed` is None where exposure is not computed yet, not where nobody passed."""

    dates: Mapping[str, dt.date]
    between: tuple[Between, ...]
    missing: tuple[str, ...]
    passed: Mapping[str, Passed] | None = None

    @property
    def notice_to_answer(self) -> int | None:
        """Days; None while one of the two is missing."""
        if "notice" not in self.dates or "answered" not in self.dates:
            return None
        return (self.dates["answered"] - self.dates["notice"]).days

    @property
    def last(self) -> str | None:
        return next((step for step in reversed(STEPS) if step in self.dates), None)


def clock(dates: Mapping[str, dt.date], exposed: Iterable[tuple[object, dt.date, int]] | None = None) -> Clock:
    """`dates` by step; `exposed`: (person, exposed_from, allowed_cents) of the policy, or None where exposure is not computed."""
    there = [step for step in STEPS if step in dates]
    between = tuple(Between(earlier, later, (dates[later] - dates[earlier]).days) for earlier, later in pairwise(there))
    rows = None if exposed is None else list(exposed)
    passed = None if rows is None else {step: _passed(rows, dates[step]) for step in there}
    return Clock({step: dates[step] for step in there}, between, tuple(step for step in STEPS if step not in dates), passed)


def _passed(rows: Sequence[tuple[object, dt.date, int]], on: dt.date) -> Passed:
    before = [(person, cents) for person, exposed_from, cents in rows if exposed_from < on]
    return Passed(len({person for person, _ in before}), sum(cents for _, cents in before))


def out_of_order(dates: Mapping[str, dt.date], step: str, on: dt.date) -> str:
    """One sentence where the step cannot have been on that day because of those already dated; else ''."""
    place = STEPS.index(step)
    for other in STEPS:
        if other == step or other not in dates:
            continue
        if STEPS.index(other) < place and on < dates[other]:
            return f"“{WORDS[step]}” cannot be on {on}, before “{WORDS[other]}” on {dates[other]}; correct one of the two dates."
        if STEPS.index(other) > place and on > dates[other]:
            return f"“{WORDS[step]}” cannot be on {on}, after “{WORDS[other]}” on {dates[other]}; correct one of the two dates."
    return ""


def median_days(clocks: Iterable[Clock]) -> float | None:
    """The median of the days from notice to answer over the policies that have both; None where none has."""
    days = [found.notice_to_answer for found in clocks if found.notice_to_answer is not None]
    return float(median(days)) if days else None
