"""A market cell and the answers -> its patient groups with their terms as `fixed + moving × price level`; grain: one group.

Drug prices move with average sales prices, administration and costs do not: margins are straight lines of the price level
(roi.engine.yearly), and 340B benefits and purchases are nothing at level 0. Where a contract rate begins later, a group stands once for
each period of rates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from roi.engine.infusion_center import groups_of
from roi.engine.inputs import ONE, ZERO, PatientGroup, Terms
from roi.engine.market import Cell
from roi.engine.monthly_prices import cell_in, rate_periods


@dataclass(frozen=True)
class Parts:
    """Cents an infusion: the margin's fixed and moving part, the 340B benefit and the drug bought, both moving."""

    fixed: Decimal
    moving: Decimal
    benefit_340b: Decimal
    bought: Decimal


@dataclass(frozen=True)
class PartedGroup:
    """`group` is at the first month's volume and price level, at the rates of the months `first` … `last`."""

    group: PatientGroup
    cell: Cell
    hospital: Parts
    site: Parts
    first: int
    last: int


def parted_groups(cell: Cell, value: Mapping) -> list[PartedGroup]:
    """In the order of roi.engine.infusion_center.groups_of, period by period."""
    return [
        PartedGroup(group, cell, _parts(group.hospital, without.hospital), _parts(group.site, without.site), first, last)
        for first, last, day in rate_periods(cell, value)
        for group, without in zip(*(groups_of(cell_in(cell, level, day), value) for level in (ONE, ZERO)), strict=True)
    ]


def _parts(terms: Terms, without: Terms) -> Parts:
    return Parts(without.margin, terms.margin - without.margin, terms.benefit_340b, terms.purchases)
