"""Policies -> a bar each along the years, by payer and plan. Geometry in hundredths of the width; the page draws it as SVG."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from payers.models import Policy
from payers.selectors.register import scope_words


@dataclass(frozen=True)
class Bar:
    policy: Policy
    x: float
    width: float
    look: str  # the class of the bar: in force, to come, anticipated, ended
    open_ended: bool


@dataclass(frozen=True)
class Lane:
    """The bars of one payer, for plans that are covered alike and one kind of policy."""

    kind: str
    scope: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Group:
    payer: str
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Timeline:
    groups: tuple[Group, ...]
    ticks: tuple[tuple[float, str], ...]  # (x, year)
    today: float


def timeline(policies: Iterable[Policy], as_of: dt.date) -> Timeline | None:
    dated = [policy for policy in policies if policy.effective_from]
    if not dated:
        return None
    first = dt.date(min(min(policy.effective_from for policy in dated), as_of).year, 1, 1)
    ends = [policy.effective_to or policy.effective_from for policy in dated]
    last = dt.date(max(max(ends), as_of).year + 1, 1, 1)
    days = (last - first).days

    def place(day: dt.date) -> float:
        return round(100 * (day - first).days / days, 3)

    by_payer: dict[str, dict[tuple[str, str], list[Bar]]] = {}
    for policy in sorted(dated, key=lambda one: (one.payer.casefold(), one.effective_from)):
        end = place(policy.effective_to) if policy.effective_to else 100.0
        x = place(policy.effective_from)
        bar = Bar(policy, x, round(max(end - x, 0.6), 3), _look(policy, as_of), policy.effective_to is None)
        by_payer.setdefault(policy.payer, {}).setdefault((policy.kind_in_words, scope_words(policy.document)), []).append(bar)
    groups = tuple(
        Group(payer, tuple(Lane(kind, scope, tuple(bars)) for (kind, scope), bars in lanes.items()))
        for payer, lanes in by_payer.items()
    )
    years = range(first.year, last.year)
    step = max(1, len(years) // 6)
    ticks = tuple((place(dt.date(year, 1, 1)), str(year)) for year in years if (year - first.year) % step == 0)
    return Timeline(groups, ticks, place(as_of))


def _look(policy: Policy, as_of: dt.date) -> str:
    if policy.status == "anticipated":
        return "anticipated"
    if policy.effective_to and policy.effective_to <= as_of:
        return "ended"
    return "to-come" if policy.status == "announced" or policy.effective_from > as_of else "in-force"
