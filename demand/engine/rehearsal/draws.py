"""A seed and a name -> a stream of random decisions; grain: one stream per person (or per part of the world).

Only `random.Random.random()` is used: Python promises its sequence for a seed, so files are the same byte for byte on every
machine, and a person's stream depends on the seed and the person's number alone, never on how many people there are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """Seeded decisions. `u()` is uniform in [0, 1)."""

    __slots__ = ("u",)

    def __init__(self, seed: int, name: str) -> None:
        self.u = random.Random(f"rehearsal:{seed}:{name}").random

    def chance(self, probability: float) -> bool:
        return self.u() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.u() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.u() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items; weights need not add up to one."""
        point = self.u() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        return items[-1]

    def bell(self, mean: float, spread: float) -> float:
        """Roughly normal (the sum of three uniforms), within 3 × spread of the mean, without libm's last-bit differences."""
        u = self.u
        return mean + spread * 2.0 * (u() + u() + u() - 1.5)
