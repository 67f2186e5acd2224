"""A person -> the ordinary care around the infusions; grain: one claim a visit, stay or fill.

Visits to the specialists who order (the majority rule of definitions.md 4 needs them), blood counts, injections of drugs that
are no infusions of ours, hydration, emergency visits, hospital stays with an infusible drug inside, everyday prescriptions, and
a few broken rows. None of it is an infusion; a pipeline that finds one here has made it up.
"""

from __future__ import annotations

from demand.engine.rehearsal.claims import GROUP_NPIS, Billing
from demand.engine.rehearsal.lines import Line, claim_rows
from demand.engine.rehearsal.npis import npi
from demand.engine.rehearsal.plans import Course
from demand.engine.rehearsal.world import World

_OUTSIDE_GROUPS = {"metro": npi(4010), "suburban": npi(4011), "rural": npi(4012)}
PRIMARY_CARE = npi(4020)
HOSPITAL = {"metro": "LM-UNIV", "suburban": "LM-FAIRHOLLOW", "rural": "LM-STONEFIELD"}
_EVERYDAY = ("99060000101", "99060000202", "99060000303", "99060000404", "99060000505", "99060000606")
_RETAIL_PHARMACY = npi(4030)
_VISIT_CENTS = {"99213": 9_200, "99214": 13_000, "99215": 18_300}


def everyday_care(billing: Billing, world: World) -> None:
    person, draw, window = billing.person, billing.draw, world.window
    start, end = max(window.start, person.spans[0].starts), min(window.end, person.enrolled_until)
    day = start + draw.between(5, 180)
    while day < end:
        payer = person.payer_on(day)
        lines = [billing.line(payer, "99213", 1, 9_200)]
        if draw.chance(0.5):
            lines += [billing.line(payer, "80053", 1, 1_400), billing.line(payer, "85025", 1, 1_100)]
        billing.send(billing.claim(payer, day, None, lines, billing=PRIMARY_CARE, rendering=PRIMARY_CARE, diagnosis="I10"), True)
        if draw.chance(0.45):
            billing.pharmacy_row(payer, day, draw.pick(_EVERYDAY), 30, 30, draw.between(400, 9_000), PRIMARY_CARE, _RETAIL_PHARMACY)
        day += draw.between(70, 260)
    if draw.chance(0.10):
        _unrelated_injections(billing, start, end)
    if draw.chance(0.12):
        _emergency(billing, start, end)
    if draw.chance(0.05):
        _hospital_stay(billing, start, end)
    if draw.chance(0.012):
        _unrelated_chemotherapy(billing, start, end)
    if draw.chance(0.004):
        _broken_row(billing, start)


def specialist_visits(billing: Billing, course: Course) -> None:
    """Office visits to whoever orders at the time, three or four a year."""
    draw, person = billing.draw, billing.person
    due = course.infusions[0].day - draw.between(6, 40)
    for infusion in course.infusions:
        while due <= infusion.day:
            code = ("99213", "99214", "99215")[draw.between(0, 2)]
            prescriber = infusion.prescriber
            rostered = prescriber.on_roster(due)
            groups = GROUP_NPIS if rostered else _OUTSIDE_GROUPS
            if due >= person.spans[0].starts and due >= billing.world.window.start:
                payer = person.payer_on(due)
                lines = [billing.line(payer, code, 1, _VISIT_CENTS[code])]
                if draw.chance(0.4):
                    lines.append(billing.line(payer, "85025", 1, 1_100))
                claim = billing.claim(
                    payer, due, None, lines, billing=groups[prescriber.market], rendering=prescriber.npi,
                    diagnosis=course.therapy.recipe.diagnosis,
                )  # fmt: skip
                billing.send(claim, not rostered)
            due += draw.between(80, 140)


def _unrelated_injections(billing: Billing, start: int, end: int) -> None:
    """Vitamin B12 every month or an antibiotic: an administration that another drug of the day explains."""
    draw = billing.draw
    code, cents = ("J3420", 300) if draw.chance(0.7) else ("J0696", 900)
    day = draw.between(start, max(start, end - 30))
    for _ in range(draw.between(1, 8)):
        if day >= end:
            return
        payer = billing.person.payer_on(day)
        lines = [billing.line(payer, code, 1, cents), billing.line(payer, "96372", 1, 1_700)]
        billing.send(billing.claim(payer, day, None, lines, billing=PRIMARY_CARE, rendering=PRIMARY_CARE, diagnosis="D519"), True)
        day += draw.between(28, 33)


def _emergency(billing: Billing, start: int, end: int) -> None:
    """Revenue code 0450 with an injection or fluids: emergency, never an outpatient infusion."""
    draw, person = billing.draw, billing.person
    day = draw.between(start, end - 1)
    payer, site = person.payer_on(day), billing.world.site_by_id[HOSPITAL[person.place.market]]
    lines = [billing.line(payer, "99284", 1, 62_000, "0450"), billing.line(payer, "96374", 1, 19_800, "0450")]
    lines.append(
        billing.line(payer, "96360", 1, 19_800, "0450") if draw.chance(0.5) else billing.line(payer, "J2405", 4, 400, "0636")
    )
    billing.send(billing.claim(payer, day, site, lines, diagnosis="R112"), False)
    if draw.chance(0.3):  # fluids in an office on another day: hydration opens no infusion
        day = draw.between(start, end - 1)
        payer = person.payer_on(day)
        claim = billing.claim(payer, day, None, [billing.line(payer, "96360", 1, 3_900)], billing=PRIMARY_CARE, diagnosis="E860")
        billing.send(claim, True)


def _hospital_stay(billing: Billing, start: int, end: int) -> None:
    """Bill type 11x; one in four with an infusible drug on it, which is no outpatient infusion."""
    draw, person = billing.draw, billing.person
    day = draw.between(start, end - 1)
    payer, site = person.payer_on(day), billing.world.site_by_id[HOSPITAL[person.place.market]]
    lines = [billing.line(payer, "", 3, 850_000, "0120"), billing.line(payer, "", 1, 90_000, "0300")]
    if draw.chance(0.25):
        lines.append(billing.line(payer, "J1569", 60, 310_000, "0636"))
    claim = billing.claim(payer, day, site, lines, diagnosis="J189")
    claim.bill_type = "111"
    billing.send(claim, False)


def _unrelated_chemotherapy(billing: Billing, start: int, end: int) -> None:
    """Carboplatin is in no table of ours: its 96413 is explained by it and opens nothing."""
    draw, person = billing.draw, billing.person
    day = draw.between(start, max(start, end - 90))
    for _ in range(4):
        if day >= end:
            return
        payer, site = person.payer_on(day), billing.world.site_by_id[HOSPITAL[person.place.market]]
        lines = [billing.line(payer, "J9045", 12, 9_000, "0636"), billing.line(payer, "96413", 1, 33_700, "0335")]
        billing.send(billing.claim(payer, day, site, lines, diagnosis="C569"), False)
        day += draw.between(20, 22)


def _broken_row(billing: Billing, start: int) -> None:
    """Rows that no reader should accept: no person, a date that is none, a negative amount with nothing to reverse."""
    draw = billing.draw
    payer = billing.person.payer_on(start)
    claim = billing.claim(payer, start, None, [Line("99213", 1, 9_200, 9_200, 15_000)], billing=PRIMARY_CARE)
    (row,) = claim_rows(claim, start + 20)
    kind = draw.between(0, 2)
    if kind == 0:
        row = row.replace(f",{billing.person.person_id},", ",,")
    elif kind == 1:
        fields = row.split(",")
        fields[7] = fields[9] = fields[7][:5] + "13-45"
        row = ",".join(fields)
    else:
        (row,) = claim_rows(claim, start + 20, sign=-1)
    billing.rows.medical.append(row)
