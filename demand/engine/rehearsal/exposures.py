"""A planted course and the world's policies -> from when each policy exposed it; grain: one row a person × family × policy.

Planned apart from the evaluator that is scored against it: days are numbers, and a policy's first day for a treatment comes from the
planted policy itself. Every row says the day twice: as planted, and as a perfect reader of the claims could say it, who sees neither
unpaid doses nor starts before the enrollment nor authorizations that no claim names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from demand.engine.rehearsal import days
from demand.engine.rehearsal.claims import Seen
from demand.engine.rehearsal.places import class_of
from demand.engine.rehearsal.plans import Course, Infusion, Setting
from demand.engine.rehearsal.policies import PlantedPolicy
from demand.engine.rehearsal.truth import BENEFIT_SHIFT_DAYS, visible_channel
from demand.engine.rehearsal.world import OPEN_END, Payer

EXPOSURE_COLUMNS = ("person_id", "family", "policy_id", "exposed_from", "visible_exposed_from")
RESTART_DAYS = 180
ENROLLED_DAYS = 365


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as the truth or as claims know it. authorized_until is None where no claim says it."""

    day: int
    payer: Payer
    site_class: str
    affiliated: bool
    channel: str
    authorized_until: int | None


def exposure_rows(setting: Setting, pairs: list[tuple[Course, Infusion, Seen]], as_of: int) -> Iterator[str]:
    """The rows of one person's courses, of the policies that expose them to anything."""
    by_course: dict[int, list[tuple[Course, Infusion, Seen]]] = {}
    for one in pairs:
        by_course.setdefault(id(one[0]), []).append(one)
    for mine in by_course.values():
        course = mine[0][0]
        planted = [_planted(course, infusion) for _, infusion, _ in mine]
        others = {infusion.day for other, infusion, _ in pairs if other is not course}
        visible = [
            _visible(course, infusion, seen)
            for _, infusion, seen in mine
            # a dose that a pharmacy sent is taken for the other drug's administration where another was given that day
            if seen.site_shown and seen.drug_named and (seen.drug_paid or infusion.day not in others)
        ]
        for policy in setting.policies:
            if course.therapy.family in policy.families:
                first = _first(setting, course, policy, planted, as_of, all_known=True)
                seen_first = _first(setting, course, policy, visible, as_of, all_known=False)
                if first is not None or seen_first is not None:
                    told = [days.text(day) if day is not None else "" for day in (first, seen_first)]
                    yield f"{course.person.person_id},{course.therapy.family},{policy.policy_id},{told[0]},{told[1]}\n"


def _authorized_until(course: Course, infusion: Infusion) -> int | None:
    """Authorizations last a year from the start of treatment; who asks for them: see `claims`."""
    if infusion.payer.line_of_business not in ("commercial", "exchange", "medicare_advantage"):
        return None
    return course.started + (max(infusion.day - course.started, 0) // 365 + 1) * 365


def _planted(course: Course, infusion: Infusion) -> Dose:
    site = infusion.site
    authorized = _authorized_until(course, infusion)
    return Dose(infusion.day, infusion.payer, class_of(site), site.hospital_affiliated, infusion.channel, authorized)


def _visible(course: Course, infusion: Infusion, seen: Seen) -> Dose:
    affiliated = infusion.site.registered and infusion.site.hospital_affiliated
    authorized = _authorized_until(course, infusion)
    return Dose(infusion.day, infusion.payer, seen.site_class, affiliated, visible_channel(infusion, seen), authorized)


def _first(setting: Setting, course: Course, policy: PlantedPolicy, doses: list[Dose], as_of: int, all_known: bool) -> int | None:
    """The first day on which the policy exposes any episode of the course."""
    found = []
    episodes: list[list[Dose]] = []
    allowed_gap = course.allowed_gap if all_known else _own_allowed_gap(course, doses)
    for dose in doses:
        if episodes and dose.day - episodes[-1][-1].day <= allowed_gap:
            episodes[-1].append(dose)
        else:
            episodes.append([dose])
    treatment: list[Dose] = []
    for number, episode in enumerate(episodes):
        restarted = bool(treatment) and episode[0].day - treatment[-1].day > RESTART_DAYS
        treatment = [*([] if restarted else treatment), *episode]
        from_start = treatment[0] is doses[0]
        bound = _bound(course, policy, treatment, doses, from_start, all_known)
        if bound is not None:
            until = _treated_until(course, episode, allowed_gap, number + 1 < len(episodes), as_of)
            found.append(_within(setting, course, policy, episode, until, bound))
    return min((day for day in found if day is not None), default=None)


def _bound(
    course: Course, policy: PlantedPolicy, treatment: list[Dose], doses: list[Dose], from_start: bool, all_known: bool
) -> int | None:
    """When start rule and grace let the policy begin, whoever pays and wherever the person is treated."""
    given = [dose.day for dose in treatment]
    if from_start and all_known and course.started < given[0]:
        given = sorted({*(course.started + 28 * step for step in range(3)), *given})
    spans = course.person.spans
    known = all_known or not from_start or given[0] - spans[0].starts >= ENROLLED_DAYS
    if policy.starts != "everyone" and given[0] >= policy.effective_from and not known:
        return None
    ends = [
        dose.authorized_until
        for dose in doses
        if dose.payer.name == policy.payer and dose.authorized_until and dose.authorized_until >= policy.effective_from
    ]
    if policy.starts == "at_renewal" and given[0] < policy.effective_from and not ends:
        return None
    return policy.exposed_from(given, course.therapy.course_doses == 1, min(ends, default=0))


def _own_allowed_gap(course: Course, doses: list[Dose]) -> int:
    """By the median of the gaps that the doses seen show, where there are two of maintenance, as definitions.md 3 has it."""
    therapy, gaps, number = course.therapy, [], 1
    for before, after in pairwise(doses):
        gap = after.day - before.day
        number = 1 if gap > max(RESTART_DAYS, int(therapy.interval * 1.5)) else number + 1
        if number >= therapy.induction_doses + 2:
            gaps.append(gap)
    own = len(gaps) >= 2 and not therapy.cycle_doses
    interval = int(median(gaps) + 0.5) if own else therapy.interval
    return max(60, int(interval * 1.5))


def _treated_until(course: Course, episode: list[Dose], allowed_gap: int, restarted: bool, as_of: int) -> int:
    """The last dose + the allowed gap; without end where nothing says that the treatment ended."""
    person, therapy, last = course.person, course.therapy, episode[-1].day
    overdue = last + allowed_gap
    fills = [day for day in course.self_fills if last < day < as_of]
    ended = (
        restarted
        or overdue < as_of
        or (fills and (therapy.planned_self_injection or fills[0] - last <= BENEFIT_SHIFT_DAYS))
        or (therapy.course_doses and len(episode) >= therapy.course_doses)
        or course.evidence
        or (person.died is not None and person.died < as_of)
        or person.enrolled_until < min(overdue, as_of)
    )
    return overdue if ended else OPEN_END


def _within(setting: Setting, course: Course, policy: PlantedPolicy, episode: list[Dose], until: int, bound: int) -> int | None:
    """The first day from `bound` on at which the person is treated where the policy does not want it, under its payer."""
    person = course.person
    if policy.age_min is not None:
        born = dt.date.fromordinal(person.born)
        leap = born.month == 2 and born.day == 29
        bound = max(bound, born.replace(year=born.year + policy.age_min, day=28 if leap else born.day).toordinal())
    stretches = [(one, one.day, after.day) for one, after in pairwise(episode)] + [(episode[-1], episode[-1].day, until + 1)]
    for dose, begins, ends in stretches:
        if not _unwanted(policy, dose):
            continue
        for number, span in enumerate(person.spans):
            payer = span.payer
            bears = payer.line_of_business in policy.lines_of_business and payer.funding in policy.funding
            if payer.name != policy.payer or not bears:
                continue
            from_on = max(begins, bound, span.starts if number else begins)
            to_on = min(ends, policy.effective_to, span.ends if number + 1 < len(person.spans) else OPEN_END)
            for law in setting.laws:
                if law.shields(policy, payer, person.place.state, OPEN_END):
                    to_on = min(to_on, law.effective_from)
            if from_on < to_on:
                return from_on
    return None


def _unwanted(policy: PlantedPolicy, dose: Dose) -> bool:
    if policy.drug_source == "buy_and_bill_required":
        return dose.channel in ("white_bag", "clear_bag")
    if not policy.excluded and not policy.excludes_hospital_affiliated:
        return True
    affiliated = policy.excludes_hospital_affiliated and dose.affiliated and dose.site_class != "home"
    return dose.site_class in policy.excluded or affiliated
