"""A center and two inputs -> the value against doing nothing at seven values of each; grain: one pair of values."""

from dataclasses import dataclass

import numpy as np

from roi.engine.center_fields import FIELDS
from roi.engine.draws import draw_values, likely_values
from roi.engine.field import MONEY, NUMBER, PERCENT, WHOLE
from roi.engine.infusion_center import Center
from roi.engine.spreads import OURS_TO_DECIDE, spreads_of
from roi.engine.worlds import DO_NOTHING

STEPS = 3  # below and above the likely value
_WITHOUT_SPREAD = 0.5  # of the likely value, for what we decide ourselves


@dataclass(frozen=True)
class TwoWay:
    """`npv[i][j]` in cents at `rows[i]` of one input and `columns[j]` of the other."""

    row_key: str
    column_key: str
    rows: tuple[float, ...]
    columns: tuple[float, ...]
    npv: tuple[tuple[int, ...], ...]


def variable_inputs(center: Center) -> tuple[str, ...]:
    """Inputs that may stand in the table: all that are uncertain, then what we decide in numbers."""
    decided = [
        key
        for key in OURS_TO_DECIDE
        if key not in ("horizon", "depreciation_years")
        and center.kind.asks(key)
        and FIELDS[key].kind in (MONEY, PERCENT, NUMBER, WHOLE)
    ]
    return (*(spread.key for spread in spreads_of(center)), *decided)


def two_way(center: Center, row_key: str, column_key: str) -> TwoWay:
    """Both from the low to the high end of their spreads, the likely value in the middle."""
    rows, columns = _values(center, row_key), _values(center, column_key)
    first, second = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    npv = draw_values(center, {row_key: first, column_key: second}, first.size).npv[DO_NOTHING].reshape(len(rows), len(columns))
    return TwoWay(row_key, column_key, tuple(rows), tuple(columns), tuple(tuple(int(cents) for cents in row) for row in npv))


def _values(center: Center, key: str) -> list[float]:
    spread = next((spread for spread in spreads_of(center) if spread.key == key), None)
    if spread:
        low, likely, high = spread.low, spread.likely, spread.high
    else:
        likely = likely_values(center)[key]
        low, high = likely * (1 - _WITHOUT_SPREAD), likely * (1 + _WITHOUT_SPREAD)
    values = [*np.linspace(low, likely, STEPS + 1), *np.linspace(likely, high, STEPS + 1)[1:]]
    if key in FIELDS and FIELDS[key].kind == WHOLE:
        values = [max(1, round(value)) for value in values]
    return list(dict.fromkeys(float(value) for value in values))
