"""Leakage, facts and episodes -> a run's counts, headline figures and policy effects; grain: one dict a figure.

Every rate shows numerator, denominator, attribution rule and the share unknown. Formula of each: its `sentence`. 0/0 is None.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from demand.engine import stage
from demand.engine.accepted import ExtractInput
from demand.engine.leakage import ratio
from demand.engine.policy_effects import policy_effects

NAMED = "named prescriber (ordering_npi, else rendering_npi)"


def summarise(connection: duckdb.DuckDBPyConnection, rows: dict, extracts: Sequence[ExtractInput]) -> dict:
    """counts, headline and policy_effects of the run, ready for JSON."""
    stage.run(connection, "summaries")
    stage.run(connection, "policy_effects")
    names = [column[0] for column in connection.execute("FROM headline_row").description]
    counted = dict(zip(names, connection.execute("FROM headline_row").fetchone(), strict=True))
    return {
        "counts": _counts(connection, rows, counted),
        "headline": headline(counted) | {"provider_only": all(one.perspective == "provider" for one in extracts)},
        "policy_effects": policy_effects(connection.execute("FROM policy_people").fetchall()),
    }


def headline(counted: dict[str, int]) -> dict:
    """The figures of the first page from the counts of `headline_row`."""
    base = counted["kept"] + counted["margin_leak"] + counted["site_leak"]
    mature_base = counted["mature_kept"] + counted["mature_margin_leak"] + counted["mature_site_leak"]
    unknown = ratio(counted["unknown"], counted["attributed_infusions"])
    mature_unknown = ratio(counted["mature_unknown"], counted["mature_attributed"])

    def rate(sentence: str, numerator: int, denominator: int, share_unknown: float | None) -> dict:
        return {
            "value": ratio(numerator, denominator), "numerator": numerator, "denominator": denominator,
            "share_unknown": share_unknown, "attribution_rule": NAMED, "sentence": sentence,
        }  # fmt: skip

    leaked = "Attributed infusions at sites the system neither owns nor partners in ÷ kept + margin leak + site leak"
    bagged = "Attributed infusions at owned sites with a white-bagged drug ÷ kept + margin leak + site leak"
    return {
        "people": counted["people"],
        "infusions": counted["infusions"],
        "attributed_people": counted["attributed_people"],
        "attributed_infusions": counted["attributed_infusions"],
        "leakage_rate": rate(leaked, counted["site_leak"], base, unknown),
        "margin_leakage_rate": rate(bagged, counted["margin_leak"], base, unknown),
        "mature_leakage_rate": rate(leaked + ", mature months", counted["mature_site_leak"], mature_base, mature_unknown),
        "mature_margin_leakage_rate": rate(bagged + ", mature months", counted["mature_margin_leak"], mature_base, mature_unknown),
        "left_allowed_cents": counted["left_allowed_cents"],
        "left_without_allowed": counted["left_without_allowed"],
        "attributed_allowed_cents": counted["attributed_allowed_cents"],
        "allowed_cents": counted["allowed_cents"],
        "outcomes": {name: counted[name] for name in ("kept", "margin_leak", "partner", "site_leak", "unknown")},
        "share_unknown": unknown,
        "share_unattributed": ratio(counted["unattributed_infusions"], counted["infusions"]),
        "share_unknown_site_class": ratio(counted["unknown_site_class"], counted["infusions"]),
        "share_unknown_channel": ratio(counted["unknown_channel"], counted["infusions"]),
        "share_unknown_drug": ratio(counted["unknown_family"], counted["infusions"]),
        "white_bag": {"infusions": counted["white_bag"], "confirmed": counted["white_bag_confirmed"]},
        "majority_infusions": counted["majority_infusions"],
    }


def _counts(connection: duckdb.DuckDBPyConnection, rows: dict, counted: dict[str, int]) -> dict:
    places = connection.execute(
        "SELECT coalesce(place, 'other'), count(*), coalesce(sum(paid_cents), 0)::BIGINT, coalesce(sum(allowed_cents), 0)::BIGINT "
        "FROM line_all GROUP BY 1 ORDER BY 1"
    ).fetchall()
    episodes = connection.execute("FROM episode_row ORDER BY outcome").fetchall()
    return {
        "rows": rows,
        "lines_by_place": {
            place: {"lines": lines, "paid_cents": paid, "allowed_cents": allowed} for place, lines, paid, allowed in places
        },
        "infusions": counted["infusions"],
        "people": counted["people"],
        "episodes": {
            "all": connection.execute("SELECT count(*) FROM episode_all").fetchone()[0],
            "attributed": sum(row[1] for row in episodes),
            "by_outcome": {row[0]: row[1] for row in episodes},
            "dark": sum(row[2] for row in episodes),
            "other_under_fixed_90_days": sum(row[3] for row in episodes),
        },
        "unadministered_fills": connection.execute("SELECT count(*) FROM unadministered_all").fetchone()[0],
    }
