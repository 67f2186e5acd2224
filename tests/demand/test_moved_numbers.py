"""A provider number that moves from one site to another: only the infusions of those days move with it."""

from tests.demand.flow import CLINIC, administration, day, line, site, to_infusions

DAYS = ("2025-06-30", "2025-07-01")
BEFORE = [site("A", CLINIC, "infusion_center", "owned"), site("B", None, "infusion_center", "other")]
AFTER = [
    site("A", None, "infusion_center", "owned"), site("A", CLINIC, "infusion_center", "owned", closed_on="2025-07-01"),
    site("B", None, "infusion_center", "other"), site("B", CLINIC, "infusion_center", "other", opened_on="2025-07-01"),
]  # fmt: skip


def places(sites):
    lines = [
        made
        for number, text in enumerate(DAYS)
        for made in (
            line(service_date=day(text), billing_npi=CLINIC, person_id=f"p{number}"),
            administration(service_date=day(text), billing_npi=CLINIC, person_id=f"p{number}"),
        )
    ]
    return [(str(found["service_date"]), found["site_id"]) for found in to_infusions(lines, sites=sites).infusions]


def test_only_the_infusions_of_those_dates_are_assigned_anew():
    assert places(BEFORE) == [("2025-06-30", "A"), ("2025-07-01", "A")]
    assert places(AFTER) == [("2025-06-30", "A"), ("2025-07-01", "B")]
