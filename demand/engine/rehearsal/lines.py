"""Claim -> its rows as text; grain: one row a claim line, in the column order of `MEDICAL_COLUMNS`.

A claim leaves here as payers' systems would show it over time: once, or twice the same, or restated, or reversed and billed
again. Rows paid after the extract's last paid date are not written. Nothing is quoted because nothing that is written holds a
comma.
"""

from __future__ import annotations

from dataclasses import dataclass

from demand.engine.rehearsal import days
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.people import Person
from demand.engine.rehearsal.world import NO_LINE_DATES_FEED, REPEATED_TOTALS_FEED, Payer

MEDICAL_COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "person_id", "member_id", "payer", "plan", "claim_start_date", "claim_end_date",
    "claim_line_start_date", "claim_line_end_date", "place_of_service_code", "bill_type_code", "revenue_center_code",
    "service_unit_quantity", "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2", "hcpcs_modifier_3", "rendering_npi",
    "billing_npi",
    "facility_npi", "paid_date", "paid_amount", "allowed_amount", "charge_amount", "coinsurance_amount", "copayment_amount",
    "deductible_amount", "diagnosis_code_type", "diagnosis_code_1", "diagnosis_code_2", "in_network_flag", "data_source",
    "ordering_npi",
    "ndc_code", "authorization_id", "authorization_end_date",
)  # fmt: skip


@dataclass(slots=True)
class Line:
    """Cents; units as a number; modifiers three texts. `day` differs from the claim's for series claims only."""

    code: str
    units: float
    allowed: int
    paid: int
    charge: int
    coinsurance: int = 0
    revenue: str = ""
    modifiers: tuple[str, str, str] = ("", "", "")
    ndc: str = ""


@dataclass(slots=True)
class Claim:
    claim_id: str
    person: Person
    payer: Payer
    day: int
    professional: bool
    pos: str
    bill_type: str
    rendering: str
    billing: str
    facility: str
    ordering: str
    diagnosis: str
    lines: list[Line]
    authorization: str = ""
    authorization_end: str = ""
    second_diagnosis: str = ""


def money(cents: int) -> str:
    """-1234 -> '-12.34'."""
    if cents < 0:
        cents = -cents
        return f"-{cents // 100}.{cents % 100:02d}"
    return f"{cents // 100}.{cents % 100:02d}"


def quantity(units: float) -> str:
    return str(int(units)) if units == int(units) else f"{units:.3f}".rstrip("0")


def claim_rows(
    claim: Claim, paid_day: int, claim_id: str = "", bill_type: str = "", sign: int = 1, level: float = 1.0
) -> list[str]:
    """One version of a claim. sign -1 is its reversal; level scales the money of an earlier version."""
    day = days.text(claim.day)
    payer, person = claim.payer, claim.person
    line_day = "," if (payer.feed == NO_LINE_DATES_FEED and not claim.professional) else f"{day},{day}"
    kind = "professional" if claim.professional else "institutional"
    whose = f"{person.person_id},{person.person_id},{payer.name},{payer.plan}"
    head = f",{kind},{whose},{day},{day},{line_day},{claim.pos},{bill_type or claim.bill_type},"
    providers = f",{claim.rendering},{claim.billing},{claim.facility},{days.text(paid_day)},"
    tail = f",icd-10-cm,{claim.diagnosis},{claim.second_diagnosis},1,{payer.feed},{claim.ordering},"
    end = f",{claim.authorization},{claim.authorization_end}\n"
    claim_id = claim_id or claim.claim_id
    repeated = None
    if payer.feed == REPEATED_TOTALS_FEED and not claim.professional:  # this feed shows the claim's total on every line
        repeated = money(sign * int(sum(line.paid for line in claim.lines) * level))
    rows = []
    for number, line in enumerate(claim.lines, start=1):
        first, second, third = line.modifiers
        if sign == 1 and level == 1.0:
            paid, allowed, charge, share = line.paid, line.allowed, line.charge, line.coinsurance
        else:
            paid, allowed, share = (
                sign * int(line.paid * level),
                sign * int(line.allowed * level),
                sign * int(line.coinsurance * level),
            )
            charge = sign * line.charge
        rows.append(
            f"{claim_id},{number}{head}{line.revenue},{quantity(sign * line.units)},{line.code},{first},{second},{third}{providers}"
            f"{repeated or money(paid)},{money(allowed)},{money(charge)},{money(share)},0.00,0.00{tail}{line.ndc}{end}"
        )
    return rows


def emit(claim: Claim, paid_day: int, paid_through: int, draw: Draws, out: list[str]) -> bool:
    """Writes the claim's versions that were paid in time. True where, in the end, the claim stands in the extract."""
    roll = draw.u()
    if roll < 0.972:
        if paid_day <= paid_through:
            out.extend(claim_rows(claim, paid_day))
            return True
        return False
    later = paid_day + draw.between(18, 60)
    if paid_day > paid_through:
        return False
    replaced = claim.bill_type[:2] + "7" if claim.bill_type else ""
    if roll < 0.979:  # the very same rows twice
        out.extend(claim_rows(claim, paid_day) * 2)
        return True
    if roll < 0.991:  # restated under the same key, paid later
        out.extend(claim_rows(claim, paid_day, level=0.93 if later <= paid_through else 1.0))
        if later <= paid_through:
            out.extend(claim_rows(claim, later, bill_type=replaced))
        return True
    out.extend(claim_rows(claim, paid_day))
    if later <= paid_through:  # reversed, and billed again under a number of its own
        void = claim.bill_type[:2] + "8" if claim.bill_type else ""
        out.extend(claim_rows(claim, later, claim_id=claim.claim_id + "V", bill_type=void, sign=-1))
        out.extend(claim_rows(claim, later, claim_id=claim.claim_id + "R", bill_type=replaced))
    return True
