"""What a run's infusions say beside a log: how often our sites gave what the log's events are of, and where an order led.

Orders name a person and a molecule, not a payer or a clinic: the infusion of that person and family nearest to the order's day says
both. Its allowed amount counts as exposed only where the first dose itself came before approval.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from demand.models import Run
from demand.selectors.facts import ResultsMissing, ask_tables
from demand.selectors.records import UNKNOWN, Record

ADMINISTRATIONS = """
SELECT coalesce(payer, 'unknown'), coalesce(family, 'unknown'), coalesce(site_id, 'unknown'), count(*)
FROM {infusions}
WHERE ownership = 'owned' AND service_date >= $first_on AND service_date <= $last_on
GROUP BY ALL
"""
# The nearest infusion; of two equally near the later one, then the higher number.
ORDER_PLACES = """
WITH asked AS (
    SELECT unnest($ids) AS id, unnest($people) AS person_id, unnest($families) AS family, unnest($days)::DATE AS day
)
SELECT
    asked.id,
    arg_min(coalesce(given.payer, 'unknown'), (abs(given.service_date - asked.day), -epoch(given.service_date), -given.infusion_id)),
    arg_min(coalesce(given.site_id, 'unknown'), (abs(given.service_date - asked.day), -epoch(given.service_date), -given.infusion_id)),
    CAST(sum(given.allowed_cents) FILTER (given.service_date = asked.day) AS BIGINT)
FROM asked JOIN {infusions} AS given USING (person_id, family)
GROUP BY asked.id
"""


@dataclass(frozen=True)
class Administrations:
    """Infusions at our own sites from the first to the last day of the clinics' log; None where no run can say."""

    first_on: dt.date
    last_on: dt.date
    counts: Counter  # (payer, family, site) -> infusions

    def of(self, **wanted: str) -> int:
        """Infusions with these values of payer (in any letter case), family, site."""
        named = {"payer": 0, "family": 1, "site": 2}
        asked = [(named[name], value.casefold()) for name, value in wanted.items()]
        return sum(number for key, number in self.counts.items() if all(key[place].casefold() == value for place, value in asked))


def administrations(run: Run | None, events: Sequence[Record]) -> Administrations | None:
    if run is None or not events:
        return None
    first_on, last_on = min(event.day for event in events), max(event.day for event in events)
    try:
        rows = ask_tables(run, ADMINISTRATIONS, first_on=first_on, last_on=last_on)
    except ResultsMissing:
        return None
    return Administrations(first_on, last_on, Counter({tuple(key): number for *key, number in rows}))


@dataclass(frozen=True)
class OrderPlace:
    payer: str
    site: str
    allowed_cents: int | None


NOWHERE = OrderPlace(UNKNOWN, UNKNOWN, None)


def order_places(run: Run | None, orders: Sequence[Record]) -> dict[int, OrderPlace]:
    """Order id -> payer, clinic and the allowed amount of its first dose, as far as the run knows them."""
    if run is None or not orders:
        return {}
    try:
        rows = ask_tables(
            run, ORDER_PLACES,
            ids=[order.id for order in orders],
            people=[order.person_id for order in orders],
            families=[order.family for order in orders],
            days=[order.first_infused_on or order.scheduled_on or order.ordered_on for order in orders],
        )  # fmt: skip
    except ResultsMissing:
        return {}
    return {id_: OrderPlace(payer, site, cents) for id_, payer, site, cents in rows}


def scheduled_before_approval(order: Record) -> bool:
    return order.scheduled_on is not None and (order.authorized_on is None or order.authorized_on > order.scheduled_on)


def given_before_approval(order: Record) -> bool:
    return order.first_infused_on is not None and (order.authorized_on is None or order.authorized_on > order.first_infused_on)
