"""Planted infusions -> the claim rows that billing systems would emit, and what those can show; grain: one `Seen` an infusion.

Emission follows the forms: a UB-04 facility claim (bill type, revenue codes, no place of service), a CMS-1500 professional
claim (place of service, no bill type), a home infusion claim (per diem and nursing beside the drug), a pharmacy that bills the
drug under the medical or the pharmacy benefit while the hospital bills the administration only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demand.engine.rehearsal import days
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.lag import lag_days
from demand.engine.rehearsal.lines import Claim, Line, emit, money, quantity
from demand.engine.rehearsal.npis import npi
from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.plans import Course, Infusion
from demand.engine.rehearsal.rates import PER_DIEM_CENTS, VISIT_CENTS, administration_cents, drug_cents, patient_share
from demand.engine.rehearsal.world import Payer, Site, World

PHARMACY_COLUMNS = (
    "claim_id", "claim_line_number", "person_id", "member_id", "payer", "plan", "prescribing_provider_npi",
    "dispensing_provider_npi",
    "dispensing_date", "ndc_code", "quantity", "days_supply", "paid_date", "paid_amount", "allowed_amount", "coinsurance_amount",
    "copayment_amount", "deductible_amount", "data_source",
)  # fmt: skip
ELIGIBILITY_COLUMNS = (
    "person_id", "member_id", "gender", "birth_date", "death_date", "enrollment_start_date", "enrollment_end_date", "payer",
    "payer_type", "plan", "group_id", "state", "zip_code", "funding_type", "data_source",
)  # fmt: skip

_NO_MODIFIERS = ("", "", "")
_HOME_CODES = {"infliximab": "S9359", "immune globulin": "S9338", "alpha-1 proteinase inhibitor": "S9346", "imiglucerase": "S9357"}
_ADMINISTRATION = {  # first code, each further hour, revenue center
    "chemo": ("96413", "96415", "0335"),
    "therapeutic": ("96365", "96366", "0260"),
    "injection": ("96372", "", "0510"),
    "chemo_injection": ("96401", "", "0510"),
}
GROUP_NPIS = {"metro": npi(4000), "suburban": npi(4001), "rural": npi(4002)}  # under which clinicians bill visits


@dataclass(slots=True)
class Seen:
    """What of one planted infusion stands in the extract. `hidden_by` says why claims cannot show the whole truth of it."""

    claim_ids: list[str] = field(default_factory=list)
    lines: int = 0
    allowed: int = 0
    pharmacy_cents: int = 0
    drug_paid: bool = False  # a payable drug line of the administering provider
    drug_named: bool = False  # any line or fill says which drug it was
    administration: bool = False
    supply: bool = False  # a pharmacy's claim within the window
    site_shown: bool = False
    site_class: str = ""
    named: str = ""  # ordering_npi | rendering_npi | ''
    named_npi: str = ""
    hidden_by: list[str] = field(default_factory=list)
    denied_cents: int = 0


@dataclass(slots=True)
class PersonRows:
    medical: list[str] = field(default_factory=list)
    pharmacy: list[str] = field(default_factory=list)
    eligibility: list[str] = field(default_factory=list)
    seen: list[tuple[Course, Infusion, Seen]] = field(default_factory=list)


class Billing:
    """One person's claims. `number` counts the person's claims, so ids do not depend on other people."""

    def __init__(self, world: World, person: Person, draw: Draws, rows: PersonRows) -> None:
        self.world, self.person, self.draw, self.rows = world, person, draw, rows
        self.paid_through = world.window.paid_through
        self.number = 0

    def next_id(self, letter: str = "C") -> str:
        self.number += 1
        return f"{letter}{self.person.number:08d}{self.number:05d}"

    def claim(self, payer: Payer, day: int, site: Site | None, lines: list[Line], **facts: str) -> Claim:
        """A claim of a site (or of no particular one) with what the site's form asks for."""
        form = site.form if site else "office"
        facility = form == "facility"
        return Claim(
            claim_id=self.next_id(), person=self.person, payer=payer, day=day, professional=not facility,
            pos=facts.get("pos", "" if facility else (site.pos if site else "11")),
            bill_type=site.bill_type if facility else "",
            rendering=facts.get("rendering", ""), billing=facts.get("billing", site.npi if site else ""),
            facility=facts.get("facility", site.npi if facility else ""), ordering=facts.get("ordering", ""),
            diagnosis=facts.get("diagnosis", "Z0000"), lines=lines, authorization=facts.get("authorization", ""),
            authorization_end=facts.get("authorization_end", ""), second_diagnosis=facts.get("second_diagnosis", ""),
        )  # fmt: skip

    def send(self, claim: Claim, outside: bool) -> bool:
        lag = lag_days(claim.payer.feed, self.draw.u(), outside)
        return emit(claim, claim.day + lag, self.paid_through, self.draw, self.rows.medical)

    def line(
        self,
        payer: Payer,
        code: str,
        units: float,
        allowed: int,
        revenue: str = "",
        modifiers: tuple = _NO_MODIFIERS,
        ndc: str = "",
    ) -> Line:
        share = int(allowed * patient_share(payer))
        charge = allowed * 3 if revenue else allowed * 17 // 10
        return Line(code, units, allowed, allowed - share, charge, share, revenue, modifiers, ndc)

    def pharmacy_row(
        self, payer: Payer, day: int, ndc: str, amount: float, supply: int, allowed: int, prescriber: str, pharmacy: str
    ) -> bool:
        paid_day = day + self.draw.between(1, 12)
        if paid_day > self.paid_through:
            return False
        share = min(int(allowed * patient_share(payer)), 25_000)
        person = self.person.person_id
        self.rows.pharmacy.append(
            f"{self.next_id('F')},1,{person},{person},{payer.name},{payer.plan},{prescriber},{pharmacy},{days.text(day)},{ndc},{quantity(amount)},"
            f"{supply},{days.text(paid_day)},{money(allowed - share)},{money(allowed)},{money(share)},0.00,0.00,{payer.feed}\n"
        )
        return True


def bill_infusion(billing: Billing, course: Course, infusion: Infusion) -> Seen:
    """All claims of one infusion."""
    seen = Seen()
    draw, site, payer = billing.draw, infusion.site, infusion.payer
    bagged = infusion.channel in ("white_bag", "clear_bag")
    named = draw.u() < 0.96
    facts = _facts(billing, course, infusion, named)
    if not named:
        seen.hidden_by.append("ordering_npi_missing")
    if bagged:
        _bill_supply(billing, course, infusion, seen, facts["ordering"])
        if draw.u() < 0.012:
            seen.hidden_by.append("administration_not_billed")
            return seen
    lines = _lines(billing, course, infusion, seen, bagged)
    claim = billing.claim(payer, infusion.day, site, lines, **facts)
    shown = billing.send(claim, site.ownership != "owned")
    _note(seen, claim, shown)
    seen.site_class = _class_shown(infusion, lines)
    if seen.site_class != _own_class(infusion):
        seen.hidden_by.append("off_campus_modifier_missing")
    if not shown:
        seen.hidden_by.append("not_yet_paid")
    if site.is_hospital and draw.u() < 0.07:
        _bill_professional_side(billing, course, infusion, seen, facts, bagged)
    return seen


def _own_class(infusion: Infusion) -> str:
    return "home" if infusion.site.site_class == "home_infusion" else infusion.site.site_class


def _class_shown(infusion: Infusion, lines: list[Line]) -> str:
    """An off-campus department under its hospital's number is told by PO or PN alone."""
    own = _own_class(infusion)
    if own == "hopd_off_campus" and not any("PO" in line.modifiers or "PN" in line.modifiers for line in lines):
        shared = infusion.site.site_id in ("LM-EASTGATE", "XM-WESTBANK")
        return "hopd_on_campus" if shared else own
    return own


def _note(seen: Seen, claim: Claim, shown: bool) -> None:
    seen.claim_ids.append(claim.claim_id)
    seen.lines += len(claim.lines)
    seen.allowed += sum(line.allowed for line in claim.lines)
    if not shown:
        return
    seen.site_shown = True
    for line in claim.lines:
        if line.code.startswith("96"):
            seen.administration = True
        elif line.ndc and line.modifiers[0] != "JW":
            seen.drug_named = True
            seen.drug_paid = seen.drug_paid or line.allowed > 1
    if claim.ordering:
        seen.named, seen.named_npi = "ordering_npi", claim.ordering
    elif claim.rendering and not seen.named:
        seen.named, seen.named_npi = "rendering_npi", claim.rendering


def _facts(billing: Billing, course: Course, infusion: Infusion, named: bool) -> dict[str, str]:
    """Who is named on the claim, and its authorization."""
    site, draw = infusion.site, billing.draw
    prescriber = infusion.prescriber.npi
    roll = draw.u()
    if site.form == "facility":
        rendering = prescriber if roll < 0.4 else ""
    elif site.form == "office":
        rendering = prescriber if roll < 0.6 else site.staff_npi
    elif site.form in ("clinic", "surgery", "urgent"):
        rendering = site.staff_npi if roll < 0.6 else ""
    else:
        rendering = ""
    facts = {
        "rendering": rendering,
        "ordering": prescriber if named else "",
        "diagnosis": course.therapy.recipe.diagnosis,
        "second_diagnosis": "Z79899" if roll < 0.3 else "",
    }
    if infusion.payer.line_of_business in ("commercial", "exchange", "medicare_advantage"):
        year = max(infusion.day - course.started, 0) // 365
        facts["authorization"] = f"A{billing.person.number:08d}{year:02d}"
        facts["authorization_end"] = days.text(course.started + (year + 1) * 365)
    return facts


def _campus(infusion: Infusion, draw: Draws) -> str:
    """PO or PN, which a few commercial claims leave out."""
    modifier = infusion.site.off_campus_modifier
    if modifier and infusion.payer.feed == "commercial_exchange" and draw.u() < 0.015:
        return ""
    return modifier


def _lines(billing: Billing, course: Course, infusion: Infusion, seen: Seen, bagged: bool) -> list[Line]:
    draw, site, payer = billing.draw, infusion.site, infusion.payer
    facility = site.form == "facility"
    campus = _campus(infusion, draw)
    lines: list[Line] = []
    fate = draw.u()
    if bagged:
        if facility and fate < 0.25:  # the token line that some hospitals bill so that the claim shows the drug
            modifiers = (campus, "", "")
            lines.append(Line(infusion.code.hcpcs, infusion.units, 0, 0, 1, 0, "0636", modifiers, course.product.ndc))
    elif fate < 0.005 and site.form not in ("home", "suite"):
        seen.hidden_by.append("drug_line_missing")
    else:
        lines.extend(_drug_lines(billing, course, infusion, seen, campus, denied=0.005 <= fate < 0.011 and facility))
    if site.form in ("home", "suite"):
        lines.extend(_home_lines(billing, course, infusion))
    elif lines == [] or bagged or seen.denied_cents or draw.u() > 0.02:
        lines.extend(_administration_lines(billing, course, infusion, campus))
    if facility:
        lines.extend(_other_facility_lines(billing, payer, campus, lines, not course.therapy.injected))
    return lines


def _drug_lines(billing: Billing, course: Course, infusion: Infusion, seen: Seen, campus: str, denied: bool) -> list[Line]:
    site, payer, code = infusion.site, infusion.payer, infusion.code
    revenue = "0636" if site.form == "facility" else ""
    cents = drug_cents(payer, site, code, infusion.units)
    extra = "TB" if site.is_340b and payer.line_of_business == "medicare" else ""
    ndc = course.product.ndc
    single = "JZ" if infusion.waste_units == 0 and course.therapy.recipe.vial else ""
    marks = tuple([mark for mark in (single, campus, extra) if mark] + ["", "", ""])[:3]
    line = billing.line(payer, code.hcpcs, infusion.units, cents, revenue, marks, ndc)
    if denied:
        seen.denied_cents = cents
        seen.hidden_by.append("drug_line_denied")
        line = Line(code.hcpcs, infusion.units, 0, 0, line.charge, 0, revenue, marks, ndc)
    lines = [line]
    if infusion.waste_units:
        wasted = 0 if denied else drug_cents(payer, site, code, infusion.waste_units)
        marks = tuple([mark for mark in ("JW", campus, extra) if mark] + ["", "", ""])[:3]
        lines.append(billing.line(payer, code.hcpcs, infusion.waste_units, wasted, revenue, marks, ndc))
    return lines


def _administration_lines(billing: Billing, course: Course, infusion: Infusion, campus: str) -> list[Line]:
    site, payer = infusion.site, infusion.payer
    first, further, revenue = _ADMINISTRATION[course.therapy.recipe.administration]
    revenue = revenue if site.form == "facility" else ""
    marks = (campus, "", "")
    lines = [billing.line(payer, first, 1, administration_cents(payer, site, first, 1, infusion.day), revenue, marks)]
    hours = (course.therapy.infusion_minutes - 60 + 29) // 60 if further else 0
    if hours > 0:
        lines.append(
            billing.line(payer, further, hours, administration_cents(payer, site, further, hours, infusion.day), revenue, marks)
        )
    return lines


def _home_lines(billing: Billing, course: Course, infusion: Infusion) -> list[Line]:
    """Per diem and nursing. A suite says so by SS, or by its place of service."""
    payer, suite = infusion.payer, infusion.site.form == "suite"
    marks = ("SS", "", "") if suite else _NO_MODIFIERS
    code = _HOME_CODES.get(course.therapy.family, "S9379")
    lines = [
        billing.line(payer, code, 1, PER_DIEM_CENTS, "", marks),
        billing.line(payer, "99601", 1, VISIT_CENTS["99601"], "", marks),
    ]
    more = (course.therapy.infusion_minutes - 60) // 60
    if more > 0:
        lines.append(billing.line(payer, "99602", more, VISIT_CENTS["99602"] * more, "", marks))
    return lines


def _other_facility_lines(billing: Billing, payer: Payer, campus: str, lines: list[Line], infused: bool) -> list[Line]:
    """Premedication (of infusions, not of injections), blood counts, now and then the form's total line (0001)."""
    draw = billing.draw
    marks = (campus, "", "")
    found = []
    if draw.u() < 0.35 and infused:
        found.append(billing.line(payer, "J1200", 1, 250, "0636", marks))
    if draw.u() < 0.35:
        found.append(billing.line(payer, "85025", 1, 1_100, "0305", marks))
    if payer.feed == "medicare_feed" and draw.u() < 0.25:
        every = [*lines, *found]
        found.append(
            Line("", 0, sum(x.allowed for x in every), sum(x.paid for x in every), sum(x.charge for x in every), 0, "0001")
        )
    return found


def _bill_supply(billing: Billing, course: Course, infusion: Infusion, seen: Seen, ordering: str) -> None:
    """The pharmacy's claim for the dose: a medical drug line of its own, or a pharmacy fill."""
    draw, payer, pharmacy = billing.draw, infusion.payer, infusion.pharmacy
    early = draw.u() < 0.008  # shipped too long before for any reader to tie it to this dose
    day = infusion.day - (draw.between(33, 40) if early else draw.between(1, 11))
    if early:
        seen.hidden_by.append("fill_outside_window")
    cents = drug_cents(payer, pharmacy, infusion.code, infusion.units + infusion.waste_units)
    if infusion.supply == "medical":
        code = course.product.code_on(day) or infusion.code
        units = infusion.dose / code.unit
        line = billing.line(payer, code.hcpcs, units, cents, "", _NO_MODIFIERS, course.product.ndc)
        pos = "12" if draw.u() < 0.3 else "01"
        claim = billing.claim(payer, day, pharmacy, [line], pos=pos, ordering=ordering, diagnosis=course.therapy.recipe.diagnosis)
        shown = billing.send(claim, True)
        seen.claim_ids.append(claim.claim_id)
        seen.lines += 1
        seen.allowed += cents
    else:
        vials = max(
            1.0, round((infusion.dose + infusion.waste_units * infusion.code.unit) / (course.therapy.recipe.vial or infusion.dose))
        )
        shown = billing.pharmacy_row(payer, day, course.product.ndc, vials, 28, cents, infusion.prescriber.npi, pharmacy.npi)
        seen.pharmacy_cents = cents
    seen.supply = shown and not early
    seen.drug_named = seen.supply
    if not shown:
        seen.hidden_by.append("supply_not_yet_paid")


def _bill_professional_side(
    billing: Billing, course: Course, infusion: Infusion, seen: Seen, facts: dict[str, str], bagged: bool
) -> None:
    """The clinician's own claim for a hospital infusion: POS 19 or 22, sometimes a day off, sometimes with the drug unpaid."""
    draw, payer, site = billing.draw, infusion.payer, infusion.site
    first = _ADMINISTRATION[course.therapy.recipe.administration][0]
    if draw.u() < 0.4 and not bagged:
        lines = [Line(infusion.code.hcpcs, infusion.units, 0, 0, 40_000, 0, "", _NO_MODIFIERS, course.product.ndc)]
    else:
        lines = [billing.line(payer, first, 1, 2_400)]
    day = infusion.day + (draw.between(0, 1) if draw.u() < 0.1 else 0)
    claim = billing.claim(
        payer, day, None, lines,
        pos="19" if seen.site_class == "hopd_off_campus" else "22", billing=GROUP_NPIS[site.market], facility=site.npi,
        rendering=infusion.prescriber.npi, ordering=facts["ordering"], diagnosis=facts["diagnosis"],
    )  # fmt: skip
    _note(seen, claim, billing.send(claim, site.ownership != "owned"))


def eligibility_rows(person: Person) -> list[str]:
    """One row a span; enrollment_end_date is the last day covered. `payer_type` is the line of business."""
    rows = []
    died = days.text(person.died) if person.died is not None else ""
    for span in person.spans:
        payer = span.payer
        rows.append(
            f"{person.person_id},{person.person_id},{person.gender},{days.text(person.born)},{died},{days.text(span.starts)},"
            f"{days.text(span.ends - 1)},{payer.name},{payer.line_of_business},{payer.plan},{span.group},{person.place.state},"
            f"{person.place.zip_code},{payer.funding},{payer.feed}\n"
        )
    return rows
