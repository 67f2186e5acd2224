"""What an infusion is allowed and a plan's design -> what the patient and what the payer pays; grain: one infusion, exact cents.

    patient = least of: allowed; out-of-pocket maximum left; deductible left (as far as allowed) + coinsurance × the rest + copay
    payer   = allowed − patient

Original Medicare without a supplement: the patient pays 20 % of what is allowed; the year's deductible is taken as met.
"""

from dataclasses import dataclass
from decimal import Decimal

from payers.engine.prices import MEDICARE_PAID_SHARE

MEDICARE_COINSURANCE = Decimal("0.20")


@dataclass(frozen=True)
class PlanDesign:
    """Cents that are left of the year's deductible and out-of-pocket maximum (None: no maximum), share, and cents an infusion."""

    deductible_left: Decimal
    coinsurance: Decimal
    copay: Decimal
    out_of_pocket_left: Decimal | None


@dataclass(frozen=True)
class Shares:
    allowed: Decimal
    patient: Decimal

    @property
    def payer(self) -> Decimal:
        return self.allowed - self.patient


def contract_shares(allowed: Decimal, design: PlanDesign) -> Shares:
    deductible = min(allowed, design.deductible_left)
    patient = min(allowed, deductible + design.coinsurance * (allowed - deductible) + design.copay)
    return Shares(allowed, patient if design.out_of_pocket_left is None else min(patient, design.out_of_pocket_left))


def medicare_shares(reaches_provider: Decimal) -> Shares:
    """From what reaches the provider (98.4 % of the allowed amount) back to the amount itself."""
    allowed = reaches_provider / MEDICARE_PAID_SHARE
    return Shares(allowed, allowed * MEDICARE_COINSURANCE)
