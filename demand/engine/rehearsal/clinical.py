"""A person's infusions -> reactions, illnesses and hospital care as claims show them, and the key; grain: one row a fact and day.

From a stream of its own, so that nothing else that is planted moves. The rates are planning-grade guesses, stated here so that a page
that measures them can be checked: `AFTER` says, per infusion and by the class of its site, how often an emergency visit or a stay
follows on the same or the next day, later within 30 days, and an infection within three weeks. People with a chronic illness
have `CHRONIC` times as many, wherever they are treated: a raw comparison of sites has that in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from demand.engine.rehearsal import days
from demand.engine.rehearsal.claims import Billing
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.noise import HOSPITAL, PRIMARY_CARE
from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.places import class_of
from demand.engine.rehearsal.plans import Course, Infusion
from demand.engine.rehearsal.world import OPEN_END, World

FACT_COLUMNS = ("person_id", "criterion", "holds", "from_on", "until_on", "source")
CLINICAL_COLUMNS = ("person_id", "kind", "event_on", "code", "after_on", "family", "site_class", "visible")
# Class of the site: (emergency, admission on the day or the next, emergency, admission later within 30 days, infection)
AFTER = {
    "hopd_on_campus": (0.008, 0.003, 0.020, 0.006, 0.0020),
    "hopd_off_campus": (0.008, 0.003, 0.020, 0.006, 0.0020),
    "home": (0.012, 0.003, 0.020, 0.006, 0.0026),
}
ELSEWHERE = (0.007, 0.002, 0.020, 0.006, 0.0014)
CHRONIC = 2.5
REACTION = 0.0025  # an infusion, FIRST_DOSES times as often among the first two of a course
FIRST_DOSES = 4.0
ILLNESSES = (("cardiopulm", "I5022", 0.03, 0.11), ("renal_fluid", "N184", 0.012, 0.05))  # share under and over 65
CHRONIC_LUNG = (0.03, 0.09)  # share under and over 65
RECORDED = (
    ("ACCESS", 0.025),
    ("COGNITIVE", 0.02),
)  # share of people of whom a clinician wrote it down; half as many: that it does not hold
PREGNANT = 0.05  # of the women under 46
NEW_EPINEPHRINE_CODE = days.of(2025, 7, 1)
MOVE_WINDOW = 45  # no reaction shortly before a move, whose reason it would become


def clinical_facts(billing: Billing) -> Iterator[str]:
    """Writes the claims of one person's facts and gives their rows of the key."""
    person, world = billing.person, billing.world
    courses = [course for course in person.courses if course.infusions]
    if not courses:
        return
    draw = Draws(world.seed, f"clinical:{person.number}")
    facts = Facts(billing, draw)
    start = max(world.window.start, person.spans[0].starts)
    older = person.age_on(start) >= 65
    chronic = False
    for kind, code, younger_share, older_share in ILLNESSES:
        if draw.chance(older_share if older else younger_share):
            chronic = True
            day = draw.between(start, start + 500)
            while facts.possible(day):
                yield facts.office(kind, day, code)
                day += draw.between(120, 220)
    if draw.chance(PREGNANT) and person.gender == "female" and 18 <= person.age_on(start) < 46:
        first = draw.between(start, max(start, world.window.end - 120))
        for day in range(first, first + 200, 45):
            if facts.possible(day):
                yield facts.office("pregnancy", day, "Z3480")
    for course in courses:
        for position, infusion in enumerate(course.infusions):
            yield from _after(facts, course, infusion, position, CHRONIC if chronic else 1.0)
    yield from _chronic_lung(facts, start, older)


def _chronic_lung(facts: Facts, start: int, older: bool) -> Iterator[str]:
    draw = Draws(facts.world.seed, f"lung:{facts.person.number}")
    if draw.chance(CHRONIC_LUNG[older]):
        for day in range(draw.between(start, start + 300), facts.until, draw.between(120, 200)):
            yield facts.office("chronic_lung", day, "J449")


def recorded_facts(person: Person, world: World) -> Iterator[str]:
    """What a clinician recorded of the person that claims do not show: rows of clinical_facts.csv."""
    draw = Draws(world.seed, f"recorded:{person.number}")
    for criterion, share in RECORDED:
        roll, day = draw.u(), draw.between(world.window.start, world.window.end - 30)
        if roll < share * 1.5:
            yield f"{person.person_id},{criterion},{str(roll < share).lower()},{days.text(day)},,chart review (rehearsal)\n"


def _after(facts: Facts, course: Course, infusion: Infusion, position: int, more: float) -> Iterator[str]:
    """What followed one infusion. Every infusion takes the same decisions from the stream, whatever they say."""
    draw, day = facts.draw, infusion.day
    followed = (days.text(day), course.therapy.family, class_of(infusion.site))
    soon, stay_soon, later, stay_later, infected = AFTER.get(followed[2], ELSEWHERE)
    rolls = [draw.u() for _ in range(6)]
    next_day, within, weeks, at_site = draw.between(0, 1), draw.between(2, 30), draw.between(2, 21), draw.chance(0.5)
    moving = any(one.moved_on is not None and 0 <= one.moved_on - day <= MOVE_WINDOW for one in facts.person.courses)
    if rolls[0] < REACTION * (FIRST_DOSES if position < 2 and course.new_start else 1.0) and not moving:
        yield from facts.reaction(infusion, at_site, followed)
    for roll, share, kind, event_on in (
        (rolls[1], soon, "emergency", day + next_day),
        (rolls[2], stay_soon, "admission", day + next_day),
        (rolls[3], later, "emergency", day + within),
        (rolls[4], stay_later, "admission", day + within),
    ):
        if roll < share * more and facts.possible(event_on):
            yield from facts.hospital(kind, event_on, "J189" if kind == "admission" else "R0789", followed)
    if rolls[5] < infected * more and facts.possible(day + weeks):
        kind, code = ("line_infection", "T80211A") if at_site else ("sepsis", "A419")
        yield from facts.hospital("admission", day + weeks, code, followed, kind)


class Facts:
    """One person's claims of these facts. The numbers of the claims go on after the others'."""

    def __init__(self, billing: Billing, draw: Draws) -> None:
        self.person, self.world, self.draw = billing.person, billing.world, draw
        self.billing = Billing(billing.world, billing.person, draw, billing.rows)
        self.billing.number = billing.number
        died = self.person.died if self.person.died is not None else OPEN_END
        self.until = min(self.world.window.end, self.person.enrolled_until, died)

    def possible(self, day: int) -> bool:
        return day < self.until

    def office(self, kind: str, day: int, code: str) -> str:
        payer = self.person.payer_on(day)
        lines = [self.billing.line(payer, "99214", 1, 13_000)]
        claim = self.billing.claim(payer, day, None, lines, billing=PRIMARY_CARE, rendering=PRIMARY_CARE, diagnosis=code)
        return self._row(kind, day, code, self.billing.send(claim, True))

    def hospital(self, kind: str, day: int, code: str, followed: tuple, also: str = "") -> Iterator[str]:
        """An emergency visit or a stay of the market's hospital; `also`: what its diagnosis shows besides."""
        payer, site = self.person.payer_on(day), self.world.site_by_id[HOSPITAL[self.person.place.market]]
        lines = [self.billing.line(payer, "", 3, 850_000, "0120")]
        if kind == "emergency":
            lines = [self.billing.line(payer, "99284", 1, 62_000, "0450")]
        claim = self.billing.claim(payer, day, site, lines, diagnosis=code)
        if kind == "admission":
            claim.bill_type = "111"
        visible = self.billing.send(claim, False)
        for shown in filter(None, (kind, also)):
            yield self._row(shown, day, code, visible, followed)

    def reaction(self, infusion: Infusion, at_site: bool, followed: tuple) -> Iterator[str]:
        """Epinephrine given where the infusion ran, or in the emergency room to which the person was taken on the day."""
        payer, day = infusion.payer, infusion.day
        site = infusion.site if at_site else self.world.site_by_id[HOSPITAL[self.person.place.market]]
        diagnosis = "T8089XA" if at_site else "T782XXA"
        drug = "J0165" if day >= NEW_EPINEPHRINE_CODE else "J0171"
        lines = [self.billing.line(payer, drug, 3, 300, "0636" if site.form == "facility" else "")]
        kinds = ["reaction", "epinephrine"]
        if not at_site:
            lines.insert(0, self.billing.line(payer, "99285", 1, 91_000, "0450"))
            kinds.append("emergency")
        visible = self.billing.send(self.billing.claim(payer, day, site, lines, diagnosis=diagnosis), False)
        for kind in kinds:
            yield self._row(kind, day, drug if kind == "epinephrine" else diagnosis, visible, followed)

    def _row(self, kind: str, day: int, code: str, visible: bool, followed: tuple = ("", "", "")) -> str:
        shown = str(visible).lower()
        return f"{self.person.person_id},{kind},{days.text(day)},{code},{','.join(followed)},{shown}\n"
