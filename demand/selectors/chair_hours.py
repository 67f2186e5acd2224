"""What a run's facts say of chair-hours: by site, month and line; by market and kind of site; who leaves under policies on schedule."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from demand.engine.capacity import BASE_MONTHS, USUAL_CHAIR_MINUTES, Given, Leaver
from demand.models import Run
from demand.selectors.facts import ResultsMissing, ask_tables
from payers.models import DrugFamily

NOT_OUTPATIENT = ["inpatient", "emergency"]
DAYS_A_MONTH = 365.25 / 12
MINUTES = "(SELECT unnest($families) AS family, unnest($minutes)::DOUBLE AS minutes)"
HOURS = "sum(coalesce(known.minutes, $usual)) / 60"
GIVEN = f"""
SELECT site_id, month, coalesce(clinical_line, 'unknown') AS line, {HOURS} AS hours,
    count(*) FILTER (known.minutes IS NULL) AS guessed, count(*) AS infusions
FROM {{facts}} LEFT JOIN {MINUTES} AS known USING (family)
WHERE site_id IN (SELECT unnest($sites)) AND site_class NOT IN (SELECT unnest($never))
GROUP BY ALL ORDER BY ALL
"""
PEOPLE = """
SELECT site_id, {by}, count(DISTINCT person_no) AS people
FROM {facts}
WHERE site_id IN (SELECT unnest($sites)) AND site_class NOT IN (SELECT unnest($never)) AND month >= $since AND month <= $until
GROUP BY ALL
"""
# As scenarios count them: site policies in force or announced; a date within the months measured has done its work, who was still
# there stays; where nobody tells the funding, both must expose.
LEAVING = """
WITH reached AS (
    SELECT episode_id, policy_id, max(coalesce(exposed_from, expected_from)) AS leaves_on,
        any_value(person_id) AS person_id, any_value(family) AS family, any_value(site_id) AS site_id,
        greatest(any_value(interval_days), 1) AS interval_days
    FROM {exposure}
    WHERE kind = 'site_of_care' AND status IN ('in_force', 'announced') AND active AND next_expected_on IS NOT NULL
        AND interval_days IS NOT NULL
    GROUP BY episode_id, policy_id
    HAVING bool_and(verdict IN ('exposed', 'in_grace') AND coalesce(exposed_from, expected_from) IS NOT NULL)
), treatment AS (
    SELECT episode_id, any_value(person_id) AS person_id, any_value(family) AS family, any_value(site_id) AS site_id,
        any_value(interval_days) AS interval_days, min(leaves_on) AS leaves_on
    FROM reached
    WHERE leaves_on >= $after
    GROUP BY episode_id
)
SELECT site_id, family, date_trunc('month', leaves_on)::DATE AS month, sum(1.0 / interval_days) AS a_day,
    count(DISTINCT person_id) AS people
FROM treatment
WHERE site_id IN (SELECT unnest($sites))
GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Months:
    """The months of a run; `base` are the last complete ones, on which "today" rests."""

    base: tuple[dt.date, ...]

    @property
    def since(self) -> dt.date | None:
        return self.base[0] if self.base else None

    @property
    def until(self) -> dt.date | None:
        return self.base[-1] if self.base else None


class Row(NamedTuple):
    site_id: str
    month: dt.date
    line: str
    hours: float
    guessed: int
    infusions: int


def months(run: Run) -> Months:
    rows = ask_tables(run, "SELECT month FROM {facts} GROUP BY month HAVING bool_and(mature) ORDER BY month")
    return Months(tuple(row[0] for row in rows)[-BASE_MONTHS:])


def chair_minutes() -> dict[str, object]:
    """Named values for the queries: each family's minutes, and those of a family that nobody has timed."""
    known = dict(DrugFamily.objects.exclude(chair_minutes=None).exclude(chair_minutes=0).values_list("family", "chair_minutes"))
    return {"families": list(known), "minutes": list(known.values()), "usual": float(USUAL_CHAIR_MINUTES)}


def rows_by_site(run: Run, sites: list[str]) -> list[Row]:
    return [Row(*row) for row in ask_tables(run, GIVEN, sites=sites, never=NOT_OUTPATIENT, **chair_minutes())]


def given(rows: list[Row], names: dict[tuple[str, str], str]) -> list[Given]:
    """Rows as the engine takes them, small lines under the name they are pooled in."""
    return [Given(row.site_id, row.month, names.get((row.site_id, row.line), row.line), row.hours) for row in rows]


def people_by(run: Run, by: str, sites: list[str], since: dt.date, until: dt.date) -> dict[tuple, int]:
    """Different people by site and one more column (month or line); "" for the site alone."""
    column = {"month": "month", "line": "coalesce(clinical_line, 'unknown')", "": "NULL"}[by]
    sql = PEOPLE.replace("{by}", f"{column} AS part")
    rows = ask_tables(run, sql, sites=sites, never=NOT_OUTPATIENT, since=since, until=until)
    return {(site, part): people for site, part, people in rows}


def people_together(run: Run, sites: list[str]) -> dict[dt.date, int]:
    """Different people of all these sites by month: one who goes to two of them counts once."""
    sql = PEOPLE.replace("site_id, {by}", "month").replace(" AND month >= $since AND month <= $until", "")
    return dict(ask_tables(run, sql, sites=sites, never=NOT_OUTPATIENT))


def leaving(run: Run, sites: list[str], after: dt.date) -> list[tuple[Leaver, int]] | None:
    """Hours a month that policies on schedule take away from that day on, with the people; None where the run has no table of exposure."""
    given_minutes = chair_minutes()
    minutes = dict(zip(given_minutes["families"], given_minutes["minutes"], strict=True))
    lines = dict(DrugFamily.objects.values_list("family", "clinical_line"))
    try:
        rows = ask_tables(run, LEAVING, sites=sites, after=after)
    except ResultsMissing:
        return None
    found = []
    for site, family, month, a_day, people in rows:
        hours = a_day * DAYS_A_MONTH * minutes.get(family, given_minutes["usual"]) / 60
        found.append((Leaver(site, lines.get(family, "unknown"), month, hours), people))
    return found
