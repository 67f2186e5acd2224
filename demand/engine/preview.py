"""A mapping and a layout's sample -> the same rows before and after, judged by the row rules. Grain: one entry per line it makes.

The load's own SQL does it, on the sample: what a preview accepts, a load accepts.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from demand.engine.columns import plain
from demand.engine.layout import Layout
from demand.engine.mapping import Mapping
from demand.engine.pseudonym import secret_of
from demand.engine.typed import SQL_FOLDER, typed_select

SHOWN = 20


@dataclass(frozen=True)
class Line:
    """`row` counts the sample's rows from 1; `verdict` is '' or 'RULE column'; `cells` are those of the mapped columns."""

    row: int
    verdict: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """Of the sample's `rows` rows became `lines` lines, of which the row rules keep `rejected` out. The first ones are shown."""

    sources: tuple[str, ...]
    before: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    after: tuple[Line, ...]
    rows: int
    lines: int
    rejected: int
    rules: tuple[tuple[str, int], ...]  # why, and how many lines


def preview(mapping: Mapping, layout: Layout, key: bytes) -> Preview:
    """`key`: the pseudonym key; person ids come out as pseudonyms."""
    places = {plain(name): place for place, name in enumerate(layout.names)}
    sources = mapping.source_names()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute((SQL_FOLDER / "typing.sql").read_text(encoding="utf-8"))
        connection.execute("SET VARIABLE pseudonym_secret = ?", [secret_of(key)])
        connection.execute("SET VARIABLE horizon = NULL::DATE")
        frame = pd.DataFrame(list(layout.rows), columns=[f"c{place}" for place in range(len(layout.names))], dtype=object)
        connection.register("sample", frame)
        cells = ", ".join(f"nullif(trim(c{place}), '') AS c{place}" for place in range(len(layout.names)))
        connection.execute(
            f"CREATE TABLE source AS SELECT {cells}, row_number() OVER () AS physical_line, NULL::VARCHAR AS given_reject FROM sample"
        )
        lines = mapping.select("FROM source", {name: f"c{place}" for name, place in places.items()})
        connection.execute(f"CREATE TABLE mapped AS SELECT *, row_number() OVER () AS line_no FROM ({lines})")
        connection.execute(
            "CREATE VIEW raw AS SELECT * REPLACE (coalesce(data_source, 'given at the upload') AS data_source) FROM mapped"
        )
        judged = f"SELECT *, row_number() OVER () AS line_no FROM ({typed_select(mapping.kind, tuple(mapping.rules))})"
        connection.execute(f"CREATE TABLE judged AS {judged}")
        columns = tuple(mapping.rules)
        shown = ", ".join("left(judged.person_id, 10)" if column == "person_id" else f"mapped.{column}" for column in columns)
        after = connection.execute(
            f"SELECT mapped.physical_line, coalesce(judged.reject, ''), {shown} FROM mapped JOIN judged USING (line_no) "
            f"ORDER BY line_no LIMIT {SHOWN}"
        ).fetchall()
        rules = connection.execute(
            "SELECT reject, count(*) FROM judged WHERE reject IS NOT NULL GROUP BY reject ORDER BY count(*) DESC, reject"
        ).fetchall()
        (count,) = connection.execute("SELECT count(*) FROM judged").fetchone()
    return Preview(
        sources=tuple(layout.names[places[name]] for name in sources),
        before=tuple(tuple(row[places[name]] for name in sources) for row in layout.rows[:SHOWN]),
        columns=columns,
        after=tuple(Line(row, verdict, tuple("" if cell is None else str(cell) for cell in cells)) for row, verdict, *cells in after),
        rows=len(layout.rows), lines=count, rejected=sum(lines for _, lines in rules), rules=tuple(rules),
    )  # fmt: skip
