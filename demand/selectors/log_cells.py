"""Which counts of a log a reader without the patient-level right may see (definitions.md, section 9).

Denials, events and impacts name no person, so each record is taken for one person; orders count people. Such a reader may ask for
one fixed set of tables of a log: all of it, each of its columns alone, and payer by drug; `demand.engine.disclosure` judges the
set as a whole. Anything finer (delays, waste, reasons of one drug) is for people with the right.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from demand.engine.disclosure import Axis, Hidden, hidden_cells

TOGETHER = ("payer", "family")


class AllCells:
    """The patient-level right: nothing is hidden."""

    restricted = False

    def shows(self, **values: object) -> bool:
        return True


class LogCells:
    """A log's columns (name -> one value a record) and who each record is about (default: each somebody else)."""

    restricted = True

    def __init__(self, columns: Mapping[str, Sequence[Hashable]], people: Sequence[Hashable] | None = None):
        self.codes = {}
        axes = []
        length = len(next(iter(columns.values()), ()))
        for name, values in columns.items():
            codes = {value: number for number, value in enumerate(sorted(set(values), key=str), start=1)}
            self.codes[name] = codes
            levels = {
                "all": np.zeros(length, dtype=np.int64),
                "value": np.array([codes[value] for value in values], dtype=np.int64),
            }
            parent = np.zeros(len(codes) + 1, dtype=np.int64)
            parent[0] = -1
            axes.append(Axis(levels, parent, np.zeros(len(codes) + 1, dtype=np.int64)))
        asked = [(), *((name,) for name in columns)]
        if set(TOGETHER) <= set(columns):
            asked.append(TOGETHER)
        released = [tuple("value" if name in chosen else "all" for name in columns) for chosen in asked]
        self.asked = {frozenset(chosen) for chosen in asked}
        numbers = {person: number for number, person in enumerate(dict.fromkeys(people or range(length)))}
        who = np.array([numbers[person] for person in (people or range(length))], dtype=np.int64)
        self.hidden = hidden_cells(axes, who, released) if length else Hidden(np.array([], dtype=np.int64), (1,) * len(axes))

    def shows(self, **values: object) -> bool:
        """Whether the count of records with these values may be shown; what does not occur is a plain zero."""
        if frozenset(values) not in self.asked:
            return False
        codes = [self.codes[name].get(values[name]) if name in values else 0 for name in self.codes]
        return None in codes or not self.hidden.contains(codes)
