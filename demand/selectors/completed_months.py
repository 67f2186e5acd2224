"""Months whose claims are still coming in -> how many infusions of the rate they will have; each feed completed on its own curve.

Formula: sum over feeds of infusions seen ÷ the feed's completion; feeds miss independently, so the distances to the ends of their bands
add up as squares (`demand.engine.maturity.completed_count`, `feeds_together`). Not known where a feed that has infusions in the month has
no curve. Without the patient-level right all feeds are completed together, by the lines expected of all of them: from the number seen and
the number expected a feed's own count could else be worked out, and from that, less a payer's, few people.
"""

import datetime as dt
from dataclasses import dataclass

from demand import storage
from demand.engine.maturity import completed_count, feeds_together
from demand.engine.parameters import Parameters
from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.facts import ask, ask_file

SEEN = """
SELECT month, {feed}, count(*) FROM {facts}
WHERE attributed AND attribution_rule <> 'majority' AND outcome IN ('kept', 'margin_leak', 'site_leak') GROUP BY ALL
"""
OWN = "SELECT month, data_source, completion, completion_low, completion_high FROM {file}"
ALL = "all feeds"
TOGETHER = (
    f"SELECT month, '{ALL}', "
    + ", ".join(
        f"CASE WHEN bool_and({share} > 0) THEN sum(lines) / sum(lines / {share}) END"
        for share in ("completion", "completion_low", "completion_high")
    )
    + " FROM {file} GROUP BY month"
)


@dataclass(frozen=True)
class Completed:
    """Infusions expected, and the band that holds their number in about 90 of 100 months."""

    expected: int
    least: int
    most: int


def completed_months(run: Run, filters: DashboardFilters, see_small: bool) -> dict[dt.date, Completed]:
    """First day of a month -> its number when complete; months that cannot be told are left out."""
    curves = _curves(run, OWN if see_small else TOGETHER)
    band_z = run.parameters.get("band_z", Parameters.band_z)
    seen: dict[dt.date, dict[str, int]] = {}
    for month, feed, number in ask(run, SEEN.replace("{feed}", "data_source" if see_small else f"'{ALL}'"), filters):
        seen.setdefault(month, {})[feed] = number
    return {
        month: Completed(*map(round, feeds_together(completed_count(number, *curves[month, feed], band_z) for feed, number in feeds.items())))
        for month, feeds in seen.items()
        if all(all(curves.get((month, feed), (None,))) for feed in feeds)
    }  # fmt: skip


def shares_in(run: Run) -> dict[dt.date, float | None]:
    """First day of a month -> the share of all feeds' claims that is in by now; None where a feed cannot tell."""
    return {month: completion for (month, _), (completion, *_) in _curves(run, TOGETHER).items()}


def _curves(run: Run, sql: str) -> dict[tuple[dt.date, str], list[float | None]]:
    return {(month, feed): shares for month, feed, *shares in ask_file(storage.run_folder(run.pk) / "maturity.parquet", sql)}
