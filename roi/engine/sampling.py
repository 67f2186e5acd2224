"""Spreads, a seed and a number -> that many values of each uncertain input; grain: one input and draw.

Every input has a stream of its own, named by seed and key, so that an input draws the same whatever else is drawn. Inputs that
belong together are tied by the rank correlations of `TOGETHER` (Spearman's ρ; a Gaussian copula with r = 2 sin(π ρ ÷ 6)); all others
are independent. Values are rounded to nine significant digits, so that machines whose arithmetic differs in the last digit agree.
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import scipy  # its parts are loaded when they are first asked for

from roi.engine.levels import HOSPITAL_PRICES, SITE_PRICES
from roi.engine.spreads import BETA, LOGNORMAL, PERT, Spread

# Spearman rank correlations between inputs of one subject, and why.
TOGETHER = (
    (
        ("capture_leaving", "recapture", "capture_staying", "capture_elsewhere"),
        0.5,
        "whether patients and prescribers take to the site",
    ),
    (("nurse_pay", "pharmacist_pay", "technician_pay", "authorization_pay", "counselor_pay"), 0.6, "one labor market"),
    (("acquisition_hospital", "acquisition_site"), 0.7, "the same suppliers"),
    (("build_per_chair", "equipment_per_chair", "sterile_room", "opening_costs"), 0.4, "one project, one builder"),
    ((*SITE_PRICES.values(), "contract_level"), 0.3, "one negotiating position"),
    (tuple(HOSPITAL_PRICES.values()), 0.3, "one negotiating position"),
    (("denials", "receivable_days"), 0.4, "payers that deny more also pay later"),
)
ONE_IN_TEN = 1.2815515655446004
_PERT_WEIGHT = 4


def draw_inputs(spreads: Sequence[Spread], seed: int, draws: int) -> dict[str, np.ndarray]:
    """Values by input, in the engine's units."""
    normal = {spread.key: _stream(seed, spread.key).standard_normal(draws) for spread in spreads}
    for keys, rho, _ in TOGETHER:
        tied = [key for key in keys if key in normal]
        if len(tied) > 1:
            normal |= dict(zip(tied, _correlated([normal[key] for key in tied], rho), strict=True))
    return {spread.key: quantile(spread, scipy.special.ndtr(normal[spread.key])) for spread in spreads}


def quantile(spread: Spread, share: np.ndarray) -> np.ndarray:
    """The values below which these shares of the spread lie."""
    low, likely, high = spread.low, spread.likely, spread.high
    if spread.shape == LOGNORMAL:
        values = likely * np.exp(np.log(high / low) / (2 * ONE_IN_TEN) * scipy.special.ndtri(share))
    elif spread.shape == BETA:
        deviation = (high - low) / (2 * ONE_IN_TEN)
        weight = max(likely * (1 - likely) / deviation**2 - 1, 0.1)
        values = scipy.special.betaincinv(likely * weight, (1 - likely) * weight, share)
    elif spread.shape == PERT:
        first = 1 + _PERT_WEIGHT * (likely - low) / (high - low)
        values = low + (high - low) * scipy.special.betaincinv(first, 2 + _PERT_WEIGHT - first, share)
    else:
        peak = (likely - low) / (high - low)
        rising = low + np.sqrt(share * (high - low) * (likely - low))
        falling = high - np.sqrt((1 - share) * (high - low) * (high - likely))
        values = np.where(share < peak, rising, falling)
    return _rounded(values)


def _stream(seed: int, key: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, crc32(key.encode())]))


def _correlated(normals: list[np.ndarray], rho: float) -> np.ndarray:
    pearson = 2 * np.sin(np.pi * rho / 6)
    matrix = np.full((len(normals), len(normals)), pearson)
    np.fill_diagonal(matrix, 1.0)
    return np.linalg.cholesky(matrix) @ np.stack(normals)


def _rounded(values: np.ndarray) -> np.ndarray:
    """To nine significant digits of the largest value."""
    top = float(np.max(np.abs(values))) if values.size else 0.0
    return np.round(values, 9 - int(np.ceil(np.log10(top)))) if top else values
