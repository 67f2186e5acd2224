"""Infusions that our named prescribers ordered -> what followed them, by class of the site; grain of the columns: one infusion.

An event belongs to the person's last infusion on or before its day, wherever that was, so it is counted once. Infusions are asked of whose
30 days after lie in mature months. Case mix: age (under 18, 18–44, 45–64, 65–79, 80 or more), clinical line, heart, lung or kidney
disease on claims by that day, one of the first two doses of a therapy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.disclosure import HIDDEN
from demand.engine.standardised_rates import Rate, standardised_rates, standardised_ratios
from demand.models import Run
from demand.selectors.facts import query_tables, results_key
from demand.selectors.split_cells import AllShown, Path, SplitCells

WITHIN = (1, 7, 30)  # days after an infusion; 1: the same day or the next
KINDS = {  # key -> events, and what they are called
    "hospital": (("emergency", "admission"), "Emergency visit or admission"),
    "reaction": (("reaction", "epinephrine"), "Reaction or epinephrine"),
    "infection": (("line_infection", "sepsis"), "Infection of a line or of the blood"),
}
SLACK_DAYS = 7  # a dose is late when it comes more than this after it was due, and missed when the one after it was due too
PERSIST_DAYS = 180
FOLLOWED_NODE = "followed"  # of the cells that are judged; others could not be followed
ADHERENCE = {  # measure -> the fewest doses (persisted: new starts) of which a rate is told, and its place among what may be shown
    "late": (30, (FOLLOWED_NODE, "due", "late")),
    "missed": (30, (FOLLOWED_NODE, "due", "late", "missed")),
    "covered": (30, (FOLLOWED_NODE, "due")),
    "persisted": (11, ("persisted",)),
}
AGES = (18, 45, 65, 80)
FOLLOWED = """
WITH horizon AS (
    SELECT data_source, (max(month) + INTERVAL 1 MONTH)::DATE AS known_until FROM {maturity} WHERE mature GROUP BY data_source
), born AS (
    SELECT person_id, min(birth_date) AS birth_date FROM {eligibility} GROUP BY person_id
), ill AS (
    SELECT person_id, min(event_on) AS ill_on FROM {clinical_events} WHERE kind IN ('cardiopulm', 'renal_fluid') GROUP BY person_id
), treated AS (
    SELECT person_id, family, started_on, last_infused_on, episode_id, interval_days FROM {episodes}
), given AS (
    SELECT
        infusion.*, episode_id, interval_days,
        row_number() OVER (PARTITION BY episode_id, person_no, infusion.family ORDER BY service_date, infusion_id) AS dose_no,
        lead(service_date) OVER (PARTITION BY person_no, infusion.family ORDER BY service_date, infusion_id) AS next_on,
        first_value(infusion_id) OVER (PARTITION BY person_no, service_date ORDER BY infusion_id) = infusion_id AS takes_events
    FROM {infusions} AS infusion
    LEFT JOIN treated
        ON treated.person_id = infusion.person_id AND treated.family = infusion.family
        AND infusion.service_date BETWEEN started_on AND last_infused_on
), followed AS (
    SELECT given.infusion_id,
        min(event_on - service_date) FILTER (kind IN ('emergency', 'admission')) AS hospital,
        min(event_on - service_date) FILTER (kind IN ('reaction', 'epinephrine')) AS reaction,
        min(event_on - service_date) FILTER (kind IN ('line_infection', 'sepsis')) AS infection
    FROM {clinical_events} AS event ASOF JOIN (SELECT * FROM given WHERE takes_events) AS given
        ON event.person_no = given.person_no AND event.event_on >= given.service_date
    GROUP BY given.infusion_id
)
SELECT
    person_no, service_date, site_class, coalesce(given.clinical_line, 'unknown') AS line, family, coalesce(payer, 'unknown') AS payer,
    coalesce(line_of_business, 'unknown') AS line_of_business, coalesce(market, 'unknown') AS market,
    coalesce(date_diff('day', birth_date, service_date) // 365.25, -1)::INTEGER AS age, coalesce(ill_on <= service_date, false) AS ill, dose_no,
    coalesce(hospital, 999)::INTEGER AS hospital, coalesce(reaction, 999)::INTEGER AS reaction, coalesce(infection, 999)::INTEGER AS infection,
    coalesce(next_on - service_date, -1)::INTEGER AS gap, coalesce(interval_days, -1)::INTEGER AS interval_days
FROM given JOIN horizon USING (data_source) LEFT JOIN followed USING (infusion_id) LEFT JOIN born USING (person_id) LEFT JOIN ill USING (person_id)
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND service_date + 30 < known_until
    AND site_class NOT IN ('unknown', 'inpatient', 'emergency')
ORDER BY infusion_id
"""
# Ordered by named prescribers too, and left out above: not 30 days before the feed's end, or at a site that is not known. They are judged
# with the others: whoever reads all of a class on another page has these by subtraction.
UNFOLLOWED = """
WITH horizon AS (
    SELECT data_source, (max(month) + INTERVAL 1 MONTH)::DATE AS known_until FROM {maturity} WHERE mature GROUP BY data_source
)
SELECT
    person_no, service_date, family, coalesce(payer, 'unknown') AS payer, coalesce(line_of_business, 'unknown') AS line_of_business,
    coalesce(market, 'unknown') AS market, site_class
FROM {infusions} AS infusion LEFT JOIN horizon USING (data_source)
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND site_class NOT IN ('inpatient', 'emergency')
    AND NOT (coalesce(service_date + 30 < known_until, false) AND site_class <> 'unknown')
ORDER BY infusion_id
"""
STAYED = """
WITH horizon AS (
    SELECT (max(month) + INTERVAL 1 MONTH)::DATE AS known_until FROM {maturity} WHERE mature
), born AS (
    SELECT person_id, min(birth_date) AS birth_date FROM {eligibility} GROUP BY person_id
), ill AS (
    SELECT person_id, min(event_on) AS ill_on FROM {clinical_events} WHERE kind IN ('cardiopulm', 'renal_fluid') GROUP BY person_id
)
SELECT
    person_no, first_site_class AS site_class, last_infused_on + allowed_gap >= started_on + $days AS persisted, coalesce(clinical_line, 'unknown') AS line,
    coalesce(date_diff('day', birth_date, started_on) // 365.25, -1)::INTEGER AS age, coalesce(ill_on <= started_on, false) AS ill, 1 AS dose_no
FROM {episodes} AS episode LEFT JOIN born USING (person_id) LEFT JOIN ill USING (person_id), horizon
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND started_on + $days < known_until AND new_start
    AND coalesce(end_cause, '') NOT IN ('complete', 'planned_self_injection', 'died', 'not_enrolled')
    AND first_site_class NOT IN ('unknown', 'inpatient', 'emergency')
ORDER BY episode_id
"""


@dataclass(frozen=True)
class ClassRate:
    """A class of site. Rates are (rate, lower, upper limit) at 95 %, HIDDEN where the events may not be shown, None for 0/0 and too few."""

    site_class: str
    cases: object
    events: object
    raw: object
    adjusted: object


Columns = Mapping[str, np.ndarray]


@lru_cache(maxsize=2)
def followed_infusions(run_id: int, results: str) -> Columns:
    return _columns(query_tables(Run.objects.get(pk=run_id), FOLLOWED).fetchnumpy())


@lru_cache(maxsize=2)
def unfollowed_infusions(run_id: int, results: str) -> Columns:
    return _columns(query_tables(Run.objects.get(pk=run_id), UNFOLLOWED).fetchnumpy())


@lru_cache(maxsize=2)
def _starts(run_id: int, results: str) -> Columns:
    return _columns(query_tables(Run.objects.get(pk=run_id), STAYED, days=PERSIST_DAYS).fetchnumpy())


def _columns(found: dict) -> Columns:
    return {name: np.ma.getdata(column) for name, column in found.items()}


def strata(columns: Columns) -> np.ndarray:
    """One number per mix of age, clinical line, illness and first doses."""
    ages = np.digitize(columns["age"], AGES)
    ages = np.where(columns["age"] < 0, len(AGES) + 1, ages)
    _, lines = np.unique(columns["line"].astype(str), return_inverse=True)
    return ((lines * (len(AGES) + 2) + ages) * 2 + columns["ill"]) * 2 + (columns["dose_no"] <= 2)


def event_rates(run: Run, kind: str, within: int, see_small: bool) -> tuple[ClassRate, ...]:
    """One line a class of site, the most infusions first."""
    key = (run.pk, results_key(run))
    columns = followed_infusions(*key)
    cells = AllShown() if see_small else _event_cells(*key, kind)
    node = (FOLLOWED_NODE, *(f"within {days}" for days in reversed(WITHIN) if days >= within))
    found = standardised_rates(columns["site_class"].astype(str), strata(columns), columns[kind] <= within)
    lines = []
    for rate in sorted(found, key=lambda rate: (-rate.cases, rate.group)):
        shown, counted = cells.shows(*node, site_class=rate.group), cells.shows(FOLLOWED_NODE, site_class=rate.group)
        lines.append(
            ClassRate(
                rate.group, rate.cases if counted else HIDDEN, rate.events if shown else HIDDEN,
                *((rate.raw, rate.adjusted) if shown and counted else (HIDDEN, HIDDEN)),
            )
        )  # fmt: skip
    return tuple(lines)


@lru_cache(maxsize=8)
def _event_cells(run_id: int, results: str, kind: str) -> SplitCells:
    """Those within a day are a part of those within a week, and these of those within 30 days."""

    def path(days: int) -> Path:
        return tuple(f"within {limit}" for limit in reversed(WITHIN) if days <= limit) or ("none",)

    return _cells_by_class(run_id, results, [path(days) for days in followed_infusions(run_id, results)[kind]])


def _cells_by_class(run_id: int, results: str, paths: Sequence[Path]) -> SplitCells:
    """All infusions of a class: those followed by their paths, and the others."""
    parts = followed_infusions(run_id, results), unfollowed_infusions(run_id, results)
    classes, people = (np.concatenate([part[name] for part in parts]) for name in ("site_class", "person_no"))
    every = [(FOLLOWED_NODE, *path) for path in paths] + [("unfollowed",)] * len(parts[1]["person_no"])
    return SplitCells({"site_class": classes.astype(str)}, [every], people.astype(np.int64))


def adherence(run: Run, see_small: bool) -> Mapping[str, tuple[ClassRate, ...]]:
    """A measure of ADHERENCE -> one line a class of site, the most doses (new starts) first.

    late, missed: events among doses that another of the same therapy followed within a year, with an interval to hold it against. covered:
    of the days between these doses, those on which the last one still lasts. persisted: of new starts that could be followed for 180 days,
    those still treated then. Classes are those of the dose before, of the first dose for new starts.
    """
    key = (run.pk, results_key(run))
    doses, starts = followed_infusions(*key), _starts(*key)
    late, missed = lateness(doses)
    after = {name: column[due(doses)] for name, column in doses.items()}
    place, mix = after["site_class"].astype(str), strata(after)
    began = starts["site_class"].astype(str)
    rates = {
        "late": standardised_rates(place, mix, late[due(doses)]),
        "missed": standardised_rates(place, mix, missed[due(doses)]),
        "covered": standardised_ratios(
            place, mix, after["person_no"], np.minimum(after["gap"], after["interval_days"]), after["gap"]
        ),
        "persisted": standardised_rates(began, strata(starts), starts["persisted"].astype(bool)),
    }
    told = (AllShown(), AllShown()) if see_small else _adherence_cells(*key)
    return {measure: _lines(found, measure, began if measure == "persisted" else place, told) for measure, found in rates.items()}


def _lines(found: Sequence[Rate], measure: str, places: np.ndarray, told: tuple) -> tuple[ClassRate, ...]:
    fewest, node = ADHERENCE[measure]
    cells = told[measure == "persisted"]
    number = dict(zip(*np.unique(places, return_counts=True), strict=True))
    lines = []
    for rate in sorted(found, key=lambda rate: (-number[rate.group], rate.group)):
        counted, shown = (
            cells.shows(*of, site_class=str(rate.group))
            for of in (node[:-1] if measure == "persisted" else (FOLLOWED_NODE, "due"), node)
        )
        rates = (rate.raw, rate.adjusted) if number[rate.group] >= fewest else (None, None)
        lines.append(
            ClassRate(
                str(rate.group), rate.cases if counted else HIDDEN, rate.events if shown else HIDDEN,
                *(rates if shown and counted else (HIDDEN, HIDDEN)),
            )
        )  # fmt: skip
    return tuple(lines)


def due(doses: Columns) -> np.ndarray:
    """After a year it is another course."""
    return (doses["gap"] > 0) & (doses["gap"] <= 365) & (doses["interval_days"] > 0)


def lateness(doses: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Which infusions were followed by a late dose, and by one so late that another was due before it."""
    gap, interval = doses["gap"], doses["interval_days"]
    return due(doses) & (gap > interval + SLACK_DAYS), due(doses) & (gap > 2 * interval) & (gap > interval + SLACK_DAYS)


@lru_cache(maxsize=2)
def _adherence_cells(run_id: int, results: str) -> tuple[SplitCells, SplitCells]:
    doses, starts = followed_infusions(run_id, results), _starts(run_id, results)
    late, missed = lateness(doses)
    paths = [
        ("not due",)
        if not known
        else ("due", "late", "missed")
        if gone
        else ("due", "late", "came")
        if slow
        else ("due", "in time")
        for known, slow, gone in zip(due(doses), late, missed, strict=True)
    ]
    persisted = [("persisted" if stayed else "stopped",) for stayed in starts["persisted"]]
    return (
        _cells_by_class(run_id, results, paths),
        SplitCells({"site_class": starts["site_class"]}, [persisted], starts["person_no"].astype(np.int64)),
    )
