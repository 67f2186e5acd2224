"""The people behind an exposure, one treatment and policy a row; for those with the patient-level right."""

import datetime as dt
from dataclasses import dataclass

from demand.models import Run
from demand.selectors.facts import ask_tables

COLUMNS = (
    "person_id", "family", "policy_id", "verdict", "exposed_from", "grace_until", "moved_on", "funding_assumed", "site_id",
    "site_class", "payer", "plan", "next_expected_on", "allowed_per_infusion_cents", "clauses", "reasons", "episode_id",
)  # fmt: skip
WHERE = """
WHERE active AND ($policy IS NULL OR policy_id = $policy) AND ($payer IS NULL OR lower(policy_payer) = lower($payer))
    AND ($family IS NULL OR family = $family) AND ($verdict IS NULL OR verdict = $verdict)
"""


@dataclass(frozen=True)
class ExposedPerson:
    person_id: str
    family: str
    policy_id: str
    verdict: str
    exposed_from: dt.date | None
    grace_until: dt.date | None
    moved_on: dt.date | None
    funding_assumed: str | None
    site_id: str | None
    site_class: str | None
    payer: str | None
    plan: str | None
    next_expected_on: dt.date | None
    allowed_per_infusion_cents: int | None
    clauses: str
    reasons: str
    episode_id: int


def exposed_people(
    run: Run,
    policy_id: str | None,
    payer: str | None,
    family: str | None,
    verdict: str | None,
    page: int | None = None,
    rows: int = 100,
) -> tuple[int, list[ExposedPerson]]:
    """(how many there are, those of the page; all of them without one), the next infusion first. ResultsMissing: recompute first."""
    asked = {"policy": policy_id, "payer": payer, "family": family, "verdict": verdict}
    [(total,)] = ask_tables(run, f"SELECT count(*) FROM {{exposure}} {WHERE}", **asked)
    cut = f"LIMIT {rows} OFFSET {(page - 1) * rows}" if page else ""
    found = ask_tables(
        run,
        f"SELECT {', '.join(COLUMNS)} FROM {{exposure}} {WHERE} ORDER BY next_expected_on NULLS LAST, person_id, family, policy_id, funding_assumed {cut}",
        **asked,
    )
    return total, [ExposedPerson(*row) for row in found]


def policies_of_person(run: Run, person_id: str) -> list[ExposedPerson]:
    """What policies say of one person's treatments under way."""
    found = ask_tables(
        run,
        f"SELECT {', '.join(COLUMNS)} FROM {{exposure}} WHERE active AND person_id = $person ORDER BY family, policy_id, funding_assumed",
        person=person_id,
    )
    return [ExposedPerson(*row) for row in found]
