"""A person, the menu, the policies -> what the person is infused with, where, how paid, how it ends; grain: one `Course` a drug."""

from __future__ import annotations

from demand.engine.rehearsal import schedules
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.moves import plan_move, reason_of
from demand.engine.rehearsal.orders import add_orders
from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.places import Places
from demand.engine.rehearsal.plans import Course, Infusion, Setting
from demand.engine.rehearsal.policies import PlantedPolicy, StateLaw
from demand.engine.rehearsal.therapies import Code, Therapy
from demand.engine.rehearsal.world import Payer, Prescriber, Site, World

WEIGHT_CHANGES = 0.04  # chance at each dose that the person weighs another 10 or 16 % since the last: doses by weight follow


def make_setting(
    world: World, menu: tuple[Therapy, ...], policies: tuple[PlantedPolicy, ...], laws: tuple[StateLaw, ...]
) -> Setting:
    by_place: dict[tuple[str, str], list[Prescriber]] = {}
    for prescriber in world.prescribers:
        by_place.setdefault((prescriber.market, prescriber.specialty), []).append(prescriber)
    return Setting(world, menu, policies, laws, Places(world), {key: tuple(found) for key, found in by_place.items()})


def live(setting: Setting, person: Person, draw: Draws) -> None:
    """Adds the person's courses. Nearly nine in ten people of the extract have one, some two, the others only ordinary care."""
    if draw.chance(0.88):
        families: list[str] = []
        for _ in range(2 if draw.chance(0.06) else 1):
            course = _course(setting, person, draw, families)
            if course is not None:
                person.courses.append(course)
                families.append(course.therapy.family)


def _choose_therapy(setting: Setting, person: Person, draw: Draws, taken: list[str]) -> Therapy | None:
    older = person.age_on(setting.world.window.start) >= 65
    weights = [
        0.0 if therapy.family in taken else (therapy.recipe.older if older else therapy.recipe.younger) for therapy in setting.menu
    ]
    return draw.weighted(setting.menu, weights) if sum(weights) else None


def _choose_prescriber(setting: Setting, person: Person, therapy: Therapy, draw: Draws, day: int) -> Prescriber | None:
    """Two thirds are ordered by the system's own or affiliated clinicians; a missing specialty is found in the metro."""
    for market in (person.place.market, "metro"):
        found = [p for specialty in therapy.specialties for p in setting.prescribers_of.get((market, specialty), ())]
        if found:
            rostered = [p for p in found if p.on_roster(day)]
            others = [p for p in found if not p.on_roster(day) and p.starts <= day < p.ends]
            pool = rostered if (rostered and draw.chance(0.68)) else (others or rostered)
            if pool:
                return draw.pick(pool)
    return None


def _course(setting: Setting, person: Person, draw: Draws, taken: list[str]) -> Course | None:
    window = setting.world.window
    visible_from = max(window.start, person.spans[0].starts)
    until = min(window.end, person.enrolled_until)
    therapy = _choose_therapy(setting, person, draw, taken)
    if therapy is None or until - visible_from < 60:
        return None
    product = draw.weighted(therapy.products, [one.share for one in therapy.products])
    bounded = therapy.course_doses > 0 or therapy.planned_self_injection
    under_way = not bounded and draw.chance(0.58)
    started = visible_from - draw.between(90, 900) if under_way else draw.between(visible_from, until - 30)
    prescriber = _choose_prescriber(setting, person, therapy, draw, max(started, visible_from))
    if prescriber is None:
        return None
    # A shorter interval than the label's is common for a few families; own gaps then tell it, as definitions.md 3 asks.
    interval = (
        therapy.interval * 3 // 4 if therapy.family in ("infliximab", "vedolizumab") and draw.chance(0.2) else therapy.interval
    )
    course = Course(person, therapy, product, prescriber, started, not under_way, interval)
    planned = _planned_days(course, draw, visible_from, until)
    planned = [day for day in planned if product.code_on(day)]
    if not planned:
        return None
    if under_way is False and planned[0] != started:
        course.started = planned[0]
    planned = _stop(setting, course, draw, planned, until)
    _give(setting, course, draw, planned)
    return course


def _planned_days(course: Course, draw: Draws, visible_from: int, until: int) -> list[int]:
    therapy = course.therapy
    if therapy.course_doses:
        found = schedules.finite(draw, therapy, course.started, until)
        while therapy.clinical_line == "hematology" and found and draw.chance(0.45):
            again = found[-1] + draw.between(200, 380)
            if again > until - 30:
                break
            found = found + schedules.finite(draw, therapy, again, until)
        return found
    if therapy.planned_self_injection:
        found = schedules.planned_induction(draw, therapy, course.started, until)
        if found and len(found) == len(therapy.recipe.first_days):
            course.self_fills = list(range(found[-1] + draw.between(25, 50), until, 56))
        return found
    found = schedules.open_ended(draw, therapy, course.interval, course.started, until, visible_from)
    if len(found) >= 6 and draw.chance(0.03):
        pause = max(course.allowed_gap, 180) + draw.between(40, 110)
        found = schedules.break_off(found, draw.between(3, len(found) - 2), pause, until)
    return found


def _stop(setting: Setting, course: Course, draw: Draws, planned: list[int], until: int) -> list[int]:
    """Ends some open-ended courses: a shift to self-injection, a stop that somebody recorded, or silence."""
    therapy = course.therapy
    if therapy.course_doses or therapy.planned_self_injection or len(planned) < 2:
        return planned
    years = (planned[-1] - planned[0]) / 365
    chance = 1 - 0.85**years
    payer = course.person.payer_on(planned[-1])
    steered = therapy.self_form and any(
        policy.kind == "benefit" and policy.payer == payer.name and therapy.family in policy.families for policy in setting.policies
    )
    if not draw.chance(chance + (0.15 if steered else 0.0)):
        return planned
    keep = draw.between(1, len(planned) - 1)
    kept = planned[:keep]
    course.stopped_on = kept[-1] + course.interval // 2
    kind = draw.u()
    if therapy.self_form and kind < (0.8 if steered else 0.45):
        first = kept[-1] + draw.between(20, 75)
        if first < until:
            course.stop_cause = "benefit_shift"
            course.self_fills = list(range(first, until, 28))
            return kept
    course.stop_cause = "stopped" if kind > 0.9 else "silent"
    course.evidence = "order" if course.stop_cause == "stopped" else ""
    return kept


def _give(setting: Setting, course: Course, draw: Draws, planned: list[int]) -> None:
    """Sites, channels and doses for every planned day."""
    person, therapy = course.person, course.therapy
    first_payer = person.payer_on(planned[0])
    site = _first_site(setting, course, draw, planned[0], first_payer)
    move = plan_move(setting, course, draw, planned, site)
    complies = draw.u()
    clear = draw.chance(0.15)
    switch_after = draw.between(1, len(planned)) if len(therapy.products) > 1 and draw.chance(0.06) else None
    product, prescriber = course.product, course.prescriber
    waste_billed = draw.chance(0.8)
    weighed = Draws(
        setting.world.seed, f"weight:{person.number}:{therapy.family}"
    )  # a stream of its own: nothing else moves with it
    weight = person.weight
    induction_days = {course.started + offset for offset in therapy.recipe.first_days} if therapy.recipe.first_share < 1 else set()
    for position, day in enumerate(planned):
        if switch_after == position:
            product = draw.pick(therapy.products)
        code = product.code_on(day) or course.product.code_on(day)
        if move is not None and day >= move[0] and course.moved_on is None:
            _record_move(setting, course, day, site, move)
            site = move[1]
        follows = course.moved_on is not None or (move is not None and move[2] == "prescriber_left")
        prescriber = _prescriber_on(setting, course, draw, prescriber, day, moved=follows)
        payer = person.payer_on(day)
        here, visiting = site, False
        if course.moved_on is None and move is None and 1 < position < len(planned) - 2 and draw.chance(0.006):
            elsewhere = setting.places.outside(draw, person.place.market, therapy, payer, day)
            visiting = elsewhere.truth_id != site.truth_id
            here = elsewhere if visiting else site
        channel, supply, pharmacy = _channel(setting, course, here, payer, day, complies, clear)
        share = therapy.recipe.first_share if day in induction_days else 1.0
        if position and weighed.chance(WEIGHT_CHANGES):
            weight = max(18.0, min(150.0, weight * weighed.pick((0.84, 0.9, 1.1, 1.16))))
        dose, units, waste = _dose(therapy, code, weight, share, waste_billed)
        course.infusions.append(
            Infusion(day, code, here, channel, supply, pharmacy, dose, units, waste, prescriber, payer, visiting)
        )
    add_orders(setting, course, draw)
    if course.moved_on is not None:
        course.reason = reason_of(setting, course)


def _first_site(setting: Setting, course: Course, draw: Draws, day: int, payer: Payer) -> Site:
    person, therapy, places = course.person, course.therapy, setting.places
    market = person.place.market
    inside = course.prescriber.on_roster(max(day, setting.world.window.start))
    kind = draw.weighted(("owned", "partner", "outside"), (76, 5, 19) if inside else (21, 3, 76))
    site: Site | None = None
    if kind == "owned":
        site = places.owned(draw, market, therapy, payer, day)
        barred = site is not None and any(
            policy.kind == "site_of_care"
            and policy.binds(payer, therapy.family, person.age_on(day))
            and policy.in_force_on(day)
            and policy.excludes(site)
            for policy in setting.policies
        )
        if barred and course.new_start and draw.chance(0.6):
            site = places.owned(draw, market, therapy, payer, day, hospital=False) if draw.chance(0.4) else None
            site = site or places.outside(draw, market, therapy, payer, day, hospital=False)
    elif kind == "partner":
        site = places.partner(draw, market, therapy, payer)
    return site or places.outside(draw, market, therapy, payer, day)


def _dose(therapy: Therapy, code: Code, weight: float, share: float, waste_billed: bool) -> tuple[float, float, float]:
    """(dose, units, waste units): what the label's dose makes of whole billing units and whole vials."""
    recipe = therapy.recipe
    wanted = (recipe.fixed or recipe.per_kg * weight) * share
    units = float(max(1, int(wanted / code.unit + 0.999999)))
    if not recipe.vial:
        return units * code.unit, units, 0.0
    vials = int(wanted / recipe.vial + 0.999999)
    waste = float(int((vials * recipe.vial - units * code.unit) / code.unit + 0.000001))
    return units * code.unit, units, waste if waste_billed and waste > 0 and therapy.family != "immune globulin" else 0.0


def _channel(
    setting: Setting, course: Course, site: Site, payer: Payer, day: int, complies: float, clear: bool
) -> tuple[str, str, Site | None]:
    """(channel, supply, pharmacy) by the drug-source policies in force, as this person's clinic follows them."""
    if site.form in ("home", "suite"):
        return "home_per_diem", "", None
    if not site.is_hospital or not payer.pharmacy:
        return "buy_and_bill", "", None
    person = course.person
    for policy in setting.policies:
        if (
            policy.kind != "drug_source"
            or policy.drug_source not in ("sp_required", "sp_preferred")
            or not policy.in_force_on(day)
            or not policy.binds(payer, course.therapy.family, person.age_on(day))
            or any(law.shields(policy, payer, person.place.state, day) for law in setting.laws)
        ):
            continue
        if complies < (0.9 if policy.drug_source == "sp_required" else 0.35):
            if clear and site.ownership == "owned" and payer.bag == "pharmacy":
                return "clear_bag", "pharmacy", setting.places.sites["LM-PHARMACY"]
            return "white_bag", payer.bag, setting.places.sites[payer.pharmacy]
    if complies > 0.992 and site.is_hospital:  # a one-off arrangement without a policy
        return "white_bag", "pharmacy", setting.places.sites["SP-PINFOLD"]
    return "buy_and_bill", "", None


def _record_move(setting: Setting, course: Course, day: int, old: Site, move: tuple[int, Site, str]) -> None:
    course.moved_on, course.from_site, course.to_site, course.planned_reason = day, old, move[1], move[2]


def _prescriber_on(setting: Setting, course: Course, draw: Draws, current: Prescriber, day: int, moved: bool) -> Prescriber:
    """Patients of a clinician who left either followed (the same NPI goes on ordering) or were taken over by a colleague."""
    if day < current.ends or moved or current.relation == "":
        return current
    specialties = course.therapy.specialties
    colleagues = [
        p for specialty in specialties for p in setting.prescribers_of.get((current.market, specialty), ()) if p.on_roster(day)
    ]
    return draw.pick(colleagues) if colleagues else current
