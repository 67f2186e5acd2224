"""Which counts of people in and out of reach a reader without the patient-level right may see (definitions.md, section 9).

All pages about places together show sums of one set of cells: people by nothing, one of market, payer, therapy, at risk or
three-digit ZIP code, or some pairs of these; each split by class of site into who has it in reach by their own radius and in which
ring (10, 20, 30 miles, beyond) it lies. The set is judged as a whole by `demand.engine.disclosure`; a figure is shown where it is a
sum of cells that are shown.
"""

from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN, Axis, Hidden, hidden_cells
from demand.engine.reach import PERMITTED, RADII, Reach

DIMENSIONS = ("market", "payer", "family", "risk", "zip3")
PAIRS = (
    ("market", "payer"), ("market", "risk"), ("payer", "risk"),
    ("market", "zip3"), ("payer", "zip3"), ("family", "zip3"), ("risk", "zip3"),
)  # fmt: skip
ATOMS = 2 * (len(RADII) + 1)  # in reach by the own radius or not, and the ring


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
        if tuple(dim for dim in DIMENSIONS if dim in of) not in RELEASED:
            return HIDDEN
        if not name:
            return HIDDEN if self._is_hidden(chosen, 0) else value
        inside = {code for code in range(ATOMS) if _counts(code, radius) != outside}
        if not self._any_hidden(chosen, name, inside):
            return value
        whole = not self._is_hidden(chosen, 0) and not self._any_hidden(chosen, name, set(range(ATOMS)) - inside)
        return value if whole else HIDDEN

    def _any_hidden(self, chosen: list[int], name: str, atoms: set[int]) -> bool:
        place = self.names.index(name)
        return any(self._is_hidden(chosen, _code(place, side, atom)) for side in (0, 1) for atom in atoms)

    def _is_hidden(self, chosen: list[int], code: int) -> bool:
        return self.hidden.contains([*chosen, code])


RELEASED = frozenset([(), *((name,) for name in DIMENSIONS), *PAIRS])


def _counts(atom: int, radius: float | None) -> bool:
    """Whether the people of this atom have the site within the radius (None: their own)."""
    own, ring = divmod(atom, len(RADII) + 1)
    return bool(own) if radius is None else ring < len(RADII) and RADII[ring] <= radius


def _code(place: int, side: int, atom: int) -> int:
    return 3 + (2 * place + side) * ATOMS + atom


def judge(found: Reach) -> VisibleReach:
    """Groups of people (at the standard radii) -> the cells that may be shown."""
    located = np.repeat(np.flatnonzero(found.located), found.people[found.located])
    split = columns(found)
    flat = [_flat(split[name][located]) for name in DIMENSIONS]
    names = (*tuple(sorted(found.miles)), "home_infusion")
    side = np.where(found.within(PERMITTED), 0, 1)[located]
    levels = {"all": np.zeros(len(located), dtype=np.int64), "any": 1 + side}
    for place, name in enumerate(names):
        own = found.within(name)
        ring = (
            np.where(own, 0, len(RADII))
            if name == "home_infusion"
            else sum((~found.within(name, radius)).astype(int) for radius in RADII)
        )
        levels[name] = 3 + (2 * place + side) * ATOMS + (own * (len(RADII) + 1) + ring)[located]
    parent = np.array([-1, 0, 0] + [1 + side for _ in names for side in (0, 1) for _ in range(ATOMS)])
    splits = np.array([0, 0, 0] + [1 + place for place in range(len(names)) for _ in range(2 * ATOMS)])
    axes = [axis for axis, _ in flat] + [Axis(levels, parent, splits, turn=2)]
    released = [
        (*("value" if name in chosen else "all" for name in DIMENSIONS), level) for chosen in sorted(RELEASED) for level in levels
    ]
    return VisibleReach(hidden_cells(axes, np.arange(len(located)), released), tuple(codes for _, codes in flat), names)


def _flat(values: np.ndarray) -> tuple[Axis, dict[str, int]]:
    """All, and each value as a part of all."""
    codes = {"": 0} | {name: number for number, name in enumerate(sorted(set(values)), start=1)}
    each = np.array([codes[name] for name in values], dtype=np.int64)
    parent = np.zeros(len(codes), dtype=np.int64)
    parent[0] = -1
    return Axis({"all": np.zeros(len(values), dtype=np.int64), "value": each}, parent, np.zeros(len(codes), dtype=np.int64)), codes
