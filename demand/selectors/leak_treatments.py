"""The treatments behind a leakage figure, one a row, for people with the patient-level right; their sums are the figure's."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

from demand.filters import LONGEST, DashboardFilters
from demand.models import Run
from demand.selectors.facts import ask_tables

PAGE = 50
# What an address may narrow the list by, beside the filters: its parameter is leak_<name>, but for kind.
ASKED = (
    "mechanism", "reason", "site_class", "ownership", "owner", "payer_affiliation", "clinical_line", "specialty", "relation", "prescriber_market",
)  # fmt: skip
KINDS = ("left", "bagged", "silent")


@dataclass(frozen=True)
class LeakQuestion:
    """What an address asks: filters, a kind of leak (None: left and bagged together), parts of the splits by name."""

    filters: DashboardFilters
    kind: str | None
    parts: Mapping[str, str]

    @classmethod
    def from_query(cls, query) -> tuple["LeakQuestion", tuple[str, ...]]:
        filters, problems = DashboardFilters.from_query(query)
        parts = {name: query[f"leak_{name}"].strip()[:LONGEST] for name in ASKED if f"leak_{name}" in query}
        kind = query.get("kind", "")
        if kind and kind not in KINDS:
            problems = (*problems, "The kind of leak was left out: there are left, bagged and silent.")
        return cls(filters, kind if kind in KINDS else None, parts), problems

    @property
    def where(self) -> str:
        conditions = [f"coalesce({name}, '') = $leak_{name}" for name in self.parts]
        conditions.append(f"kind = '{self.kind}'" if self.kind else "kind <> 'silent'")
        return " WHERE " + " AND ".join(conditions)

    @property
    def values(self) -> dict[str, str]:
        return {f"leak_{name}": value for name, value in self.parts.items()}


@dataclass(frozen=True)
class LeakTreatment:
    """One treatment. infusions and allowed_cents are what of it leaked; latest_infusion is one of them, None where it fell silent."""

    person_id: str
    family: str
    payer: str
    market: str
    infusions: int
    allowed_cents: int | None
    first_on: dt.date
    last_on: dt.date
    mechanisms: tuple[str, ...]
    places: tuple[dict, ...]
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    prescriber_npi: str | None
    dose_cents: int | None
    latest_infusion: int | None


COLUMNS = tuple(field.name for field in fields(LeakTreatment))
GROUPED = """
WITH behind AS (
    SELECT
        coalesce(episode_id, -infusion_id) AS treatment, person_no, any_value(family) AS family,
        arg_max(payer, leaked_on) AS payer, arg_max(market, leaked_on) AS market,
        sum(infusions)::BIGINT AS infusions, sum(allowed_cents)::BIGINT AS allowed_cents, min(leaked_on) AS first_on, max(leaked_on) AS last_on,
        list_sort(list(DISTINCT mechanism)) AS mechanisms,
        list_sort(list(DISTINCT {'site_class': coalesce(site_class, ''), 'ownership': coalesce(ownership, ''), 'owner': coalesce(owner, ''),
            'payer_affiliation': coalesce(payer_affiliation, '')})) AS places,
        list_sort(list(DISTINCT reason)) AS reasons, list_sort(list(DISTINCT evidence) FILTER (evidence IS NOT NULL)) AS evidence,
        arg_max(named_npi, leaked_on) AS prescriber_npi, any_value(dose_cents) AS dose_cents, max(infusion_id) AS latest_infusion
    FROM {leaks} {where}
    GROUP BY ALL
), person AS (SELECT DISTINCT person_no, person_id FROM {episodes} UNION SELECT DISTINCT person_no, person_id FROM {infusions})
"""


def treatments(run: Run, question: LeakQuestion, page: int | None = None) -> tuple[tuple[int, int, int, int], list[LeakTreatment]]:
    """((treatments, people, infusions, allowed cents), those of the page, all of them without one), most money first."""
    grouped = GROUPED.replace("{where}", question.where)
    [totals] = ask_tables(
        run,
        f"{grouped} SELECT count(*), count(DISTINCT person_no), coalesce(sum(infusions), 0)::BIGINT, coalesce(sum(allowed_cents), 0)::BIGINT "
        "FROM behind",
        question.filters,
        **question.values,
    )
    cut = f"LIMIT {PAGE} OFFSET {PAGE * (page - 1)}" if page else ""
    rows = ask_tables(
        run,
        f"{grouped} SELECT {', '.join(COLUMNS)} FROM behind JOIN person USING (person_no) "
        f"ORDER BY coalesce(allowed_cents, dose_cents) DESC NULLS LAST, treatment {cut}",
        question.filters,
        **question.values,
    )
    return totals, [LeakTreatment(*row) for row in rows]
