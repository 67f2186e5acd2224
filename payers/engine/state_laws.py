"""Our reference of state laws -> rows to read and to put on file; and which policies a law touches. Grain: one law of a state.

Rows are in our own words, dated as well as their source allows; each is to be verified before use.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from payers.engine.policies import KINDS
from payers.engine.reference_tables import SHIPPED, SOURCE
from sites.engine import cells
from sites.engine.rows import Column, Layout, read_table
from sites.engine.text_file import RefusedTable

LAWS = Layout(
    columns=(
        Column("state", cells.state, needed=True),
        Column("shields_from", cells.choice(*KINDS), needed=True),
        Column("law", cells.text(200), needed=True),
        Column("effective_from", cells.day),
        Column("date_known", cells.choice("day", "year", "by year", "unknown"), needed=True),
        Column("note", cells.text(2000), blank=""),
        Column("evidence", cells.choice("high", "medium", "low"), needed=True),
        SOURCE,
    ),
    key=("state", "shields_from"),
)


@dataclass(frozen=True)
class ReferenceLaw:
    """date_known: day, year (its first day stands for it), by year (enacted in it or before), unknown (effective_from is None)."""

    state: str
    shields_from: str
    law: str
    effective_from: dt.date | None
    date_known: str
    note: str
    evidence: str
    source: str

    @property
    def key(self) -> str:
        return f"{self.state}-{self.shields_from}"


def reference_laws(folder: Path = SHIPPED) -> tuple[ReferenceLaw, ...]:
    table = read_table(folder / "state_laws.csv", LAWS)
    for problem in table.rejected:
        raise RefusedTable(f"{table.name}, {problem.sentence()}: the shipped table is broken; restore the file.")
    return tuple(ReferenceLaw(**row.values) for row in table.rows)


def touched(state: str, shields_from: str, since: dt.date | None, until: dt.date | None, documents: Iterable[Mapping]) -> list[str]:
    """Ids of the policies whose insured members in the state the law may shield: kind, state, funding and dates meet."""
    first, last = since.isoformat() if since else "", until.isoformat() if until else "9999-12-31"
    return [
        document["id"]
        for document in documents
        if document["kind"] == shields_from
        and (not document["scope"]["states"] or state in document["scope"]["states"])
        and (not document["scope"]["funding"] or {"insured", "unknown"} & set(document["scope"]["funding"]))
        and (
            not document["scope"]["lines_of_business"]
            or {"commercial", "exchange", "other", "unknown"} & set(document["scope"]["lines_of_business"])
        )
        and document["effective_from"] < last
        and (document["effective_to"] or "9999-12-31") > first
    ]
