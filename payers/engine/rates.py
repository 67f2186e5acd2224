"""Contract rates as dated rows -> the one that holds for a payer, plan, site, code and day; grain: one row of rates.csv.

Of the rows that cover a case, the one that names most counts, and of two alike the newer. A blank plan, site class, site or code
means any. A row is in force from effective_from ≤ date < effective_to.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

PERCENT_OF_ASP, PER_UNIT, PERCENT_OF_CHARGE, PER_DIEM, PER_VISIT = (
    "percent_of_asp",
    "per_unit",
    "percent_of_charge",
    "per_diem",
    "per_visit",
)
BASES = (PERCENT_OF_ASP, PER_UNIT, PERCENT_OF_CHARGE, PER_DIEM, PER_VISIT)


@dataclass(frozen=True)
class Rate:
    """One row of the rate table: dollars or percent, as the basis says."""

    payer: str
    plan: str
    site_class: str
    hcpcs_code: str
    basis: str
    rate: Decimal
    effective_from: dt.date
    effective_to: dt.date | None
    source: str = ""
    site_id: str = ""

    def covers(self, payer: str, plan: str, site_class: str, code: str, on: dt.date, site_id: str = "") -> bool:
        return (
            self.payer == payer
            and self.plan in ("", plan)
            and self.site_class in ("", site_class)
            and self.site_id in ("", site_id)
            and self.hcpcs_code in ("", code)
            and self.effective_from <= on
            and (self.effective_to is None or on < self.effective_to)
        )

    def rank(self) -> tuple:
        """The more it names, the more it counts; of two alike the newer."""
        return bool(self.hcpcs_code), bool(self.plan), bool(self.site_id), bool(self.site_class), self.effective_from


def rate_in_force(
    rates: Iterable[Rate],
    payer: str,
    plan: str,
    site_class: str,
    code: str,
    on: dt.date,
    bases: Sequence[str],
    *,
    any_code: Sequence[str] = (PERCENT_OF_ASP,),
    site_id: str = "",
) -> Rate | None:
    """The rate of one of `bases` for a case; None where no row covers it.

    A row that names no code serves the bases in `any_code` alone: a flat amount for any code would price drugs as services.
    """
    found = [rate for rate in rates if rate.basis in bases and rate.covers(payer, plan, site_class, code, on, site_id)]
    found = [rate for rate in found if rate.hcpcs_code or rate.basis in any_code]
    return max(found, key=Rate.rank, default=None)
