"""The infusions behind a figure, for people with the patient-level right, and the proof that they are those of the figure.

The figure is counted in the run's facts; count and money here are summed over the rows of `infusions` themselves, so that
equal means: no infusion is missing, doubled or priced otherwise in the list.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

from demand.figures import RATE, FigureQuestion
from demand.models import Run
from demand.selectors.dashboard import MARKED
from demand.selectors.facts import ask_tables, query_tables
from demand.selectors.provenance import Value

PAGE = 50
ROWS_AT_ONCE = 2_000
CONDITIONS = {
    "named": "head = 'named'",
    "ordered": "head = 'named'",
    "base": "part = 'base'",
    "unattributed": "node = 'unattributed'",
    **{node: f"node = '{node}'" for node in ("kept", "margin_leak", "partner", "site_leak", "unknown")},
    "place": "head = 'named' AND node = $outcome AND coalesce(site_class, '') = $site_class AND coalesce(ownership, '') = $ownership "
    "AND coalesce(owner, '') = $owner AND coalesce(payer_affiliation, '') = $payer_affiliation",
}


@dataclass(frozen=True)
class InfusionRow:
    """One infusion of the list, in the order of the table's columns. `numerator`: it is in the upper part of a share."""

    infusion_id: int
    person_id: str
    service_date: dt.date
    molecule: str
    family: str
    hcpcs_codes: str
    dose: float | None
    dose_unit: str | None
    site_id: str
    site_class: str
    payer: str
    plan: str
    line_of_business: str
    market: str
    channel: str
    channel_confidence: str | None
    outcome: str | None
    allowed_cents: int | None
    paid_cents: int | None
    patient_cents: int | None
    attribution_rule: str | None
    ordering_npi: str | None
    named_npi: str | None
    numerator: bool


@dataclass(frozen=True)
class Totals:
    """Sums over the listed rows; the numerator's own ones where the figure is a share."""

    infusions: int
    people: int
    allowed_cents: int
    without_amount: int
    numerator: int
    numerator_allowed_cents: int

    def agrees(self, question: FigureQuestion, value: Value) -> bool:
        """Whether list and figure are the same to the cent."""
        figure = question.figure
        if figure.measure in (RATE, "share"):
            upper, lower = (part.value for part in value.parts)
            return (self.numerator, self.infusions) == (upper or 0, lower or 0)
        if figure.measure == "completed":
            return not value.parts or self.infusions == value.parts[0].value
        infusions, people, allowed, unknown = (part.value for part in value.parts)
        return (
            self.infusions == infusions
            and people in (None, self.people)
            and (self.allowed_cents, self.without_amount) == (allowed or 0, unknown)
        )


def totals(run: Run, question: FigureQuestion) -> Totals:
    sql = _behind(question) + (
        "SELECT count(*), count(DISTINCT person_id), coalesce(sum(allowed_cents), 0)::BIGINT, count(*) - count(allowed_cents), "
        "count(*) FILTER (numerator), coalesce(sum(allowed_cents) FILTER (numerator), 0)::BIGINT "
        "FROM behind JOIN {infusions} AS infusion USING (infusion_id)"
    )
    ((found),) = ask_tables(run, sql, question.filters, **_values(question))
    return Totals(*found)


def infusion_rows(run: Run, question: FigureQuestion, page: int, numerator_only: bool = False) -> tuple[InfusionRow, ...]:
    """A page of the list, newest infusions first."""
    some = "WHERE numerator " if numerator_only else ""
    sql = (
        _behind(question)
        + f", page AS (SELECT * FROM behind {some}ORDER BY service_date DESC, infusion_id LIMIT $rows OFFSET $skip) "
        f"{_SELECT} FROM page JOIN {{infusions}} AS infusion USING (infusion_id) ORDER BY infusion.service_date DESC, infusion_id"
    )
    found = ask_tables(run, sql, question.filters, rows=PAGE, skip=PAGE * (page - 1), **_values(question))
    return tuple(InfusionRow(*row) for row in found)


def all_infusion_rows(run: Run, question: FigureQuestion) -> Iterator[list[tuple]]:
    """The whole list, some rows at a time."""
    sql = (
        f"{_behind(question)}{_SELECT} FROM behind JOIN {{infusions}} AS infusion USING (infusion_id) "
        "ORDER BY infusion.service_date DESC, infusion_id"
    )
    query = query_tables(run, sql, question.filters, **_values(question))
    return iter(lambda: query.fetchmany(ROWS_AT_ONCE), [])


COLUMNS = tuple(field.name for field in fields(InfusionRow))
_SELECT = "SELECT " + ", ".join("numerator" if name == "numerator" else f"infusion.{name}" for name in COLUMNS)


def _behind(question: FigureQuestion) -> str:
    """WITH …, behind: the infusions that the figure counts, by the dashboard's own words for them."""
    figure = question.figure
    whole = CONDITIONS[figure.counts]
    if question.place and figure.part == "unattributed":
        whole += " AND coalesce(site_class, 'unknown') = $site_class"
    upper = CONDITIONS[figure.part] if figure.whole else "true"
    return (
        f"{MARKED}, behind AS (SELECT infusion_id, service_date, coalesce({upper}, false) AS numerator FROM marked WHERE {whole}) "
    )


def _values(question: FigureQuestion) -> dict[str, str]:
    if not question.place:
        return {}
    if question.figure.part == "unattributed":
        return {"site_class": question.place.site_class}
    names = [field.name for field in fields(question.place)]
    return dict(zip(names, astuple(question.place), strict=True))
