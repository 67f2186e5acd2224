"""What a drug's channel costs besides the drug: waiting, waste and staff time; and doses that would not have fitted what a pharmacy sent.

Waits and waste are read from orders and claims for every channel; delays, waste and minutes of white bags from the clinics' log, whose
events all are white bags. Each mean has its denominator: events of which the log says it.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.selectors.records import Record
from demand.selectors.white_bag import CHANNELS, Given, dose_changes, share
from demand.words import named


@dataclass(frozen=True)
class ChannelCost:
    """waited: infusions that followed an order on file, with the median of their days from order to dose. waste_cents: what payers
    allowed for JW lines; unpriced: JW lines without an allowed amount, which are not in it."""

    channel: str
    infusions: object
    waited: object
    median_wait: object
    wasted: object
    waste_units: object
    waste_cents: object
    unpriced: object

    @property
    def waste_share(self):
        return share(self.wasted, self.infusions)


def channel_costs(given: Given) -> tuple[ChannelCost, ...]:
    columns = given.columns
    found = []
    for channel in CHANNELS:
        mine = columns["channel"] == channel
        if not mine.any():
            continue
        waited, wasted = mine & (columns["waits"] >= 0), mine & (columns["waste_lines"] > 0)
        numbers = given.count(waited, channel, "ordered"), given.count(wasted, channel, "wasted")
        sums = (
            round(float(columns["waste_units"][wasted].sum()), 2),
            *(int(columns[name][wasted].sum()) for name in ("waste_cents", "waste_lines_unpriced")),
        )
        found.append(
            ChannelCost(
                channel, given.count(mine, channel), numbers[0], _median(given, waited, numbers[0]), numbers[1],
                *(sums if numbers[1] is not HIDDEN else (HIDDEN,) * 3),
            )
        )  # fmt: skip
    return tuple(found)


def _median(given: Given, waited: np.ndarray, number):
    """Without the right only where each half is of 11 people or more."""
    if number is HIDDEN:
        return HIDDEN
    if given.cells.restricted and len(np.unique(given.columns["person_no"][waited])) < 2 * SMALLEST_SHOWN:
        return HIDDEN if waited.any() else None
    return float(np.median(given.columns["waits"][waited])) if waited.any() else None


@dataclass(frozen=True)
class LoggedBurden:
    """A share of the log's events: `number` of the `known` of which the log says it. mean: of the number, in `unit`."""

    label: str
    number: object
    known: object
    mean: object = None
    unit: str = ""

    @property
    def rate(self):
        return share(self.number, self.known)


@dataclass(frozen=True)
class Burden:
    """lines: delays, waste, changed doses. minutes: the log's staff minutes in all, of `timed` events; None where it says none."""

    events: object
    lines: tuple[LoggedBurden, ...]
    minutes: object
    timed: object

    @property
    def mean_minutes(self):
        return share(self.minutes, self.timed)

    def cents(self, dollars_an_hour: float):
        return self.minutes if self.minutes is HIDDEN or self.minutes is None else round(self.minutes / 60 * dollars_an_hour * 100)


def logged_burden(events: Sequence[Record], restricted: bool) -> Burden:
    """Each event is taken for another person, as on the log's own pages."""

    def shown(number: int, of: int) -> bool:
        return not restricted or not any(0 < part < SMALLEST_SHOWN for part in (number, of - number, len(events) - of))

    def line(label: str, name: str, is_one: Callable[[object], bool], unit: str = "") -> LoggedBurden:
        known = [event.fields[name] for event in events if event.fields[name] is not None]
        ones = [value for value in known if is_one(value)]
        if not shown(len(ones), len(known)):
            return LoggedBurden(label, HIDDEN, HIDDEN, HIDDEN if unit else None, unit)
        return LoggedBurden(label, len(ones), len(known), statistics.mean(ones) if unit and ones else None, unit)

    timed = [event.staff_minutes for event in events if event.staff_minutes is not None]
    may = shown(len(timed), len(events))
    return Burden(
        len(events) if shown(len(events), len(events)) else HIDDEN,
        (
            line("Came late", "delayed_days", lambda days: days > 0, "days"),
            line("Drug wasted", "wasted", bool),
            line("Dose changed on the day", "dose_changed", bool),
        ),
        (sum(timed) if may else HIDDEN) if timed else None,
        len(timed) if may else HIDDEN,
    )


@dataclass(frozen=True)
class Fragility:
    """Doses of a drug that we bought, compared with the person's last one. changed_cents: allowed for infusions whose dose changed."""

    family: str
    compared: object
    rose: object
    fell: object
    changed_cents: object

    @property
    def changed(self):
        return HIDDEN if HIDDEN in (self.rose, self.fell) else self.rose + self.fell

    @property
    def rate(self):
        return share(self.changed, self.compared)


def dose_fragility(given: Given) -> tuple[Fragility, ...]:
    """Drugs with a compared dose, the most compared first; the last line is all of them."""
    change, families = dose_changes(given.columns), given.columns["family"]
    compared = change != "not compared"
    names, numbers = np.unique(families[compared].astype(str), return_counts=True)
    found = []
    for name in [*names[np.argsort(-numbers, kind="stable")], None]:
        mine, of = (compared if name is None else compared & (families == name)), ({} if name is None else {"family": str(name)})
        rose, fell = (given.count(mine & (change == one), "buy_and_bill", "changed", one, **of) for one in ("rose", "fell"))
        same = given.count(mine & (change == "same"), "buy_and_bill", "same", **of)
        found.append(
            Fragility(
                "All" if name is None else named(str(name)),
                HIDDEN if HIDDEN in (rose, fell, same) else rose + fell + same, rose, fell,
                HIDDEN if HIDDEN in (rose, fell) else int(given.columns["allowed_cents"][mine & (change != "same")].sum()),
            )
        )  # fmt: skip
    return tuple(found) if compared.any() else ()
