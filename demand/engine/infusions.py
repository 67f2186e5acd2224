"""Placed lines and fills -> infusions; grain: person x service date x molecule x site.

Formula: drug lines open infusions, administration and home service lines join the nearest drug line of their provider, what is left
opens infusions of an unknown drug; a drug that the provider did not bill is looked for among pharmacy fills and pharmacies' medical
lines (the channel); then each infusion is attributed and given one outcome. Readable in `sql/infusions.sql`, `sql/channels.sql`, `sql/channels_noted.sql`,
`sql/infusion_rows.sql`, `sql/attribution.sql`. Identities: every line is in at most one place, the cents of drug, administration
and home service lines equal the infusions' cents plus those of lines that say why they have none.
"""

from __future__ import annotations

import duckdb

from demand.engine import stage


def group_into_infusions(connection: duckdb.DuckDBPyConnection) -> None:
    """line, service_line, fill -> attributed_infusion, line_place, unadministered_fill, line_share, infusion_supply."""
    stage.run(connection, "infusions")
    match_channels(connection)
    stage.run(connection, "infusion_rows")
    stage.run(connection, "origins")
    stage.run(connection, "attribution")


def match_channels(connection: duckdb.DuckDBPyConnection) -> None:
    """seed, supply -> match: rounds of mutual first choices until nobody finds anybody. Each round matches at least one. Then `noted`."""
    stage.run(connection, "channels")
    matched = -1
    while (now := connection.execute("SELECT count(*) FROM match").fetchone()[0]) != matched:
        matched = now
        stage.run(connection, "channels_round")
    stage.run(connection, "channels_noted")
