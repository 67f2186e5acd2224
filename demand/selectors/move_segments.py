"""Movers -> segments (therapy × payer × market × class of site) in the order of the weights; and who wins and loses by a move.

Segments are split as finely as leaves enough of 11 people or more, for everybody at a hospital site in the run: the same split whatever
is asked. Readers without the patient-level right see this one table, and of it only such segments as no sum over therapies, payers,
markets or classes tells apart from smaller ones. Groups of winners and losers are judged as one set, for one destination. The tables of
several destinations share their people, and whom the clinical line holds back differs by destination and version, so that one less the
other could leave a few: without the right every count of people, and what is made of counts, is perturbed and rounded as the line's own
page does (`demand.selectors.clinical_line.Shown`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings

from demand.engine.disclosure import HIDDEN, hide_small_cells
from demand.engine.perturbed import person_keys
from demand.engine.ranked_segments import order, parts, score
from demand.models import RetentionLine, Run
from demand.moves import SPLITS, MoveQuestion
from demand.selectors.clinical_line import Amount, Count, Shown
from demand.selectors.facts import results_key
from demand.selectors.movable import HELD, OPEN, Columns, Movers, treated
from demand.selectors.safety import event_rates
from demand.selectors.split_cells import AllShown, SplitCells

ENOUGH = 8  # segments that may be shown: with fewer a coarser split is taken
WITHIN_DAYS = 7
ALIKE_MILES, ALIKE_CENTS, ALIKE_DAYS = 2.0, 500, 1.0  # a smaller change is none


@dataclass(frozen=True)
class Segment:
    """Of those whom the line lets go; `held`: people of the segment whom it does not, `open`: those offered whom it cannot judge.
    measures: a year's, None where not known for anybody. Miles and patient cents saved, allowed cents kept by us (less than 0: lost),
    share of its people that a site policy exposes, hospital visits avoided per 1,000 infusions (adjusted rates by class of site)."""

    names: dict[str, str]
    people: Count
    infusions: Amount
    held: Count
    open: Count
    measures: dict[str, float | None]
    parts: dict[str, float]
    score: float | None


@dataclass(frozen=True)
class Ranked:
    """`hidden`: how many segments this reader may not see."""

    segments: tuple[Segment, ...]
    hidden: int


@dataclass(frozen=True)
class LineSaid:
    """People by what the line said of them for this destination: the first two are not offered, the others are and ask for more."""

    version: RetentionLine | None
    asked: bool
    must_stay: Count
    should_not: Count
    not_enough_data: Count
    not_under_way: Count


class Crowd:
    """The people of the movers and of those held back, as one reader may see numbers of them."""

    def __init__(self, found: Movers, see_small: bool) -> None:
        everybody = np.concatenate([found.columns["person_id"], found.held["person_id"]]).astype(str)
        people, place = np.unique(everybody, return_inverse=True)
        self.shown = Shown(see_small, person_keys(people, settings.SECRET_KEY.encode()))
        self.offered, self.held = place[: len(found)], place[len(found) :]

    def count(self, place: np.ndarray) -> Count:
        return self.shown.count(np.unique(place))

    def total(self, place: np.ndarray, values: np.ndarray, digits: int | None = None) -> Amount:
        """None for what nobody is known of, and for what may not be shown."""
        known = np.isfinite(values)
        amount = self.shown.amount(place[known], values[known]) if known.any() else None
        return None if amount in (None, HIDDEN) else round(amount, digits)


def line_said(found: Movers, see_small: bool) -> LineSaid:
    crowd = Crowd(found, see_small)
    held = (crowd.count(crowd.held[found.held["verdict"] == verdict]) for verdict in HELD)
    open_ones = (crowd.count(crowd.offered[found.columns["verdict"] == verdict]) for verdict in OPEN)
    return LineSaid(found.version, found.asks_line, *held, *open_ones)


def ranked_segments(run: Run, found: Movers, question: MoveQuestion, see_small: bool) -> Ranked:
    by, allowed = _split(run.pk, results_key(run))
    by = question.by or by
    places, held = (_by_segment(columns, SPLITS[by]) for columns in (found.columns, found.held))
    crowd = Crowd(found, see_small)
    people = {name: crowd.count(crowd.offered[mine]) for name, mine in places.items()}
    names = sorted(places)
    shown = [name for name in names if see_small or (name in allowed and people[name] is not HIDDEN)]
    safer = _events_avoided(run, question.to, see_small)
    measured = [_measures(found, crowd, places[name], question, safer.get(name[-1]), see_small) for name in shown]
    part = parts(measured)
    scores = [score(one, question.weights) for one in part]
    waiting = np.isin(found.columns["verdict"].astype(str), OPEN)
    made = [
        Segment(
            dict(zip(SPLITS[by], name, strict=True)), people[name],
            crowd.total(crowd.offered[places[name]], found.columns["infusions"][places[name]].astype(float)),
            crowd.count(crowd.held[held.get(name, [])]), crowd.count(crowd.offered[places[name]][waiting[places[name]]]),
            measured[at], part[at], scores[at],
        )
        for at, name in enumerate(shown)
    ]  # fmt: skip
    return Ranked(tuple(made[at] for at in order(shown, scores)), len(names) - len(shown))


def _by_segment(columns: Columns, names: tuple[str, ...]) -> dict[tuple, np.ndarray]:
    """A segment's name -> the places of its entries."""
    places: dict[tuple, list[int]] = {}
    for place, key in enumerate(zip(*(columns[name] for name in names), strict=True)):
        places.setdefault(key, []).append(place)
    return {key: np.array(mine) for key, mine in places.items()}


@lru_cache(maxsize=2)
def _split(run_id: int, results: str) -> tuple[str, frozenset[tuple]]:
    """How finely everybody at a hospital site is split, and the segments that everybody may see."""
    columns = treated(run_id, results)
    for chosen, names in SPLITS.items():
        people: dict[tuple, set[int]] = {}
        for person, *key in zip(columns["person_no"], *(columns[name] for name in names), strict=True):
            people.setdefault(tuple(key), set()).add(person)
        rows = [(*key, len(mine)) for key, mine in sorted(people.items())]
        shown = frozenset(row[:-1] for row in hide_small_cells((*names, "segment_people"), rows) if row[-1] is not None)
        if len(shown) >= ENOUGH:
            return chosen, shown
    return chosen, shown  # the last one where none leaves enough


def _events_avoided(run: Run, to: str, see_small: bool) -> dict[str, float]:
    """Class of site now -> emergency visits and admissions avoided per 1,000 infusions, by adjusted rates."""
    rates = {one.site_class: one.adjusted for one in event_rates(run, "hospital", WITHIN_DAYS, see_small)}
    there = rates.get(to)
    if there in (None, HIDDEN):
        return {}
    return {name: round(1000 * (rate[0] - there[0]), 2) for name, rate in rates.items() if rate not in (None, HIDDEN)}


def _measures(
    found: Movers, crowd: Crowd, mine: np.ndarray, question: MoveQuestion, safer: float | None, see_small: bool
) -> dict[str, float | None]:
    columns, infusions, people = found.columns, found.columns["infusions"][mine], crowd.offered[mine]
    allowed = columns["allowed_cents"][mine]
    stays_ours = question.whose == "ours"
    kept = np.where(
        columns["ours"][mine],
        (found.allowed_there[mine] - allowed) if stays_ours else -allowed,
        found.allowed_there[mine] if stays_ours else 0.0,
    )
    return {
        "miles_saved": crowd.total(people, infusions * (found.miles_now - found.miles_there)[mine], 1),
        "patient_cents_saved": crowd.total(people, infusions * (columns["patient_cents"][mine] - found.patient_there[mine])),
        "allowed_cents_kept": crowd.total(people, infusions * kept),
        "exposed_share": share_exposed(crowd, people, columns["exposed"][mine].astype(bool), see_small),
        "events_avoided": safer,
    }


def share_exposed(crowd: Crowd, people: np.ndarray, exposed: np.ndarray, see_small: bool) -> float | None:
    """Without the right of the perturbed numbers, and not told where one is hidden: an exact share gives its denominator away."""
    if see_small:
        return round(float(exposed.mean()), 3)
    numbers = [crowd.count(people[side]) for side in (exposed, ~exposed)]
    return None if HIDDEN in numbers or not sum(numbers) else round(numbers[0] / sum(numbers), 2)


# Who wins and who loses

GROUPS = {"area": "Area", "zip3": "ZIP code, three digits", "age": "Age", "payer": "Payer"}
CHANGES = {"travel": "Travel", "cost": "What the patient pays", "delay": "Waiting"}
SIDES = ("wins", "loses", "same", "not known")


@dataclass(frozen=True)
class BurdenRow:
    """People and therapies of a group, and per change (wins, loses, same, not known)."""

    group: str
    name: str
    movers: object
    numbers: dict[str, dict[str, object]]


def burden(found: Movers, see_small: bool) -> tuple[BurdenRow, ...]:
    """Winners and losers of the move by area, age and payer; in each group they add up to all movers."""
    groups = _groups(found)
    sides = {
        "travel": _side(found.miles_now - found.miles_there, ALIKE_MILES),
        "cost": _side(found.columns["patient_cents"] - found.patient_there, ALIKE_CENTS),
        "delay": _side(-found.wait_change, ALIKE_DAYS),
    }
    trees = [[(f"{change} {side}",) for side in of] for change, of in sides.items()]
    cells = AllShown() if see_small else SplitCells(groups, trees, found.columns["person_no"].astype(np.int64))
    crowd = Crowd(found, see_small)

    def count(entries: np.ndarray, *node: str, **of: str) -> Count:
        return crowd.shown.count(crowd.offered[entries]) if cells.shows(*node, **of) else HIDDEN

    rows = []
    for group, values in groups.items():
        for name in sorted(set(values)):
            mine, of = values == name, {group: name}
            numbers = {
                change: {side: count(mine & (told == side), f"{change} {side}", **of) for side in SIDES}
                for change, told in sides.items()
            }
            rows.append(BurdenRow(group, str(name), count(mine, **of), numbers))
    return tuple(rows)


def _side(saved: np.ndarray, alike: float) -> np.ndarray:
    known = np.isfinite(saved)
    value = np.where(known, saved, 0.0)
    return np.select([~known, value > alike, value < -alike], ["not known", "wins", "loses"], default="same").astype(object)


def _groups(found: Movers) -> dict[str, np.ndarray]:
    ages = np.digitize(found.columns["age"], (18, 45, 65, 80))
    bands = np.array(["under 18", "18 to 44", "45 to 64", "65 to 79", "80 or older"], dtype=object)[ages]
    zips = np.array([f"{zip_code[:3]}••" if zip_code else "not known" for zip_code in found.columns["zip_code"]], dtype=object)
    return {
        "area": found.areas,
        "zip3": zips,
        "age": np.where(found.columns["age"] < 0, "not known", bands),
        "payer": found.columns["payer"],
    }
