"""An approved center and what its costs really were -> the error by cost line, in cents; grain: one cost line of one window of months.

error = actual − expected: above zero it cost more. An outlay counts from the beginning to the window's end, a running cost in the
window's months, and only where each of them was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from roi.engine import worlds
from roi.engine.cash_flow import cash_flow
from roi.engine.infusion_center import Center, inputs_of
from roi.engine.look_back import OUTLAYS, RUNNING


@dataclass(frozen=True)
class CostError:
    """`actual` is None where a month of it is not recorded."""

    line: str
    expected: int
    actual: int | None

    @property
    def assumption(self) -> str:
        return OUTLAYS if self.line.startswith(worlds.OUTLAY) else RUNNING

    @property
    def error(self) -> int | None:
        return None if self.actual is None else self.actual - self.expected


def expected_costs(center: Center) -> dict[str, tuple[int, ...]]:
    """By cost line its cents in months 0 … horizon, as positive amounts (what a partner pays is negative)."""
    lines = cash_flow(inputs_of(center)).values[worlds.DO_NOTHING].lines
    return {
        line: tuple(-cents for cents in flows) for line, flows in lines.items() if line.startswith((worlds.COST, worlds.OUTLAY))
    }


def cost_errors(
    expected: Mapping[str, tuple[int, ...]], recorded: Mapping[str, Mapping[int, int]], opens: int, months: int
) -> list[CostError]:
    """The first `months` since the approved opening, in month `opens`; `recorded` are cents by line and month. Lines that nobody expected
    count too."""
    made, end = [], opens + months
    for line in sorted(expected.keys() | recorded.keys()):
        flows, came = expected.get(line, ()), recorded.get(line, {})
        is_outlay = line.startswith(worlds.OUTLAY)
        span = range(0 if is_outlay else opens, end)
        known = any(month < end for month in came) if is_outlay else all(month in came for month in span) or not flows
        actual = sum(cents for month, cents in came.items() if month < end and (is_outlay or month >= opens)) if known else None
        made.append(CostError(line, sum(flows[month] for month in span if month < len(flows)), actual))
    return made
