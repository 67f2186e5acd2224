"""A therapy and a person's start -> the days on which doses fall; grain: one day a dose.

Gaps wobble around the regimen (a few days either way, now and then a held dose), always well inside the gap rule of
definitions.md 3, so that only planned events end an episode.
"""

from __future__ import annotations

from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.therapies import Therapy


def _working_day(day: int) -> int:
    """Clinics are closed on Sundays: the dose is given on the Monday."""
    return day + 1 if day % 7 == 0 else day


def _next_gap(draw: Draws, interval: int) -> int:
    wobble = max(1, interval // 14)
    gap = interval + draw.between(-wobble, wobble)
    if draw.chance(0.03):
        gap += interval * 3 // 10  # a held dose: an infection, a holiday
    return gap


def open_ended(draw: Draws, therapy: Therapy, interval: int, start: int, until: int, visible_from: int) -> list[int]:
    """Doses of a regimen without an end, from `start` (its first days included) or, where it began before, from `visible_from`
    on."""
    first_days = therapy.recipe.first_days
    found: list[int] = []
    if start >= visible_from:
        day = start
        for offset in first_days:
            day = _working_day(start + offset + (draw.between(-1, 1) if offset > 3 else 0))
            if day < until:
                found.append(day)
        anchor = start if therapy.cycle_doses else day
    else:
        anchor = visible_from - draw.between(1, interval)
    while True:
        anchor += _next_gap(draw, interval)
        if anchor >= until:
            return found
        offsets = first_days if therapy.recipe.repeats_cycle else (0,)
        found.extend(day for day in (_working_day(anchor + offset) for offset in offsets) if visible_from <= day < until)


def finite(draw: Draws, therapy: Therapy, start: int, until: int) -> list[int]:
    """Doses of one finite course, complete unless `until` cuts it."""
    first_days = therapy.recipe.first_days
    if len(first_days) >= therapy.course_doses:
        wanted = [start + offset + (draw.between(0, 1) if offset else 0) for offset in first_days[: therapy.course_doses]]
    else:
        wanted, day = [], start
        for _ in range(therapy.course_doses):
            wanted.append(day)
            day += therapy.interval + draw.between(-2, 2)
    return [day for day in (_working_day(day) for day in wanted) if day < until]


def planned_induction(draw: Draws, therapy: Therapy, start: int, until: int) -> list[int]:
    """The infusions before planned self-injection (definitions.md 3: `ended`, planned)."""
    wanted = (_working_day(start + offset + (draw.between(-1, 1) if offset else 0)) for offset in therapy.recipe.first_days)
    return [day for day in wanted if day < until]


def break_off(days_: list[int], position: int, pause: int, until: int) -> list[int]:
    """The doses from `position` on come `pause` days later (a treatment break)."""
    later = [_working_day(day + pause) for day in days_[position:]]
    return days_[:position] + [day for day in later if day < until]
