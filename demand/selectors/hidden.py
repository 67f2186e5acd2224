"""Which cells of a run's released tables a reader without the patient-level right may see (definitions.md, section 9).

What such a reader may ask, over all pages, the API and downloads together, is one fixed set of tables per run, and
`demand.engine.disclosure` judges the set as a whole. Without a filter every figure is there for any months. With one filter the
tables by payer and therapy need whole calendar years. With two, everything does, and months and destinations are not shown.
Payer and line of business count as one filter.

Single sites are shown without a filter only, by outcome and month: a site is a part of its destination (class and owner), so those
cells are judged with all others and hide little more. How and why infusions leaked are parts of what left or was white-bagged; with one
filter they are shown for all months together. Filters for one site or one owner would set every payer and therapy against
every site; so much would be hidden that nothing useful remained, and such filters are for people with the patient-level right.
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from demand import storage
from demand.engine.disclosure import Axis, Hidden, hidden_cells
from demand.filters import WORDS, DashboardFilters
from demand.models import Run
from demand.selectors.facts import ask, results_key

DIMENSIONS = tuple(WORDS)
COVERAGE = {"payer", "line_of_business"}  # count as one filter
NO_VALUE = "\0"
AT_SITE = "\t"  # between a place and the site of it
HOW, WHY = "how ", "why "  # before an outcome and its mechanism or reason
FORM = 6  # of the kept file; another number is another file
FACTS = """
SELECT month, market, payer, line_of_business, family, person_no,
    CASE WHEN NOT attributed THEN 'unattributed' WHEN attribution_rule = 'majority' THEN 'majority' ELSE 'named' END AS head,
    coalesce(outcome, 'unknown') AS outcome, coalesce(channel_confidence, 'probable') AS bag,
    concat_ws('/', coalesce(outcome, 'unknown'), coalesce(site_class, ''), coalesce(ownership, ''), coalesce(owner, ''),
              coalesce(payer_affiliation, '')) AS place,
    coalesce(site_id, 'unknown') AS site, coalesce(mechanism, '') AS mechanism, coalesce(reason, '') AS reason
FROM {facts}
"""
ONLY_WITH_THE_RIGHT = (
    "Figures of one site or one owner can be filtered with the patient-level right only: with payers and therapies beside them they "
    "would give small counts away. A site’s own page shows what may be shown of it."
)


def _released() -> list[tuple[str, ...]]:
    """The tables: a level per axis, in the order of DIMENSIONS, then node, then time.

    A plan's line of business mostly follows from its payer, so sums over the one are sums over some of the other: the two
    together are judged wherever one of them is.
    """
    tables = []
    for size in range(4):
        for chosen in combinations(DIMENSIONS, size):
            others = size - 1 if COVERAGE <= set(chosen) else size
            if others > 2:
                continue
            nodes = ("apart", "part", "stay", "keep", "bag", "place") if others <= 1 else ("apart", "part", "stay", "keep")
            # All that was ordered by name is shown without a filter only: below, a small number at partners would hide the rate.
            nodes = ("named", "site", "how", "why", *nodes) if not chosen else nodes
            times = ("all", "year", "month") if others <= 1 else ("all", "year")
            levels = tuple("value" if name in chosen else "all" for name in DIMENSIONS)
            tables += [(*levels, node, time) for node in nodes for time in times]
            tables += [(*levels, node, "all") for node in ("how", "why") if chosen and others == 1]
    return tables


RELEASED = frozenset(_released())


class Everything:
    """The patient-level right: nothing is hidden."""

    withheld = ""

    def shows(self, node: str, **place) -> bool:
        return True


@dataclass(frozen=True)
class Judged:
    """A run's hidden cells and the codes of its values. `months` are the run's, as text YYYY-MM."""

    hidden: Hidden
    codes: tuple[dict[str, int], ...]  # per axis: name of a value -> code
    months: tuple[str, ...]


@dataclass(frozen=True)
class VisibleCells:
    """What one set of filters shows: a node (named, an outcome, a place …) of one value of a dimension or of a month."""

    judged: Judged
    filters: DashboardFilters
    withheld: str = ""

    def shows(self, node: str, **of) -> bool:
        if self.filters.places:
            return False
        month = of.pop("month", None)
        values = {**self.filters.chosen, **of}
        levels = tuple("value" if name in values else "all" for name in DIMENSIONS)
        return all(
            (*levels, node_level(node), level) in RELEASED and not self._hidden(values, node, name)
            for level, name in self._time(month)
        )

    def shows_around(self, node: str, values: dict[str, str], month) -> bool:
        """Whether every released cell that this one lies in is shown."""
        times = [("all", ""), ("year", f"{month:%Y}"), ("month", f"{month:%Y-%m}")]
        return not any(
            self._hidden({name: values[name] for name in chosen}, node, name)
            for size in range(len(DIMENSIONS) + 1)
            for chosen in combinations(DIMENSIONS, size)
            for level, name in times
            if (*("value" if name in chosen else "all" for name in DIMENSIONS), node_level(node), level) in RELEASED
        )

    def _time(self, month) -> list[tuple[str, str]]:
        if month is not None:
            return [("month", f"{month:%Y-%m}")]
        return spans(self.judged.months, self.filters.since, self.filters.through)

    def _hidden(self, values: dict[str, str], node: str, time: str) -> bool:
        names = [*(NO_VALUE if values.get(name, "") is None else values.get(name, "") for name in DIMENSIONS), node, time]
        found = [codes.get(name) for codes, name in zip(self.judged.codes, names, strict=True)]
        return None not in found and self.judged.hidden.contains(found)  # what does not occur is a plain zero


# named = base + partner + unknown, base = inside + site_leak, inside = kept + margin_leak: small partners or little white
# bagging then hide each other or what was kept, and the leakage rate (site_leak ÷ base) can still be shown.
PARTS = {
    **dict.fromkeys(("base", "partner", "unknown"), "part"),
    **dict.fromkeys(("inside", "site_leak"), "stay"),
    **dict.fromkeys(("kept", "margin_leak"), "keep"),
}
LEAKED = ("site_leak", "margin_leak")
ABOVE = {node: {"part": "named", "stay": "base", "keep": "inside"}[level] for node, level in PARTS.items()}


def node_level(node: str) -> str:
    if node in ("majority", "unattributed"):
        return "apart"
    if AT_SITE in node:
        return "site"
    if node.startswith((HOW, WHY)):
        return node[:3]
    return node if node == "named" else "place" if "/" in node else "bag" if ":" in node else PARTS[node]


def how_node(outcome: str, mechanism: str) -> str:
    return f"{HOW}{outcome} {mechanism}"


def why_node(outcome: str, reason: str) -> str:
    return f"{WHY}{outcome} {reason}"


def spans(months: tuple[str, ...], since, through) -> list[tuple[str, str]]:
    """The months asked for as few released parts as there are: everything, whole years of the data, single months."""
    asked = [month for month in months if (not since or month >= f"{since:%Y-%m}") and (not through or month <= f"{through:%Y-%m}")]
    if asked == list(months):
        return [("all", "")]
    parts = []
    for year in sorted({month[:4] for month in asked}):
        inside = [month for month in asked if month.startswith(year)]
        whole = inside == [month for month in months if month.startswith(year)]
        parts += [("year", year)] if whole else [("month", month) for month in inside]
    return parts


def visible_cells(run: Run, filters: DashboardFilters) -> VisibleCells:
    judged = _judged(run.pk, results_key(run))
    return VisibleCells(judged, filters, _withheld(judged, filters))


def _withheld(judged: Judged, filters: DashboardFilters) -> str:
    """One sentence where these filters hide figures whatever their size."""
    if filters.places:
        return ONLY_WITH_THE_RIGHT
    chosen = set(filters.chosen)
    number = len(chosen) - (COVERAGE <= chosen)
    single_months = any(level == "month" for level, _ in spans(judged.months, filters.since, filters.through))
    if number > 2:
        return "These filters together leave groups so small that nothing can be shown: clear one of them."
    if number == 2 and single_months:
        return "With two filters figures are shown for whole calendar years only: single months would give small counts away."
    if number == 2:
        return "With two filters the figures by month and the destinations are not shown: they would give small counts away."
    if number == 1 and single_months:
        return "With a filter the tables by payer and by therapy are shown for whole calendar years only."
    return ""


def prepare(run: Run) -> None:
    """Judge a run's cells now, so that no reader waits for it."""
    _judged(run.pk, results_key(run))


@lru_cache(maxsize=4)
def _judged(run_id: int, results: str) -> Judged:
    path = storage.run_folder(run_id) / f"hidden-{FORM}.npz"
    if path.exists():
        with np.load(path) as kept:
            told = json.loads(str(kept["told"]))
            return Judged(Hidden(kept["keys"], tuple(told["strides"])), tuple(told["codes"]), tuple(told["months"]))
    judged = judge(Run.objects.get(pk=run_id))
    told = {"strides": judged.hidden.strides, "codes": judged.codes, "months": judged.months}
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as stream:
        np.savez_compressed(stream, keys=judged.hidden.keys, told=np.array(json.dumps(told)))
    os.replace(partial, path)
    return judged


def judge(run: Run) -> Judged:
    """The run's facts -> its hidden cells."""
    rows = ask(run, FACTS)
    if not rows:
        return Judged(Hidden(np.array([], dtype=np.int64), (1,) * (len(DIMENSIONS) + 2)), ({},) * (len(DIMENSIONS) + 2), ())
    columns = dict(
        zip(
            ("month", *DIMENSIONS, "person", "head", "outcome", "bag", "place", "site", "mechanism", "reason"),
            map(list, zip(*rows, strict=True)),
            strict=True,
        )
    )
    axes, names = split(columns)
    hidden = hidden_cells(axes, np.array(columns["person"], dtype=np.int64), sorted(RELEASED))
    return Judged(hidden, names, tuple(sorted({f"{month:%Y-%m}" for month in columns["month"]})))


def split(columns: dict[str, list]) -> tuple[tuple[Axis, ...], tuple[dict[str, int], ...]]:
    """Columns of FACTS -> the axes in which the released tables split, and the code of each value."""
    # Payers and lines of business cut across each other: three hidden payers, or the sums of both solved together give some away.
    # The turns are those that left most rates to show in the rehearsal system.
    turns = {"payer": 0, "line_of_business": 0, "market": 2, "family": 3}
    flat = [_flat(columns[name], least=3 if name == "payer" else 2, turn=turns[name]) for name in DIMENSIONS]
    return tuple(zip(*flat, _nodes(columns), _times(columns["month"]), strict=True))


def _flat(values: list, least: int, turn: int) -> tuple[Axis, dict[str, int]]:
    """All, and each value as a part of all; no value is a value too."""
    names = [NO_VALUE if value is None else str(value) for value in values]
    codes = {"": 0} | {name: number for number, name in enumerate(sorted(set(names)), start=1)}
    each = np.array([codes[name] for name in names], dtype=np.int64)
    parent = np.zeros(len(codes), dtype=np.int64)
    parent[0] = -1
    levels = {"all": np.zeros(len(values), dtype=np.int64), "value": each}
    return Axis(levels, parent, np.zeros(len(codes), dtype=np.int64), least, turn), codes


def _nodes(columns: dict[str, list]) -> tuple[Axis, dict[str, int]]:
    """ABOVE, and margin_leak = confirmed + probable; an outcome = its places, a place = its sites; what left or was white-bagged = its
    mechanisms, and = its reasons. majority and unattributed stand alone."""
    codes: dict[str, int] = {}
    parent: list[int] = []
    split: list[int] = []

    def code(name: str, above: str | None, number: int = 0) -> int:
        if name not in codes:
            up = -1 if above is None else code(above, ABOVE.get(above))
            codes[name] = len(codes)
            parent.append(up)
            split.append(number)
        return codes[name]

    levels: dict[str, list[int]] = {
        name: [] for name in ("named", "apart", "part", "stay", "keep", "bag", "place", "site", "how", "why")
    }
    for head, outcome, bag, place, site, mechanism, reason in zip(
        *(columns[name] for name in ("head", "outcome", "bag", "place", "site", "mechanism", "reason")), strict=True
    ):
        levels["named"].append(code(head, None) if head == "named" else -1)
        levels["apart"].append(code(head, None) if head != "named" else -1)
        path = dict.fromkeys(("part", "stay", "keep"), -1)
        name = outcome if head == "named" else "named"
        while name != "named":
            path[PARTS[name]] = code(name, ABOVE[name])
            name = ABOVE[name]
        for level, number in path.items():
            levels[level].append(number)
        levels["bag"].append(code(f"margin_leak:{bag}", outcome, 1) if head == "named" and outcome == "margin_leak" else -1)
        levels["place"].append(code(place, outcome, 2) if head == "named" else -1)
        levels["site"].append(code(f"{place}{AT_SITE}{site}", place) if head == "named" else -1)
        leaked = head == "named" and outcome in LEAKED
        levels["how"].append(code(how_node(outcome, mechanism), outcome, 3) if leaked else -1)
        levels["why"].append(code(why_node(outcome, reason), outcome, 4) if leaked else -1)
    arrays = {name: np.array(found, dtype=np.int64) for name, found in levels.items()}
    return Axis(arrays, np.array(parent), np.array(split), turn=1), codes


def _times(months: list) -> tuple[Axis, dict[str, int]]:
    """Everything = years; a year = its months."""
    texts = [f"{month:%Y-%m}" for month in months]
    years, singles = sorted({text[:4] for text in texts}), sorted(set(texts))
    codes = {name: number for number, name in enumerate(["", *years, *singles])}
    parent = np.array([-1] + [0] * len(years) + [codes[single[:4]] for single in singles])
    levels = {
        "all": np.zeros(len(texts), dtype=np.int64),
        "year": np.array([codes[text[:4]] for text in texts], dtype=np.int64),
        "month": np.array([codes[text] for text in texts], dtype=np.int64),
    }
    return Axis(levels, parent, np.zeros(len(codes), dtype=np.int64), turn=4), codes
