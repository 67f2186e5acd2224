"""The register of overdue treatments: counts for everybody, the treatments themselves for people with the patient-level right.

An attributed treatment whose next dose is overdue by more than its gap rule has exactly one outcome: moved, stopped (with named evidence),
no longer enrolled, too early to say (its feed is not complete for the date), or unknown. Of the unknown ones those are dark whom every
feed would show: enrolled, the month complete, nothing of the therapy in any feed. What somebody found out since stands beside it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from demand.engine.disclosure import HIDDEN, SMALLEST_SHOWN
from demand.filters import DashboardFilters
from demand.models import DarkResolution, Run
from demand.selectors.coverage import Coverage, coverage
from demand.selectors.dashboard import Measure
from demand.selectors.facts import ask_tables
from demand.selectors.hidden import DIMENSIONS, Everything
from demand.selectors.hidden_silent import silent_cells
from demand.selectors.prescribers import prescriber_names

RESOLUTIONS = ("moved", "stopped", "not_enrolled", "feed_immature", "unknown")
GROUPS = ("specialty", "relation", "prescriber_market")
BY = ("payer", "line_of_business", "clinical_line", "family", "market", *GROUPS)
PAGE = 50
DARK = "dark AND resolution = 'unknown'"


@dataclass(frozen=True)
class Count:
    """Treatments with a resolution, and what one dose of each of them is usually allowed; amounts_unknown: treatments without one."""

    treatments: Measure = 0
    people: Measure = 0
    dose_cents: Measure = 0
    amounts_unknown: Measure = 0


NONE, HIDDEN_COUNT = Count(), Count(HIDDEN, HIDDEN, HIDDEN, HIDDEN)


@dataclass(frozen=True)
class RegisterRow:
    value: str
    counts: dict[str, Count]

    def of(self, resolution: str) -> Count:
        return self.counts.get(resolution, NONE)


@dataclass(frozen=True)
class Answers:
    """Of the dark treatments of the register (`of`), those that somebody answered, by the answer's kind."""

    of: Measure
    answered: Measure
    kinds: tuple[tuple[str, Measure], ...]


@dataclass(frozen=True)
class Register:
    filters: DashboardFilters
    coverage: Coverage
    counts: dict[str, Count]
    evidence: tuple[tuple, ...]
    by: str
    rows: tuple[RegisterRow, ...]
    answers: Answers
    apart: Measure  # overdue treatments that only the majority rule attributes: in no count above
    restricted: bool

    def of(self, resolution: str) -> Count:
        return self.counts.get(resolution, NONE)


@dataclass(frozen=True)
class Overdue:
    """One treatment of the register, as the run saw it, and the newest answer to it."""

    episode_id: int
    person_id: str
    payer: str
    plan: str
    line_of_business: str
    market: str
    family: str
    site_id: str
    site_class: str
    owner: str
    started_on: dt.date
    last_infused_on: dt.date
    infusions: int
    interval_days: int | None
    expected_next_on: dt.date | None
    due_on: dt.date
    resolution: str
    evidence: str | None
    dark: bool
    outcome: str
    named_npi: str | None
    specialty: str
    dose_cents: int | None
    due_source: str | None
    seen_until: dt.date | None
    is_mature: bool
    has_eligibility: bool
    enrolled_until: dt.date | None
    later_fills: int
    has_later_event: bool
    prescriber: str = ""
    answer: DarkResolution | None = None

    @property
    def overdue_days(self) -> int | None:
        """Days from the expected dose to the last day that the feed tells of."""
        return (self.seen_until - self.expected_next_on).days if self.seen_until and self.expected_next_on else None


MEASURES = "count(*), count(DISTINCT person_no), sum(dose_cents)::BIGINT, count(*) - count(dose_cents)"
COLUMNS = tuple(field.name for field in fields(Overdue) if field.name not in ("prescriber", "answer"))


def register(run: Run, filters: DashboardFilters, see_small: bool, by: str) -> Register:
    """ResultsMissing where the run keeps no register."""
    cells = Everything() if see_small else silent_cells(run, filters)
    found = {
        name: Count(*measures)
        for name, *measures in _ask(run, filters, f"SELECT resolution, {MEASURES} FROM {{overdue}} WHERE is_headline GROUP BY 1")
    }
    [(apart,)] = _ask(run, filters, "SELECT count(*) FROM {overdue} WHERE NOT is_headline")
    evidence = "SELECT resolution, coalesce(evidence, ''), count(*), count(DISTINCT person_no) FROM {overdue} WHERE is_headline GROUP BY ALL ORDER BY 1, 3 DESC, 2"
    return Register(
        filters=filters,
        coverage=coverage(run),
        counts={name: count if cells.shows(name) else HIDDEN_COUNT for name, count in found.items()},
        evidence=tuple(_ask(run, filters, evidence)) if see_small else (),
        by=by,
        rows=_rows(run, filters, by, cells, see_small),
        answers=_answers(run, filters, cells, see_small),
        apart=apart if see_small else HIDDEN if apart else 0,
        restricted=not see_small,
    )  # fmt: skip


def _ask(run: Run, filters: DashboardFilters, sql: str, **values) -> list[tuple]:
    return ask_tables(run, sql, filters, **values)


def _rows(run: Run, filters: DashboardFilters, by: str, cells, see_small: bool) -> tuple[RegisterRow, ...]:
    if not see_small and by not in DIMENSIONS:
        return ()
    found: dict[str, dict[str, Count]] = {}
    sql = f"SELECT coalesce({by}, 'unknown'), resolution, {MEASURES} FROM {{overdue}} WHERE is_headline GROUP BY ALL"
    for value, resolution, *measures in _ask(run, filters, sql):
        shown = cells.shows(resolution, **({by: value} if by in DIMENSIONS else {}))
        found.setdefault(value, {})[resolution] = Count(*measures) if shown else HIDDEN_COUNT

    def size(row: RegisterRow):
        treatments = row.of("unknown").treatments
        return (treatments is HIDDEN, 0 if treatments is HIDDEN else -treatments, row.value)

    return tuple(sorted((RegisterRow(value, counts) for value, counts in found.items()), key=size))


def _answers(run: Run, filters: DashboardFilters, cells, see_small: bool) -> Answers:
    keys = _ask(run, filters, f"SELECT person_id, family, last_infused_on FROM {{overdue}} WHERE is_headline AND {DARK}")
    [(unknown, ours)] = _ask(
        run, filters,
        f"SELECT count(*) FILTER (resolution = 'unknown'), count(*) FILTER ({DARK} AND outcome = 'dark') FROM {{overdue}} WHERE is_headline",
    )  # fmt: skip
    newest = newest_answers()
    kinds = Counter(newest[key].kind for key in keys if key in newest)
    # Also what would follow beside the other counts of these pages: unknown and not dark, dark and never ours.
    sizes = (*kinds.values(), len(keys) - sum(kinds.values()), unknown - len(keys), len(keys) - ours)
    small = any(0 < size < SMALLEST_SHOWN for size in (*sizes, len(keys)))
    hidden = not see_small and (small or not cells.shows("unknown") or not cells.shows("unknown/dark"))

    def shown(number: int) -> Measure:
        return HIDDEN if hidden and number else number

    words = dict(DarkResolution.Kind.choices)
    return Answers(
        shown(len(keys)), shown(sum(kinds.values())), tuple((words[kind], shown(number)) for kind, number in kinds.most_common())
    )


def newest_answers() -> dict[tuple, DarkResolution]:
    """The answer that counts of each treatment that has one: (person_id, family, last_infused_on) -> entry."""
    newest: dict[tuple, DarkResolution] = {}
    for entry in DarkResolution.objects.select_related("recorded_by").order_by("pk"):
        newest[entry.person_id, entry.family, entry.last_infused_on] = entry
    return {key: entry for key, entry in newest.items() if entry.kind != DarkResolution.Kind.OPEN}


def history(treatment: Overdue) -> list[DarkResolution]:
    """All entries of a treatment, newest first."""
    return list(
        DarkResolution.objects.select_related("recorded_by").filter(
            person_id=treatment.person_id, family=treatment.family, last_infused_on=treatment.last_infused_on
        )
    )


@dataclass(frozen=True)
class WorkQuestion:
    """Which treatments of the register are listed: the dark ones unless a resolution is asked for."""

    filters: DashboardFilters
    resolution: str | None = None
    prescriber: str | None = None
    open_only: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "WorkQuestion":
        resolution = query.get("resolution", "")
        filters, _ = DashboardFilters.from_query(query)
        return cls(
            filters, resolution if resolution in RESOLUTIONS else None, query.get("prescriber", "").strip()[:20] or None, query.get("open") == "1"
        )  # fmt: skip


def work_list(run: Run, question: WorkQuestion) -> list[Overdue]:
    """By prescriber, most money first within each: whom to call about whom."""
    where = "resolution = $resolution" if question.resolution else DARK
    values = {"resolution": question.resolution} if question.resolution else {}
    if question.prescriber:
        where, values = f"{where} AND coalesce(named_npi, 'unknown') = $prescriber", values | {"prescriber": question.prescriber}
    sql = (
        f"SELECT {', '.join(COLUMNS)} FROM {{overdue}} WHERE is_headline AND {where} "
        "ORDER BY count(*) OVER (PARTITION BY named_npi) DESC, named_npi, dose_cents DESC NULLS LAST, episode_id"
    )
    rows = _named([Overdue(*row) for row in _ask(run, question.filters, sql, **values)])
    return [row for row in rows if row.answer is None] if question.open_only else rows


def one_overdue(run: Run, episode_id: int) -> Overdue | None:
    rows = _ask(
        run, DashboardFilters(), f"SELECT {', '.join(COLUMNS)} FROM {{overdue}} WHERE episode_id = $episode", episode=episode_id
    )
    return _named([Overdue(*rows[0])])[0] if rows else None


def _named(rows: list[Overdue]) -> list[Overdue]:
    names, newest = prescriber_names(row.named_npi for row in rows), newest_answers()
    return [
        replace(
            row,
            prescriber=names.get(row.named_npi, row.named_npi or ""),
            answer=newest.get((row.person_id, row.family, row.last_infused_on)),
        )
        for row in rows
    ]
