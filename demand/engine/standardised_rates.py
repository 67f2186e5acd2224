"""Cases by group and stratum -> each group's rate, raw and as it would be with everybody's mix of cases; grain: one group.

Indirect standardisation: expected = sum over strata of the group's cases × the stratum's rate over all groups; adjusted rate = observed ÷
expected × the rate over all groups. Intervals: Wilson, 95 %, of the raw rate; the adjusted one is the same times what adjusting changes,
which takes the strata's rates for known. Expected events of all groups add up to the observed ones.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Rate:
    """events of cases. raw, adjusted: (rate, lower, upper limit); None without cases, adjusted also where nobody was expected to."""

    group: Hashable
    cases: int
    events: int
    expected: float
    raw: tuple[float, float, float] | None
    adjusted: tuple[float, float, float] | None


def standardised_rates(groups: np.ndarray, strata: np.ndarray, events: np.ndarray) -> tuple[Rate, ...]:
    """One entry a case: its group, its stratum, whether the event followed. Groups in the order of their names."""
    names, group = np.unique(groups, return_inverse=True)
    _, stratum = np.unique(strata, return_inverse=True)
    in_stratum = np.bincount(stratum)
    expected = (np.bincount(stratum, weights=events) / np.maximum(in_stratum, 1))[stratum] if len(events) else np.array([])
    overall = float(np.mean(events)) if len(events) else 0.0
    found = []
    for number, name in enumerate(names):
        mine = group == number
        cases, happened, foreseen = int(mine.sum()), int(events[mine].sum()), float(expected[mine].sum())
        raw = (happened / cases, *wilson_interval(happened, cases, Z))
        change = overall * cases / foreseen if foreseen else None
        found.append(
            Rate(name, cases, happened, foreseen, raw, None if change is None else tuple(min(1.0, one * change) for one in raw))
        )
    return tuple(found)


def differs(one: tuple[float, float, float], other: tuple[float, float, float], comparisons: int = 1) -> bool:
    """Whether two rates with their 95 % limits differ by more than chance: |z| of the difference beyond the two-sided 5 % limit.

    A rate's standard error is half its interval ÷ 1.96; the 5 % are shared among so many comparisons (Bonferroni).
    """
    error = math.hypot(*((high - low) / (2 * Z) for _, low, high in (one, other)))
    return abs(one[0] - other[0]) > NormalDist().inv_cdf(1 - 0.05 / (2 * comparisons)) * error


def wilson_interval(events: int, cases: int, z: float = Z) -> tuple[float, float]:
    """Wilson's limits of a share. Source: Wilson 1927, as in Newcombe 1998."""
    share, square = events / cases, z * z
    middle = (share + square / (2 * cases)) / (1 + square / cases)
    width = z / (1 + square / cases) * math.sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    return max(0.0, middle - width), min(1.0, middle + width)
