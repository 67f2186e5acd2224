"""One infusion of a run: the claim lines it was made of, the pharmacy's claim behind a bag, the episode it belongs to.

Identity: the cents of the lines are the infusion's cents; a line of several infusions counts with this infusion's share.
"""

import datetime as dt
from dataclasses import dataclass, fields

from demand.models import Run
from demand.selectors.behind import InfusionRow
from demand.selectors.facts import ask_tables


@dataclass(frozen=True)
class InfusionLine:
    """A line with what of its money belongs to this infusion; `whole_allowed_cents` is the line's own where it serves several."""

    extract_id: int
    file_no: int
    row_number: int
    claim_line_number: int
    service_date: dt.date
    claim_type: str | None
    role: str
    hcpcs_code: str | None
    modifiers: str | None
    units: object
    dose: float | None
    dose_unit: str | None
    waste_units: float | None
    allowed_cents: int | None
    paid_cents: int | None
    patient_cents: int | None
    shared: bool
    whole_allowed_cents: int | None
    ordering_npi: str | None


@dataclass(frozen=True)
class Supply:
    """The pharmacy's claim that explains the drug. kind: fill (pharmacy benefit) or medical (a pharmacy's medical line)."""

    kind: str
    confidence: str
    is_own_pharmacy: bool
    dose_no: int
    supplied_on: dt.date
    molecule: str
    ndc_code: str | None
    pharmacy_npi: str | None
    fill_cents: int | None
    claim_id: str
    claim_line_number: int


@dataclass(frozen=True)
class Episode:
    episode_id: int
    family: str
    started_on: dt.date
    last_infused_on: dt.date
    infusions: int
    interval_days: float | None
    outcome: str | None
    outcome_on: dt.date | None
    reason: str | None
    reason_evidence: str | None
    first_site_class: str | None
    last_site_class: str | None
    from_site_id: str | None
    to_site_id: str | None
    expected_next_on: dt.date | None
    dark: bool


@dataclass(frozen=True)
class Why:
    """What the run says of the infusion beyond its row."""

    ownership: str | None
    owner: str | None
    waste_units: float | None
    pharmacy_fill_cents: int | None
    lines_without_allowed: int
    mechanism: str | None
    reason: str | None
    mature: bool
    flags: str | None


@dataclass(frozen=True)
class Infusion:
    row: InfusionRow
    why: Why
    lines: tuple[InfusionLine, ...]
    supplies: tuple[Supply, ...]
    episode: Episode | None

    def _sum(self, name: str) -> int | None:
        known = [getattr(line, name) for line in self.lines if getattr(line, name) is not None]
        return sum(known) if known else None

    @property
    def line_cents(self) -> dict[str, int | None]:
        return {name: self._sum(name) for name in ("allowed_cents", "paid_cents", "patient_cents")}

    @property
    def adds_up(self) -> bool:
        return all(cents == getattr(self.row, name) for name, cents in self.line_cents.items())


_ROW = ", ".join("true AS numerator" if field.name == "numerator" else f"infusion.{field.name}" for field in fields(InfusionRow))
ONE = f"""
SELECT {_ROW}, infusion.ownership, infusion.owner, infusion.waste_units, infusion.pharmacy_fill_cents, infusion.lines_without_allowed,
    fact.mechanism, fact.reason, fact.mature, infusion.flags, infusion.person_no
FROM {{infusions}} AS infusion JOIN {{facts}} AS fact USING (infusion_id)
WHERE infusion_id = $number
"""
# A line names one infusion; where it serves several, its shares name them all.
LINES = """
WITH share AS (SELECT * FROM {line_shares} WHERE person_id = $person),
named AS (
    SELECT data_source, claim_id, claim_line_number, allowed_cents, paid_cents, patient_cents, true AS shared
    FROM share WHERE infusion_id = $number
    UNION ALL
    SELECT data_source, claim_id, claim_line_number, allowed_cents, paid_cents, patient_cents, false
    FROM {lines} AS line
    ANTI JOIN share USING (data_source, claim_id, claim_line_number)
    WHERE infusion_id = $number
)
SELECT
    line.extract_id, line.file_no, line.row_number, line.claim_line_number, line.service_date, line.claim_type, line.role, line.hcpcs_code,
    line.modifiers, line.units, line.dose, line.dose_unit, line.waste_units, named.allowed_cents, named.paid_cents, named.patient_cents,
    named.shared, line.allowed_cents, line.ordering_npi
FROM named JOIN {lines} AS line USING (data_source, claim_id, claim_line_number)
WHERE line.person_id = $person
ORDER BY line.service_date, line.extract_id, line.file_no, line.row_number
"""
SUPPLIES = """
SELECT kind, confidence, is_own_pharmacy, dose_no, supplied_on, molecule, ndc_code, pharmacy_npi, fill_cents,
    claim_id, claim_line_number
FROM {supplies} WHERE infusion_id = $number ORDER BY supplied_on, dose_no
"""
EPISODE = f"""
SELECT {", ".join(field.name for field in fields(Episode))}
FROM {{episodes}}
WHERE person_no = $person_no AND family = $family AND started_on <= $service_date AND last_infused_on >= $service_date
"""


def infusion(run: Run, number: int) -> Infusion | None:
    """None where the run has no infusion of that number. ResultsMissing where the run's tables cannot say it."""
    found = ask_tables(run, ONE, number=number)
    if not found:
        return None
    ((*values, person_no),) = found
    split = len(fields(InfusionRow))
    row, why = InfusionRow(*values[:split]), Why(*values[split:])
    episodes = ask_tables(run, EPISODE, person_no=person_no, family=row.family, service_date=row.service_date)
    return Infusion(
        row=row,
        why=why,
        lines=tuple(InfusionLine(*line) for line in ask_tables(run, LINES, number=number, person=row.person_id)),
        supplies=tuple(Supply(*supply) for supply in ask_tables(run, SUPPLIES, number=number)),
        episode=Episode(*episodes[0]) if episodes else None,
    )
