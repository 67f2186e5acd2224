"""What our hospital departments give by month, as ordered by named prescribers of ours: the same infusions that scenarios call the hospital's."""

import datetime as dt

from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.dashboard import HIDDEN_SLICE, MARKED, MEASURES, NOTHING, Slice
from demand.selectors.facts import ask
from demand.selectors.hidden import Everything, visible_cells
from demand.selectors.sites import added

DEPARTMENTS = ("hopd_on_campus", "hopd_off_campus")
CELLS = """
SELECT month, concat_ws('/', node, coalesce(site_class, ''), coalesce(ownership, ''), coalesce(owner, ''), coalesce(payer_affiliation, '')),
    {measures}
FROM marked WHERE head = 'named' AND node IN ('kept', 'margin_leak') AND ownership = 'owned' AND list_contains($classes, site_class)
GROUP BY ALL
"""


def departments_by_month(run: Run, market: str, see_small: bool) -> dict[dt.date, Slice]:
    """A market's ("" for all) months; hidden where a part is. People are not added up over places: they may be in several."""
    filters = DashboardFilters(market=market or None)
    visible = Everything() if see_small else visible_cells(run, filters)
    found: dict[dt.date, Slice] = {}
    sql = (MARKED + CELLS).replace("{measures}", MEASURES)
    for month, place, *measures in ask(run, sql, filters, classes=list(DEPARTMENTS)):
        cell = Slice(*measures) if visible.shows(place, month=month) else HIDDEN_SLICE
        found[month] = added(found.get(month, NOTHING), cell)
    return found
