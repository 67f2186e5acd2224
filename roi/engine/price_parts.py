"""A market cell and the answers -> its patient groups with their terms as `fixed + moving × price level`; grain: one group.

Drug prices move with average sales prices, administration and costs do not: margins are straight lines of the price level
(roi.engine.yearly), and 340B benefits and purchases are nothing at level 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from roi.engine.infusion_center import groups_of
from roi.engine.inputs import ZERO, PatientGroup, Terms
from roi.engine.market import Cell


@dataclass(frozen=True)
class Parts:
    """Cents an infusion: the margin's fixed and moving part, the 340B benefit and the drug bought, both moving."""

    fixed: Decimal
    moving: Decimal
    benefit_340b: Decimal
    bought: Decimal


@dataclass(frozen=True)
class PartedGroup:
    """`group` is at the first month's volume and prices."""

    group: PatientGroup
    cell: Cell
    hospital: Parts
    site: Parts


def parted_groups(cell: Cell, value: Mapping) -> list[PartedGroup]:
    """In the order of roi.engine.infusion_center.groups_of."""
    free = groups_of(cell.at_asp(ZERO), value)
    return [
        PartedGroup(group, cell, _parts(group.hospital, without.hospital), _parts(group.site, without.site))
        for group, without in zip(groups_of(cell, value), free, strict=True)
    ]


def _parts(terms: Terms, without: Terms) -> Parts:
    return Parts(without.margin, terms.margin - without.margin, terms.benefit_340b, terms.purchases)
