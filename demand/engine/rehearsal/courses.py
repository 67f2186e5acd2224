"""A person, the menu, the policies -> what the person is infused with, where, how paid, how it ends; grain: one `Course` a drug.

A course is planned, not measured: its moves have causes, its end has a cause, and both are kept beside what definitions.md
makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demand.engine.rehearsal import schedules
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.places import Places
from demand.engine.rehearsal.policies import PlantedPolicy, StateLaw
from demand.engine.rehearsal.therapies import Code, Product, Therapy
from demand.engine.rehearsal.world import Payer, Prescriber, Site, World, miles

DISTANCE_MILES = 10.0
ACCESS_DAYS = 120
ACCESS_WAIT = 14
PRESCRIBER_LEFT_DAYS = 180


@dataclass(slots=True)
class Infusion:
    """One planted infusion. `supply` says how a pharmacy billed the drug: '' | medical | pharmacy. Doses in the code's measure."""

    day: int
    code: Code
    site: Site
    channel: str
    supply: str
    pharmacy: Site | None
    dose: float
    units: float
    waste_units: float
    prescriber: Prescriber
    payer: Payer
    visiting: bool = False


@dataclass(slots=True)
class Order:
    """An order as the system's record keeps it (interfaces.md, orders). Days; None is empty."""

    day: int
    npi: str
    molecule: str
    authorized: int | None
    scheduled: int | None
    infused: int | None
    location: str
    determination: str
    reject_reason: str
    preference: str


@dataclass(slots=True)
class Course:
    person: Person
    therapy: Therapy
    product: Product
    prescriber: Prescriber
    started: int
    new_start: bool
    interval: int
    infusions: list[Infusion] = field(default_factory=list)
    self_fills: list[int] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    stopped_on: int | None = None
    stop_cause: str = ""  # benefit_shift | stopped | silent | ''
    evidence: str = ""
    moved_on: int | None = None
    planned_reason: str = ""
    reason: str = ""
    from_site: Site | None = None
    to_site: Site | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """All that is the same for every person."""

    world: World
    menu: tuple[Therapy, ...]
    policies: tuple[PlantedPolicy, ...]
    laws: tuple[StateLaw, ...]
    places: Places
    prescribers_of: dict[tuple[str, str], tuple[Prescriber, ...]]


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
        pause = max(_allowed(course), 180) + draw.between(40, 110)
        found = schedules.break_off(found, draw.between(3, len(found) - 2), pause, until)
    return found


def _allowed(course: Course) -> int:
    return max(60, int(course.interval * 1.5))


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
    move = _plan_move(setting, course, draw, planned, site)
    complies = draw.u()
    clear = draw.chance(0.15)
    switch_after = draw.between(1, len(planned)) if len(therapy.products) > 1 and draw.chance(0.06) else None
    product, prescriber = course.product, course.prescriber
    waste_billed = draw.chance(0.8)
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
        dose, units, waste = _dose(therapy, code, person.weight, share, waste_billed)
        course.infusions.append(
            Infusion(day, code, here, channel, supply, pharmacy, dose, units, waste, prescriber, payer, visiting)
        )
    _add_orders(setting, course, draw)


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
        return "white_bag", "pharmacy", setting.places.sites["SP-PINNACLE"]
    return "buy_and_bill", "", None


def _plan_move(setting: Setting, course: Course, draw: Draws, planned: list[int], site: Site) -> tuple[int, Site, str] | None:
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


def _exposure(setting: Setting, course: Course, planned: list[int], policy: PlantedPolicy) -> int | None:
    """The first day on which the policy binds this treatment, or None."""
    person, therapy = course.person, course.therapy
    begin = max(policy.effective_from, planned[0])
    payer = person.payer_on(begin)
    if not policy.binds(payer, therapy.family, person.age_on(begin)):
        return None
    if any(law.shields(policy, payer, person.place.state, begin) for law in setting.laws):
        return None
    earlier = [course.started + 28 * step for step in range(3)] if course.started < planned[0] else []
    exposed = policy.exposed_from(sorted(earlier + planned), False, _renewal(course, policy.effective_from))
    return exposed if exposed is not None and exposed <= planned[-1] + _allowed(course) else None


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
        payer = person.payer_on(exposed)
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


def _add_orders(setting: Setting, course: Course, draw: Draws) -> None:
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
            course.orders.append(
                Order(
                    stopped,
                    last.prescriber.npi,
                    last.code.molecule,
                    None,
                    None,
                    None,
                    "",
                    "Discontinued",
                    "Clinically inappropriate",
                    "Unknown",
                )
            )
        else:
            course.stop_cause, course.evidence = "silent", ""
    if course.moved_on is not None:
        course.reason = _reason(setting, course)


def _reason(setting: Setting, course: Course) -> str:
    """Why the move happened, by definitions.md 4: the first that holds for the planted facts, whatever the plan was."""
    person, old, new, day = course.person, course.from_site, course.to_site, course.moved_on
    days_ = [infusion.day for infusion in course.infusions]
    for kind, word in (("site_of_care", "site_policy"), ("drug_source", "drug_source_policy")):
        for policy in setting.policies:
            if policy.kind != kind or not policy.excludes(old) or policy.drug_source in ("any", "buy_and_bill_required"):
                continue
            exposed = _exposure(setting, course, days_, policy)
            if exposed is not None and exposed <= day < policy.effective_to:
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
