"""Checklist items and a day -> how ready a kind of site is in a market, and what is missing; grain: one checklist.

Formula: score = required items that are done and fresh ÷ required items that are needed. A done item is stale once `stale_after_months`
have passed since it was checked. Ready means: there is a list, and nothing required on it is open or stale. What unfinished items
cost = Σ cost × (1 + contingency); their delay is the longest lead time where they run side by side, the sum one after the other.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass

OPEN, DONE, NOT_NEEDED = "open", "done", "not_needed"
AREAS = {
    "licences": "Licences and accreditation",
    "nursing": "Nursing",
    "pharmacy": "Pharmacy and compounding",
    "payers": "Payer contracts",
    "radius": "Radius served",
    "competitors": "Competitors",
    "drugs": "Drug availability",
    "space": "Space and ventilation",
    "revenue": "Revenue cycle",
    "workflow": "Mixing and clinical workflow",
    "other": "Other",
}


@dataclass(frozen=True)
class Item:
    """`number` tells the item apart; money in cents."""

    number: int
    title: str
    area: str
    state: str = OPEN
    required: bool = True
    checked_on: dt.date | None = None
    stale_after_months: int = 12
    cost_cents: int | None = None
    lead_time_weeks: int | None = None
    contingency_percent: int = 0
    owner: str = ""

    def stale_on(self) -> dt.date | None:
        """The first day on which a done item no longer counts."""
        return months_later(self.checked_on, self.stale_after_months) if self.state == DONE and self.checked_on else None

    def is_stale(self, on: dt.date) -> bool:
        return self.state == DONE and (self.checked_on is None or self.stale_on() <= on or self.checked_on > on)

    def is_met(self, on: dt.date) -> bool:
        return self.state == DONE and not self.is_stale(on)

    def is_missing(self, on: dt.date) -> bool:
        return self.state != NOT_NEEDED and not self.is_met(on)


@dataclass(frozen=True)
class Assessment:
    """`score` is None where nothing is required. `gaps` are the required items that are open or stale."""

    items: tuple[Item, ...]
    met: int
    needed: int
    gaps: tuple[Item, ...]
    unfinished: tuple[Item, ...]
    stale: frozenset[int]

    @property
    def score(self) -> float | None:
        return self.met / self.needed if self.needed else None

    @property
    def is_ready(self) -> bool:
        return self.needed > 0 and not self.gaps

    @property
    def why_not(self) -> str:
        """One sentence; empty where it is ready."""
        if self.is_ready:
            return ""
        if not self.needed:
            return "Not ready: the list has no required item yet. Start it from the standard list, or add items."
        opened = [item.title for item in self.gaps if item.number not in self.stale]
        old = [item.title for item in self.gaps if item.number in self.stale]
        parts = [f"open {_few(opened)}"] if opened else []
        parts += [f"checked too long ago {_few(old)}"] if old else []
        return f"Not ready: {len(self.gaps)} of {self.needed} required items are missing: {'; '.join(parts)}."

    @property
    def cost_cents(self) -> int:
        """What the unfinished items still cost, with their contingency, each rounded half up to the cent."""
        return sum(
            (item.cost_cents * (100 + item.contingency_percent) * 2 + 100) // 200 for item in self.unfinished if item.cost_cents
        )

    @property
    def without_cost(self) -> int:
        return sum(item.cost_cents is None for item in self.unfinished)

    @property
    def weeks_side_by_side(self) -> int:
        return max((item.lead_time_weeks or 0 for item in self.unfinished), default=0)

    @property
    def weeks_in_turn(self) -> int:
        return sum(item.lead_time_weeks or 0 for item in self.unfinished)


def assess(items: Iterable[Item], on: dt.date) -> Assessment:
    items = tuple(items)
    required = [item for item in items if item.required and item.state != NOT_NEEDED]
    return Assessment(
        items=items,
        met=sum(item.is_met(on) for item in required),
        needed=len(required),
        gaps=tuple(item for item in required if item.is_missing(on)),
        unfinished=tuple(item for item in items if item.is_missing(on)),
        stale=frozenset(item.number for item in items if item.is_stale(on)),
    )


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day some months on; the month's last day where it has no such day."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return dt.date(year, month, min(day.day, monthrange(year, month)[1]))


def _few(titles: list[str]) -> str:
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
