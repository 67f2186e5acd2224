"""Infusions at our own sites -> how often a pharmacy sent the drug, as claims show it, and how the clinics' own log agrees.

Everything given at an owned site counts, whoever ordered it: a clinic's staff handle each of them (readers without the patient-level
right: see hidden_bags.py). The log names no person, so an event and an infusion are the same where clinic, drug and day are; of several
on a day each is used once.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.models import Run
from demand.selectors.facts import query_tables, results_key
from demand.selectors.hidden_bags import HiddenBags, told_to_all
from demand.selectors.records import Record, records, registers
from demand.selectors.split_cells import AllShown
from demand.words import named
from sites.models import Site

SPLITS = {"site": "Clinic", "family": "Drug", "payer": "Payer", "month": "Month"}
CHANNELS = ("buy_and_bill", "white_bag", "clear_bag", "home_per_diem", "unknown")
BENEFITS = {"medical": "white bag, pharmacy bills the medical benefit", "fill": "white bag, pharmacy benefit"}
CHANGES = {"rose": ("changed", "rose"), "fell": ("changed", "fell"), "same": ("same",), "not compared": ("not compared",)}
SAME_DOSE = 0.01  # doses this close to the last one are the same: they differ by what billing units round
# dose_before: the person's last known dose of the family in the same unit, wherever it was given.
GIVEN = """
WITH dosed AS (
    SELECT infusion_id, dose, waste_units, waits,
        CASE WHEN dose > 0 AND dose_unit = lag(dose_unit) OVER last_one THEN lag(dose) OVER last_one END AS dose_before
    FROM {infusions}
    WINDOW last_one AS (PARTITION BY person_no, family, dose > 0 ORDER BY service_date, infusion_id)
), supplied AS (SELECT infusion_id, any_value(kind) AS benefit FROM {supplies} GROUP BY ALL
), thrown_away AS (
    SELECT infusion_id, sum(allowed_cents)::BIGINT AS cents, count(*) AS lines, count(allowed_cents) AS priced FROM {lines}
    WHERE infusion_id IS NOT NULL AND role = 'drug' AND list_contains(string_split(coalesce(modifiers, ''), ';'), 'JW') GROUP BY ALL
)
SELECT
    person_no, coalesce(site_id, 'unknown') AS site, coalesce(family, 'unknown') AS family, coalesce(payer, 'unknown') AS payer,
    strftime(month, '%Y-%m') AS month, service_date, coalesce(channel, 'unknown') AS channel,
    coalesce(channel_confidence, '') AS confidence, coalesce(benefit, '') AS benefit, is_headline, mature,
    coalesce(outcome, 'unknown') AS outcome, concat_ws('/', coalesce(outcome, 'unknown'), coalesce(site_class, ''), coalesce(ownership, ''),
        coalesce(owner, ''), coalesce(payer_affiliation, '')) AS place,
    coalesce(facts.allowed_cents, 0) AS allowed_cents, coalesce(waits, -1) AS waits, coalesce(waste_units, 0)::DOUBLE AS waste_units,
    coalesce(thrown_away.lines, 0) AS waste_lines, coalesce(thrown_away.lines - priced, 0) AS waste_lines_unpriced,
    coalesce(thrown_away.cents, 0) AS waste_cents, coalesce(dose, 0)::DOUBLE AS dose, coalesce(dose_before, 0)::DOUBLE AS dose_before
FROM {facts} AS facts JOIN dosed USING (infusion_id) LEFT JOIN supplied USING (infusion_id) LEFT JOIN thrown_away USING (infusion_id)
WHERE ownership = 'owned'
ORDER BY infusion_id
"""


@dataclass(frozen=True)
class BagLine:
    """One value of a split. noted, of_noted: inferred white bags that the log has, of those in the days it covers; found, events: logged
    events that claims show as white-bagged, of all. Counts may be HIDDEN; None: the clinic keeps no log, or it is not asked of this split."""

    name: str
    infusions: object
    white: object
    confirmed: object
    probable: object
    medical: object
    clear: object
    unknown: object
    noted: object = None
    of_noted: object = None
    found: object = None
    events: object = None
    mature: bool = True

    @property
    def rate(self):
        return share(self.white, self.infusions)

    @property
    def precision(self):
        return share(self.noted, self.of_noted)

    @property
    def recall(self):
        return share(self.found, self.events)


def share(part, whole):
    """part ÷ whole; HIDDEN where either is, None for 0/0 and for what is not known."""
    if HIDDEN in (part, whole):
        return HIDDEN
    return part / whole if whole and part is not None else None


@dataclass(frozen=True)
class Given:
    """The run's infusions at our own sites, one entry each, and what of them may be counted for this reader."""

    columns: Mapping[str, np.ndarray]
    cells: AllShown | HiddenBags

    def __len__(self) -> int:
        return len(self.columns["person_no"])

    def only(self, **values: str) -> "Given":
        """Those with these values; for people with the right, whose cells show everything."""
        mask = np.ones(len(self), dtype=bool)
        for name, value in values.items():
            mask &= self.columns[name] == value
        return Given({name: column[mask] for name, column in self.columns.items()}, self.cells)

    def count(self, mask: np.ndarray, *nodes: str, **split: str):
        return int(mask.sum()) if self.cells.shows(*nodes, **split) else HIDDEN


def given_at_ours(run: Run, see_small: bool) -> Given:
    given = _given(run.pk, results_key(run))
    return given if see_small else _hidden(run.pk, results_key(run))


@lru_cache(maxsize=2)
def _given(run_id: int, results: str) -> Given:
    found = query_tables(Run.objects.get(pk=run_id), GIVEN).fetchnumpy()
    return Given({name: np.ma.getdata(column) for name, column in found.items()}, AllShown())


@lru_cache(maxsize=2)
def _hidden(run_id: int, results: str) -> Given:
    everything = _given(run_id, results).columns
    told = told_to_all(everything)
    columns = {name: column[told] for name, column in everything.items()}
    channels, white = columns["channel"], columns["channel"] == "white_bag"
    changes = map(CHANGES.__getitem__, dose_changes(columns))
    ways = [
        (tuple(SPLITS), [(one,) for one in channels]),
        (tuple(SPLITS), [("white_bag", kind) if bag else () for kind, bag in zip(columns["benefit"], white, strict=True)]),
        ((), [(one, "wasted" if lines else "not wasted") for one, lines in zip(channels, columns["waste_lines"], strict=True)]),
        ((), [(one, "ordered" if days >= 0 else "not ordered") for one, days in zip(channels, columns["waits"], strict=True)]),
        (("family",), [(one, *change) for one, change in zip(channels, changes, strict=True)]),
    ]
    return Given(columns, HiddenBags(Run.objects.get(pk=run_id), columns, ways))


def dose_changes(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Doses that we bought ourselves: rose | fell | same against the person's last dose, or not compared (the first one, one that claims
    do not tell, one that we did not buy)."""
    dose, before = columns["dose"], columns["dose_before"]
    compared = (dose > 0) & (before > 0) & (columns["channel"] == "buy_and_bill")
    ratio = np.divide(dose, before, out=np.ones_like(dose), where=compared)
    return np.select(
        [~compared, ratio > 1 + SAME_DOSE, ratio < 1 - SAME_DOSE], ["not compared", "rose", "fell"], default="same"
    ).astype(object)


@dataclass(frozen=True)
class Agreement:
    """Which inferred white bags and which logged events found each other. covered: the inferred ones that lie in the days of a log."""

    events: Sequence[Record]
    found: np.ndarray  # one flag an event
    noted: np.ndarray  # one flag an infusion of Given
    covered: np.ndarray


def agreement(given: Given, events: Sequence[Record]) -> Agreement:
    """A log covers a clinic from its first to its last event; outside these days nothing is said of it."""
    columns = given.columns
    days = columns["service_date"].astype("datetime64[D]").astype(object)
    log_days: dict[str, list[dt.date]] = defaultdict(list)
    waiting: dict[tuple, list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        log_days[event.site].append(event.day)
        waiting[event.site, event.family, event.day].append(place)
    noted, covered = np.zeros(len(given), dtype=bool), np.zeros(len(given), dtype=bool)
    found = np.zeros(len(events), dtype=bool)
    for place in np.flatnonzero(columns["channel"] == "white_bag"):
        site, day = columns["site"][place], days[place]
        covered[place] = site in log_days and min(log_days[site]) <= day <= max(log_days[site])
        if matching := waiting.get((site, columns["family"][place], day)):
            noted[place] = found[matching.pop()] = True
    return Agreement(events, found, noted, covered)


def logged_events(**values: str) -> list[Record]:
    """The clinics' events, those of these values only."""
    return [
        event
        for event in records("white_bag_events", registers())
        if all(getattr(event, name).casefold() == value.casefold() for name, value in values.items())
    ]


def bag_lines(given: Given, agreed: Agreement, split: str) -> tuple[BagLine, ...]:
    """One line a value of the split, the most infusions first (months in their order); the last line is all of them."""
    values, columns = given.columns[split] if split else np.array([]), given.columns
    names = Counter(values.tolist())
    order = sorted(names) if split == "month" else sorted(names, key=lambda name: (-names[name], name))
    titles = dict(Site.objects.values_list("site_id", "name")) if split == "site" else {}
    lines = []
    for value in [*order, None]:
        mine = np.ones(len(given), dtype=bool) if value is None else values == value
        lines.append(_line(given, agreed, mine, "All" if value is None else titles.get(value) or named(value), split, value))
    return tuple(lines) if len(columns["person_no"]) else ()


def _line(given: Given, agreed: Agreement, mine: np.ndarray, name: str, split: str, value: str | None) -> BagLine:
    columns, of = given.columns, {} if value is None else {split: value}
    white = mine & (columns["channel"] == "white_bag")
    logged = _logged(given, agreed, mine, split, value)
    return BagLine(
        name,
        given.count(mine, **of),
        given.count(white, "white_bag", **of),
        given.count(white & (columns["confidence"] == "confirmed"), "white_bag", "confirmed", **of),
        given.count(white & (columns["confidence"] != "confirmed"), "white_bag", "probable", **of),
        given.count(white & (columns["benefit"] == "medical"), "white_bag", "medical", **of),
        given.count(mine & (columns["channel"] == "clear_bag"), "clear_bag", **of),
        given.count(mine & (columns["channel"] == "unknown"), "unknown", **of),
        *logged,
        mature=bool(columns["mature"][mine].all()),
    )


def _logged(given: Given, agreed: Agreement, mine: np.ndarray, split: str, value: str | None) -> tuple:
    """(noted, of, found, events). Without the right the whole log only, and only where no part of it is about few people."""
    covered = mine & agreed.covered
    asked = [
        place
        for place, event in enumerate(agreed.events)
        if value is None or (f"{event.day:%Y-%m}" if split == "month" else getattr(event, split)).casefold() == value.casefold()
    ]
    if not asked and not covered.any():
        return None, None, None, None
    numbers = (int((covered & agreed.noted).sum()), int(covered.sum()), int(agreed.found[asked].sum()), len(asked))
    if not given.cells.restricted:
        return numbers
    white = mine & (given.columns["channel"] == "white_bag")
    parts = (covered & agreed.noted, covered & ~agreed.noted, white & ~agreed.covered)
    people = [len(np.unique(given.columns["person_no"][part])) for part in parts]
    # An event names nobody and is taken for a person of its own, as on the log's pages.
    few = any(0 < number < SMALLEST_SHOWN for number in (*people, numbers[2], numbers[3] - numbers[2]))
    return numbers if value is None and not few else (HIDDEN,) * 4
