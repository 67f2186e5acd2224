"""What a scenario knows of its market, as JSON and back: volumes, prices and policies, in cells of at least 11 people.

The number of people itself is not kept: those of two markets, subtracted from those of all, could give a small one away.

A market is frozen into the scenario's version, so that a scenario returns the same to the cent whatever is loaded later.
Amounts are Decimal cents an infusion, means over the cell's infusions, to a hundredth of a cent.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from roi.engine.marks import Source

HOSPITAL, ELSEWHERE = "hospital", "elsewhere"


@dataclass(frozen=True)
class Cell:
    """`limit` is Medicare's payment limit of the drug of an infusion. `hospital_allowed` is what an infusion brings that the
    hospital buys and bills, administration included; a white-bagged one brings the administration. None for patients elsewhere."""

    place: str
    payer: str
    line_of_business: str
    family: str
    infusions_per_month: Decimal
    hospital_allowed: Decimal | None
    hospital_administration: Decimal | None
    hospital_source: Source
    site_drug: Decimal
    site_administration: Decimal
    site_source: Source
    limit: Decimal
    white_bag_share: Decimal
    share_340b: Decimal
    chair_minutes: Decimal
    leaves_on: dt.date | None = None
    policy_id: str = ""
    bars_centers: bool = False
    bars_affiliated: bool = False


@dataclass(frozen=True)
class Market:
    """`left_out` is the share of infusions in cells too small to show, `unpriced` of those whose drug has no payment limit."""

    run_id: int | None
    name: str
    first_month: dt.date
    last_month: dt.date
    mature: bool
    quarter: str
    cells: tuple[Cell, ...]
    left_out: Decimal = Decimal(0)
    unpriced: Decimal = Decimal(0)

    def at(self, place: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.place == place)

    def as_json(self) -> dict:
        return {**_plain(self), "cells": [_plain(cell) for cell in self.cells]}

    @classmethod
    def from_json(cls, values: Mapping) -> "Market":
        cells = tuple(Cell(**_typed(Cell, cell)) for cell in values["cells"])
        return cls(**{**_typed(cls, {key: value for key, value in values.items() if key != "cells"}), "cells": cells})


def _plain(item) -> dict:
    """A dataclass's fields as JSON values: decimals and dates as text."""
    plain = {}
    for name, value in vars(item).items():
        if isinstance(value, Source):
            plain[name] = value.as_json()
        elif isinstance(value, Decimal | dt.date):
            plain[name] = str(value)
        else:
            plain[name] = value
    return plain


def _typed(kind, values: Mapping) -> dict:
    """JSON values -> a dataclass's fields, by their annotations."""
    typed = {}
    for name, value in values.items():
        annotation = kind.__annotations__[name]
        if value is None:
            typed[name] = None
        elif annotation in (Decimal, Decimal | None):
            typed[name] = Decimal(value)
        elif annotation in (dt.date, dt.date | None):
            typed[name] = dt.date.fromisoformat(value)
        elif annotation is Source:
            typed[name] = Source(value["mark"], value["source"], value["as_of"])
        else:
            typed[name] = value
    return typed
