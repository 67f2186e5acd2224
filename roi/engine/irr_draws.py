"""Monthly flows of many draws -> the annual effective internal rate of return of each; grain: one draw.

With v = (1 + r)^(−1/12) a draw's value is a polynomial in v. One change of sign among its flows means one root (Descartes). Where there
are more, the roots are counted by the value's own changes of sign on a grid of rates: two that lie between neighbours of the grid
are not seen, which `irr`, exact and a thousand times slower, does. The root is then found for all draws together, halving a
bracket, then by Newton's steps.
"""

import numpy as np

_LOW_V, _HIGH_V = 0.25, 8.0  # rates from 1,677,721,500 % down to −99.999999999 %
_GRID = np.geomspace(_LOW_V, _HIGH_V, 240)
_HALVINGS, _STEPS, _PLACES = 17, 6, 12


def irr_of_draws(flows: np.ndarray) -> np.ndarray:
    """Whole cents (month × draw) -> rates; NaN where there is none, or several."""
    rates = np.full(flows.shape[1], np.nan)
    changes = _sign_changes(flows)
    for chosen, brackets in ((changes == 1, None), (changes > 1, _GRID)):
        if chosen.any():
            rates[chosen] = _roots(flows[:, chosen], brackets)
    return rates


def _sign_changes(flows: np.ndarray) -> np.ndarray:
    """Changes of sign down each column, zeros passed over."""
    signs = np.sign(flows)
    last, changes = np.zeros(flows.shape[1]), np.zeros(flows.shape[1], dtype=int)
    for sign in signs:
        changes += (sign != 0) & (last != 0) & (sign != last)
        last = np.where(sign != 0, sign, last)
    return changes


def _roots(flows: np.ndarray, grid: np.ndarray | None) -> np.ndarray:
    """The one root of each column as an annual rate; NaN where there is none within the bracket, or where the grid shows several."""
    scaled = flows / np.abs(flows).max(axis=0)
    low, high = np.full(flows.shape[1], _LOW_V), np.full(flows.shape[1], _HIGH_V)
    one = np.ones(flows.shape[1], dtype=bool)
    if grid is not None:
        above = np.stack([_values(scaled, np.full(flows.shape[1], v)) > 0 for v in grid])
        crossed = above[1:] != above[:-1]
        one, first = crossed.sum(axis=0) == 1, crossed.argmax(axis=0)
        low, high = grid[first], grid[first + 1]
    starts = _values(scaled, low) > 0
    one &= starts != (_values(scaled, high) > 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = (_values(scaled, middle) > 0) == starts
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    v = (low + high) / 2
    for _ in range(_STEPS):
        value, slope = _with_slope(scaled, v)
        v = np.clip(v - np.where(slope != 0, value / np.where(slope != 0, slope, 1), 0), low, high)
    return np.where(one, np.round(v**-12 - 1, _PLACES), np.nan)


def _values(flows: np.ndarray, v: np.ndarray) -> np.ndarray:
    total = np.zeros_like(v)
    for flow in flows[::-1]:
        total *= v
        total += flow
    return total


def _with_slope(flows: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total, slope = np.zeros_like(v), np.zeros_like(v)
    for flow in flows[::-1]:
        slope = slope * v + total
        total = total * v + flow
    return total, slope
