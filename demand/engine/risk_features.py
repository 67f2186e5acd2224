"""Snapshots of treatments -> the features of each month ahead; grain: one row per treatment, day and month (1 to 12) after it.

A feature lies between 0 and about 1, so that one penalty fits all; its name reads as a reason. Missing is 0: no order, no known distance.
What a policy does is dated: the month decides how long it has bound by then. What was recent on the day (a wait, a prescriber who left,
a visit elsewhere) counts apart in the first months.

What was chosen on rehearsal systems (seeds 7 and 311 to 315) by the Brier score of the year after, and why:
- Traits (payer, therapy, site, market, age, distance) weigh far less than what happens to a treatment: people leave together, with a
  prescriber or for a policy, so a group of thousands has often seen few such events, and what they did is no trait of the group.
- Whom a policy is still to reach is told apart from who stayed though it binds already, and the traits count for the others only.
- How long somebody has been treated is no feature: it is known since the data begin, so it would tell the calendar.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MONTHS = 12
SOON_MONTHS = 3
LONG_WAIT_DAYS = 14
YEARLY_DAYS = 270
LONG_AUTHORIZATION_DAYS = 10
MILES_NEARER = 10.0
LEAST_OF_A_GROUP = 30  # treatments x days; smaller groups have no feature of their own
TRAIT_WEIGHT = (
    0.05  # by which a trait's feature counts: the penalty weighs on who somebody is more than on what happens to a treatment
)
GROUPS = {"payer": "payer", "clinical_line": "therapy", "site_class": "site", "market": "market"}

# How long a site policy has bound by the end of the month, in months: more than, up to
REACHED = {
    "a site policy begins to bind in the month": (0, 1),
    "a site policy binds since 1 to 3 months": (1, 3),
    "a site policy binds since 3 to 6 months": (3, 6),
    "a site policy binds since more than 6 months": (6, np.inf),
}
STAYED = {  # who has stayed for longer is like everybody else
    "stayed though a site policy binds, since less than 3 months": (0, 3),
    "stayed though a site policy binds, since 3 to 6 months": (3, 6),
    "stayed though a site policy binds, since 6 to 9 months": (6, 9),
}
NO_SITE_OF_OURS = "the site policy permits no site of ours"
TERMS = {  # of the site policy that binds, where they are other than usual
    NO_SITE_OF_OURS: "no site of ours",
    "an exception from the site policy is on file": "exception",
}
BAGGED = "a drug-source policy begins to bind in the 6 months before"
BAGGED_LONG = "a drug-source policy binds since longer"
BAGGED_MONTHS = 6
TRAITS = {
    "started less than 6 months ago": "is_new",
    "was treated at another site before": "has_moved",
    "had an infusion elsewhere in the last 6 months": "visited_elsewhere",
    "has another prescriber than 6 months ago": "changed_prescriber",
    "the prescriber left us in the last 6 months": "prescriber_left",
    "the drug comes from a pharmacy outside": "is_white_bagged",
    "given as a course that ends": "is_finite",
}
OVERDUE = "the next dose is overdue"
WAITED = "the last order waited long"
RECENT = ("had an infusion elsewhere in the last 6 months", "the prescriber left us in the last 6 months", WAITED)
SOON = "{}: in the first 3 months"
# Whoever has these: traits, as the groups are. Amounts among them, and what is said of those who have little
WHO = ("another site is 10 miles nearer", "under 18", "65 or older", "lives far from the site")
AMOUNTS = {"lives far from the site": "lives near the site"}


def levels(snapshots: pd.DataFrame) -> dict[str, list[str]]:
    """The values of each group that are frequent enough to have a feature."""
    return {
        column: sorted(
            name for name, rows in snapshots[column].fillna("unknown").value_counts().items() if rows >= LEAST_OF_A_GROUP
        )
        for column in GROUPS
    }


def months_ahead(snapshots: pd.DataFrame, known: dict[str, list[str]], with_maybe: bool = False) -> pd.DataFrame:
    """Rows in the order of the snapshots, each twelve times. with_maybe: the world in which every announced and anticipated policy comes."""
    month = np.tile(np.arange(1, MONTHS + 1), len(snapshots))
    fixed = _fixed(snapshots, known)
    rows = fixed.loc[fixed.index.repeat(MONTHS)].reset_index(drop=True)
    bound = _months_bound(snapshots, "site_policy_on", month)
    if with_maybe:
        bound = np.fmax(bound, _months_bound(snapshots, "site_policy_maybe_on", month))
    ahead = bound <= month  # on the day itself it did not bind yet
    reached = ahead & (bound > 0)
    for column in rows.columns[: sum(map(len, known.values()))]:
        rows[column] *= TRAIT_WEIGHT * ~reached
    for column in WHO:
        rows[column] *= TRAIT_WEIGHT
    for names, which in ((REACHED, reached), (STAYED, bound > month)):
        for name, (low, high) in names.items():
            rows[name] = which & (bound > low) & (bound <= high)
    for name, terms in TERMS.items():
        rows[name] = (bound > 0) & np.repeat((snapshots["site_policy_terms"] == terms).to_numpy(), MONTHS)
    bagged = _months_bound(snapshots, "drug_policy_on", month)
    rows[BAGGED] = (bagged > 0) & (bagged <= BAGGED_MONTHS)
    rows[BAGGED_LONG] = bagged > BAGGED_MONTHS
    soon = month <= SOON_MONTHS
    for name in RECENT:
        rows[SOON.format(name)] = rows[name] * soon
    return rows.astype(np.float32)


def _fixed(snapshots: pd.DataFrame, known: dict[str, list[str]]) -> pd.DataFrame:
    """What stays the same in all months; the groups come first."""
    made = {
        f"{GROUPS[column]}: {name}": snapshots[column].fillna("unknown") == name
        for column, names in known.items()
        for name in names
    }
    made |= {name: snapshots[column] for name, column in TRAITS.items()}
    made |= {
        WAITED: snapshots["waited"] > LONG_WAIT_DAYS,
        "the last authorization took long": snapshots["authorization_waited"] > LONG_AUTHORIZATION_DAYS,
        OVERDUE: (snapshots["days_overdue"] / 30).clip(upper=1),
        "a dose a year": snapshots["interval_days"] >= YEARLY_DAYS,
        "another site is 10 miles nearer": snapshots["miles_nearer_elsewhere"] >= MILES_NEARER,
        "under 18": snapshots["age"] < 18,
        "65 or older": snapshots["age"] >= 65,
        "a single dose so far": snapshots["doses"] == 1,
        "lives far from the site": np.log1p(snapshots["miles"].fillna(0.0)) / 4,
    }
    return pd.DataFrame(made, index=snapshots.index).astype(np.float32)


def _months_bound(snapshots: pd.DataFrame, column: str, month: np.ndarray) -> np.ndarray:
    """Calendar months that a policy has bound by the end of the month ahead; NaN, which no comparison meets, where none binds; not above 0
    before. By the calendar, because most policies begin on the first of a month, as the months ahead do."""
    months = 0.0
    for sign, day in ((1, snapshots["snapshot_on"].dt), (-1, snapshots[column].dt)):
        months += sign * (day.year * 12.0 + day.month + (day.day - 1) / day.days_in_month).to_numpy()
    return np.repeat(months, MONTHS) + month
