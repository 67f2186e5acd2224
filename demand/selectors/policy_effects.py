"""What site policies did, as a run found it: shares moved among people a policy bound and among comparable ones, window by window.

Readers without the patient-level right see neither a count of 1 to 10 people who moved or stayed nor a difference that rests on one.
"""

import datetime as dt
from dataclasses import dataclass

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN, Mark
from demand.models import Run
from demand.selectors.facts import ResultsMissing
from payers.models import Policy

Count = int | Mark
Share = float | Mark | None


@dataclass(frozen=True)
class Window:
    """The days from begins_on on; `is_effect`: those that follow the policy's date, the others lie before it."""

    begins_on: dt.date
    is_effect: bool
    complete: bool
    bound: Count
    bound_moved: Count
    comparable: Count
    comparable_moved: Count
    difference: Share
    low: Share
    high: Share
    policies_of_others: tuple[str, ...]

    @property
    def bound_share(self) -> Share:
        return _share(self.bound_moved, self.bound)

    @property
    def comparable_share(self) -> Share:
        return _share(self.comparable_moved, self.comparable)


@dataclass(frozen=True)
class EffectOf:
    """verdict: told | too few | incomplete. change: the difference less the mean of the windows before, None where there is none."""

    policy_id: str
    policy: Policy | None
    verdict: str
    effect: Window
    before: tuple[Window, ...]
    change: Share
    change_low: Share
    change_high: Share
    comparators: tuple[str, ...]
    clinical_lines: tuple[str, ...]

    @property
    def is_hidden(self) -> bool:
        return self.effect.difference is HIDDEN

    @property
    def windows(self) -> tuple[Window, ...]:
        return (*self.before, self.effect)


def effects_of_policies(run: Run, see_small: bool) -> tuple[EffectOf, ...]:
    """Most people bound first. ResultsMissing where the run was computed before windows were."""
    rows = (run.result or {}).get("policy_effects", [])
    if any("verdict" not in row for row in rows):
        raise ResultsMissing(
            f"Run {run.pk} keeps no windows before a policy: it was computed before they were; recompute, then look again."
        )
    policies = {policy.policy_id: policy for policy in Policy.objects.filter(policy_id__in=[row["policy_id"] for row in rows])}
    return tuple(
        _effect(row, policies.get(row["policy_id"]), see_small)
        for row in sorted(rows, key=lambda row: (-row["bound"], row["policy_id"]))
    )


def _effect(row: dict, policy: Policy | None, see_small: bool) -> EffectOf:
    effect = _window(row, True, see_small)
    before = tuple(_window(one, False, see_small) for one in row["before"])
    told = HIDDEN not in (effect.difference, *(one.difference for one in before))
    return EffectOf(
        policy_id=row["policy_id"],
        policy=policy,
        verdict=row["verdict"],
        effect=effect,
        before=before,
        **{name: row[name] if told else HIDDEN for name in ("change", "change_low", "change_high")},
        comparators=tuple(row["comparators"]),
        clinical_lines=tuple(row["clinical_lines"]),
    )


def _window(row: dict, is_effect: bool, see_small: bool) -> Window:
    groups = {name: (row[name], row[f"{name}_moved"]) for name in ("bound", "comparable")}
    hidden = {name: not see_small and _tells(*counts) for name, counts in groups.items()}
    shown = {
        f"{name}{part}": HIDDEN if hidden[name] else value
        for name, counts in groups.items()
        for part, value in zip(("", "_moved"), counts, strict=True)
    }
    return Window(
        begins_on=dt.date.fromisoformat(row["begins_on"]),
        is_effect=is_effect,
        complete=row["complete"],
        policies_of_others=tuple(row["policies_of_others"]),
        **shown,
        **{name: HIDDEN if any(hidden.values()) else row[name] for name in ("difference", "low", "high")},
    )


def _tells(people: int, moved: int) -> bool:
    return any(0 < count < SMALLEST_SHOWN for count in (people, moved, people - moved))


def _share(moved: Count, people: Count) -> Share:
    return HIDDEN if people is HIDDEN else moved / people if people else None
