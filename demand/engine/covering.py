"""People by ZIP code and candidate sites -> the k sites that keep most in reach; grain: one answer per k.

Maximal covering location, solved to proven optimum by HiGHS (scipy.optimize.milp):
    maximise Σ value[d] · share[d, c]   with   Σ_c share[d, c] ≤ 1,   share[d, c] ≤ open[c],   Σ_c open[c] ≤ k,
    minimum[c] · open[c] ≤ Σ_d load[d] · share[d, c] ≤ capacity[c] · open[c],
share only where the candidate lies in reach of the people and their policies permit it, open 0 or 1. A ZIP code's people may be shared
between sites. Without capacities and minimum volumes the problem is solved over the ZIP codes alone, which is the same and faster; with
them that answer is tried first, because it is the best one wherever it keeps the limits; where it does not, limited_covering takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first asked for: half a second that most processes never need

from demand.engine.limited_covering import TOLERANCE, LimitedCovering, served

TIME_LIMIT_SECONDS = 60
STARTS = 40


@dataclass(frozen=True)
class Candidate:
    """A place that could be opened or used. `capacity` None: any number of infusions; `minimum`: below it, it does not open."""

    key: str
    kind: str  # new | clinic | partner
    market: str = ""
    site_class: str = "infusion_center"
    capacity: float | None = None
    minimum: float = 0.0


@dataclass(frozen=True)
class Limit:
    """What a partnership forbids: candidates that fit every list it has; an empty list asks for nothing. `spared` keys it never bars."""

    name: str
    kinds: frozenset[str] = frozenset()
    site_classes: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()

    def bars(self, candidate: Candidate) -> bool:
        asked = (
            (self.kinds, candidate.kind),
            (self.site_classes, candidate.site_class),
            (self.markets, candidate.market),
            (self.keys, candidate.key),
        )
        fits = any(wanted for wanted, _ in asked) and all(value in wanted for wanted, value in asked if wanted)
        return fits and candidate.key not in self.spared


@dataclass(frozen=True)
class Answer:
    """`chosen` are positions of candidates, in their order; `kept[c]` what each of them keeps. `proven`: no better answer exists."""

    k: int
    value: float
    chosen: tuple[int, ...]
    kept: tuple[float, ...]
    loads: tuple[float, ...]
    proven: bool
    bound: float


def permitted(candidates: Sequence[Candidate], limits: Sequence[Limit]) -> tuple[list[Candidate], list[tuple[Candidate, Limit]]]:
    """Candidates that no limit bars, and those that one does, with the first limit that binds."""
    barred = [(one, next(limit for limit in limits if limit.bars(one))) for one in candidates if any(x.bars(one) for x in limits)]
    gone = {one.key for one, _ in barred}
    return [one for one in candidates if one.key not in gone], barred


def frontier(
    value: np.ndarray,
    load: np.ndarray,
    near: np.ndarray,
    candidates: Sequence[Candidate],
    most: int,
    seconds: float = TIME_LIMIT_SECONDS,
) -> tuple[Answer, ...]:
    """The best answers for k = 1 … `most`. value, load: per demand row, ≥ 0; near: rows × candidates. `seconds` is for each k.

    ValueError where the shapes do not fit or a number is negative or not finite.
    """
    value, load, near = np.asarray(value, dtype=float), np.asarray(load, dtype=float), np.asarray(near, dtype=bool)
    if near.shape != (len(value), len(candidates)) or len(load) != len(value):
        raise ValueError("value and load need one number a demand row, near one column a candidate")
    if not (np.isfinite(value).all() and np.isfinite(load).all()) or (value < 0).any() or (load < 0).any():
        raise ValueError("values and loads are numbers from 0 up")
    wanted = value > 0
    problem = _Problem(value[wanted], load[wanted], near[wanted], candidates)
    return tuple(problem.best(k, seconds) for k in range(1, min(most, len(candidates)) + 1))


class _Problem:
    """Demand rows and candidates; for the search without limits, rows that the same candidates reach are one (`patterns`)."""

    def __init__(self, value: np.ndarray, load: np.ndarray, near: np.ndarray, candidates: Sequence[Candidate]) -> None:
        self.near = near
        self.value, self.load = value, load
        self.capacity = np.array([np.inf if one.capacity is None else one.capacity for one in candidates], dtype=float)
        self.minimum = np.array([one.minimum for one in candidates], dtype=float)
        self.patterns, self.weights = _merge(near, value)
        self.weighted = self.patterns * self.weights[:, None]
        self.limited = bool(np.isfinite(self.capacity).any() or self.minimum.any())
        self.with_limits = LimitedCovering(value, load, near, self.capacity, self.minimum)

    def best(self, k: int, seconds: float) -> Answer:
        chosen, bound, proven = self._covering(k, seconds)
        answer = self._served(k, sorted(set(chosen)), bound, proven)  # where nothing more helps one may be chosen twice
        if not self.limited or (answer is not None and answer.value >= bound - TOLERANCE * max(1.0, bound)):
            return answer
        best = self.with_limits.best(k, seconds, bound, chosen)
        answer = self._served(k, list(best.chosen), best.bound, True)
        return answer or Answer(k, 0.0, (), (), (), False, best.bound)

    def _covering(self, k: int, seconds: float) -> tuple[list[int], float, bool]:
        """Without limits: which candidates, at most how much any choice covers, whether that is proven.

        A good choice comes first. The linear relaxation then says of most candidates that no better choice contains them (their
        reduced cost would take it below the good one); HiGHS searches the rest.
        """
        best, chosen = self._good(k)
        relaxed = scipy.optimize.linprog(*_covering_problem(self.patterns, self.weights, k), bounds=(0, 1), method="highs")
        small = TOLERANCE * max(1.0, best)
        if relaxed.status != 0 or -relaxed.fun <= best + small:
            return chosen, best, relaxed.status == 0
        count = self.patterns.shape[1]
        left = np.flatnonzero(relaxed.fun + relaxed.lower.marginals[:count] <= -best - small)
        if not len(left):
            return chosen, best, True
        patterns, weights = _merge(self.patterns[:, left], self.weights)
        gain, matrix, upper = _covering_problem(patterns, weights, k)
        found = _solve(gain, matrix, upper, len(left), seconds)
        if found.x is not None and -found.fun > best + small:
            best, chosen = -found.fun, [int(left[c]) for c in np.flatnonzero(found.x[: len(left)] > 0.5)]
        if found.status == 0:
            return chosen, best, True
        bound = -found.mip_dual_bound if found.mip_dual_bound is not None else -relaxed.fun
        return chosen, max(best, bound), False

    def _good(self, k: int) -> tuple[float, list[int]]:
        """The best of a greedy choice and some seeded ones, each improved by exchanging single candidates while that helps."""
        count = self.patterns.shape[1]
        draw = np.random.default_rng(k)
        starts = [self._greedy(k), *(draw.choice(count, min(k, count), replace=False).tolist() for _ in range(STARTS))]
        return max((self._exchanged(start) for start in starts), key=lambda one: one[0])

    def _greedy(self, k: int) -> list[int]:
        open_rows, chosen = np.ones(len(self.weights), dtype=bool), []
        for _ in range(min(k, self.patterns.shape[1])):
            gains = self.weighted[open_rows].sum(axis=0)
            chosen.append(int(gains.argmax()))
            open_rows &= ~self.patterns[:, chosen[-1]]
        return chosen

    def _exchanged(self, chosen: list[int]) -> tuple[float, list[int]]:
        times = self.patterns[:, chosen].sum(axis=1)
        best, better = float(self.weights[times > 0].sum()), True
        while better:
            better = False
            for place in range(len(chosen)):
                others = times - self.patterns[:, chosen[place]]
                free = others == 0
                gains = self.weighted[free].sum(axis=0)
                one = int(gains.argmax())
                value = float(self.weights[~free].sum() + gains[one])
                if value > best + TOLERANCE * max(1.0, best):
                    best, chosen[place], times, better = value, one, others + self.patterns[:, one], True
        return best, chosen

    def _served(self, k: int, chosen: Sequence[int], bound: float, proven: bool) -> Answer | None:
        """What these sites keep at best, and each of them; None where a minimum volume cannot be met. Unused sites are left out."""
        if not chosen:
            return Answer(k, 0.0, (), (), (), proven, bound)
        near, minimum = self.near[:, chosen], self.minimum[chosen]
        if self.limited:
            found = served(self.value, self.load, near, self.capacity[chosen], minimum)
            if found is None:
                return None
            kept, loads = found.kept, found.loads
        else:  # each row goes to the first of its sites: it does not matter to which
            first = np.where(near.any(axis=1), near.argmax(axis=1), len(chosen))
            kept = np.bincount(first, weights=self.value, minlength=len(chosen) + 1)[:-1]
            loads = np.bincount(first, weights=self.load, minlength=len(chosen) + 1)[:-1]
        used = [place for place in range(len(chosen)) if kept[place] > TOLERANCE or minimum[place] > 0]
        value = float(kept.sum())
        return Answer(
            k,
            value,
            tuple(chosen[place] for place in used),
            tuple(float(kept[place]) for place in used),
            tuple(float(loads[place]) for place in used),
            proven and value >= bound - TOLERANCE * max(1.0, bound),
            bound,
        )


def _merge(near: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that the same candidates reach as one; rows that nobody reaches are left out."""
    patterns, row = np.unique(near, axis=0, return_inverse=True)
    weights = np.bincount(row.reshape(-1), weights=value, minlength=len(patterns))
    reached = patterns.any(axis=1)
    return patterns[reached], weights[reached]


def _covering_problem(patterns: np.ndarray, weights: np.ndarray, k: int) -> tuple[np.ndarray, scipy.sparse.csr_array, np.ndarray]:
    """What is minimised, and the rows that are at most so much: covered[r] − Σ open[c near r] ≤ 0, Σ open ≤ k. Open first, then covered."""
    rows, candidates = patterns.shape
    at_row, at_candidate = np.nonzero(patterns)
    entries = np.concatenate([-np.ones(len(at_row)), np.ones(rows), np.ones(candidates)])
    lines = np.concatenate([at_row, np.arange(rows), np.full(candidates, rows)])
    columns = np.concatenate([at_candidate, candidates + np.arange(rows), np.arange(candidates)])
    matrix = scipy.sparse.csr_array(scipy.sparse.coo_array((entries, (lines, columns)), shape=(rows + 1, candidates + rows)))
    return np.concatenate([np.zeros(candidates), -weights]), matrix, np.concatenate([np.zeros(rows), [k]])


def _solve(gain, matrix, upper, integers: int, seconds: float):
    """Minimise gain · x over 0 ≤ x ≤ 1, the first `integers` of them whole; to the end, or until the time is over."""
    whole = np.concatenate([np.ones(integers), np.zeros(len(gain) - integers)])
    return scipy.optimize.milp(
        gain,
        integrality=whole,
        bounds=scipy.optimize.Bounds(0, 1),
        constraints=scipy.optimize.LinearConstraint(matrix, -np.inf, upper),
        options={"mip_rel_gap": 0.0, "time_limit": seconds},
    )
