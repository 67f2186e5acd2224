"""A course's infusions -> the orders that the system's own record keeps; grain: one order.

Orders exist for clinicians on the roster only: a start, a renewal a year, the one that waited too long before a move for want
of access, and the one that records a stop.
"""

from __future__ import annotations

from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.moves import ACCESS_WAIT
from demand.engine.rehearsal.plans import Course, Infusion, Order, Setting

_LOCATIONS = {"home": "Home Infusion", "suite": "Ambulatory Infusion Suite", "clinic": "Ambulatory Infusion Suite"}


def _order(course: Course, infusion: Infusion, wait: int, draw: Draws, determination: str = "Accepted", reason: str = "") -> Order:
    ordered = infusion.day - wait
    own = infusion.site.ownership == "owned"
    return Order(
        day=ordered,
        npi=infusion.prescriber.npi,
        molecule=infusion.code.molecule,
        authorized=ordered + min(wait, draw.between(1, 6)),
        scheduled=infusion.day,
        infused=infusion.day,
        location=_LOCATIONS.get(infusion.site.form, "Clinic")
        if own or infusion.site.form in ("home", "suite")
        else "External Location",
        determination=determination,
        reject_reason=reason,
        preference=draw.pick(("Unknown", "Preferred", "Indifferent")),
    )


def add_orders(setting: Setting, course: Course, draw: Draws) -> None:
    """The system's own orders (roster clinicians only): the start, a renewal a year, the one before a move for want of access."""
    window = setting.world.window
    last_order = -10_000
    previous: Infusion | None = None
    for infusion in course.infusions:
        first = previous is None
        move_here = course.moved_on == infusion.day
        if move_here and course.planned_reason == "access" and infusion.prescriber.on_roster(infusion.day):
            wait = draw.between(ACCESS_WAIT + 5, 44)
            course.orders.append(_order(course, infusion, wait, draw, "Rejected", "Resources unavailable"))
            last_order = infusion.day
        elif (first and course.new_start) or infusion.day - last_order >= 365:
            wait = draw.between(3, ACCESS_WAIT - 1)
            on_roster = infusion.prescriber.on_roster(infusion.day - wait)
            # An order made and waited for on the day of a move would itself be an access reason: it waits less than the limit.
            if on_roster and infusion.day - wait >= window.start:
                course.orders.append(_order(course, infusion, wait, draw))
            last_order = infusion.day
        previous = infusion
    if course.evidence == "order" and course.infusions:
        last = course.infusions[-1]
        stopped = last.day + draw.between(5, 40)
        if last.prescriber.on_roster(stopped) and stopped < window.end:
            why = ("Rejected", "Clinically inappropriate", "Unknown")
            course.orders.append(Order(stopped, last.prescriber.npi, last.code.molecule, None, None, None, "", *why))
        else:
            course.stop_cause, course.evidence = "silent", ""
