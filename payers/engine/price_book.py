"""What pricing an infusion needs: the infusion as billed, and every dated price on file (`PriceBook`). Look-ups by code and day.

Dollars are as published or contracted, per HCPCS unit; charges are cents.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from payers.engine.average_sales_price import AspOn, Limit, asp_on
from payers.engine.medicare_rules import MedicareRules
from payers.engine.rates import Rate


@dataclass(frozen=True)
class BilledUnits:
    """A code and how many of its units are billed."""

    hcpcs_code: str
    units: Decimal = Decimal(1)
    charge_cents: Decimal | None = None


@dataclass(frozen=True)
class Infusion:
    """What is to be priced. `modifier` is PO or PN where an off-campus department bills; blank: not known."""

    drugs: tuple[BilledUnits, ...]
    services: tuple[BilledUnits, ...]
    payer: str
    line_of_business: str
    site_class: str
    service_date: dt.date
    plan: str = ""
    site_id: str = ""
    channel: str = "buy_and_bill"
    modifier: str = ""


@dataclass(frozen=True)
class DrugUnit:
    """A code's drug family and the amount in one unit while effective_from ≤ day < effective_to."""

    hcpcs_code: str
    effective_from: dt.date
    effective_to: dt.date | None
    family: str
    amount: Decimal


@dataclass(frozen=True)
class Fee:
    """The physician fee schedule's national non-facility amount (dollars) of a code from a day."""

    effective_from: dt.date
    amount: Decimal
    source: str = ""


@dataclass(frozen=True)
class Period340B:
    """From when to when a site buys at 340B prices; a blank start means that the register gives no date."""

    site_id: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    source: str = ""


@dataclass(frozen=True)
class PriceBook:
    """Every dated price on file. `proposed`: keys of proposals to be taken as if they were law."""

    rates: Sequence[Rate] = ()
    limits: Mapping[str, Sequence[Limit]] = field(default_factory=dict)
    units: Mapping[str, Sequence[DrugUnit]] = field(default_factory=dict)
    fees: Mapping[str, Sequence[Fee]] = field(default_factory=dict)
    home_services: frozenset[str] = frozenset()
    periods_340b: Sequence[Period340B] = ()
    rules: MedicareRules = field(default_factory=MedicareRules)
    proposed: frozenset[str] = frozenset()

    def unit(self, code: str, on: dt.date) -> DrugUnit | None:
        found = [unit for unit in self.units.get(code, ()) if unit.effective_from <= on]
        return next((unit for unit in found if unit.effective_to is None or on < unit.effective_to), None)

    def asp(self, code: str, on: dt.date) -> AspOn | None:
        return asp_on(code, on, self.limits, self.rules, self._unit_ratio(code, on))

    def buys_at_340b(self, site_id: str, on: dt.date) -> bool:
        return any(
            period.site_id == site_id
            and (period.starts_on is None or period.starts_on <= on)
            and (period.ends_on is None or on < period.ends_on)
            for period in self.periods_340b
        )

    def _unit_ratio(self, code: str, on: dt.date) -> Decimal:
        own, reference = self.unit(code, on), self.unit(self.rules.reference_of(code) or "", on)
        return own.amount / reference.amount if own and reference else Decimal(1)
