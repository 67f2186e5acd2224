"""Points in degrees -> miles between them; grain: one number per pair. Haversine on a sphere of 3958.7613 miles' radius.

The same formula as `miles_between` of the claims stages, for whole arrays at once: arguments broadcast as numpy arrays do.
"""

from __future__ import annotations

import numpy as np

EARTH_RADIUS_MILES = 3958.7613


def miles_between(latitude, longitude, to_latitude, to_longitude) -> np.ndarray:
    """Great-circle miles; a point that is not known (NaN) is infinitely far."""
    latitude, longitude, to_latitude, to_longitude = (
        np.radians(np.asarray(degrees, dtype=float)) for degrees in (latitude, longitude, to_latitude, to_longitude)
    )
    half = np.square(np.sin((to_latitude - latitude) / 2))
    half = half + np.cos(latitude) * np.cos(to_latitude) * np.square(np.sin((to_longitude - longitude) / 2))
    miles = 2 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    return np.where(np.isnan(miles), np.inf, miles)


def miles_matrix(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, 2) and (m, 2) latitudes and longitudes -> (n, m) miles."""
    points, others = (np.asarray(array, dtype=float).reshape(-1, 2) for array in (points, others))
    return miles_between(points[:, :1], points[:, 1:], others[:, 0], others[:, 1])
