"""A course and its first site -> the one move it may make, and the reason that the definitions give it; grain: one move a course.

The plan knows why a person moves. The reason is judged apart, by definitions.md 4: the first that holds for the planted facts.
"""

from __future__ import annotations

from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.plans import Course, Setting
from demand.engine.rehearsal.policies import PlantedPolicy
from demand.engine.rehearsal.world import Site, miles

DISTANCE_MILES = 10.0
ACCESS_DAYS = 120
ACCESS_WAIT = 14
PRESCRIBER_LEFT_DAYS = 180


def plan_move(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> tuple[int, Site, str] | None:
    """(first possible day, new site, why) of the course's one move, or None. Two infusions at the old site must come before it."""
    if len(planned) < 4 or course.therapy.course_doses or course.therapy.planned_self_injection:
        return None
    candidates = [
        *_policy_moves(setting, course, draw, planned, site),
        *_leaving_moves(setting, course, draw, planned, site),
        *_other_moves(setting, course, draw, planned, site),
    ]
    fitting = [one for one in candidates if planned[1] < one[0] <= planned[-1] and one[1].truth_id != site.truth_id]
    return min(fitting, key=lambda one: one[0]) if fitting else None


def _binds(setting: Setting, course: Course, policy: PlantedPolicy, day: int) -> bool:
    """Whether the policy speaks to this person and drug on the day: their plan then, their age, no state law against it."""
    person = course.person
    payer = person.payer_on(day)
    shielded = any(law.shields(policy, payer, person.place.state, day) for law in setting.laws)
    return policy.binds(payer, course.therapy.family, person.age_on(day)) and not shielded


def _exposure(setting: Setting, course: Course, planned: list[int], policy: PlantedPolicy) -> int | None:
    """The first day on which the policy binds this treatment, or None."""
    if not _binds(setting, course, policy, max(policy.effective_from, planned[0])):
        return None
    earlier = [course.started + 28 * step for step in range(3)] if course.started < planned[0] else []
    exposed = policy.exposed_from(sorted(earlier + planned), False, _renewal(course, policy.effective_from))
    return exposed if exposed is not None and exposed <= planned[-1] + course.allowed_gap else None


def _renewal(course: Course, day: int) -> int:
    """The end of the authorization that runs on `day`: authorizations last a year from the start of treatment."""
    return course.started + ((max(day - course.started, 0)) // 365 + 1) * 365


def _policy_moves(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> list[tuple[int, Site, str]]:
    found: list[tuple[int, Site, str]] = []
    person, therapy, places = course.person, course.therapy, setting.places
    for policy in setting.policies:
        if policy.kind not in ("site_of_care", "drug_source") or policy.status != "in_force" or not policy.excludes(site):
            continue
        exposed = _exposure(setting, course, planned, policy)
        will, delay, stays = draw.chance(0.55 if policy.kind == "site_of_care" else 0.07), draw.between(0, 75), draw.chance(0.35)
        if exposed is None or not will or policy.drug_source in ("buy_and_bill_required", "any"):
            continue
        day = max(exposed, planned[0]) + delay
        if not _binds(setting, course, policy, day):
            continue
        payer = person.payer_on(day)
        new: Site | None = None
        if stays and site.ownership == "owned" and not policy.excludes_hospital_affiliated and policy.kind == "site_of_care":
            new = places.owned(draw, person.place.market, therapy, payer, day, hospital=False)
        new = new or places.outside(draw, person.place.market, therapy, payer, day, hospital=False)
        found.append((day, new, "site_policy" if policy.kind == "site_of_care" else "drug_source_policy"))
    return found


def _leaving_moves(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> list[tuple[int, Site, str]]:
    """Half of the patients of a clinician who leaves the system follow to where the clinician works now."""
    left = course.prescriber.ends
    if not (planned[0] < left < planned[-1]) or site.ownership != "owned" or not draw.chance(0.5):
        return []
    payer = course.person.payer_on(left)
    new = setting.places.outside(draw, course.person.place.market, course.therapy, payer, left, hospital=False)
    return [(left + draw.between(5, 60), new, "prescriber_left")]


def _other_moves(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> list[tuple[int, Site, str]]:
    """Waits, distance and no stated reason: a few in a hundred a year each; and some who come back to the system."""
    person, therapy, places = course.person, course.therapy, setting.places
    years = (planned[-1] - planned[0]) / 365
    day = draw.between(planned[1], planned[-1])
    why, roll = draw.u(), draw.u()
    payer = person.payer_on(day)
    if site.ownership == "owned":
        if roll > 0.085 * years:
            return []
        if why < 0.40:
            return [(day, places.outside(draw, person.place.market, therapy, payer, day), "access")]
        if why < 0.70:
            new = places.nearer(person.place.latitude, person.place.longitude, site, therapy, payer, day, DISTANCE_MILES)
            return [(day, new, "distance")] if new else []
        return [(day, places.outside(draw, person.place.market, therapy, payer, day), "unexplained")]
    if site.ownership == "other" and course.prescriber.on_roster(day) and roll < 0.04 * years:
        owned = places.owned(draw, person.place.market, therapy, payer, day)
        return [(day, owned, "returned")] if owned else []
    return []


def reason_of(setting: Setting, course: Course) -> str:
    """Why the move happened, by definitions.md 4: the first that holds for the planted facts, whatever the plan was."""
    person, old, new, day = course.person, course.from_site, course.to_site, course.moved_on
    days_ = [infusion.day for infusion in course.infusions]
    for kind, word in (("site_of_care", "site_policy"), ("drug_source", "drug_source_policy")):
        for policy in setting.policies:
            if policy.kind != kind or not policy.excludes(old) or policy.drug_source in ("any", "buy_and_bill_required"):
                continue
            exposed = _exposure(setting, course, days_, policy)
            if exposed is not None and exposed <= day < policy.effective_to and _binds(setting, course, policy, day):
                return word
    waits = [order for order in course.orders if day - ACCESS_DAYS <= order.day < day and order.scheduled is not None]
    if waits and (waits[-1].scheduled - waits[-1].day) > ACCESS_WAIT:
        return "access"
    if new.form not in ("home",) and new.registered and old.registered:
        place = (person.place.latitude, person.place.longitude)
        if miles(*place, old.latitude, old.longitude) - miles(*place, new.latitude, new.longitude) >= DISTANCE_MILES:
            return "distance"
    if any(day - PRESCRIBER_LEFT_DAYS <= infusion.prescriber.ends <= day for infusion in course.infusions if infusion.day <= day):
        return "prescriber_left"
    return "unexplained"
