"""Infusions -> episodes with one outcome each; grain: one person's run of one molecule family.

Formula: an episode ends when a gap exceeds interval + 50 % and 60 days; the interval is the median of the person's own
maintenance gaps,
else the regimen's. Stays of two infusions (or the first or last seen) make moves; the first outcome that holds, in the order of the
definitions, is the episode's; why it left is `sql/reasons.sql`. Identities: each infusion of a known drug is in exactly one
episode; each attributed episode has exactly one outcome.
"""

from __future__ import annotations

import duckdb

from demand.engine import stage


def find_span_horizon(connection: duckdb.DuckDBPyConnection, spans: str) -> None:
    """span_horizon: the day after the last of a feed's spans, over all people. Where spans end there, the file ends, not the coverage."""
    connection.execute(
        "CREATE OR REPLACE TABLE span_horizon AS "
        f"SELECT data_source, max(coalesce(enrollment_end_date, DATE '9999-12-30')) + 1 AS ends FROM {spans} GROUP BY data_source"
    )


def group_into_episodes(connection: duckdb.DuckDBPyConnection) -> None:
    """attributed_infusion, eligibility_span, span_horizon, fill_family, family_event, reaction_day, maturity, feed_end, site_use ->
    episode, departure."""
    stage.run(connection, "episodes")
    stage.run(connection, "reasons")
    stage.run(connection, "episode_outcomes")
