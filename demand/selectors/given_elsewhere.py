"""What became of the therapies that each prescriber of ours ordered: given here, elsewhere, white-bagged, or silent. With the right only."""

import datetime as dt
from dataclasses import dataclass

from demand.models import Run
from demand.selectors.facts import ask_tables
from demand.selectors.prescribers import prescriber_names
from sites.models import Prescriber

PAGE = 50


@dataclass(frozen=True)
class PrescriberRow:
    """Infusions ordered by one prescriber, by outcome; treatments that are dark now."""

    npi: str
    name: str
    specialty: str
    relation: str
    market: str
    people: int
    infusions: int
    kept: int
    bagged: int
    partner: int
    left: int
    unknown: int
    left_cents: int | None
    dark: int

    @property
    def leakage(self) -> float | None:
        """left ÷ (kept + white-bagged + left)"""
        base = self.kept + self.bagged + self.left
        return self.left / base if base else None


@dataclass(frozen=True)
class TherapyRow:
    """One treatment of the prescriber's, and where it was given."""

    person_id: str
    family: str
    payer: str
    started_on: dt.date
    last_infused_on: dt.date
    outcome: str | None
    here: int
    elsewhere: int
    elsewhere_cents: int | None
    places: tuple[str, ...]
    latest_infusion: int


BY_PRESCRIBER = """
WITH ordered AS (
    SELECT named_npi, outcome, person_no, allowed_cents FROM {infusions}
    WHERE attribution_rule IN ('ordering_npi', 'rendering_npi')
), silence AS (
    SELECT named_npi, count(*) AS dark
    FROM {overdue} WHERE is_headline AND dark AND resolution = 'unknown' GROUP BY 1
)
SELECT
    named_npi, count(DISTINCT person_no), count(*), count(*) FILTER (outcome = 'kept'), count(*) FILTER (outcome = 'margin_leak'),
    count(*) FILTER (outcome = 'partner'), count(*) FILTER (outcome = 'site_leak'), count(*) FILTER (coalesce(outcome, 'unknown') = 'unknown'),
    (sum(allowed_cents) FILTER (outcome = 'site_leak'))::BIGINT, coalesce(any_value(silence.dark), 0)
FROM ordered LEFT JOIN silence USING (named_npi)
GROUP BY named_npi
ORDER BY 9 DESC NULLS LAST, 1
"""
OF_ONE = """
SELECT
    episode.person_id, episode.family, arg_max(infusion.payer, infusion.service_date), episode.started_on, episode.last_infused_on, episode.outcome,
    count(*) FILTER (infusion.outcome IN ('kept', 'margin_leak')), count(*) FILTER (infusion.outcome IN ('site_leak', 'partner')),
    (sum(infusion.allowed_cents) FILTER (infusion.outcome IN ('site_leak', 'partner')))::BIGINT,
    coalesce(list_sort(list(DISTINCT coalesce(nullif(infusion.owner, ''), infusion.site_class))
        FILTER (infusion.outcome IN ('site_leak', 'partner'))), []),
    max(infusion.infusion_id)
FROM {infusions} AS infusion
JOIN {episodes} AS episode
    ON episode.person_id = infusion.person_id AND episode.family = infusion.family
    AND infusion.service_date >= episode.started_on AND infusion.service_date <= episode.last_infused_on
WHERE infusion.named_npi = $npi AND infusion.attribution_rule IN ('ordering_npi', 'rendering_npi')
GROUP BY episode.person_id, episode.family, episode.started_on, episode.last_infused_on, episode.outcome
ORDER BY 9 DESC NULLS LAST, 8 DESC, 1, 2
"""


def prescribers(run: Run, search: str = "") -> list[PrescriberRow]:
    """Most allowed dollars gone first. ResultsMissing: recompute first."""
    roster = {one.npi: one for one in Prescriber.objects.order_by("starts_on")}
    rows = []
    for npi, *measures in ask_tables(run, BY_PRESCRIBER):
        one = roster.get(npi)
        told = (one.name, one.specialty, one.get_relation_display(), one.market) if one else (npi, "", "", "")
        rows.append(PrescriberRow(npi, *told, *measures))
    return [row for row in rows if search.lower() in f"{row.name} {row.npi} {row.specialty}".lower()]


def therapies_of(run: Run, npi: str) -> tuple[str, list[TherapyRow]]:
    """(the prescriber's name, their patients' treatments, most dollars given elsewhere first)"""
    return prescriber_names([npi]).get(npi, npi), [TherapyRow(*row) for row in ask_tables(run, OF_ONE, npi=npi)]
