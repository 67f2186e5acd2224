"""Claims tables in a database -> the lines of the people with infusion-relevant lines, as Parquet; grain: one row per row of a table.

The database filters: relevant is who has, at any time, a medical line with one of our drug or service codes, or a pharmacy line with one
of our NDCs; all lines of those people are fetched, from every table, so that the load sees what it would see of them in the whole
tables. Names of tables and columns come from the database's own catalogue, and everything is an expression of SQLAlchemy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from demand.engine.columns import IDENTIFYING, KINDS, LEFT_OUT, MEDICAL, PHARMACY, Kind, canonical, plain
from demand.engine.fetched_file import count_people, write_parquet
from demand.engine.warehouse_trouble import COLUMN_GONE, NOBODY, TABLE_GONE, Trouble

CODE_COLUMN = {MEDICAL: "hcpcs_code", PHARMACY: "ndc_code"}
DATE_COLUMN = {MEDICAL: "claim_start_date", PHARMACY: "dispensing_date"}
ROWS_AT_ONCE = 5_000
MOST_IN_A_LIST = 900  # Oracle takes a thousand
SYSTEM_SCHEMAS = {"information_schema", "pg_catalog", "sys", "mysql", "performance_schema", "guest"}


@dataclass(frozen=True)
class TableChoice:
    """Which table holds a kind of claims. A blank column is found by its name; `date_column` cuts the rows by date."""

    kind: str
    schema: str
    table: str
    person_column: str = ""
    code_column: str = ""
    date_column: str = ""

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


@dataclass(frozen=True)
class Codes:
    """What makes a person relevant: HCPCS codes of drugs and services, NDCs of 11 digits."""

    hcpcs: frozenset[str]
    ndcs: frozenset[str]


@dataclass(frozen=True)
class Fetched:
    """`rows` by kind, 0 where a table has none of these people; `files` only of kinds that have rows."""

    people_in_tables: int
    people: int
    rows: dict[str, int]
    files: dict[str, Path]


@dataclass(frozen=True)
class Layout:
    """The columns of one table, as (name, type), and which of them we know."""

    kind: Kind
    columns: tuple[tuple[str, sa.types.TypeEngine], ...]

    @cached_property
    def known(self) -> dict[str, str]:
        """Column that we read -> its name in the table; person_id wins over patient_id."""
        found: dict[str, str] = {}
        for name, _ in self.columns:
            column = canonical(name)
            if column in self.kind.columns and (column not in found or plain(name) == column):
                found[column] = name
        return found

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @property
    def days(self) -> tuple[str, ...]:
        """Columns of a date type: only these can be compared with a day."""
        return tuple(name for name, type_ in self.columns if isinstance(type_, sa.Date | sa.DateTime))

    @property
    def missing(self) -> tuple[str, ...]:
        """Columns that a file of this kind needs and this table does not have by name."""
        return tuple(column for column in self.kind.needed if column not in self.known)

    def person(self, choice: TableChoice) -> str:
        return choice.person_column or self.known.get("person_id", "")

    def code(self, choice: TableChoice) -> str:
        return choice.code_column or self.known.get(CODE_COLUMN.get(self.kind.name, ""), "")

    def fetched(self, choice: TableChoice) -> tuple[str, ...]:
        """What is fetched: the columns that we read; of a table in another layout all but those that name or locate a person."""
        if not self.is_foreign(choice):
            wanted = set(self.known.values())
            return tuple(name for name in self.names if name in wanted)
        never = (IDENTIFYING | LEFT_OUT[self.kind.name]) - {"birth_date", "person_id", "patient_id"}
        chosen = {self.person(choice), self.code(choice)}
        return tuple(name for name in self.names if name in chosen or plain(name) not in never)

    def is_foreign(self, choice: TableChoice) -> bool:
        """The table's names are not the ones we read, or other columns than those were chosen by hand."""
        by_name = self.person(choice) == self.known.get("person_id")
        code = CODE_COLUMN.get(self.kind.name)
        return bool(self.missing) or not by_name or (code is not None and self.code(choice) != self.known.get(code))


def list_tables(connection: Connection) -> list[tuple[str, str]]:
    """(schema, table) of every table and view that the sign-in can see, the system's own left out."""
    inspector = sa.inspect(connection)
    found = []
    for schema in inspector.get_schema_names():
        if schema.lower() in SYSTEM_SCHEMAS or schema.lower().startswith("pg_"):
            continue
        names = {*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)}
        try:
            names |= set(inspector.get_materialized_view_names(schema=schema))
        except NotImplementedError:
            pass
        found += [(schema, name) for name in sorted(names)]
    return found


def read_layout(connection: Connection, choice: TableChoice) -> Layout:
    """The columns of the chosen table. Trouble where it, or a chosen column, is not there."""
    try:
        columns = sa.inspect(connection).get_columns(choice.table, schema=choice.schema or None)
    except sa.exc.NoSuchTableError:
        columns = []
    if not columns:
        raise Trouble(
            TABLE_GONE,
            f"The table {choice.shown} is not there any more, or this sign-in may not see it. Choose the table again on the feed's form, "
            "or ask the database's administrator.",
        )
    layout = Layout(KINDS[choice.kind], tuple((column["name"], column["type"]) for column in columns))
    for column in (choice.person_column, choice.code_column, choice.date_column):
        if column and column not in layout.names:
            raise _column_gone(choice, column)
    return layout


def _column_gone(choice: TableChoice, column: str) -> Trouble:
    return Trouble(
        COLUMN_GONE, f"The table {choice.shown} has no column {column} any more. Choose the columns again on the feed's form."
    )


def fetch(
    connection: Connection,
    choices: Sequence[TableChoice],
    codes: Codes,
    since: dt.date | None,
    folder: Path,
    memory_limit: str,
    report: Callable[[str, float], None] = lambda stage, share: None,
) -> Fetched:
    """Fetch all rows (from `since` on, where a date column is chosen) of the relevant people into `folder`, a file a kind.

    Trouble where a table or column is gone, nobody is relevant or the disk is full; errors of the database are the caller's to tell.
    """
    report("looking at the tables", 0.0)
    layouts = {choice: _checked(choice, read_layout(connection, choice)) for choice in choices}
    report("counting people", 0.05)
    in_tables = connection.execute(_count_of(sa.union(*(_people(choice, layouts[choice]) for choice in choices)))).scalar_one()
    relevant = relevant_people(choices, layouts, codes)
    rows, files, sources = {}, {}, []
    for number, choice in enumerate(choices):
        layout, target = layouts[choice], folder / f"{choice.kind}.parquet"
        progress = partial(report, f"fetching {KINDS[choice.kind].title}", 0.1 + 0.85 * number / len(choices))
        progress()
        # yield_per: a cursor on the server, and no more than so many rows here
        result = connection.execute(lines_of(choice, layout, relevant, since), execution_options={"yield_per": ROWS_AT_ONCE})
        person = layout.person(choice)
        rows[choice.kind] = write_parquet(result.partitions(), layout.fetched(choice), person, target, memory_limit, progress)
        if rows[choice.kind]:
            files[choice.kind] = target
            sources.append((target, person))
    if not files:
        raise _nobody(in_tables, codes, since)
    return Fetched(in_tables, count_people(sources), rows, files)


def _nobody(in_tables: int, codes: Codes, since: dt.date | None) -> Trouble:
    cut = f", or no line since {since:%Y-%m-%d}" if since else ""
    found = "The tables are empty" if not in_tables else "Nobody in these tables has a line with a code of an infusion"
    return Trouble(
        NOBODY,
        f"{found} ({len(codes.hcpcs):,} HCPCS codes and {len(codes.ndcs):,} NDCs were looked for){cut}. "
        "Check the tables and the code columns on the feed's form.",
    )


def _checked(choice: TableChoice, layout: Layout) -> Layout:
    if not layout.person(choice):
        raise _column_gone(choice, "person_id")
    if choice.kind in CODE_COLUMN and not layout.code(choice):
        raise _column_gone(choice, CODE_COLUMN[choice.kind])
    return layout


# The expressions


def relevant_people(choices: Sequence[TableChoice], layouts: dict[TableChoice, Layout], codes: Codes) -> sa.CompoundSelect:
    """SELECT of the people with a relevant line, of any date: who was infused years ago and stopped is still to be followed."""
    parts = []
    for choice in choices:
        if choice.kind not in CODE_COLUMN:
            continue
        code = sa.func.upper(_trimmed(_column(layouts[choice], layouts[choice].code(choice))))
        if choice.kind == MEDICAL:  # J1551JW is J1551 with its modifier
            condition = _in_lists(sa.func.substring(code, 1, 5), codes.hcpcs)
        else:
            condition = _in_lists(code, {form for ndc in codes.ndcs for form in written_forms(ndc)})
        parts.append(_people(choice, layouts[choice]).where(condition))
    return sa.union(*parts)


def written_forms(ndc: str) -> tuple[str, ...]:
    """How an NDC of 11 digits may be written where the load can still tell it: bare, 5-4-2, one zero left out, N4 in front."""
    labeler, product, package = ndc[:5], ndc[5:9], ndc[9:]
    forms = [ndc, f"N4{ndc}", f"{labeler}-{product}-{package}"]
    if labeler[:1] == "0":
        forms.append(f"{labeler[1:]}-{product}-{package}")
    if product[:1] == "0":
        forms.append(f"{labeler}-{product[1:]}-{package}")
    if package[:1] == "0":
        forms.append(f"{labeler}-{product}-{package[1:]}")
    return tuple(forms)


def lines_of(choice: TableChoice, layout: Layout, people: sa.CompoundSelect, since: dt.date | None) -> sa.Select:
    """All rows of those people; a row without a date is kept, since nobody can say that it is too old."""
    query = sa.select(*(_column(layout, name) for name in layout.fetched(choice))).select_from(_table(choice, layout))
    query = query.where(_person(choice, layout).in_(people))
    if since and choice.date_column:
        day = _column(layout, choice.date_column)
        query = query.where(sa.or_(day >= since, day.is_(None)))
    return query


def _people(choice: TableChoice, layout: Layout) -> sa.Select:
    person = _person(choice, layout)  # distinct here too: the union of one SELECT is no union
    return sa.select(person.label("person")).distinct().select_from(_table(choice, layout)).where(person.is_not(None))


def _count_of(people: sa.CompoundSelect) -> sa.Select:
    return sa.select(sa.func.count()).select_from(people.subquery())


def _table(choice: TableChoice, layout: Layout) -> sa.TableClause:
    return sa.table(choice.table, schema=choice.schema or None)


def _column(layout: Layout, name: str) -> sa.ColumnClause:
    return sa.column(name, dict(layout.columns)[name])


def _person(choice: TableChoice, layout: Layout) -> sa.ColumnElement:
    return _trimmed(_column(layout, layout.person(choice)))


def _trimmed(column: sa.ColumnClause) -> sa.ColumnElement:
    """As the load compares: text without blanks around it, whatever type the column has in this table."""
    text = column if isinstance(column.type, sa.String) else sa.cast(column, sa.String(200))
    return sa.func.trim(text, type_=sa.String())


def _in_lists(value: sa.ColumnElement, listed: set[str] | frozenset[str]) -> sa.ColumnElement:
    """value IN (…), in lists that every database takes; written out, because some allow few parameters."""
    ordered = sorted(listed)
    lists = [ordered[start : start + MOST_IN_A_LIST] for start in range(0, len(ordered), MOST_IN_A_LIST)]
    return sa.or_(
        sa.false(),
        *(value.in_(sa.bindparam(None, part, type_=sa.String(), expanding=True, literal_execute=True)) for part in lists),
    )
