"""Cases by group and stratum -> each group's rate, raw and as it would be with everybody's mix of cases; grain: one group.

Indirect standardisation: expected = sum over strata of the group's cases × the stratum's rate over all groups; adjusted rate = observed ÷
expected × the rate over all groups. Intervals: Wilson, 95 %, of the raw rate; the adjusted one is the same times what adjusting changes,
which takes the strata's rates for known. Expected events of all groups add up to the observed ones. Where a case has a size (days of
which some are covered) the rate is the sum of the parts ÷ the sum of the sizes, and its interval comes from how people differ.
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
        found.append(Rate(name, cases, happened, foreseen, raw, _adjusted(raw, overall * cases, foreseen)))
    return tuple(found)


def standardised_ratios(
    groups: np.ndarray, strata: np.ndarray, people: np.ndarray, parts: np.ndarray, sizes: np.ndarray
) -> tuple[Rate, ...]:
    """One entry a case: its group, stratum and person, and how much of its size (above 0) is the part. Rates: events = parts, cases = sizes.

    Interval: the linearised standard error of a ratio with people as clusters, 95 %; None for a group of one person, who differs from nobody.
    Source: Cochran, Sampling Techniques, 3rd edition, 6.4.
    """
    names, group = np.unique(groups, return_inverse=True)
    _, stratum = np.unique(strata, return_inverse=True)
    in_stratum = np.bincount(stratum, weights=sizes)
    expected = sizes * (np.bincount(stratum, weights=parts) / in_stratum)[stratum] if len(parts) else np.array([])
    overall = float(parts.sum() / sizes.sum()) if len(parts) else 0.0
    found = []
    for number, name in enumerate(names):
        mine = group == number
        whole, part, foreseen = float(sizes[mine].sum()), float(parts[mine].sum()), float(expected[mine].sum())
        _, person = np.unique(people[mine], return_inverse=True)
        apart = np.bincount(person, weights=parts[mine] - part / whole * sizes[mine])
        raw = None
        if len(apart) > 1:
            half = Z * math.sqrt(len(apart) / (len(apart) - 1) * float((apart**2).sum())) / whole
            raw = (part / whole, max(0.0, part / whole - half), min(1.0, part / whole + half))
        adjusted = _adjusted(raw, overall * whole, foreseen) if raw else None
        found.append(Rate(name, round(whole), round(part), foreseen, raw, adjusted))
    return tuple(found)


def _adjusted(raw: tuple[float, float, float], usual: float, foreseen: float) -> tuple[float, float, float] | None:
    """The rate times what everybody's mix of cases changes: usual ÷ foreseen events. None where none were foreseen."""
    return tuple(min(1.0, one * usual / foreseen) for one in raw) if foreseen else None


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
