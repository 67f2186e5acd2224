"""A market and a number that somebody types over a measured volume -> the market with that number used; grain: one volume.

A volume is what one place × payer × line of business × therapy is given a month, whatever becomes of it under the policies: a typed
number is shared among its cells as the measured one was. The measured number stays beside it, with the reason and who said so; it can be
taken back, and is carried to a newer run's market.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import accumulate
from typing import NamedTuple

from roi.engine.cents import EXACT
from roi.engine.inputs import ZERO, InputError
from roi.engine.market import Cell, Market, TypedOver

MOST = Decimal(1_000_000)
LONGEST = 200
_PLACES = Decimal("0.0001")


class VolumeKey(NamedTuple):
    place: str
    payer: str
    line_of_business: str
    family: str


@dataclass(frozen=True)
class Volume:
    """Infusions a month as measured and as used; `typed` where somebody typed over it."""

    key: VolumeKey
    measured: Decimal
    used: Decimal
    typed: TypedOver | None


def key_of(cell: Cell) -> VolumeKey:
    return VolumeKey(cell.place, cell.payer, cell.line_of_business, cell.family)


def volumes_of(market: Market) -> tuple[Volume, ...]:
    """In the market's order."""
    cells: dict[VolumeKey, list[Cell]] = defaultdict(list)
    for cell in market.cells:
        cells[key_of(cell)].append(cell)
    return tuple(
        Volume(key, sum(map(measured_of, of)), sum(cell.infusions_per_month for cell in of), of[0].typed_over)
        for key, of in cells.items()
    )


def measured_of(cell: Cell) -> Decimal:
    return cell.infusions_per_month if cell.typed_over is None else cell.typed_over.measured


def type_over(market: Market, key: VolumeKey, infusions: Decimal, reason: str, said_by: str) -> Market:
    """InputError (`infusions`, `reason`, `said_by`) where the number, the reason or who said so cannot be used."""
    if not infusions.is_finite() or not 0 <= infusions <= MOST or infusions != infusions.quantize(_PLACES):
        raise InputError("infusions", f"give infusions a month from 0 to {MOST:,}, with four decimals at most.")
    for name, text, asked in (("reason", reason, "say why"), ("said_by", said_by, "say who said so")):
        if not text.strip() or len(text) > LONGEST:
            raise InputError(name, f"{asked}, in {LONGEST} characters at most.")
        if "\0" in text:
            raise InputError(name, f"{asked}, without the character NUL.")
    found = [number for number, cell in enumerate(market.cells) if key_of(cell) == key]
    if not found:
        raise InputError("volume", "this volume is not among those of the scenario.")
    cells = list(market.cells)
    with localcontext(EXACT):
        measured = [measured_of(cells[number]) for number in found]
        whole, given = sum(measured), ZERO
        for number, own, so_far in zip(found, measured, accumulate(measured), strict=True):
            until = (infusions * so_far / whole).quantize(_PLACES)  # sums are rounded, so that no rest falls below zero
            typed = TypedOver(own, reason.strip(), said_by.strip())
            cells[number], given = replace(cells[number], infusions_per_month=until - given, typed_over=typed), until
    return replace(market, cells=tuple(cells))


def take_back(market: Market, key: VolumeKey) -> Market:
    """The measured volume is used again."""
    cells = (
        replace(cell, infusions_per_month=measured_of(cell), typed_over=None) if key_of(cell) == key else cell
        for cell in market.cells
    )
    return replace(market, cells=tuple(cells))


def carried(before: Market, after: Market) -> tuple[Market, tuple[Volume, ...]]:
    """What was typed over `before` is typed over `after` too; and what could not be, because its group is not there."""
    lost = []
    for volume in volumes_of(before):
        if volume.typed is None:
            continue
        try:
            after = type_over(after, volume.key, volume.used, volume.typed.reason, volume.typed.said_by)
        except InputError:
            lost.append(volume)
    return after, tuple(lost)
