"""Demand rows, candidates with capacities and minimum volumes -> the best k of them and how much any k keep at most; grain: one k.

Who goes where is part of the question: tens of times as many variables as in the covering problem alone, so it is taken apart. With a
price on each row (what serving it is worth elsewhere) every candidate fills up by itself, densest rows first:
    gain[c] = max Σ (value[d] − price[d]) · share[d]   with   minimum[c] ≤ Σ load[d] · share[d] ≤ capacity[c]
and whatever the prices are, no choice S keeps more than Σ price + Σ gain[c in S]: a cut. A subgradient descent finds prices that bind
every choice well, the linear programme that serves one choice gives prices that bind this one exactly. HiGHS chooses under all cuts,
the choice is served, its cut added, until the best choice served reaches what the cuts allow (Benders 1962; Geoffrion 1974).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

TOLERANCE = 1e-6
DESCENTS = 120
TRIED = 25  # exchanges of a round that are served, those first that the cut promises most of
CUTS = 80  # that HiGHS sees at once: the tightest ones


@dataclass(frozen=True)
class Served:
    """What chosen sites keep at best; `kept` and `loads` by site, `prices` by demand row."""

    value: float
    kept: np.ndarray
    loads: np.ndarray
    prices: np.ndarray


@dataclass(frozen=True)
class Best:
    """`bound`: no choice keeps more. The choice is proven where it reaches the bound."""

    chosen: tuple[int, ...]
    value: float
    bound: float


def served(value: np.ndarray, load: np.ndarray, near: np.ndarray, capacity: np.ndarray, minimum: np.ndarray) -> Served | None:
    """Every site of `near` (rows × sites) used as well as can be; None where a minimum volume cannot be met."""
    rows, sites = near.shape
    if not near.any():
        return None if (minimum > 0).any() else Served(0.0, np.zeros(sites), np.zeros(sites), np.zeros(rows))
    at_row, at_site = np.nonzero(near)
    pairs = np.arange(len(at_row))
    capped, needy = np.flatnonzero(np.isfinite(capacity)), np.flatnonzero(minimum > 0)
    once = scipy.sparse.coo_array((np.ones(len(pairs)), (at_row, pairs)), shape=(rows, len(pairs)))
    by_site = scipy.sparse.csr_array(scipy.sparse.coo_array((load[at_row], (at_site, pairs)), shape=(sites, len(pairs))))
    matrix = scipy.sparse.vstack([once, by_site[capped], -by_site[needy]], format="csr")
    upper = np.concatenate([np.ones(rows), capacity[capped], -minimum[needy]])
    found = scipy.optimize.linprog(-value[at_row], A_ub=matrix, b_ub=upper, bounds=(0, None), method="highs")
    if found.status != 0:
        return None
    kept = np.bincount(at_site, weights=value[at_row] * found.x, minlength=sites)
    loads = np.bincount(at_site, weights=load[at_row] * found.x, minlength=sites)
    return Served(float(kept.sum()), kept, loads, np.maximum(0.0, -found.ineqlin.marginals[:rows]))


class LimitedCovering:
    """One set of rows and candidates; cuts hold for every k, so that each k begins with those of the one before."""

    def __init__(self, value: np.ndarray, load: np.ndarray, near: np.ndarray, capacity: np.ndarray, minimum: np.ndarray) -> None:
        self.able = np.flatnonzero((load @ near >= minimum) & near.any(axis=0))
        reached = near[:, self.able].any(axis=1)
        self.value, self.load, self.near = value[reached], load[reached], near[np.ix_(reached, self.able)]
        self.capacity, self.minimum = capacity[self.able], minimum[self.able]
        self.weight = np.maximum(self.load, 1e-9 * max(1.0, self.load.max(initial=0.0)))  # a row without load has a density too
        self.cuts: list[tuple[float, np.ndarray]] = []
        self.impossible: list[list[int]] = []
        self.known: dict[tuple[int, ...], Served | None] = {}
        self.prices = np.zeros(len(self.value))
        self.chosen: list[int] = []  # the best choice so far and what it keeps
        self.kept = 0.0

    def best(self, k: int, seconds: float, bound: float = np.inf, start: Sequence[int] = ()) -> Best:
        """The best choice of at most k; after about `seconds` the best found so far, with the bound that holds by then.

        `bound` and `start`: how much and what is best without the limits. k must not fall from one call to the next.
        """
        until = time.monotonic() + seconds
        if not len(self.able):
            return Best((), 0.0, 0.0)
        begin = np.flatnonzero(np.isin(self.able, list(start))).tolist()
        if begin and self._offer(begin) is None:  # a minimum is not met: perhaps it is without one of them
            for left_out in begin if len(begin) > 1 else ():
                self._offer([c for c in begin if c != left_out])
        self._exchange(k)
        bound = min(bound, self._descend(k))
        self._exchange(k)
        while not self._reaches(bound) and (left := until - time.monotonic()) > 0:
            choice, bound = self._chosen_under_cuts(k, bound, left)
            if choice is None:
                continue
            found = self._offer(choice)
            if found is None:
                self.impossible.append(choice)
            else:
                self._cut(found.prices)
        return Best(tuple(int(self.able[c]) for c in sorted(self.chosen)), self.kept, max(self.kept, bound))

    def _reaches(self, bound: float) -> bool:
        return self.kept >= bound - TOLERANCE * max(1.0, self.kept)

    def _offer(self, choice: Sequence[int]) -> Served | None:
        """The choice served, and kept where it is the best so far."""
        found = self._serve(choice)
        if found is not None and found.value > self.kept + TOLERANCE * max(1.0, self.kept):
            self.chosen, self.kept = list(choice), found.value
        return found

    def _serve(self, choice: Sequence[int]) -> Served | None:
        key = tuple(sorted(choice))
        if key not in self.known:
            at = list(key)
            self.known[key] = served(self.value, self.load, self.near[:, at], self.capacity[at], self.minimum[at])
        return self.known[key]

    def _fill(self, prices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """At these prices: the gain of every candidate alone; the rows, densest first; the load that each candidate takes of them."""
        density = (self.value - prices) / self.weight
        order = np.argsort(-density, kind="stable")
        density = density[order]
        total = np.cumsum(self.weight[order, None] * self.near[order], axis=0)
        limit = np.where(density[:, None] > 0, self.capacity, self.minimum)
        taken = np.minimum(total, limit)
        taken[1:] -= np.minimum(total[:-1], limit[1:])
        return density @ taken, order, taken

    def _cut(self, prices: np.ndarray) -> np.ndarray:
        gain = self._fill(prices)[0]
        self.cuts.append((float(prices.sum()), gain))
        return gain

    def _exchange(self, k: int) -> None:
        """The best choice so far with one site more, or another one, while that helps: those first that its cut promises most of."""
        before = -1.0
        while self.kept > before:
            before, choice = self.kept, self.chosen
            found = self._serve(choice) if choice else None
            gain = self._cut(found.prices if found else np.zeros(len(self.value)))
            if self._reaches(self._allowed(k)):
                break
            others = [c for c in np.argsort(-gain, kind="stable").tolist() if c not in choice]
            added = [[*choice, c] for c in others[:TRIED]] if len(choice) < k else []
            promised = sorted(((gain[c] - gain[a], a, c) for a in choice for c in others), reverse=True)
            swapped = [[*(b for b in choice if b != a), c] for _, a, c in promised[:TRIED]]
            for one in [*added, *swapped]:
                self._offer(one)
                if self.kept > before:
                    break

    def _allowed(self, k: int) -> float:
        """What the tightest cut allows any k candidates."""
        return min(constant + float(np.sort(np.maximum(gain, 0))[-k:].sum()) for constant, gain in self.cuts)

    def _descend(self, k: int) -> float:
        """Prices at which the cut allows any k candidates least; steps as Polyak's, shortened where they do not help."""
        prices, best, bound, step, idle = self.prices, self.prices, np.inf, 1.0, 0
        for turn in range(DESCENTS):
            gain, order, taken = self._fill(prices)
            top = np.argsort(-gain, kind="stable")[:k]
            allows = float(prices.sum() + np.maximum(gain[top], 0).sum())
            if turn % 4 == 0:
                self.cuts.append((float(prices.sum()), gain))
            if allows < bound:
                best, bound, idle = prices, allows, 0
            else:
                idle += 1
            if turn % 5 == 4:
                self._offer([int(c) for c in top if gain[c] > 0])
            if self._reaches(bound):
                break
            if idle == 6:
                prices, step, idle = best, step * 0.6, 0
                continue
            slope = np.ones(len(prices))
            slope[order] -= taken[:, top[gain[top] > 0]].sum(axis=1) / self.weight[order]
            slope[(prices <= 0) & (slope > 0)] = 0
            steep = slope @ slope
            if not steep:
                break
            prices = np.maximum(0.0, prices - step * (allows - self.kept) / steep * slope)
        self.prices = best
        self._cut(best)
        return min(bound, self._allowed(k))

    def _chosen_under_cuts(self, k: int, bound: float, seconds: float) -> tuple[list[int] | None, float]:
        """The choice that the cuts allow most, and how much; None where they allow none that is better than the best so far."""
        constants, gains = np.array([constant for constant, _ in self.cuts]), np.array([gain for _, gain in self.cuts])
        highest = -np.sort(-np.maximum(gains, 0), axis=1)
        # A candidate that one cut does not let into any choice better than the one in hand is left out.
        with_it = constants[:, None] + highest[:, : k - 1].sum(axis=1)[:, None] + gains
        left = np.flatnonzero((with_it > self.kept).all(axis=0))
        if not len(left):
            return None, self.kept
        tight = np.argsort(constants + highest[:, :k].sum(axis=1), kind="stable")
        shown = np.unique(np.concatenate([tight[:CUTS], np.arange(len(constants))[-CUTS:]]))
        place = {int(c): number for number, c in enumerate(left)}
        barred = [[place[c] for c in choice] for choice in self.impossible if all(c in place for c in choice)]
        matrix = np.zeros((len(shown) + 1 + len(barred), len(left) + 1))
        matrix[: len(shown), :-1], matrix[: len(shown), -1] = -gains[np.ix_(shown, left)], 1
        matrix[len(shown), :-1] = 1
        upper = np.concatenate([constants[shown], [k], np.zeros(len(barred))])
        for row, choice in enumerate(barred, len(shown) + 1):
            matrix[row, choice], upper[row] = 1, len(choice) - 1
        found = scipy.optimize.milp(
            np.append(np.zeros(len(left)), -1.0),
            integrality=np.append(np.ones(len(left)), 0),
            bounds=scipy.optimize.Bounds(np.zeros(len(left) + 1), np.append(np.ones(len(left)), bound)),
            constraints=scipy.optimize.LinearConstraint(matrix, -np.inf, upper),
            options={"mip_rel_gap": TOLERANCE / 2, "time_limit": seconds},
        )
        if found.mip_dual_bound is not None:
            bound = min(bound, -found.mip_dual_bound)
        if found.x is None:
            return None, bound
        return [int(left[c]) for c in np.flatnonzero(found.x[:-1] > 0.5)], bound
