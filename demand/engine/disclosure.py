"""Counts of people in, the cells that may be shown out; grain: one cell of the released tables (definitions.md, section 9).

A cell of 1 to 10 people is hidden. Whoever knows a total and all its parts but one knows that one, so hiding goes on until in
every sum that a reader could write down (payers to all payers, outcomes to attributed, months to years …) either nothing is
hidden, or several parts are and those are 11 people or more together, or the total is hidden too and with it a part. Sums run
across pages as well: every page shows cells of one set, and the set is judged as a whole. Where splits cross each other (payers
and lines of business) an axis may ask for three hidden parts: with two, several sums solved together gave cells away. The test
solves all sums that are shown together and finds no small cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

import numpy as np

SMALLEST_SHOWN = 11
KNOWN = -1  # a line's total that readers know from elsewhere


class Mark(Enum):
    """What stands in a cell instead of its value."""

    HIDDEN = "hidden"

    def __str__(self) -> str:
        return self.value


HIDDEN = Mark.HIDDEN


@dataclass(frozen=True)
class Lines:
    """Sums of cells: totals[i] = parts[starts[i]] + … + parts[starts[i + 1] - 1], all of them positions of cells.

    least[i]: how many parts must be hidden if one is, as far as there are so many. turn[i]: lines of a lower turn are mended first.
    """

    totals: np.ndarray
    starts: np.ndarray
    parts: np.ndarray
    least: np.ndarray
    turn: np.ndarray

    @classmethod
    def from_pairs(cls, lines: np.ndarray, totals: np.ndarray, parts: np.ndarray, least: np.ndarray, turn: np.ndarray) -> Lines:
        """One entry per part: the number of its line, the line's total, the part, the line's least and turn."""
        order = np.argsort(lines, kind="stable")
        lines, totals, parts, least, turn = (array[order] for array in (lines, totals, parts, least, turn))
        first = np.flatnonzero(np.r_[True, lines[1:] != lines[:-1]]) if len(lines) else np.array([], dtype=np.int64)
        return cls(totals[first], np.r_[first, len(parts)].astype(np.int64), parts, least[first], turn[first])


def hide(people: np.ndarray, lines: Lines) -> np.ndarray:
    """People per cell (every cell has some) and the sums that tie cells together -> which cells are hidden."""
    hidden = (people >= 1) & (people < SMALLEST_SHOWN)
    if len(lines.totals) == 0:
        return hidden
    begins, sizes = lines.starts[:-1], np.diff(lines.starts)
    line_of_part = np.repeat(np.arange(len(lines.totals)), sizes)
    # Within its line, the part that would be hidden next comes first: the one with the fewest people.
    parts = lines.parts[np.lexsort((lines.parts, people[lines.parts], line_of_part))]
    has_total = lines.totals != KNOWN
    least = np.minimum(lines.least, sizes)
    while True:
        part_hidden = hidden[parts]
        number = np.add.reduceat(part_hidden, begins, dtype=np.int64)
        together = np.add.reduceat(np.where(part_hidden, people[parts], 0), begins)
        total_hidden = has_total & hidden[lines.totals]
        given_away = (number == 1) | (together < SMALLEST_SHOWN)
        by_subtraction = ~total_hidden & (number > 0) & (given_away | (number < least))
        by_addition = total_hidden & (number == 0)
        # The first visible part of each line in want of company; where there is none, the total.
        position = np.where(part_hidden, len(parts), np.arange(len(parts)))
        first = np.minimum.reduceat(position, begins)
        by_part = (by_subtraction | by_addition) & (first < lines.starts[1:])
        by_total = by_subtraction & ~by_part & given_away & has_total
        broken = by_part | by_total
        if not broken.any():
            return hidden  # a known total over nothing but hidden parts may remain: there is no more to hide
        now = lines.turn == lines.turn[broken].min()
        by_part, by_total = by_part & now, by_total & now
        hidden[parts[first[by_part]]] = True
        hidden[lines.totals[by_total]] = True


@dataclass(frozen=True)
class Axis:
    """One way to split. levels: name -> code of every fact at that level, -1 where it has none.

    parent[code]: the code of the sum it is part of, -1 for a root. split[code]: which of a sum's several splits it belongs to.
    least: how many parts of a sum along this axis must be hidden if one is. turn: axes of a lower turn are mended first; which
    axis comes first changes how much is hidden with the small cells, never whether they are.
    """

    levels: Mapping[str, np.ndarray]
    parent: np.ndarray
    split: np.ndarray
    least: int = 2
    turn: int = 0

    @property
    def size(self) -> int:
        return len(self.parent)


def tree(paths: Sequence[Sequence[str]]) -> tuple[Axis, dict[str, int]]:
    """Paths below one root (its name is empty) as an axis with a level a step; a shorter path has no code further down."""
    codes: dict[str, int] = {"": 0}
    parent = [-1]
    depth = max(len(path) for path in paths)
    levels = [np.zeros(len(paths), dtype=np.int64)] + [np.full(len(paths), -1, dtype=np.int64) for _ in range(depth)]
    for place, path in enumerate(paths):
        above = 0
        for step, name in enumerate(path, start=1):
            if name not in codes:
                codes[name] = len(codes)
                parent.append(above)
            above = levels[step][place] = codes[name]
    return Axis(
        {str(step): level for step, level in enumerate(levels)}, np.array(parent), np.zeros(len(codes), dtype=np.int64)
    ), codes


@dataclass(frozen=True)
class Hidden:
    """The answer for a set of released tables: keys of hidden cells, sorted. A key is made of one code per axis."""

    keys: np.ndarray
    strides: tuple[int, ...]

    def contains(self, codes: Sequence[int]) -> bool:
        key = sum(code * stride for code, stride in zip(codes, self.strides, strict=True))
        at = int(np.searchsorted(self.keys, key))
        return at < len(self.keys) and int(self.keys[at]) == key


def hidden_cells(axes: Sequence[Axis], people: np.ndarray, released: Iterable[Sequence[str]]) -> Hidden:
    """Facts (a code per axis and level, a person number) and the released tables (a level per axis) -> the hidden cells."""
    strides = _strides([axis.size for axis in axes])
    keys, counts = _count(axes, people, released, strides)
    if len(keys) == 0:
        return Hidden(keys, strides)
    lines, totals, parts, least, turn = [], [], [], [], []
    number = 0
    for axis, stride in zip(axes, strides, strict=True):
        codes = keys // stride % axis.size
        parents = axis.parent[codes]
        above = keys + (parents - codes) * stride
        at = np.searchsorted(keys, above)
        found = (parents >= 0) & (at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == above)
        pairs = np.stack([at[found], axis.split[codes[found]]])
        _, line = np.unique(pairs, axis=1, return_inverse=True)
        lines.append(line.reshape(-1) + number)
        number += int(line.max(initial=-1)) + 1
        totals.append(at[found])
        parts.append(np.flatnonzero(found))
        least.append(np.full(len(parts[-1]), axis.least))
        turn.append(np.full(len(parts[-1]), axis.turn))
    tied = Lines.from_pairs(*(np.concatenate(pieces) for pieces in (lines, totals, parts, least, turn)))
    return Hidden(keys[hide(counts, tied)], strides)


def _strides(sizes: Sequence[int]) -> tuple[int, ...]:
    strides, stride = [], 1
    for size in sizes:
        strides.append(stride)
        stride *= size
    if stride >= 2**62:
        raise OverflowError("the released tables have more cells than can be numbered")
    return tuple(strides)


def _count(
    axes: Sequence[Axis], people: np.ndarray, released: Iterable[Sequence[str]], strides: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Keys of all cells that have people, sorted, and how many different people each has."""
    span = int(people.max(initial=0)) + 1
    keys, counts = [], []
    for levels in released:
        codes = [axis.levels[level] for axis, level in zip(axes, levels, strict=True)]
        present = np.logical_and.reduce([code >= 0 for code in codes])
        key = sum(code[present].astype(np.int64) * stride for code, stride in zip(codes, strides, strict=True))
        cells, place = np.unique(key, return_inverse=True)
        once = np.unique(place.astype(np.int64) * span + people[present])
        keys.append(cells)
        counts.append(np.bincount(once // span, minlength=len(cells)))
    if not keys:
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    together, first = np.unique(np.concatenate(keys), return_index=True)
    return together, np.concatenate(counts)[first]


PEOPLE = "_people"


def hide_small_cells(columns: Sequence[str], rows: Sequence[Sequence]) -> list[tuple]:
    """The `leakage` table with its small cells hidden, for an export or the API: hidden measures are None.

    A cell is one row's outcome with its columns `…_infusions`, `…_people`, `…_allowed_cents`. Sums over any choice of the
    other columns may be known from pages, so in each of them nothing is hidden, or several cells of 11 people or more together.
    """
    outcomes = [column.removesuffix(PEOPLE) for column in columns if column.endswith(PEOPLE)]
    measures = {outcome: [i for i, column in enumerate(columns) if column.startswith(f"{outcome}_")] for outcome in outcomes}
    belongs = {place for places in measures.values() for place in places}
    labels = [place for place, column in enumerate(columns) if place not in belongs and column not in ("run_id", "mature")]
    cells = [(row, outcome) for row in range(len(rows)) for outcome in outcomes if rows[row][columns.index(outcome + PEOPLE)]]
    people = np.array([rows[row][columns.index(outcome + PEOPLE)] for row, outcome in cells], dtype=np.int64)
    hidden = people < SMALLEST_SHOWN
    if not hidden.all():
        hidden = hide(people, _margins(rows, labels, cells))
    shown = [list(row) for row in rows]
    for (row, outcome), gone in zip(cells, hidden, strict=True):
        if gone:
            for place in measures[outcome]:
                shown[row][place] = None
    return [tuple(row) for row in shown]


def _margins(rows: Sequence[Sequence], labels: Sequence[int], cells: Sequence[tuple[int, str]]) -> Lines:
    """For every choice of label columns, alone and with the outcome: the cells that share their values, under a known total."""
    coded = [_codes([rows[row][place] for row, _ in cells]) for place in labels]
    outcome = _codes([outcome for _, outcome in cells])
    lines: list[np.ndarray] = []
    number = 0
    for chosen in (choice for size in range(len(coded) + 1) for choice in combinations(coded, size)):
        for columns in ((*chosen, outcome), chosen):
            line = np.zeros(len(cells), dtype=np.int64)
            for codes in columns:
                _, line = np.unique(line * (codes.max() + 1) + codes, return_inverse=True)
            lines.append(line.reshape(-1) + number)
            number += int(line.max()) + 1
    parts = np.tile(np.arange(len(cells)), len(lines))
    return Lines.from_pairs(np.concatenate(lines), np.full(len(parts), KNOWN), parts, np.full(len(parts), 3), np.zeros(len(parts)))


def _codes(values: Sequence) -> np.ndarray:
    numbers: dict = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
