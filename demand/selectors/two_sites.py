"""People with oncology infusions and others in the run's last 12 months, by the clinic of their oncology: how many go to two sites for them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.models import Run
from demand.selectors.facts import query_tables, results_key
from demand.selectors.reach import window
from demand.selectors.split_cells import AllShown, SplitCells
from demand.words import named
from sites.models import Site

BOTH = """
WITH recent AS (
    SELECT person_no, coalesce(site_id, 'unknown') AS site, infusion_id, service_date, clinical_line = 'oncology' AS is_oncology FROM {infusions}
    WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND service_date > $since AND service_date <= $until AND clinical_line IS NOT NULL
)
SELECT person_no, arg_max(site, (service_date, infusion_id)) FILTER (is_oncology) AS clinic,
    NOT list_has_all(list(DISTINCT site) FILTER (is_oncology), list(DISTINCT site) FILTER (NOT is_oncology)) AS elsewhere
FROM recent GROUP BY person_no HAVING bool_or(is_oncology) AND bool_or(NOT is_oncology) ORDER BY person_no
"""


@dataclass(frozen=True)
class Clinic:
    """people: with oncology there and another infusion need; two_sites: of them, those who get the other at a site where they have no oncology."""

    name: str
    people: object
    two_sites: object


@lru_cache(maxsize=2)
def _columns(run_id: int, results: str) -> dict[str, np.ndarray]:
    run = Run.objects.get(pk=run_id)
    until, since = window(run)
    return {name: np.ma.getdata(column) for name, column in query_tables(run, BOTH, since=since, until=until).fetchnumpy().items()}


def two_sites(run: Run, see_small: bool) -> tuple[Clinic, ...]:
    """The clinics with the most such people first; the last line is all of them."""
    columns = _columns(run.pk, results_key(run))
    people, clinics, elsewhere = (
        columns["person_no"].astype(np.int64),
        columns["clinic"].astype(str),
        columns["elsewhere"].astype(bool),
    )
    if not len(people):
        return ()
    cells = (
        AllShown()
        if see_small
        else SplitCells({"clinic": clinics}, [[("two" if other else "one",) for other in elsewhere]], people)
    )
    titles = dict(Site.objects.values_list("site_id", "name"))
    names, numbers = np.unique(clinics, return_counts=True)
    found = []
    for name in [*names[np.argsort(-numbers, kind="stable")], None]:
        mine, of = (np.ones(len(people), dtype=bool), {}) if name is None else (clinics == name, {"clinic": str(name)})
        counts = (
            int(mine.sum()) if cells.shows(**of) else HIDDEN,
            int((mine & elsewhere).sum()) if cells.shows("two", **of) else HIDDEN,
        )
        found.append(Clinic("All" if name is None else titles.get(str(name)) or named(str(name)), *counts))
    return tuple(found)
