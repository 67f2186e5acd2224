"""A rehearsal system in which nothing foretells a move: no policies, no departures that take patients along, nobody stops, all treatments go on
alike, and each moves out with the same chance a month."""

import math

import pytest

from demand.engine.rehearsal import courses, write
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.plans import Course, Setting
from demand.engine.rehearsal.world import Site

MOVES_A_YEAR = 0.12
LONGEST_INTERVAL = 60  # days: a move shows with the next dose


def plant_equal_hazards(patch: pytest.MonkeyPatch) -> None:
    menu = tuple(
        one
        for one in write.therapy_menu()
        if not one.course_doses and not one.planned_self_injection and one.interval <= LONGEST_INTERVAL
    )
    patch.setattr(write, "therapy_menu", lambda: menu)
    patch.setattr(write, "planted_policies", lambda window: ())
    patch.setattr(courses, "_stop", lambda setting, course, draw, planned, until: planned)
    patch.setattr(courses, "plan_move", _plan_move)


def _plan_move(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> tuple[int, Site, str] | None:
    if site.ownership != "owned":
        return None
    day = planned[0] - round(365 * math.log(1 - draw.u()) / MOVES_A_YEAR)
    person = course.person
    new = setting.places.outside(draw, person.place.market, course.therapy, person.payer_on(planned[0]), planned[0])
    return (day, new, "unexplained") if planned[0] < day <= planned[-1] else None
