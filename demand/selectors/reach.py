"""A run's people and the register's open sites -> who has which site in reach, as one frozen value that the pages share.

People: those with an infusion ordered by a named prescriber of ours in the run's last 12 months, each counted once, under the market,
payer and therapy of the latest one, at the ZIP code of their latest eligibility. At risk: exposed (or in grace) under a site-of-care
policy that is decided and not over, where the run knows exposures.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import Count, Q, Sum

from demand import storage
from demand.engine.reach import Barred, Group, Place, Reach, Thresholds, quantile, reach
from demand.models import Run
from demand.selectors.facts import ask_tables, results_key
from payers.models import Policy
from sites.centroids import PACKAGE, Point, site_points, zip_points
from sites.engine.distance import miles_between
from sites.engine.zip_places import UNKNOWN, area_of
from sites.models import Site, ZipCentroid

LAST_DAY = "SELECT max(service_date) FROM {infusions} WHERE attribution_rule IN ('ordering_npi', 'rendering_npi')"
LATEST_HOME = """home AS (
    SELECT person_id, arg_max(left(zip_code, 5), (enrollment_start_date, coalesce(enrollment_end_date, DATE '9999-12-31'), zip_code)) AS zip_code
    FROM {eligibility} WHERE zip_code IS NOT NULL AND enrollment_start_date <= $until GROUP BY person_id
)"""
PEOPLE = """
WITH recent AS (
    SELECT * FROM {infusions}
    WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND service_date > $since AND service_date <= $until
), person AS (
    SELECT
        person_id, arg_max(market, (service_date, infusion_id)) AS market, arg_max(payer, (service_date, infusion_id)) AS payer,
        arg_max(family, (service_date, infusion_id)) AS family, count(*) AS infusions, coalesce(sum(allowed_cents), 0)::BIGINT AS allowed_cents
    FROM recent GROUP BY person_id
), HOME_OF_PERSON, risk AS (RISK)
SELECT
    coalesce(home.zip_code, ''), coalesce(market, 'unknown'), coalesce(payer, 'unknown'), coalesce(family, 'unknown'), policies,
    count(*), sum(infusions)::BIGINT, sum(person.allowed_cents)::BIGINT
FROM person LEFT JOIN home USING (person_id) LEFT JOIN risk USING (person_id)
GROUP BY ALL ORDER BY ALL
""".replace("HOME_OF_PERSON", LATEST_HOME)
EXPOSED = """
SELECT person_id, list_sort(list(DISTINCT policy_id)) AS policies FROM {exposure}
WHERE verdict IN ('exposed', 'in_grace') AND list_contains($policies, policy_id) GROUP BY person_id
"""
NOBODY_EXPOSED = "SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR[] AS policies WHERE false"
TRIPS = """
WITH HOME_OF_PERSON
SELECT zip_code, site_id, coalesce(market, 'unknown'), coalesce(payer, 'unknown'), coalesce(family, 'unknown'), count(*), count(DISTINCT person_id)
FROM {infusions} JOIN home USING (person_id)
WHERE attribution_rule IN ('ordering_npi', 'rendering_npi') AND service_date > $since AND service_date <= $until AND site_class <> 'home'
GROUP BY ALL ORDER BY ALL
""".replace("HOME_OF_PERSON", LATEST_HOME)


@dataclass(frozen=True)
class Travel:
    """Miles of infusions in the last 12 months; None where fewer than 11 people travelled and small counts are hidden."""

    infusions: int
    median: float | None
    ninetieth: float | None
    not_placed: int = 0


@dataclass(frozen=True)
class Reached:
    """`names` of sites by id; `zip_points` with the source of each middle."""

    reach: Reach
    as_of: dt.date | None
    since: dt.date | None
    knows_exposure: bool
    places: tuple[Place, ...]
    names: dict[str, str]
    owners: dict[str, str]
    site_sources: dict[str, str]
    zip_points: dict[str, Point]
    area_classes: dict[str, str]

    @property
    def from_package(self) -> int:
        return sum(point.source == PACKAGE for point in self.zip_points.values())


def knows_exposure(run: Run) -> bool:
    return (storage.run_folder(run.pk) / "exposure.parquet").exists()


def reached(run: Run, thresholds: Thresholds) -> Reached:
    """ResultsMissing where the run's files are gone."""
    return _reached(run.pk, results_key(run), thresholds, _register_stamp())


def _register_stamp() -> tuple:
    """What distances rest on besides the run: changed registers are another question."""
    middles = ZipCentroid.objects.aggregate(Count("pk"), Sum("latitude"), Sum("longitude"))
    fields = (
        "site_id",
        "name",
        "site_class",
        "ownership",
        "owner",
        "market",
        "latitude",
        "longitude",
        "zip_code",
        "opened_on",
        "closed_on",
    )
    policies = tuple(
        Policy.objects.filter(kind="site_of_care").order_by("pk").values_list("policy_id", "status", "effective_to", "document")
    )
    sites = tuple(Site.objects.on_file().order_by("site_id").values_list(*fields, "hospital_affiliated"))
    return tuple(middles.values()), sites, repr(policies)


@lru_cache(maxsize=16)
def _reached(run_id: int, results: str, thresholds: Thresholds, stamp: tuple) -> Reached:
    run = Run.objects.get(pk=run_id)
    until, since = window(run)
    known = knows_exposure(run)
    sites = list(_open_sites(until)) if until else []
    points = site_points(sites)
    places = tuple(
        Place(
            site.site_id,
            site.site_class,
            site.ownership,
            site.market,
            points[site.site_id].latitude if site.site_id in points else None,
            points[site.site_id].longitude if site.site_id in points else None,
            site.hospital_affiliated,
        )
        for site in sites
    )
    groups = _groups(run, since, until, known) if until else ()
    middles = zip_points(group.zip_code for group in groups)
    areas = {zip_code: area_of(zip_code).area_class for zip_code in middles}
    found = reach(
        groups, places, {zip_code: (point.latitude, point.longitude) for zip_code, point in middles.items()}, areas, thresholds
    )
    return Reached(
        found, until, since, known, places,
        {site.site_id: site.name for site in sites}, {site.site_id: site.owner for site in sites},
        {site_id: point.source for site_id, point in points.items()}, middles, areas,
    )  # fmt: skip


def window(run: Run) -> tuple[dt.date | None, dt.date | None]:
    """(last day with an infusion of ours, the day a year before it): the run's last 12 months."""
    until = ask_tables(run, LAST_DAY)[0][0]
    return until, until and until - dt.timedelta(days=365)


def _open_sites(day: dt.date):
    return Site.objects.on_file().filter(Q(opened_on=None) | Q(opened_on__lte=day)).filter(Q(closed_on=None) | Q(closed_on__gt=day))


def _policies(until: dt.date):
    """Site-of-care policies that are decided and not over."""
    decided = Policy.objects.filter(kind="site_of_care").exclude(status="anticipated")
    return decided.filter(Q(effective_to=None) | Q(effective_to__gt=until))


def _groups(run: Run, since: dt.date, until: dt.date, known: bool) -> tuple[Group, ...]:
    barred = {
        policy_id: Barred(
            frozenset(document.get("excluded_site_classes") or ()), bool(document.get("excludes_hospital_affiliated"))
        )
        for policy_id, document in _policies(until).values_list("policy_id", "document")
    }
    given = {"policies": sorted(barred)} if known else {}
    rows = ask_tables(run, PEOPLE.replace("RISK", EXPOSED if known else NOBODY_EXPOSED), since=since, until=until, **given)
    return tuple(
        Group(zip_code, market, payer, family, _together(barred, policies), policies is not None, people, infusions, cents)
        for zip_code, market, payer, family, policies, people, infusions, cents in rows
    )


def _together(barred: dict[str, Barred], policies: list[str] | None) -> Barred:
    over = [barred[policy] for policy in policies or ()]
    return Barred(frozenset().union(*(one.site_classes for one in over)), any(one.hospital_affiliated for one in over))


def travel(run: Run, found: Reached, see_small: bool, **only: str) -> dict[str, Travel]:
    """Market ('' for all) -> how far people travel to where they are infused; `only`: market, payer, family."""
    if found.as_of is None:
        return {"": Travel(0, None, None)}
    rows = ask_tables(run, TRIPS, since=found.since, until=found.as_of)
    rows = [
        row for row in rows if all(dict(zip(("market", "payer", "family"), row[2:5], strict=True))[k] == v for k, v in only.items())
    ]
    points = site_points(Site.objects.on_file())
    middles = zip_points({row[0] for row in rows})
    here = [middles.get(row[0]) for row in rows]
    there = [points.get(row[1]) for row in rows]
    miles = miles_between(
        *(
            np.array([np.nan if p is None else getattr(p, axis) for p in side])
            for side in (here, there)
            for axis in ("latitude", "longitude")
        )
    )
    markets = np.array([row[2] for row in rows], dtype=object)
    weights = np.array([row[5] for row in rows], dtype=np.int64)
    people = np.array([row[6] for row in rows], dtype=np.int64)
    return {
        market: _travel(miles[mask], weights[mask], people[mask], see_small)
        for market in ("", *sorted(set(markets)))
        for mask in [markets == market if market else np.ones(len(rows), dtype=bool)]
    }


def _travel(miles: np.ndarray, weights: np.ndarray, people: np.ndarray, see_small: bool) -> Travel:
    placed = np.isfinite(miles)
    # A person who went to two places counts twice here, so a tenth of the group must still be more than one person.
    if not see_small and people[placed].sum() < 110:
        return Travel(0, None, None)
    return Travel(
        int(weights[placed].sum()),
        quantile(miles[placed], weights[placed], 0.5),
        quantile(miles[placed], weights[placed], 0.9),
        int(weights[~placed].sum()),
    )


def area_words(area_class: str) -> str:
    return "not known" if area_class == UNKNOWN else area_class
