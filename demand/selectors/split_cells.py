"""Which counts of a page that splits its records by one column at a time a reader without the patient-level right may see.

The page's tables are all its records, and each column alone; each split once more by nodes of a tree (white-bagged: confirmed or
probable). `demand.engine.disclosure` judges the set as a whole. Where other pages count a part of the same records (those that named
prescribers of ours ordered), the rest is judged as a set of its own, so that the difference between two pages tells no small count either.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from demand.engine.disclosure import Axis, Hidden, hidden_cells

Path = tuple[str, ...]


class AllShown:
    """The patient-level right: nothing is hidden."""

    restricted = False

    def shows(self, *nodes: str, **split: Hashable) -> bool:
        return True


class SplitCells:
    """splits: column -> one value a record. trees: one path of nodes a record for each way to split a count, () where it is in none.

    people: who each record is about. elsewhere: which records other pages count too (default: none).
    """

    restricted = True

    def __init__(
        self,
        splits: Mapping[str, Sequence[Hashable]],
        trees: Sequence[Sequence[Path]],
        people: np.ndarray,
        elsewhere: np.ndarray | None = None,
    ):
        self.names = tuple(splits)
        self.codes = [_numbers(values) for values in splits.values()]
        axes = [_flat(values, codes) for values, codes in zip(splits.values(), self.codes, strict=True)]
        tree, self.nodes = _tree(trees, len(people))
        released = [
            (*("value" if name == chosen else "all" for name in self.names), level)
            for chosen in (None, *self.names)
            for level in tree.levels
        ]
        everything = np.ones(len(people), dtype=bool)
        parts = [everything] if elsewhere is None else [everything, ~elsewhere]
        self.judged = [_judge([*axes, tree], people, mask, released) for mask in parts if mask.any()]

    def shows(self, *nodes: str, **split: Hashable) -> bool:
        """Whether the count of records at this node (none: all) with this value of one column may be shown."""
        if len(split) > 1:
            return False
        codes = [number.get(split[name]) if name in split else 0 for name, number in zip(self.names, self.codes, strict=True)]
        codes.append(self.nodes.get(nodes))
        return None in codes or not any(hidden.contains(codes) for hidden in self.judged)  # what does not occur is a plain zero


def _judge(axes: Sequence[Axis], people: np.ndarray, mask: np.ndarray, released: Sequence[tuple[str, ...]]) -> Hidden:
    kept = [
        Axis({level: codes[mask] for level, codes in axis.levels.items()}, axis.parent, axis.split, axis.least, axis.turn)
        for axis in axes
    ]
    return hidden_cells(kept, people[mask], released)


def _numbers(values: Sequence[Hashable]) -> dict[Hashable, int]:
    return {value: number for number, value in enumerate(sorted(set(values), key=str), start=1)}


def _flat(values: Sequence[Hashable], codes: Mapping[Hashable, int]) -> Axis:
    """All, and each value as a part of all."""
    levels = {"all": np.zeros(len(values), dtype=np.int64), "value": np.array([codes[value] for value in values], dtype=np.int64)}
    parent = np.zeros(len(codes) + 1, dtype=np.int64)
    parent[0] = -1
    return Axis(levels, parent, np.zeros(len(codes) + 1, dtype=np.int64))


def _tree(trees: Sequence[Sequence[Path]], records: int) -> tuple[Axis, dict[Path, int]]:
    """One level per tree and depth. Trees that begin alike share those nodes; each divides a node in a way of its own."""
    nodes: dict[Path, int] = {(): 0}
    parent, split = [-1], [0]
    levels = {"all": np.zeros(records, dtype=np.int64)}
    for number, paths in enumerate(trees):
        for depth in range(1, max(map(len, paths), default=0) + 1):
            codes = np.full(records, -1, dtype=np.int64)
            for place, path in enumerate(paths):
                if len(path) >= depth:
                    node = path[:depth]
                    if node not in nodes:
                        nodes[node] = len(parent)
                        parent.append(nodes[node[:-1]])
                        split.append(number)
                    codes[place] = nodes[node]
            levels[f"{number}.{depth}"] = codes
    return Axis(levels, np.array(parent), np.array(split), turn=1), nodes
