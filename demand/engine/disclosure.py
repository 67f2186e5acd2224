"""Counts of people in, the cells that may be shown out; grain: one cell of a released table (definitions.md, section 9)."""

from __future__ import annotations

from enum import Enum

SMALLEST_SHOWN = 11


class Mark(Enum):
    """What stands in a cell instead of its value."""

    HIDDEN = "hidden"

    def __str__(self) -> str:
        return self.value


HIDDEN = Mark.HIDDEN
