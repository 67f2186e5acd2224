"""A market and the ZIP code of a new site -> who lives near enough to come, as a scenario's answer; measured on the run's people."""

import re

import numpy as np

from demand.engine.disclosure import SMALLEST_SHOWN
from demand.engine.reach import Thresholds
from demand.models import Run
from demand.selectors.reach import reached
from roi.engine.infusion_center import Answer
from roi.engine.marks import MEASURED, Source
from sites.centroids import zip_points
from sites.engine.distance import miles_matrix

_ZIP = re.compile(r"[0-9]{5}")


class NotTold(Exception):
    """Why there is no answer, in one sentence."""


def reach_answer(run: Run, market: str, zip_code: str) -> Answer:
    """The share of the market's people (all where it is blank) within the radius of the kind of area they live in, of those whose ZIP
    code's middle is known. NotTold where the ZIP code is none, or either side has 1 to 10 people."""
    site = zip_points([zip_code]).get(zip_code) if _ZIP.fullmatch(zip_code) else None
    if site is None:
        raise NotTold(f"No place is known for the ZIP code {zip_code[:12]}: give five digits of one that is, or load its middle.")
    thresholds = Thresholds()
    found = reached(run, thresholds)
    asked = np.array([not market or group.market == market for group in found.reach.groups], dtype=bool)
    placed = asked & found.reach.located
    homes = [found.zip_points[group.zip_code] for group, is_placed in zip(found.reach.groups, placed, strict=True) if is_placed]
    miles = miles_matrix(
        np.array([(home.latitude, home.longitude) for home in homes]).reshape(-1, 2), np.array([(site.latitude, site.longitude)])
    )[:, 0]
    people = found.reach.people[placed]
    total, near = int(people.sum()), int(people[miles <= found.reach.limit[placed]].sum())
    if not total or any(0 < count < SMALLEST_SHOWN for count in (near, total - near)):
        raise NotTold("Fewer than 11 people live on one side of that radius, so the share is not told; estimate it.")
    unplaced = int(found.reach.people[asked].sum()) - total
    words = (
        f"{near:,} of {total:,} people for whom our prescribers order live within {thresholds.urban:g}, {thresholds.suburban:g} or "
        f"{thresholds.rural:g} miles (urban, suburban, rural) of ZIP code {zip_code}; {_few(unplaced)} more have no known place"
    )
    return Answer(f"{100 * near / total:.0f}", Source(MEASURED, words, f"{found.as_of:%Y-%m-%d}"))


def _few(count: int) -> str:
    return "fewer than 11" if 0 < count < SMALLEST_SHOWN else f"{count:,}"
