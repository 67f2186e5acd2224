"""A person's infusions -> what the system's departments wrote down; grain: one row an order, white-bagged dose, denial, impact.

Logs are partial on purpose: a clinic notes about two thirds of the doses that came from a pharmacy, which is why a rate
inferred from claims needs its own measured error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demand.engine.rehearsal import days
from demand.engine.rehearsal.claims import Seen
from demand.engine.rehearsal.draws import Draws
from demand.engine.rehearsal.lines import money
from demand.engine.rehearsal.plans import Course, Infusion, Order

ORDER_COLUMNS = (
    "order_id", "person_id", "ordering_npi", "molecule", "ordered_on", "authorized_on", "scheduled_on", "first_infused_on",
    "location",
    "determination", "reject_reason", "preference",
)  # fmt: skip
DENIAL_COLUMNS = (
    "claim_id", "payer", "hcpcs_code", "site_id", "service_date", "reason_code", "denied_amount", "written_off_amount",
    "decided_on",
)  # fmt: skip
WHITE_BAG_COLUMNS = (
    "site_id", "hcpcs_code", "payer", "administered_on", "pharmacy", "dose_changed", "delayed_days", "wasted", "staff_minutes",
)  # fmt: skip
IMPACT_COLUMNS = ("policy_id", "site_id", "reported_on", "kind", "delay_days", "severity")

_IMPACTS = ("delay", "transfer_of_care", "missed_dose", "cost_surprise", "distress")
_REASONS = ("CO-197", "CO-16", "CO-198", "PR-204")


@dataclass(slots=True)
class LogRows:
    orders: list[str] = field(default_factory=list)
    denials: list[str] = field(default_factory=list)
    white_bag_events: list[str] = field(default_factory=list)
    patient_impacts: list[str] = field(default_factory=list)
    clinical_facts: list[str] = field(default_factory=list)


def _day(value: int | None) -> str:
    return "" if value is None else days.text(value)


def _order_row(order: Order, person_id: str, number: int) -> str:
    return (
        f"O{person_id[2:]}{number:03d},{person_id},{order.npi},{order.molecule},{days.text(order.day)},{_day(order.authorized)},"
        f"{_day(order.scheduled)},{_day(order.infused)},{order.location},{order.determination},{order.reject_reason},{order.preference}\n"
    )


def add_logs(rows: LogRows, seen_rows: list[tuple[Course, Infusion, Seen]], draw: Draws, policy_of: dict[str, str]) -> None:
    """policy_of: payer name -> the id of its site policy, for impacts."""
    done: set[int] = set()
    number = 0
    for course, infusion, seen in seen_rows:
        if id(course) not in done:
            done.add(id(course))
            for order in course.orders:
                number += 1
                rows.orders.append(_order_row(order, course.person.person_id, number))
        site, payer, day = infusion.site, infusion.payer, infusion.day
        if site.ownership != "owned":
            if course.moved_on == day and course.reason == "site_policy" and draw.chance(0.25) and payer.name in policy_of:
                rows.patient_impacts.append(
                    f"{policy_of[payer.name]},{course.from_site.site_id},{days.text(day + 3)},{draw.pick(_IMPACTS)},"
                    f"{draw.between(2, 40)},{draw.pick(('low', 'moderate', 'high'))}\n"
                )
            continue
        if infusion.channel == "white_bag" and draw.chance(0.66):
            rows.white_bag_events.append(
                f"{site.site_id},{infusion.code.hcpcs},{payer.name},{days.text(day)},{infusion.pharmacy.name},"
                f"{'true' if draw.chance(0.05) else 'false'},{draw.between(0, 9) if draw.chance(0.3) else 0},"
                f"{'true' if draw.chance(0.04) else 'false'},{draw.between(20, 75)}\n"
            )
        if seen.denied_cents:
            lost = seen.denied_cents if draw.chance(0.4) else 0
            rows.denials.append(
                f"{seen.claim_ids[0]},{payer.name},{infusion.code.hcpcs},{site.site_id},{days.text(day)},{draw.pick(_REASONS)},"
                f"{money(seen.denied_cents)},{money(lost)},{days.text(day + draw.between(25, 80))}\n"
            )
