"""A center -> the value of one input at which its value against doing nothing is zero, all others at their likely values.

Solved, not typed: the value is computed on a grid over the input's range, the change of sign nearest to the likely value is taken and
the grid drawn tighter around it. None where the value does not change its sign in the range. All questions are asked at once: each
point of a grid is a draw (roi.engine.draws).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from roi.engine.cell_terms import WHITE_BAGGING_PAYERS
from roi.engine.center_fields import FIELDS
from roi.engine.draws import draw_values, likely_values
from roi.engine.field import PERCENT
from roi.engine.infusion_center import Center
from roi.engine.levels import ASP, LEVELS, RAMP
from roi.engine.worlds import DO_NOTHING

VOLUME, MIX = "volume", "payer_mix"
POINTS, ROUNDS = 25, 5
_UP_TO = 3.0  # three times the likely value


@dataclass(frozen=True)
class Solved:
    """`value` in the engine's units (None: not within low … high); `likely` is where it stands."""

    key: str
    likely: float
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class _Question:
    key: str
    likely: float
    low: float
    high: float


def break_even(center: Center, keys: Sequence[str]) -> dict[str, Solved]:
    """For inputs by key; `volume` is a factor on every patient group, `payer_mix` the commercial share of the infusions that could
    come, the total and each line's own mix kept."""
    questions = [question for key in keys if (question := _question(center, key)) is not None]
    ends = {question.key: (question.low, question.high) for question in questions}
    for round_ in range(ROUNDS):
        grids = {question.key: _grid(ends[question.key], question, round_) for question in questions if ends[question.key]}
        values = _on_grids(center, grids)
        ends |= {
            question.key: _crossing(grids[question.key], values[question.key], question.likely)
            for question in questions
            if question.key in grids
        }
    return {
        question.key: Solved(
            question.key,
            question.likely,
            None if ends[question.key] is None else sum(ends[question.key]) / 2,
            question.low,
            question.high,
        )
        for question in questions
    }


def commercial_share(center: Center) -> float:
    """Of the infusions that the market holds, the share whose payer is commercial or an exchange."""
    total = float(sum(cell.infusions_per_month for cell in center.market.cells))
    commercial = float(sum(cell.infusions_per_month for cell in center.market.cells if _is_commercial(cell)))
    return commercial / total if total else 0.0


def _is_commercial(cell) -> bool:
    return cell.line_of_business in WHITE_BAGGING_PAYERS


def _question(center: Center, key: str) -> _Question | None:
    if key == VOLUME:
        return _Question(key, 1.0, 0.0, 10.0)
    if key == MIX:
        share = commercial_share(center)
        return _Question(key, share, 0.0, 1.0) if 0 < share < 1 else None
    if key == RAMP:
        return _Question(key, 0.0, -6.0, 6.0)
    if key in LEVELS:
        return _Question(key, 1.0, 0.1, _UP_TO)
    likely = likely_values(center)[key]
    field = FIELDS[key]
    scale = 100 if field.kind == PERCENT else 1
    top = 1.0 if field.kind == PERCENT and field.high == "100" else max(_UP_TO * likely, 1.0)
    return _Question(
        key, likely, float(field.low) / scale, min(top, float(field.high) * (100 if field.kind == "money" else 1) / scale)
    )


def _grid(ends: tuple[float, float], question: _Question, round_: int) -> np.ndarray:
    """The first grid holds the likely value too, so that a change of sign beside it is seen."""
    grid = np.linspace(*ends, POINTS)
    return np.unique(np.append(grid, question.likely)) if not round_ else grid


def _on_grids(center: Center, grids: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Net present value at each point of each grid, all in one pass."""
    if not grids:
        return {}
    size = sum(len(grid) for grid in grids.values())
    likely = likely_values(center)
    drawn, volumes, places, start = {}, None, {}, 0
    for key, grid in grids.items():
        places[key] = slice(start, start + len(grid))
        start += len(grid)
    for key, grid in grids.items():
        if key in (VOLUME, MIX):
            volumes = np.ones((len(center.market.cells), size)) if volumes is None else volumes
            volumes[:, places[key]] = _volumes(center, key, grid)
            continue
        usual = 0.0 if key == RAMP else 1.0 if key in LEVELS else likely[key]
        drawn[key] = np.full(size, usual)
        drawn[key][places[key]] = grid
    npv = draw_values(center, drawn, size, volumes).npv[DO_NOTHING]
    return {key: npv[place] for key, place in places.items()}


def _volumes(center: Center, key: str, grid: np.ndarray) -> np.ndarray:
    cells = center.market.cells
    if key == VOLUME:
        return np.tile(grid, (len(cells), 1))
    share = commercial_share(center)
    return np.stack([grid / share if _is_commercial(cell) else (1 - grid) / (1 - share) for cell in cells])


def _crossing(grid: np.ndarray, values: np.ndarray, likely: float) -> tuple[float, float] | None:
    """The two neighbours between which the value changes its sign, nearest to the likely value."""
    at = np.flatnonzero((values[:-1] >= 0) != (values[1:] >= 0))
    if not at.size:
        return None
    nearest = at[np.argmin(np.abs((grid[at] + grid[at + 1]) / 2 - likely))]
    return float(grid[nearest]), float(grid[nearest + 1])


PRICE_KEYS = ("acquisition_site", "contract_level", ASP)
HEADLINE_KEYS = (VOLUME, MIX, *PRICE_KEYS)
