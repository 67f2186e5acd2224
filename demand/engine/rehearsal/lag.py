"""A feed and a uniform draw -> days from service to payment; grain: one lag a claim.

Each feed has its own curve. The commercial and Medicaid feeds adjudicate a last part of their claims in late batches, so that
their newest months are plainly immature (under 87 %) and the months before them plainly mature (over 93 %): no month lies on
the line, and a run's estimate of maturity can be compared with the planted one.
"""

from __future__ import annotations

MATURE = 0.90

# (share of claims paid, days since service), straight lines between
CURVES: dict[str, tuple[tuple[float, int], ...]] = {
    "commercial_exchange": ((0.0, 8), (0.55, 30), (0.76, 52), (0.82, 85), (0.86, 147), (0.955, 156), (0.985, 200), (1.0, 300)),
    "state_medicaid": ((0.0, 12), (0.50, 38), (0.74, 70), (0.83, 117), (0.95, 128), (0.985, 190), (1.0, 330)),
    "medicare_feed": ((0.0, 9), (0.70, 20), (0.93, 44), (0.985, 88), (1.0, 200)),
}
SLOWER_OUTSIDE = 1.06  # claims of sites outside the system travel a little longer


def lag_days(feed: str, uniform: float, outside: bool) -> int:
    below, days_below = 0.0, 0
    for share, days_above in CURVES[feed]:
        if uniform < share:
            found = days_below + (days_above - days_below) * (uniform - below) / (share - below)
            return int(found * SLOWER_OUTSIDE) if outside else int(found)
        below, days_below = share, days_above
    return days_below


def share_paid(feed: str, age: int) -> float:
    """Share of a service day's claims (inside and outside alike) paid within `age` days."""
    below, days_below = 0.0, 0
    for share, days_above in CURVES[feed]:
        if age < days_above:
            return (
                below
                if days_above == days_below
                else below + (share - below) * max(age - days_below, 0) / (days_above - days_below)
            )
        below, days_below = share, days_above
    return 1.0


def completion(feed: str, first_day: int, end_day: int, paid_through: int) -> float:
    """Expected share of a month's claims (first_day <= service < end_day) paid by the end of `paid_through`."""
    shares = [share_paid(feed, paid_through - day) for day in range(first_day, end_day)]
    return sum(shares) / len(shares)
