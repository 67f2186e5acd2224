"""A run's exposure, counted for a policy, a payer or a therapy; and who crosses over when a policy document is edited.

People are counted, never rows: who is exposed under two policies is one person of the payer. Counts are of treatments that go on on the
run's day, unless they say otherwise. Readers without the patient-level right see no count of 1 to 10 people, nor what gives one
away: the counts by verdict and clause, and those by month, are judged as two sets over policies, payers and therapies
(`engine/disclosure.py`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import payers.selectors
import sites.selectors
from demand import storage
from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN, Hidden, Mark, hidden_cells, tree
from demand.engine.exposure import expose
from demand.filters import next_month
from demand.models import Run
from demand.selectors.facts import ResultsMissing, ask_tables, results_key

VERDICTS = ("exposed", "in_grace", "exempt", "shielded", "unknown", "not_applicable")
MONTHS_AHEAD = 12
TENS = 10
DAYS_A_MONTH = 365.25 / 12

Count = int | Mark  # HIDDEN stands for a count that this reader may not see


@dataclass(frozen=True)
class VerdictCount:
    """People with a verdict today. A person with several treatments or policies may have several."""

    verdict: str
    people: Count


@dataclass(frozen=True)
class ClauseCount:
    """People whose verdict a clause made (why exempt, why not applicable …); a verdict may rest on several clauses."""

    verdict: str
    clause: str
    people: Count


@dataclass(frozen=True)
class ExposureMonth:
    """A month of the calendar. first_exposed: people whose first exposed day under these policies lies in it, those whose treatment has
    ended since included. infusions and allowed_cents: what those exposed and not moved are expected to receive in it at their own
    interval and usual allowed amount; None where neither is known, HIDDEN from the first month on that would give a small count away."""

    month: dt.date
    first_exposed: Count
    infusions: float | Mark | None
    allowed_cents: int | Mark | None


@dataclass(frozen=True)
class MonthCount:
    """People by month; month None where the day is not known yet (a grace that ends with a dose still to come)."""

    month: dt.date | None
    people: Count


@dataclass(frozen=True)
class FundingCount:
    """The verdicts of people whose funding nobody told, if their plans are insured and if they are self-funded."""

    verdict: str
    insured: Count
    self_funded: Count


@dataclass(frozen=True)
class ExposureOf:
    """Exposure under one policy, a payer's policies, or those for a therapy, on `as_of` (a policy still to come: on its first day).

    people: those with a treatment that any of the policies names. without_policy: people treated under the payer, with the therapy,
    or at all, of whom no policy on file speaks; that is unknown, not allowed (None where one policy was asked for).
    """

    policy_ids: tuple[str, ...]
    as_of: dt.date | None
    people: Count
    verdicts: tuple[VerdictCount, ...]
    clauses: tuple[ClauseCount, ...]
    calendar: tuple[ExposureMonth, ...]
    in_grace_until: tuple[MonthCount, ...]
    moved: Count
    moved_by_month: tuple[MonthCount, ...]
    unknown_funding: tuple[FundingCount, ...]
    to_come: Count  # of the exposed, those whose first exposed day lies after as_of
    without_policy: Count | None

    def of(self, verdict: str) -> Count:
        return next((count.people for count in self.verdicts if count.verdict == verdict), 0)


@dataclass(frozen=True)
class Crossing:
    """People who go from one verdict to another when the old document is replaced by the new; None: the document does not name them."""

    before: str | None
    after: str | None
    people: Count


@dataclass(frozen=True)
class CrossingPerson:
    """One treatment that crosses, or whose day changes. person_no is the run's number of the person."""

    person_no: int
    episode_id: int
    family: str
    before: str | None
    after: str | None
    exposed_from_before: dt.date | None
    exposed_from_after: dt.date | None


@dataclass(frozen=True)
class Crossings:
    """What an edit changes. another_day: people with the same verdict whose first exposed day changes. listed: only for readers with the
    patient-level right."""

    crossings: tuple[Crossing, ...]
    unchanged: Count
    another_day: Count
    listed: tuple[CrossingPerson, ...]


ROWS = """
SELECT policy_id, policy_payer, family, person_no, episode_id, verdict, clauses, exposed_from, expected_from, grace_until, moved_on,
    active, treated_until, funding_assumed, interval_days, allowed_per_infusion_cents
FROM {exposure}
"""


@dataclass(frozen=True)
class _Row:
    policy_id: str
    policy_payer: str
    family: str
    person_no: int
    episode_id: int
    verdict: str
    clauses: str
    exposed_from: dt.date | None
    expected_from: dt.date | None
    grace_until: dt.date | None
    moved_on: dt.date | None
    active: bool
    treated_until: dt.date | None
    funding_assumed: str | None
    interval_days: int | None
    allowed_per_infusion_cents: int | None

    @property
    def nodes(self) -> list[str]:
        """`verdict`, and `verdict/clause` for each clause of it."""
        return [self.verdict, *(f"{self.verdict}/{clause}" for clause in self.clauses.split(";") if clause)] if self.active else []

    @property
    def events(self) -> list[str]:
        """`exposed/2026-03`, `moved/…`, `grace/…`: what happens to the person in which month."""
        found = [("exposed", self.expected_from), ("moved", self.moved_on)]
        if self.verdict == "in_grace" and self.active:
            found.append(("grace", self.grace_until or self.expected_from))
        return [f"{event}/{day:%Y-%m}" for event, day in found if day] + (
            ["grace/"] if self.verdict == "in_grace" and self.active and not (self.grace_until or self.expected_from) else []
        )


def exposure_of(
    run: Run, see_small: bool, policy_id: str | None = None, payer: str | None = None, family: str | None = None
) -> ExposureOf:
    """Counts for one policy, for a payer's policies, for a therapy, or for all (none given). ResultsMissing: recompute first."""
    rows = [
        row
        for row in _rows(run.pk, results_key(run))
        if (policy_id is None or row.policy_id == policy_id)
        and (payer is None or row.policy_payer.lower() == payer.lower())
        and (family is None or row.family == family)
    ]
    shown = _Shown(run, see_small, policy_id, payer, family)
    as_of = _as_of(run)
    nodes, events = _people(rows, "nodes"), _people(rows, "events")
    return ExposureOf(
        policy_ids=tuple(sorted({row.policy_id for row in rows})),
        as_of=as_of,
        people=shown.verdict("", {row.person_no for row in rows if row.active}),
        verdicts=tuple(VerdictCount(name, shown.verdict(name, nodes[name])) for name in VERDICTS if name in nodes),
        clauses=tuple(
            ClauseCount(*node.split("/", 1), shown.verdict(node, nodes[node]))
            for node in sorted(nodes, key=lambda node: (-len(nodes[node]), node))
            if "/" in node
        ),
        calendar=_calendar(rows, events, as_of, shown) if as_of else (),
        in_grace_until=_by_month("grace", events, shown),
        moved=shown.event("moved", {row.person_no for row in rows if row.moved_on}),
        moved_by_month=_by_month("moved", events, shown),
        unknown_funding=_unknown_funding(rows, shown),
        to_come=_to_come(rows, as_of, shown),
        without_policy=None if policy_id else _without_policy(run, payer, family, shown),
    )


def _to_come(rows: Sequence[_Row], as_of: dt.date | None, shown: "_Shown") -> Count:
    """All or none of them may be told; a part, with the patient-level right only."""
    exposed = {row.person_no for row in rows if row.active and row.verdict == "exposed"}
    now = (
        {row.person_no for row in rows if row.active and row.verdict == "exposed" and row.exposed_from <= as_of} if as_of else set()
    )
    if not shown.everything and 0 < len(now) < len(exposed):
        return HIDDEN
    return len(exposed - now)


def _people(rows: Sequence[_Row], kind: str) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for row in rows:
        for name in getattr(row, kind):
            found.setdefault(name, set()).add(row.person_no)
    return found


def _by_month(event: str, events: Mapping[str, set[int]], shown: "_Shown") -> tuple[MonthCount, ...]:
    names = sorted((name for name in events if name.startswith(f"{event}/")), key=lambda name: (name.endswith("/"), name))
    return tuple(MonthCount(_month(name), shown.event(name, events[name])) for name in names)


def _month(event: str) -> dt.date | None:
    _, _, month = event.partition("/")
    return dt.date.fromisoformat(f"{month}-01") if month else None


def _calendar(rows: Sequence[_Row], events: Mapping[str, set[int]], as_of: dt.date, shown: "_Shown") -> tuple[ExposureMonth, ...]:
    """Month by month from the first exposed day to a year ahead."""
    first = min((_month(name) for name in events if name.startswith("exposed/")), default=None)
    if first is None:
        return ()
    at_risk = {  # one treatment once, from its first exposed day under any of the policies
        row.episode_id: row
        for row in sorted(rows, key=lambda row: row.expected_from or dt.date.max, reverse=True)
        if row.expected_from and row.verdict not in ("exempt", "shielded")
    }
    last = _months_after(as_of, MONTHS_AHEAD)
    months, month, given_away = [], first, False
    while month < last:
        name = f"exposed/{month:%Y-%m}"
        people = shown.event(name, events.get(name, set()))
        given_away = given_away or people is HIDDEN
        infusions, cents = _expected(at_risk.values(), month)
        months.append(
            ExposureMonth(month, people, HIDDEN if given_away else infusions, HIDDEN if given_away else cents)
        )  # fmt: skip
        month = next_month(month)
    return tuple(months)


def _months_after(day: dt.date, months: int) -> dt.date:
    month = day.replace(day=1)
    for _ in range(months):
        month = next_month(month)
    return month


def _expected(rows: Sequence[_Row], month: dt.date) -> tuple[float | None, int | None]:
    """Infusions and allowed cents of a month, of treatments that are exposed, treated and not moved in it."""
    after, infusions, cents, known, priced = next_month(month), 0.0, 0.0, False, False
    for row in rows:
        begins = max(row.expected_from, month)
        ends = min(day for day in (after, row.moved_on, row.treated_until) if day)
        if row.interval_days and begins < ends:
            expected = (ends - begins).days / row.interval_days
            infusions, known = infusions + expected, True
            if row.allowed_per_infusion_cents is not None:
                cents, priced = cents + expected * row.allowed_per_infusion_cents, True
    return (round(infusions, 1) if known else None), (round(cents) if priced else None)


def _unknown_funding(rows: Sequence[_Row], shown: "_Shown") -> tuple[FundingCount, ...]:
    """Both ways; where one of the counts is small, none is shown."""
    counts: dict[str, dict[str, set[int]]] = {}
    for row in rows:
        if row.active and row.funding_assumed:
            ways = counts.setdefault(row.verdict, {"insured": set(), "self_funded": set()})
            ways[row.funding_assumed].add(row.person_no)
    sizes = [len(people) for ways in counts.values() for people in ways.values()]
    hidden = not shown.everything and any(0 < size < SMALLEST_SHOWN for size in sizes)
    return tuple(
        FundingCount(verdict, *(HIDDEN if hidden else len(counts[verdict][way]) for way in ("insured", "self_funded")))
        for verdict in VERDICTS
        if verdict in counts
    )


def _without_policy(run: Run, payer: str | None, family: str | None, shown: "_Shown") -> Count:
    """People treated today of whom no policy on file speaks."""
    rows = ask_tables(
        run,
        "SELECT DISTINCT treatment.person_no FROM {treatments} AS treatment "
        "JOIN {treatment_spans} AS span ON span.episode_id = treatment.episode_id AND span.is_last "
        "ANTI JOIN {exposure} AS exposure ON exposure.episode_id = treatment.episode_id "
        "WHERE (treatment.treated_until IS NULL OR treatment.treated_until >= treatment.as_of) "
        "AND ($payer IS NULL OR lower(span.payer) = lower($payer)) AND ($family IS NULL OR treatment.family = $family)",
        payer=payer,
        family=family,
    )
    size = len(rows)
    return HIDDEN if not shown.everything and 0 < size < SMALLEST_SHOWN else size


def _as_of(run: Run) -> dt.date | None:
    [(as_of,)] = ask_tables(run, "SELECT max(as_of) FROM {treatments}")
    return as_of


@lru_cache(maxsize=4)
def _rows(run_id: int, results: str) -> tuple[_Row, ...]:
    return tuple(_Row(*row) for row in ask_tables(Run.objects.get(pk=run_id), ROWS))


@dataclass(frozen=True)
class _Judged:
    """Hidden cells and the codes of their axes: policies with their payers, therapies, nodes (verdicts and clauses, or events)."""

    hidden: Hidden
    codes: tuple[dict[str, int], ...]

    def hides(self, *names: str) -> bool:
        found = [codes.get(name) for codes, name in zip(self.codes, names, strict=True)]
        return None not in found and self.hidden.contains(found)


class _Shown:
    """What one reader sees of the counts under one question."""

    def __init__(self, run: Run, see_small: bool, policy_id: str | None, payer: str | None, family: str | None):
        self.everything = see_small
        self.place = (f"policy/{policy_id}" if policy_id else f"payer/{payer.lower()}" if payer else "", family or "")
        self.judged = (
            None if see_small else (_judged(run.pk, results_key(run), "nodes"), _judged(run.pk, results_key(run), "events"))
        )

    def verdict(self, node: str, people: set[int]) -> Count:
        return self._count(0, node, people)

    def event(self, node: str, people: set[int]) -> Count:
        return self._count(1, node, people)

    def _count(self, which: int, node: str, people: set[int]) -> Count:
        return HIDDEN if self.judged and self.judged[which].hides(*self.place, node) else len(people)


@lru_cache(maxsize=8)
def _judged(run_id: int, results: str, kind: str) -> _Judged:
    facts = [(row, node) for row in _rows(run_id, results) for node in getattr(row, kind)]
    if not facts:
        return _Judged(Hidden(np.array([], dtype=np.int64), (1, 1, 1)), ({}, {}, {}))
    axes, codes = zip(
        tree([[f"payer/{row.policy_payer.lower()}", f"policy/{row.policy_id}"] for row, _ in facts]),
        tree([[row.family] for row, _ in facts]),
        tree([_path(node) for _, node in facts]),
        strict=True,
    )
    people = np.array([row.person_no for row, _ in facts], dtype=np.int64)
    depth = [sorted(axis.levels) for axis in axes]
    released = [(first, second, third) for first in depth[0] for second in depth[1] for third in depth[2]]
    return _Judged(hidden_cells(axes, people, released), codes)


def _path(node: str) -> list[str]:
    top, slash, _ = node.partition("/")
    return [top, node] if slash else [top]


def crossings(run: Run, old: Mapping | None, new: Mapping | None, see_small: bool) -> Crossings:
    """Who crosses from which verdict to which when document `old` becomes `new`; None: no policy before, or none after.

    Both are judged on what the run found, nothing is recomputed. ResultsMissing where the run keeps no treatments. Without the right
    counts are rounded down to tens: whoever edits step by step would otherwise learn small ones from the differences.
    """
    before, after = (_verdicts_by(run, document) for document in (old, new))
    pairs: dict[tuple[str | None, str | None], set[int]] = {}
    listed, same, moved = [], set(), set()
    for key in sorted({*before, *after}, key=str):
        was, now = before.get(key), after.get(key)
        row = now or was
        verdicts = (was and was["verdict"], now and now["verdict"])
        days = (was and was["exposed_from"], now and now["exposed_from"])
        if verdicts[0] != verdicts[1]:
            pairs.setdefault(verdicts, set()).add(row["person_no"])
        else:
            (same if days[0] == days[1] else moved).add(row["person_no"])
        if see_small and (verdicts[0] != verdicts[1] or days[0] != days[1]):
            listed.append(CrossingPerson(row["person_no"], row["episode_id"], row["family"], *verdicts, *days))
    least = 0 if see_small else _least_shown([len(people) for people in (*pairs.values(), same, moved)])

    def count(people: set[int]) -> Count:
        if see_small or not people:
            return len(people)
        return HIDDEN if len(people) < least else len(people) // TENS * TENS

    order = sorted(pairs, key=lambda pair: (-len(pairs[pair]), str(pair)))
    return Crossings(tuple(Crossing(*pair, count(pairs[pair])) for pair in order), count(same), count(moved), tuple(listed))


def _least_shown(sizes: Sequence[int]) -> int:
    """From how many people on a part of one whole is shown: a single small part takes the smallest other one with it, or the whole
    would give it away."""
    small = [size for size in sizes if 0 < size < SMALLEST_SHOWN]
    others = sorted(size for size in sizes if size >= SMALLEST_SHOWN)
    return others[0] + 1 if len(small) == 1 and others else SMALLEST_SHOWN


def _verdicts_by(run: Run, document: Mapping | None) -> dict[tuple, dict]:
    if document is None:
        return {}
    register = sites.selectors.reference_frames()
    try:
        rows = expose(
            storage.run_folder(run.pk), [document], payers.selectors.state_laws(), register["sites"], register["zip_centroids"]
        )
    except FileNotFoundError:
        raise ResultsMissing(f"Run {run.pk} keeps no treatments: it was computed by an earlier version. Recompute.") from None
    return {(row["episode_id"], row["funding_assumed"]): row for row in rows if row["active"]}
