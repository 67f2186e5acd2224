"""Which counts of people in and out of reach a reader without the patient-level right may see (definitions.md, section 9).

All pages about places together show sums of one set of cells: people by market, payer, market and payer, therapy or three-digit ZIP
code, each split by class of site into who has it in reach by their own radius; without any of these also by the ring (10, 20, 30
miles, beyond) in which it lies; and how many are at risk by ZIP code. The set is judged as a whole by `demand.engine.disclosure`; a figure is shown where it is a
sum of cells that are shown.
"""

from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN, Axis, Hidden, hidden_cells
from demand.engine.reach import PERMITTED, RADII, Reach

DIMENSIONS = ("market", "payer", "family", "risk", "zip3")
# The tables, by how far they are split: who has it in reach by their own radius; the rings too; how many people alone.
BY_REACH = frozenset([(), ("market",), ("payer",), ("family",), ("zip3",), ("market", "payer")])
BY_RING = frozenset([()])
BY_PEOPLE = BY_REACH | {("risk",), ("risk", "zip3")}
RINGS = len(RADII) + 1


def columns(found: Reach) -> dict[str, np.ndarray]:
    """What groups can be split by, one text per group."""
    told = {
        "market": [group.market for group in found.groups],
        "payer": [group.payer for group in found.groups],
        "family": [group.family for group in found.groups],
        "risk": ["yes" if group.at_risk else "no" for group in found.groups],
        "zip3": [group.zip_code[:3] for group in found.groups],
    }
    return {name: np.array(values, dtype=object) for name, values in told.items()}


@dataclass(frozen=True)
class Everything:
    """The patient-level right: every count is shown."""

    def count(self, value: int, name: str = "", radius: float | None = None, outside: bool = False, **of: str):
        return value


@dataclass(frozen=True)
class VisibleReach:
    """The judged cells: `codes` of values per dimension, `names` of what may be in reach."""

    hidden: Hidden
    codes: tuple[dict[str, int], ...]
    names: tuple[str, ...]

    def count(self, value: int, name: str = "", radius: float | None = None, outside: bool = False, **of: str):
        """The value, or HIDDEN. name: what is in reach ('' for all people); outside: the people it is not in reach of."""
        chosen = [codes.get(of[dim], -1) if dim in of else 0 for dim, codes in zip(DIMENSIONS, self.codes, strict=True)]
        if -1 in chosen:
            return value  # nobody there: a plain zero
        dims = tuple(dim for dim in DIMENSIONS if dim in of)
        if dims not in (BY_PEOPLE if not name else BY_REACH if radius is None else BY_RING):
            return HIDDEN
        if not name:
            return HIDDEN if self._hides(chosen, [ROOT]) else value
        inside, others = self._cells(name, radius)
        if outside:
            inside, others = others, inside
        # A sum of shown cells; or all the people, shown, without a sum of shown cells.
        return HIDDEN if self._hides(chosen, inside) and self._hides(chosen, [ROOT, *others]) else value

    def _cells(self, name: str, radius: float | None) -> tuple[list[int], list[int]]:
        """The cells that add up to those who have it in reach, and to those who do not."""
        if name == PERMITTED and radius is None:
            return [1], [2]
        place = self.names.index(name)
        if radius is None:
            return [_node(place, side, 1) for side in (0, 1)], [_node(place, side, 0) for side in (0, 1)]
        rings = [(_node(place, side, own) + 1 + ring, ring) for side in (0, 1) for own in (0, 1) for ring in range(RINGS)]
        near = {ring for ring, miles in enumerate(RADII) if miles <= radius}
        return [code for code, ring in rings if ring in near], [code for code, ring in rings if ring not in near]

    def _hides(self, chosen: list[int], cells: list[int]) -> bool:
        return any(self.hidden.contains([*chosen, code]) for code in cells)


ROOT = 0  # of the axis of reach: all; below it those with a permitted site in reach (1) and without (2)


def _node(place: int, side: int, own: int) -> int:
    """Those of a side who have the class in reach by their own radius, or not; the codes after it are their rings."""
    return 3 + ((2 * place + side) * 2 + own) * (RINGS + 1)


def judge(found: Reach) -> VisibleReach:
    """Groups of people (at the standard radii) -> the cells that may be shown."""
    located = np.repeat(np.flatnonzero(found.located), found.people[found.located])
    split = columns(found)
    flat = [_flat(split[name][located]) for name in DIMENSIONS]
    names = (*tuple(sorted(found.miles)), "home_infusion")
    side = np.where(found.within(PERMITTED), 0, 1)[located]
    levels = {"all": np.zeros(len(located), dtype=np.int64), "any": 1 + side}
    parent, splits = [-1, ROOT, ROOT], [0, 0, 0]
    for place, name in enumerate(names):
        own = found.within(name)[located].astype(int)
        ring = sum((~found.within(name, radius))[located].astype(int) for radius in RADII)
        levels[name] = 3 + ((2 * place + side) * 2 + own) * (RINGS + 1)
        levels[f"{name} ring"] = levels[name] + 1 + ring
        for up in (0, 1):
            for node in (_node(place, up, 0), _node(place, up, 1)):
                parent += [1 + up, *[node] * RINGS]
                splits += [1 + place, *[0] * RINGS]
    axes = [axis for axis, _ in flat] + [Axis(levels, np.array(parent), np.array(splits), turn=2)]
    released = [
        (*("value" if name in chosen else "all" for name in DIMENSIONS), level)
        for chosen in sorted(BY_PEOPLE)
        for level in levels
        if chosen in (BY_RING if level.endswith(" ring") else BY_PEOPLE if level == "all" else BY_REACH)
    ]
    return VisibleReach(hidden_cells(axes, np.arange(len(located)), released), tuple(codes for _, codes in flat), names)


def _flat(values: np.ndarray) -> tuple[Axis, dict[str, int]]:
    """All, and each value as a part of all."""
    codes = {"": 0} | {name: number for number, name in enumerate(sorted(set(values)), start=1)}
    each = np.array([codes[name] for name in values], dtype=np.int64)
    parent = np.zeros(len(codes), dtype=np.int64)
    parent[0] = -1
    return Axis({"all": np.zeros(len(values), dtype=np.int64), "value": each}, parent, np.zeros(len(codes), dtype=np.int64)), codes
