"""One part of a quality page."""

from dataclasses import dataclass

from demand.charts.figure import Figure


@dataclass(frozen=True)
class Part:
    """`see`, `harms`, `next_step`: one sentence each. mark: pass | look | warn | None (cannot be judged)."""

    key: str
    title: str
    mark: str | None
    see: str
    harms: str
    next_step: str
    figures: tuple[Figure, ...] = ()
    limit: str = ""  # a key of LIMITS
    metric: str = ""
    note: str = ""
