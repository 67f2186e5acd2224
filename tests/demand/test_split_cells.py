"""No small count can be written down from what a page with splits shows, nor from its difference to another page."""

import numpy as np
import pytest

from demand.selectors.split_cells import AllShown, SplitCells

TREE = {"confirmed": ("bag", "confirmed"), "probable": ("bag", "probable"), "bought": ("bought",)}


def seeded(seed: int, records: int = 900):
    draw = np.random.default_rng(seed)
    people = draw.integers(0, 260, records)
    splits = {
        "site": [f"S{number}" for number in draw.choice(5, records, p=[0.5, 0.3, 0.15, 0.04, 0.01])],
        "payer": [f"P{number}" for number in draw.choice(4, records, p=[0.6, 0.3, 0.07, 0.03])],
    }
    kinds = draw.choice(["confirmed", "probable", "bought"], records, p=[0.1, 0.03, 0.87])
    elsewhere = draw.random(records) < 0.97
    return splits, [TREE[kind] for kind in kinds], people, elsewhere


def counted(mask, people) -> int:
    return len(set(people[mask]))


@pytest.mark.parametrize("seed", range(6))
def test_no_shown_cell_and_no_remainder_of_shown_cells_is_small(seed):
    splits, paths, people, elsewhere = seeded(seed)
    cells = SplitCells(splits, [paths], people, elsewhere)
    nodes = [(), ("bag",), ("bought",), ("bag", "confirmed"), ("bag", "probable")]
    under = {node: np.array([path[: len(node)] == node for path in paths]) for node in nodes}
    for name, values in splits.items():
        values = np.array(values)
        for node in nodes:
            shown = {value for value in set(values) if cells.shows(*node, **{name: value})}
            for value in shown:
                mask = under[node] & (values == value)
                assert not 0 < counted(mask, people) < 11
                assert not 0 < counted(mask & ~elsewhere, people) < 11  # what another page does not count
            rest = under[node] & ~np.isin(values, list(shown))
            if cells.shows(*node):
                assert not 0 < counted(rest, people) < 11
    for name, value in [("site", "S0"), ("payer", "P1")]:
        both = [cells.shows(*node, **{name: value}) for node in (("bag",), ("bag", "confirmed"), ("bag", "probable"))]
        assert both.count(False) != 1 or not both[0]  # total and one part shown would tell the other part


def test_what_was_not_judged_is_not_shown_and_what_does_not_occur_is_a_plain_zero():
    splits, paths, people, _ = seeded(1)
    cells = SplitCells(splits, [paths], people)
    assert not cells.shows(site="S0", payer="P0") and cells.shows(site="elsewhere") and cells.shows("clear", site="S0")
    assert AllShown().shows("bag", site="S4", payer="P0")
    assert SplitCells({"site": []}, [[]], np.array([], dtype=np.int64)).shows(site="S0")
