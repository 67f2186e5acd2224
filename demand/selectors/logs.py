"""The pages of the logs: what is on file of each, split by one column at a time, record by record for those with the right."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from demand.charts.figure import Column, Table
from demand.engine.disclosure import HIDDEN
from demand.engine.log_layouts import OF_PEOPLE
from demand.models import LogLoad, Run
from demand.selectors.log_cells import AllCells, LogCells
from demand.selectors.log_claims import (
    NOWHERE,
    Administrations,
    OrderPlace,
    administrations,
    given_before_approval,
    order_places,
    scheduled_before_approval,
)
from demand.selectors.records import UNKNOWN, Record, Registers, Supplied, records, registers, supplied

# By which columns a log is split: name -> label. The first is what the page opens with.
SPLITS = {
    "denials": {"payer": "Payer", "family": "Drug", "site": "Site", "reason": "Reason"},
    "white_bag_events": {"site": "Site", "family": "Drug", "payer": "Payer", "pharmacy": "Pharmacy"},
    "patient_impacts": {"policy": "Policy", "kind": "Kind", "severity": "Severity", "site": "Site"},
    "orders": {
        "determination": "Determination",
        "reject_reason": "Reject reason",
        "family": "Drug",
        "site": "Clinic",
        "payer": "Payer",
    },
    "clinical_facts": {"criterion": "Criterion"},
}


@dataclass(frozen=True)
class LogState:
    """One log on the overview. A total is (label, value, is money)."""

    supplied: Supplied
    rows: object
    totals: tuple[tuple[str, object, bool], ...]


@dataclass(frozen=True)
class LogRows:
    """A log with what joins it: the registers, what may be seen of it, what claims say beside it."""

    kind: str
    rows: Sequence[Record]
    known: Registers
    cells: AllCells | LogCells
    given: Administrations | None = None
    places: Mapping[int, OrderPlace] | None = None

    def value(self, row: Record, split: str) -> str:
        if split in ("payer", "site") and self.kind == "orders":
            return getattr((self.places or {}).get(row.id, NOWHERE), split)
        if split == "reason":
            return row.reason.code or UNKNOWN
        if split == "policy":
            return row.policy_id or UNKNOWN
        if split in ("payer", "family", "site"):
            return getattr(row, split)
        return row.fields[split] or UNKNOWN

    def label(self, split: str, value: str) -> str:
        if split == "site":
            return self.known.site_names.get(value, "Not known" if value == UNKNOWN else value)
        if split == "reason":
            return str(next(row.reason for row in self.rows if (row.reason.code or UNKNOWN) == value))
        return "Not said" if value == UNKNOWN else value


def log_rows(kind: str, run: Run | None, see_small: bool, known: Registers | None = None) -> LogRows:
    known = known or registers()
    found = records(kind, known)
    given = administrations(run, found) if kind == "white_bag_events" else None
    places = order_places(run, found) if kind == "orders" else None
    log = LogRows(kind, found, known, AllCells(), given, places)
    if see_small:
        return log
    columns = {split: [log.value(row, split) for row in found] for split in SPLITS[kind]}
    people = [row.person_id for row in found] if kind in OF_PEOPLE else None
    return LogRows(kind, found, known, LogCells(columns, people), given, places)


def log_states(see_small: bool) -> list[LogState]:
    known = registers()
    return [_state(log_rows(kind.value, None, see_small, known)) for kind in LogLoad.Kind]


def _state(log: LogRows) -> LogState:
    may = log.cells.shows()
    totals = [] if not log.rows else [(label, value if may else HIDDEN, money) for label, value, money in _totals(log)]
    return LogState(supplied(log.kind, log.rows), len(log.rows) if may else HIDDEN, tuple(totals))


def _totals(log: LogRows) -> list[tuple[str, object, bool]]:
    if log.kind == "denials":
        return [("denied", _sum(log.rows, "denied_cents"), True), ("written off", _sum(log.rows, "written_off_cents"), True)]
    if log.kind == "white_bag_events":
        return [("staff minutes", _sum(log.rows, "staff_minutes"), False)] if isinstance(log.cells, AllCells) else []
    return []


def _sum(rows: Sequence[Record], name: str) -> int | None:
    known = [row.fields[name] for row in rows if row.fields[name] is not None]
    return sum(known) if known else None


def _mean(rows: Sequence[Record], name: str) -> float | None:
    known = [row.fields[name] for row in rows if row.fields[name] is not None]
    return round(statistics.mean(known), 1) if known else None


def _yes(rows: Sequence[Record], name: str) -> int:
    return sum(1 for row in rows if row.fields[name])


@dataclass(frozen=True)
class Measure:
    """A column of a split: how it is read from the records of one value. `fine` ones are for people with the right only."""

    column: Column
    of: Callable[[Sequence[Record], LogRows, dict], object]
    fine: bool = False


def _rate(rows: Sequence[Record], log: LogRows, where: dict) -> float | None:
    given = _given(rows, log, where)
    return len(rows) / given if given else None


def _given(rows: Sequence[Record], log: LogRows, where: dict) -> int | None:
    return None if log.given is None or "pharmacy" in where else log.given.of(**where)


def _exposed_cents(rows: Sequence[Record], log: LogRows, where: dict) -> int | None:
    known = [(log.places or {}).get(row.id, NOWHERE).allowed_cents for row in rows if given_before_approval(row)]
    return sum(cents or 0 for cents in known)


def _days_to_approval(rows: Sequence[Record], log: LogRows, where: dict) -> float | None:
    waits = [(row.authorized_on - row.ordered_on).days for row in rows if row.authorized_on]
    return statistics.median(waits) if waits else None


def _before_rate(rows: Sequence[Record], log: LogRows, where: dict) -> float | None:
    due = [row for row in rows if row.scheduled_on or row.first_infused_on]
    return sum(1 for row in due if scheduled_before_approval(row) or given_before_approval(row)) / len(due) if due else None


MEASURES = {
    "denials": (
        Measure(Column("denials", "Denials", "count"), lambda rows, log, where: len(rows)),
        Measure(Column("denied", "Denied", "exact_cents"), lambda rows, log, where: _sum(rows, "denied_cents")),
        Measure(Column("written_off", "Written off", "exact_cents"), lambda rows, log, where: _sum(rows, "written_off_cents")),
        Measure(
            Column("nothing_written_off", "Decided, nothing written off", "count"),
            lambda rows, log, where: sum(1 for row in rows if row.decided_on and row.written_off_cents == 0), fine=True,
        ),
    ),
    "white_bag_events": (
        Measure(Column("events", "Events noted", "count"), lambda rows, log, where: len(rows)),
        Measure(Column("given", "Infusions at our sites", "count"), _given, fine=True),
        Measure(Column("rate", "Events ÷ infusions", "percent"), _rate, fine=True),
        Measure(Column("delayed", "Delayed", "count"), lambda rows, log, where: _yes(rows, "delayed_days"), fine=True),
        Measure(Column("wasted", "Wasted", "count"), lambda rows, log, where: _yes(rows, "wasted"), fine=True),
        Measure(Column("dose_changed", "Dose changed", "count"), lambda rows, log, where: _yes(rows, "dose_changed"), fine=True),
        Measure(Column("minutes", "Staff minutes", "count"), lambda rows, log, where: _sum(rows, "staff_minutes"), fine=True),
    ),
    "patient_impacts": (
        Measure(Column("reports", "Reports", "count"), lambda rows, log, where: len(rows)),
        Measure(Column("mean_delay", "Mean delay, days", "count"), lambda rows, log, where: _mean(rows, "delay_days"), fine=True),
    ),
    "orders": (
        Measure(Column("orders", "Orders", "count"), lambda rows, log, where: len(rows)),
        Measure(Column("wait", "Days to approval", "count"), _days_to_approval, fine=True),
        Measure(
            Column("scheduled_before", "Scheduled before", "count"),
            lambda rows, log, where: sum(map(scheduled_before_approval, rows)), fine=True,
        ),
        Measure(
            Column("given_before", "Given before", "count"),
            lambda rows, log, where: sum(map(given_before_approval, rows)), fine=True,
        ),
        Measure(Column("before_rate", "Share before", "percent"), _before_rate, fine=True),
        Measure(Column("exposed", "Allowed given before", "cents"), _exposed_cents, fine=True),
    ),
    "clinical_facts": (
        Measure(Column("facts", "Facts", "count"), lambda rows, log, where: len(rows)),
        Measure(Column("people", "People", "count"), lambda rows, log, where: len({row.person_id for row in rows})),
        Measure(Column("holds", "Hold", "count"), lambda rows, log, where: _yes(rows, "holds"), fine=True),
    ),
}  # fmt: skip


def split_table(log: LogRows, split: str) -> Table:
    """One row per value of the column, the largest first; the last line is the whole log."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in log.rows:
        groups[log.value(row, split)].append(row)
    measures = [one for one in MEASURES[log.kind] if not (one.fine and isinstance(log.cells, LogCells))]
    if split == "pharmacy" or (log.kind == "white_bag_events" and log.given is None):
        measures = [one for one in measures if one.column.key not in ("given", "rate")]
    rows = [
        (log.label(split, value), *_measured(found, log, measures, {split: value}, log.cells.shows(**{split: value})))
        for value, found in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]
    total = ("All", *_measured(log.rows, log, measures, {}, log.cells.shows())) if log.rows else None
    columns = (Column("value", SPLITS[log.kind][split]), *(one.column for one in measures))
    caption = f"{len(rows)} value{'' if len(rows) == 1 else 's'} of {SPLITS[log.kind][split].lower()}, the largest first"
    return Table(caption, columns, tuple(_by_what_shows(rows)), total)


def _measured(rows, log: LogRows, measures: Sequence[Measure], where: dict, may: bool) -> list:
    return [one.of(rows, log, where) if may else HIDDEN for one in measures]


def _by_what_shows(rows: list[tuple]) -> list[tuple]:
    """Hidden rows stand last in the order of their names: their place tells nothing."""
    shown = [row for row in rows if row[1] is not HIDDEN]
    return [*shown, *sorted((row for row in rows if row[1] is HIDDEN), key=lambda row: row[0])] if len(shown) < len(rows) else rows
