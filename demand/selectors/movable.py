"""People treated at hospital sites -> what a move to another class of site would change for each; grain: person × therapy.

Whom: therapies that our named prescribers ordered in the run's last 12 months, at the hospital site of the last dose. Travel is the way to
the nearest open site of the class and back; home has none. What the patient pays and what payers allow there is the mean of the same
therapy and payer at that class in the run (therapy alone, where the payer has fewer than 11 such infusions); not known without 11.
Waiting is the median days from order to dose, by class and market. The clinical line in force is asked of each therapy and the class of
site: whom it keeps in the hospital, and whose drug is not suitable there, is not offered. A hospital department asks nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from demand.engine.drug_suitability import SITE_CLASSES
from demand.engine.verdicts import VERDICTS
from demand.models import RetentionLine, Run
from demand.moves import MoveQuestion
from demand.selectors.clinical_line import judged, saved_line, standing_version
from demand.selectors.facts import ask_tables, query_tables, results_key
from demand.selectors.reach import window
from sites.centroids import site_points, zip_points
from sites.engine.distance import miles_between, miles_matrix
from sites.engine.zip_places import area_of
from sites.models import Site

FEWEST_INFUSIONS = 11  # behind a mean that stands for what an infusion costs at another class of site
TREATED = """
WITH recent AS (
    SELECT * FROM {infusions}
    WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND service_date > $since AND service_date <= $until
), treated AS (
    SELECT person_id, person_no, family,
        arg_max(site_id, (service_date, infusion_id)) AS site, arg_max(site_class, (service_date, infusion_id)) AS site_class,
        arg_max(ownership, (service_date, infusion_id)) AS ownership,
        arg_max(coalesce(payer, 'unknown'), (service_date, infusion_id)) AS payer, arg_max(coalesce(market, 'unknown'), (service_date, infusion_id)) AS market,
        count(*) AS infusions, sum(patient_cents)::BIGINT AS patient_cents, count(patient_cents) AS patient_known,
        sum(allowed_cents)::BIGINT AS allowed_cents, count(allowed_cents) AS allowed_known
    FROM recent GROUP BY ALL
), home AS (
    SELECT person_id, arg_max(left(zip_code, 5), (enrollment_start_date, coalesce(enrollment_end_date, DATE '9999-12-31'), zip_code)) AS zip_code,
        min(birth_date) AS birth_date
    FROM {eligibility} WHERE enrollment_start_date <= $until GROUP BY person_id
), hit AS (
    SELECT DISTINCT person_id, family FROM {exposure} WHERE kind = 'site_of_care' AND verdict IN ('exposed', 'in_grace') AND active
)
SELECT person_id, person_no, family, site, site_class, payer, market, ownership = 'owned' AS ours, infusions::BIGINT AS infusions,
    coalesce(patient_cents / nullif(patient_known, 0), 'NaN'::DOUBLE) AS patient_cents, coalesce(allowed_cents / nullif(allowed_known, 0), 'NaN'::DOUBLE) AS allowed_cents,
    coalesce(zip_code, '') AS zip_code, coalesce(date_diff('day', birth_date, $until) // 365.25, -1)::INTEGER AS age, hit.family IS NOT NULL AS exposed
FROM treated LEFT JOIN home USING (person_id) LEFT JOIN hit USING (person_id, family)
WHERE site_class IN ('hopd_on_campus', 'hopd_off_campus') AND family <> 'unknown'
ORDER BY person_no, family
"""
THERE = """
SELECT family, payer, avg(patient_cents), avg(allowed_cents), count(*) FILTER (patient_cents IS NOT NULL), count(*) FILTER (allowed_cents IS NOT NULL)
FROM {infusions} WHERE site_class = $to AND family <> 'unknown' AND service_date > $since AND service_date <= $until
GROUP BY GROUPING SETS ((family, payer), (family))
"""
WAITS = """
SELECT site_class, market, median(waits), count(waits) FROM {infusions} WHERE waits IS NOT NULL GROUP BY GROUPING SETS ((site_class, market), (site_class))
"""
Columns = Mapping[str, np.ndarray]
HELD = ("must_stay", "should_not")  # verdicts with which nobody is offered
NOT_UNDER_WAY = "not_under_way"  # ended or overdue on the run's day: the line judges treatments under way
OPEN = ("not_enough_data", NOT_UNDER_WAY)  # offered, and to be asked first


@dataclass(frozen=True)
class Movers:
    """One entry a person and therapy. NaN: not known. miles: both ways of one infusion, now and there; cents: an infusion's. `verdict` is a
    column of those offered and of those held back."""

    columns: Columns
    held: Columns
    version: RetentionLine | None
    asks_line: bool
    miles_now: np.ndarray
    miles_there: np.ndarray
    patient_there: np.ndarray
    allowed_there: np.ndarray
    wait_change: np.ndarray
    areas: np.ndarray

    def __len__(self) -> int:
        return len(self.columns["person_no"])


def movers(run: Run, question: MoveQuestion) -> Movers:
    """Everybody at a hospital site who is not at the class of site asked for already, and whom the line does not hold back; the question's
    filters applied. ResultsMissing: recompute first."""
    columns = treated(run.pk, results_key(run))
    keep = columns["site_class"] != question.to
    for name, value in question.chosen.items():
        keep = keep & (columns[name] == value)
    chosen = {name: column[keep] for name, column in columns.items()}
    version, asks_line = standing_version(), question.to in SITE_CLASSES
    chosen["verdict"] = (
        _verdicts(run, version, question.to, chosen) if asks_line else np.full(int(keep.sum()), "may_move", dtype=object)
    )
    offered = ~np.isin(chosen["verdict"].astype(str), HELD)
    mine, held = ({name: column[side] for name, column in chosen.items()} for side in (offered, ~offered))
    points = zip_points(set(mine["zip_code"]) - {""})
    homes = np.array([_point(points.get(zip_code)) for zip_code in mine["zip_code"]], dtype=float).reshape(-1, 2)
    places = site_points(Site.objects.on_file())
    now = np.array([_point(places.get(site)) for site in mine["site"]], dtype=float).reshape(-1, 2)
    miles_now = 2 * _known(miles_between(homes[:, 0], homes[:, 1], now[:, 0], now[:, 1]))
    patient, allowed = _means_there(run, question.to, mine)
    return Movers(
        mine, held, version, asks_line, miles_now, _miles_there(run, question, homes, places), patient, allowed, _wait_change(run, question.to, mine),
        np.array([area_of(zip_code).area_class for zip_code in mine["zip_code"]], dtype=object),
    )  # fmt: skip


def _verdicts(run: Run, version: RetentionLine | None, to: str, mine: Columns) -> np.ndarray:
    """What the line says of each person and therapy for the class of site."""
    now = judged(run, saved_line(version))
    keys = zip(now.values.numbers["person_no"].astype(np.int64), now.values.texts["family"], strict=True)
    said = dict(zip(keys, now.verdict[:, SITE_CLASSES.index(to)], strict=True))
    found = (said.get(key) for key in zip(mine["person_no"], mine["family"], strict=True))
    return np.array([NOT_UNDER_WAY if one is None else VERDICTS[one] for one in found], dtype=object)


@lru_cache(maxsize=2)
def treated(run_id: int, results: str) -> Columns:
    run = Run.objects.get(pk=run_id)
    until, since = window(run)
    found = query_tables(run, TREATED, since=since, until=until).fetchnumpy()
    return {name: np.ma.getdata(column) for name, column in found.items()}


def _point(point) -> tuple[float, float]:
    return (point.latitude, point.longitude) if point else (np.nan, np.nan)


def _known(miles: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(miles), miles, np.nan)


def _miles_there(run: Run, question: MoveQuestion, homes: np.ndarray, places: dict) -> np.ndarray:
    if question.to == "home":
        return np.where(np.isnan(homes[:, 0]), np.nan, 0.0)
    until, _ = window(run)
    open_sites = Site.objects.on_file().filter(site_class=question.to).exclude(closed_on__lte=until).exclude(opened_on__gt=until)
    if question.whose == "ours":
        open_sites = open_sites.filter(ownership=Site.Ownership.OWNED)
    there = [_point(places.get(site.site_id)) for site in open_sites]
    there = [point for point in there if not np.isnan(point[0])]
    if not there or not len(homes):
        return np.full(len(homes), np.nan)
    return 2 * _known(miles_matrix(homes, np.array(there)).min(axis=1))


def _means_there(run: Run, to: str, mine: Columns) -> tuple[np.ndarray, np.ndarray]:
    until, since = window(run)
    patient, allowed = {}, {}
    for family, payer, patient_mean, allowed_mean, patient_known, allowed_known in ask_tables(
        run, THERE, to=to, since=since, until=until
    ):
        if patient_known >= FEWEST_INFUSIONS:
            patient[family, payer] = patient_mean
        if allowed_known >= FEWEST_INFUSIONS:
            allowed[family, payer] = allowed_mean
    return tuple(
        np.array(
            [means.get(pair, means.get((pair[0], None), np.nan)) for pair in zip(mine["family"], mine["payer"], strict=True)],
            dtype=float,
        )
        for means in (patient, allowed)
    )


def _wait_change(run: Run, to: str, mine: Columns) -> np.ndarray:
    """Days more until a dose: the median there less the median where they are, of the market, else of the class."""
    waits = {
        (site_class, market): median for site_class, market, median, known in ask_tables(run, WAITS) if known >= FEWEST_INFUSIONS
    }

    def wait(site_class: str, market: str) -> float:
        return waits.get((site_class, market), waits.get((site_class, None), np.nan))

    pairs = zip(mine["site_class"], mine["market"], strict=True)
    return np.array([wait(to, market) - wait(now, market) for now, market in pairs], dtype=float)


def choices(run: Run, name: str) -> list[str]:
    """The values of a column among those who are at a hospital site."""
    return sorted(set(treated(run.pk, results_key(run))[name]))
