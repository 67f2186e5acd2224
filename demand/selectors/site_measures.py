"""A site's travel, money and quality out of a run and the logs, for people with the patient-level right; grain: one site.

Travel: people infused here in the run's last 12 months of data, each once, from the middle of the ZIP code of their latest eligibility to
the site. Money: what claims say of every infusion of the run here. Quality: waits of the run, and what the logs on file say of the site.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Max, Min, Q, Sum

from demand.engine.reach import HOME, PHARMACY, RADII, quantile
from demand.models import Denial, PatientImpact, Run, WhiteBagEvent
from demand.selectors.facts import ask_tables
from demand.selectors.reach import LATEST_HOME
from sites.centroids import site_points, zip_points
from sites.engine.distance import miles_between
from sites.models import Site

FAR = max(RADII)  # miles
LAST_DAY = "SELECT max(service_date) FROM {infusions} WHERE list_contains($sites, site_id)"
HOMES = f"""
WITH {LATEST_HOME}
SELECT zip_code, count(DISTINCT person_id) FROM {{infusions}} LEFT JOIN home USING (person_id)
WHERE list_contains($sites, site_id) AND service_date > $since AND service_date <= $until GROUP BY 1 ORDER BY 1
"""
MONEY = """
SELECT count(*), CAST(sum(allowed_cents) AS BIGINT), count(allowed_cents), CAST(sum(paid_cents) AS BIGINT), count(paid_cents),
    CAST(sum(patient_cents) AS BIGINT), count(patient_cents)
FROM {infusions} WHERE list_contains($sites, site_id)
"""
WAITS = """
SELECT quantile_disc(waits, 0.5), quantile_disc(waits, 0.9), count(waits), count(*) FROM {infusions}
WHERE list_contains($sites, site_id) AND service_date > $since AND service_date <= $until
"""


@dataclass(frozen=True)
class Travels:
    """Miles of `placed` people; `unknown` have no ZIP code that can be placed. `why_not`: why there are no miles at all."""

    placed: int
    unknown: int
    median: float | None = None
    ninetieth: float | None = None
    far: int = 0
    why_not: str = ""

    @property
    def far_share(self) -> float | None:
        return self.far / self.placed if self.placed else None


@dataclass(frozen=True)
class Amount:
    """Cents summed over the `known` of `infusions`; None where none is known."""

    cents: int | None
    known: int
    infusions: int

    @property
    def each(self) -> int | None:
        return round(self.cents / self.known) if self.known else None


@dataclass(frozen=True)
class Logged:
    """Records of one log that name the site, and the days they are from and to. `told`: what they add up to, by name."""

    records: int
    since: dt.date | None
    until: dt.date | None
    told: dict[str, int | None]


@dataclass(frozen=True)
class Measures:
    """`waited` of `recent` infusions followed an order on file; waits are days from that order."""

    since: dt.date
    until: dt.date
    travel: Travels
    allowed: Amount
    paid: Amount
    patient: Amount
    wait_median: int | None
    wait_ninetieth: int | None
    waited: int
    recent: int
    denials: Logged
    white_bags: Logged
    impacts: Logged


def measures_of(run: Run, site: Site, ids: Sequence[str]) -> Measures | None:
    """None where no infusion of the run was given here. ResultsMissing where the run keeps no such tables."""
    ids = list(ids)
    ((until,),) = ask_tables(run, LAST_DAY, sites=ids)
    if until is None:
        return None
    period = {"since": until - dt.timedelta(days=365), "until": until}
    ((infusions, *money),) = ask_tables(run, MONEY, sites=ids)
    amounts = [Amount(cents, known, infusions) for cents, known in zip(money[::2], money[1::2], strict=True)]
    ((median, ninetieth, waited, recent),) = ask_tables(run, WAITS, sites=ids, **period)
    homes = ask_tables(run, HOMES, sites=ids, **period)
    return Measures(*period.values(), _travels(site, homes), *amounts, median, ninetieth, waited, recent, *_logs(ids))


def _travels(site: Site, homes: list[tuple[str | None, int]]) -> Travels:
    people = sum(number for _, number in homes)
    here = site_points([site]).get(site.site_id)
    if site.site_class in (HOME, PHARMACY):
        return Travels(0, people, why_not="Nobody travels to it.")
    if here is None:
        return Travels(0, people, why_not="The register knows neither its coordinates nor a ZIP code that can be placed.")
    middles = zip_points(zip_code for zip_code, _ in homes if zip_code)
    known = [(middles[zip_code], number) for zip_code, number in homes if zip_code in middles]
    weights = np.array([number for _, number in known], dtype=np.int64)
    lies = np.array([(point.latitude, point.longitude) for point, _ in known], dtype=float).reshape(-1, 2)
    miles = miles_between(lies[:, 0], lies[:, 1], np.full(len(known), here.latitude), np.full(len(known), here.longitude))
    placed = int(weights.sum())
    return Travels(
        placed,
        people - placed,
        quantile(miles, weights, 0.5),
        quantile(miles, weights, 0.9),
        int(weights[miles > FAR].sum()),
        "" if placed else "None of their ZIP codes can be placed.",
    )


def _logs(ids: list[str]) -> tuple[Logged, Logged, Logged]:
    return (
        _logged(Denial, "decided_on", ids, denied_cents=Sum("denied_cents"), written_off_cents=Sum("written_off_cents")),
        _logged(
            WhiteBagEvent, "administered_on", ids,
            delayed=Count("pk", filter=Q(delayed_days__gt=0)), dose_changed=Count("pk", filter=Q(dose_changed=True)),
            wasted=Count("pk", filter=Q(wasted=True)), staff_minutes=Sum("staff_minutes"),
        ),
        _logged(PatientImpact, "reported_on", ids, delayed=Count("pk", filter=Q(delay_days__gt=0)), delay_days=Sum("delay_days")),
    )  # fmt: skip


def _logged(model, day: str, ids: list[str], **sums) -> Logged:
    found = model.objects.filter(site_id__in=ids).aggregate(records=Count("pk"), since=Min(day), until=Max(day), **sums)
    return Logged(found.pop("records"), found.pop("since"), found.pop("until"), found)
