"""Attributed infusions and episodes -> leakage; grain: month x payer x line of business x family x site class x market.

Formula: leakage rate = site_leak / (kept + margin_leak + site_leak), margin leakage rate likewise; 0/0 is None. Only infusions
whose
prescriber is named count (the majority rule can only add kept people). Readable in `sql/facts.sql` and `sql/leakage.sql`.
Identity: a cell's five outcomes add up to its attributed infusions, and the cells to the run's.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import duckdb

from demand.engine import stage
from demand.engine.standardised_rates import wilson_interval

OUTCOMES = ("kept", "margin_leak", "partner", "site_leak", "unknown")


def tell_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """attributed_infusion and its episodes -> fact (one row per infusion with how, where and why it leaked), overdue (the register of
    overdue treatments), leak (what leaked and what fell silent), site_move and dose_timing."""
    for name in ("facts", "overdue", "leaks", "journeys"):
        stage.run(connection, name)


def count_leakage(connection: duckdb.DuckDBPyConnection) -> None:
    """fact_all (every pass) -> leakage, arrivals."""
    stage.run(connection, "leakage")


def ratio(numerator: int, denominator: int) -> float | None:
    """0/0 is None."""
    return numerator / denominator if denominator else None


@dataclass(frozen=True)
class PolicyEffect:
    """Shares of people who moved within the window after a policy's effective date; counts are people, shares None where none."""

    policy_id: str
    bound: int
    bound_moved: int
    comparable: int
    comparable_moved: int
    difference: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict:
        return asdict(self)


def policy_effect(
    policy_id: str, bound: int, bound_moved: int, comparable: int, comparable_moved: int, z: float = 1.96
) -> PolicyEffect:
    """Share moved among people the policy bound, minus the same among comparable people it did not, with Newcombe's interval.

    Counts of people. Not a cause by itself: the page says so. Source of the interval: Newcombe 1998, method 10 (Wilson limits).
    """
    if not bound or not comparable:
        return PolicyEffect(policy_id, bound, bound_moved, comparable, comparable_moved, None, None, None)
    first, second = bound_moved / bound, comparable_moved / comparable
    first_low, first_high = wilson_interval(bound_moved, bound, z)
    second_low, second_high = wilson_interval(comparable_moved, comparable, z)
    difference = first - second
    low = difference - math.hypot(first - first_low, second_high - second)
    high = difference + math.hypot(first_high - first, second - second_low)
    return PolicyEffect(policy_id, bound, bound_moved, comparable, comparable_moved, difference, max(low, -1.0), min(high, 1.0))
