"""A measured share -> pass, look or warn. The thresholds of every quality page stand here and nowhere else.

Formula: a share that is better the lower it is passes below `look`, asks for a look from there and warns from `warn`;
`better` = "higher" turns it round. Shares are between 0 and 1. No share (0/0) has no mark.
"""

from __future__ import annotations

from dataclasses import dataclass

PASS, LOOK, WARN = "pass", "look", "warn"
SOME_ROWS = 0.01  # a column that concerns only some rows (a death date, a modifier) counts as there from this share on


@dataclass(frozen=True)
class Limit:
    """`what` says in words what is measured, as the page prints it."""

    key: str
    what: str
    look: float
    warn: float
    better: str = "lower"

    def mark(self, share: float | None) -> str | None:
        if share is None:
            return None
        if self.better == "higher":
            return PASS if share >= self.look else LOOK if share >= self.warn else WARN
        return PASS if share < self.look else LOOK if share < self.warn else WARN


LIMITS = {
    limit.key: limit
    for limit in (
        Limit("filled", "Filled share of a column that every row should carry", 0.90, 0.50, better="higher"),
        Limit("fall", "Fall of a column's filled share since the source's last extract, in points", 0.02, 0.10),
        Limit("rejected", "Rows rejected, of the rows read", 0.005, 0.05),
        Limit("warnings", "Rows or money that rest on rows with one warning", 0.01, 0.10),
        Limit(
            "outliers", "Money of infusions whose dose is far from usual, of the money of infusions with a known dose", 0.01, 0.05
        ),
        Limit("unknown_codes", "Money on codes that the reference does not know", 0.01, 0.05),
        Limit("payers", "Money under payer names that no policy or contract names", 0.05, 0.50),
        Limit("unenrolled", "People with a claim on a day on which no coverage is on file, of the people with claims", 0.02, 0.10),
    )
}


def worst(marks) -> str | None:
    """The most serious of several marks."""
    found = [mark for mark in marks if mark]
    return max(found, key=(PASS, LOOK, WARN).index) if found else None
