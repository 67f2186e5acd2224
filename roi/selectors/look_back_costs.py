"""An approved version's costs beside what was recorded of them: the table to fill in, and the errors at 3, 6 and 12 months."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from demand.engine.capacity import month_after
from roi import words
from roi.engine import worlds
from roi.engine.center_costs import costs_of, outlays_of
from roi.engine.cost_errors import CostError, cost_errors, expected_costs
from roi.engine.infusion_center import Center, inputs_of, read_value, values_of
from roi.engine.look_back import WINDOWS
from roi.engine.yearly import month_number
from roi.models import ActualCost, Approval


@dataclass(frozen=True)
class CostWindow:
    months: int
    errors: tuple[CostError, ...]

    @property
    def known(self) -> tuple[CostError, ...]:
        return tuple(each for each in self.errors if each.actual is not None)


@dataclass(frozen=True)
class CostBook:
    """By line: expected cents in months 0 … horizon, and what was recorded by month of the scenario."""

    center: Center
    expected: dict[str, tuple[int, ...]]
    recorded: dict[str, dict[int, int]]

    @property
    def names(self) -> dict[str, str]:
        """Every cost line that can be recorded, by its name; those that were expected first."""
        value = values_of(self.center)
        every = [
            *(worlds.COST + cost.name for cost in costs_of(value, self.opens)),
            *(worlds.OUTLAY + outlay.name for outlay in outlays_of(value)),
        ]
        return {words.line_name(line): line for line in sorted(every, key=lambda line: line not in self.expected)}

    def says(self, line: str) -> str:
        """What was expected of a line, in words."""
        flows = self.expected.get(line)
        if flows is None:
            return "none expected"
        if line.startswith(worlds.OUTLAY):
            return f"expected {words.dollars(sum(flows))} once"
        return f"expected {words.dollars(flows[self.opens])} in the opening month"

    @cached_property
    def opens(self) -> int:
        return inputs_of(self.center).opens

    def day(self, month: int) -> dt.date:
        """Month 0, before anything is earned, is written as the month before the first."""
        return month_after(self.first, month - 1)

    @property
    def first(self) -> dt.date:
        return read_value("first_month", self.center.answers["first_month"].text)

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last month that can be recorded: month 0, and the end of the last window."""
        return self.day(0), self.day(self._until - 1)

    @property
    def _until(self) -> int:
        return min(self.opens + max(WINDOWS), values_of(self.center)["horizon"] + 1)

    def windows(self) -> tuple[CostWindow, ...]:
        return tuple(CostWindow(months, tuple(cost_errors(self.expected, self.recorded, self.opens, months))) for months in WINDOWS)

    def sheet(self) -> list[tuple[dt.date, str, int, int | None]]:
        """(month, cost, expected cents, actual cents) of every month to the last window's end in which something was expected or came."""
        return [
            (self.day(month), name, flows[month] if flows else 0, self.recorded.get(line, {}).get(month))
            for month in range(self._until)
            for name, line in self.names.items()
            for flows in (self.expected.get(line, ()),)
            if (flows and flows[month]) or month in self.recorded.get(line, {})
        ]


def cost_book(approval: Approval) -> CostBook:
    center = Center.from_json(approval.version.inputs)
    recorded: dict[str, dict[int, int]] = {}
    first = read_value("first_month", center.answers["first_month"].text)
    for month, line, cents in ActualCost.objects.filter(approval=approval).values_list("month", "line_item", "cents"):
        number = max(0, month_number(first, month))  # earlier ones are spent before anything is earned
        by_month = recorded.setdefault(line, {})
        by_month[number] = by_month.get(number, 0) + cents
    return CostBook(center, expected_costs(center), recorded)
