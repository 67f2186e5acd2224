"""Exposures of a run and how likely each policy is -> people, infusions and allowed cents at risk; grain: one row per month ahead.

Formula: an infusion that is due (expected next, then every interval) is at risk with 1 - Π (1 - likelihood) over the policies that will
have exposed the person by that day (`sql/outlook.sql`). Likelihoods of 0 and 1 give the two certain worlds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

SQL = Path(__file__).parent / "sql" / "outlook.sql"


@dataclass(frozen=True)
class Chance:
    """How likely a policy is (0 to 1), and the first day on which it no longer counts (None: no end)."""

    policy_id: str
    likelihood: float
    ends_on: dt.date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.likelihood <= 1:
            raise ValueError(f"The likelihood of {self.policy_id} is {self.likelihood:g}; it must be from 0 to 1.")


@dataclass(frozen=True)
class OutlookMonth:
    """Expectations of one month, not rounded; `people_touched` counts those whose chance is above nothing."""

    month: dt.date
    people: float
    infusions: float
    allowed_cents: float
    people_touched: int


def outlook(
    connection: duckdb.DuckDBPyConnection,
    exposure: str,
    chances: Sequence[Chance],
    first_day: dt.date,
    end_day: dt.date,
    unknown_funding: bool = True,
) -> tuple[OutlookMonth, ...]:
    """Months from `first_day` up to, not including, `end_day`. `exposure`: SQL of the run's table. Policies without a chance count for
    nothing; months in which nothing is due are left out."""
    given = {
        "policies": [one.policy_id for one in chances],
        "likelihoods": [one.likelihood for one in chances],
        "ends": [one.ends_on for one in chances],
    }
    chance = "SELECT unnest($policies) AS policy_id, unnest($likelihoods)::DOUBLE AS likelihood, unnest($ends)::DATE AS ends_on"
    for name, value in (("first_day", first_day), ("end_day", end_day), ("unknown_funding", unknown_funding)):
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    query = SQL.read_text(encoding="utf-8").replace("WITH ", f"WITH exposure AS (FROM {exposure}), chance AS ({chance}), ", 1)
    return tuple(OutlookMonth(*row) for row in connection.execute(query, given).fetchall())
