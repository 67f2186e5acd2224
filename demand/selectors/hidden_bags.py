"""Which counts of infusions at our own sites a reader without the patient-level right may see.

Such a reader is told of those that named prescribers of ours ordered and whose channel is known: kept and white-bagged, the same as on
the brief. A count that the brief has too is shown where the brief shows it. Each way to split further (who billed a white bag, waste, a
changed dose) is judged by itself; a part is shown where everything that it is part of is shown, here and on the brief.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from demand.filters import DashboardFilters
from demand.models import Run
from demand.selectors.hidden import AT_SITE, visible_cells
from demand.selectors.split_cells import Path, SplitCells

ON_THE_BRIEF = {
    (): "inside",
    ("white_bag",): "margin_leak",
    ("white_bag", "confirmed"): "margin_leak:confirmed",
    ("white_bag", "probable"): "margin_leak:probable",
}


def told_to_all(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return columns["is_headline"] & np.isin(columns["outcome"], ("kept", "margin_leak"))


class HiddenBags:
    restricted = True

    def __init__(self, run: Run, columns: Mapping[str, np.ndarray], ways: Sequence[tuple[Sequence[str], Sequence[Path]]]):
        """columns: of those told to all only. ways: to split further, by which columns at most, and each infusion's path."""
        people = columns["person_no"].astype(np.int64)
        self.ways = [SplitCells({name: columns[name] for name in names}, [paths], people) for names, paths in ways]
        self.brief = visible_cells(run, DashboardFilters())
        self.places: dict[tuple[str, str], set[str]] = {}
        for site, outcome, place in set(zip(columns["site"], columns["outcome"], columns["place"], strict=True)):
            self.places.setdefault((site, outcome), set()).add(f"{place}{AT_SITE}{site}")

    def shows(self, *nodes: str, **split: str) -> bool:
        if nodes == ("unknown",):
            return False
        above = [nodes[:depth] for depth in range(len(nodes) + 1)]
        if not all(self._on_the_brief(node, **split) for node in above):
            return False
        if nodes in ON_THE_BRIEF:
            return True
        judging = [way for way in self.ways if nodes in way.nodes and set(split) <= set(way.names)]
        if not judging:  # it does not occur, or was never judged by this column
            return not any(nodes in way.nodes for way in self.ways)
        return all(way.shows(*node, **split) for way in judging for node in above)

    def _on_the_brief(self, node: Path, **split: str) -> bool:
        # A part of what was kept, or of the white bags, is shown where they are.
        asked = ON_THE_BRIEF.get(node) or ("margin_leak" if node[0] == "white_bag" else "kept")
        if "site" in split:  # a site's confirmed and probable ones are on no page of the brief, and not told here
            outcomes = {"inside": ("kept", "margin_leak"), "margin_leak": ("margin_leak",), "kept": ("kept",)}.get(asked)
            places = [place for outcome in outcomes or () for place in self.places.get((split["site"], outcome), ())]
            return outcomes is not None and all(self.brief.shows(place) for place in places)
        if "month" in split:
            split = {"month": dt.date.fromisoformat(f"{split['month']}-01")}
        return self.brief.shows(asked, **split)
