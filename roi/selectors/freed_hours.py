"""A scenario's freed hospital chair-hours and the orders log's waiting list; small numbers of people are hidden without the right."""

import datetime as dt
from dataclasses import dataclass

from demand.engine.disclosure import SMALLEST_SHOWN
from demand.models import Order
from demand.selectors.records import records, registers
from payers.models import DrugFamily
from roi.engine.freed_hours import Freed, Waiting, freed_hours, hospital_margins, served
from roi.engine.infusion_center import Center

REJECTED = "rejected"
USUAL_INTERVAL, USUAL_MINUTES = 28, 120


@dataclass(frozen=True)
class FreedPage:
    """`as_of` is the last day on which the log has an order; None: no log. `hidden`: of 1 to 10 people, so that only hours are shown."""

    as_of: dt.date | None
    found: Freed
    hidden: bool

    @property
    def sentence(self) -> str:
        hours = f"{self.found.freed:,.0f} chair-hours a month"
        if self.as_of is None:
            return f"The center frees {hours} at the hospital. No log of orders is on file: they are given no value."
        if self.hidden:
            return f"The center frees {hours} at the hospital; the list is too small to show what they would be used for."
        if not self.found.waiting:
            return f"The center frees {hours} at the hospital. Nobody waits: they are worth nothing today."
        if not self.found.served:
            return f"The center frees {hours} at the hospital, too few for the first of {self.found.waiting:,} people who wait."
        return (
            f"The center frees {hours} at the hospital; {self.found.served:,} of {self.found.waiting:,} people who wait fit into "
            f"{self.found.served_hours:,.0f} of them."
        )


def freed_page(center: Center, sees_small: bool) -> FreedPage:
    as_of, waiting = waiting_list()
    found = served(freed_hours(center), waiting, hospital_margins(center))
    parts = (found.waiting, found.served, found.waiting - found.served, found.unpriced, found.served - found.unpriced)
    return FreedPage(as_of, found, not sees_small and any(0 < part < SMALLEST_SHOWN for part in parts))


def waiting_list() -> tuple[dt.date | None, list[Waiting]]:
    """People with an order that was neither rejected nor infused by the log's last day, the oldest order first; each once."""
    as_of = Order.objects.order_by("-ordered_on").values_list("ordered_on", flat=True).first()
    if as_of is None:
        return None, []
    drugs = {family.family: family for family in DrugFamily.objects.all()}
    seen, found = set(), []
    for order in sorted(records("orders", registers()), key=lambda row: (row.ordered_on, row.order_id)):
        infused = order.first_infused_on
        is_waiting = order.determination.lower() != REJECTED and (infused is None or infused > as_of)
        if not is_waiting or order.person_id in seen:
            continue
        seen.add(order.person_id)
        drug = drugs.get(order.family)
        interval, minutes = (drug.interval_days, drug.chair_minutes) if drug else (None, None)
        found.append(Waiting(order.family, interval or USUAL_INTERVAL, minutes or USUAL_MINUTES))
    return as_of, found
