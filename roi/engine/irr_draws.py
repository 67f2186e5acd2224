"""Monthly flows of many draws -> the annual effective internal rate of return of each; grain: one draw.

With v = (1 + r)^(−1/12) a draw's value is a polynomial in v. One change of sign among its flows means one root (Descartes). Where there
are more, the roots are counted by the value's own changes of sign on a grid of rates: two that lie between neighbours of the grid
are not seen, which `irr`, exact and a thousand times slower, does. The root is then found for many draws together, by
Newton's steps from that of the flows summed by year, or, where these do not stand still, inside a halved bracket.
"""

import numpy as np

_LOW_V, _HIGH_V = 0.25, 8.0  # rates from 1,677,721,500 % down to −99.999999999 %
_GRID = np.geomspace(_LOW_V, _HIGH_V, 240)
_HALVINGS, _STEPS, _PLACES = 17, 6, 12
_STILL = 1e-8  # of v: the step after it would be its square
_AT_ONCE = 2_000  # columns: what fits the processor's cache


def irr_of_draws(flows: np.ndarray) -> np.ndarray:
    """Whole cents (month × draw) -> rates; NaN where there is none, or several."""
    rates = np.full(flows.shape[1], np.nan)
    changes = _sign_changes(flows)
    for chosen, grid in ((changes == 1, None), (changes > 1, _GRID)):
        numbers = np.flatnonzero(chosen)
        for start in range(0, numbers.size, _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            rates[some] = _roots(flows[:, some], grid)
    return rates


def _sign_changes(flows: np.ndarray) -> np.ndarray:
    """Changes of sign down each column, zeros passed over."""
    last, changes = np.zeros(flows.shape[1], np.int8), np.zeros(flows.shape[1], np.int16)
    for sign in (flows > 0).view(np.int8) - (flows < 0).view(np.int8):
        changes += (sign != 0) & (last != 0) & (sign != last)
        last = np.where(sign != 0, sign, last)
    return changes


def _roots(flows: np.ndarray, grid: np.ndarray | None) -> np.ndarray:
    """The one root of each column as an annual rate; NaN where there is none within the bracket, or where the grid shows several."""
    if grid is None:
        v, found = _newton(flows, _first_guess(flows), np.full(flows.shape[1], _LOW_V), np.full(flows.shape[1], _HIGH_V))
        if not found.all():
            left = flows[:, ~found]
            edges = (np.full(left.shape[1], edge) for edge in (_LOW_V, _HIGH_V))
            v[~found], found[~found] = _bracketed(left, *edges)
    else:
        above = np.stack([_values(flows, np.full(flows.shape[1], point)) > 0 for point in grid])
        crossed = above[1:] != above[:-1]
        first = crossed.argmax(axis=0)
        v, found = _bracketed(flows, grid[first], grid[first + 1])
        found &= crossed.sum(axis=0) == 1
    return np.where(found, np.round(v**-12 - 1, _PLACES), np.nan)


def _first_guess(flows: np.ndarray) -> np.ndarray:
    """The root of the flows summed by year, each as if in its year's middle: a twelfth of the work, near enough for Newton."""
    years = np.add.reduceat(flows[1:], np.arange(0, len(flows) - 1, 12), axis=0) if len(flows) > 1 else flows[:0]
    low, high = np.full(flows.shape[1], np.log(_LOW_V)), np.full(flows.shape[1], np.log(_HIGH_V))
    starts = np.sign(flows[0])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = flows[0] + np.exp(6.5 * middle) * _values(years, np.exp(12 * middle))
        same = np.sign(value) == starts
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.exp((low + high) / 2)


def _bracketed(flows: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halved until Newton's steps are safe: the roots, and where there was one between low and high."""
    starts = _values(flows, low) > 0
    one = starts != (_values(flows, high) > 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = (_values(flows, middle) > 0) == starts
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return _newton(flows, (low + high) / 2, low, high)[0], one


def _newton(flows: np.ndarray, v: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's steps inside the bracket: where they ended, and whether they stand still there."""
    step = np.full_like(v, np.inf)
    for _ in range(_STEPS):
        value, slope = _with_slope(flows, v)
        step = value / np.where(slope != 0, slope, np.inf)
        v = np.clip(v - step, low, high)
        if (np.abs(step) < _STILL * v).all():
            break
    return v, (np.abs(step) < _STILL * v) & (v > low) & (v < high)


def _values(flows: np.ndarray, v: np.ndarray) -> np.ndarray:
    total = np.zeros_like(v)
    for flow in flows[::-1]:
        total *= v
        total += flow
    return total


def _with_slope(flows: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total, slope = np.zeros_like(v), np.zeros_like(v)
    for flow in flows[::-1]:
        slope *= v
        slope += total
        total *= v
        total += flow
    return total, slope
