"""The draws of a version, with the two-way table that a reader chose."""

from dataclasses import dataclass

from roi import words
from roi.engine.two_way import TwoWay, two_way, variable_inputs
from roi.selectors.scenarios import ScenarioPage


@dataclass(frozen=True)
class Pair:
    """Two inputs chosen for the table, those that may be chosen, and the values (None: the same input twice)."""

    row_key: str
    column_key: str
    options: tuple[tuple[str, str], ...]
    grid: TwoWay | None


def pair(page: ScenarioPage, row_key: str, column_key: str) -> Pair:
    """The inputs asked for; where they may not vary, or none is named, the two that move the value most."""
    keys = variable_inputs(page.center)
    drawn = (page.result.summary.get("uncertainty") or {}) if page.result else {}
    widest = [one["key"] for one in drawn.get("inputs", ()) if one["key"] in keys] or list(keys)
    row = row_key if row_key in keys else next((key for key in widest if key != column_key), keys[0])
    column = column_key if column_key in keys else next((key for key in widest if key != row), keys[-1])
    options = tuple((key, words.input_label(key)) for key in keys)
    return Pair(row, column, options, two_way(page.center, row, column) if row != column else None)
