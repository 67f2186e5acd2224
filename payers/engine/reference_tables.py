"""Our own reference CSVs -> typed rows by table; grain: one dated code, one family, one package, one claim code, one price.

The same layouts read the CSVs of this repository (`SHIPPED`) and what a user adds with `load_drugs`. Units are milligrams or
international units per billed unit; limits and fees are dollars as published.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from payers.engine.ndc import ndc
from sites.engine import cells
from sites.engine.rows import Column, Finding, Layout, Problem, Row, Table, ends_after_start, open_records, read_table, typed_table
from sites.engine.text_file import RefusedTable, read_text

SHIPPED = Path(__file__).resolve().parent.parent / "reference"
UNITS = ("mg", "iu")
ROUTES = ("iv", "sc", "im")
ROLES = ("administration", "home_service")
KINDS = (
    "infusion_initial",
    "infusion_additional",
    "chemo_initial",
    "chemo_additional",
    "injection",
    "chemo_injection",
    "push",
    "hydration",
    "pump",
    "per_diem",
    "nursing_visit",
    "medicare_home_visit",
    "home_ivig",
)
CODE_SETS = ("place_of_service", "bill_type_facility", "bill_type_frequency", "revenue_center")


def lower_name(cell: str) -> str:
    """Molecules and families are lower case everywhere, so that they match."""
    return cells.text(100)(cell).lower()


def _family_checks(values: dict) -> Iterator[Finding]:
    low, high = values["usual_dose_low"], values["usual_dose_high"]
    if low is not None and high is not None and high < low:
        yield Finding("usual_dose_high", "range", f"must not be below usual_dose_low ({low:g})")
    if values["cyclic"] and not values["cycle_doses"]:
        yield Finding("cycle_doses", "cycle", "a cyclic regimen needs its doses in a cycle")
    if values["finite_course"] and not values["course_doses"]:
        yield Finding("course_doses", "course", "a finite course needs its number of doses")


SOURCE = Column("source", cells.text(300), blank="not stated")
DRUG_FAMILIES = Layout(
    columns=(
        Column("family", lower_name, needed=True),
        Column("clinical_line", cells.text(80), needed=True),
        Column("interval_days", cells.whole(1, 3650)),
        Column("induction_doses", cells.whole(0, 100), blank=0),
        Column("cyclic", cells.flag, blank=False),
        Column("cycle_doses", cells.whole(1, 100)),
        Column("finite_course", cells.flag, blank=False),
        Column("course_doses", cells.whole(1, 100)),
        Column("planned_self_injection", cells.flag, blank=False),
        Column("self_administered_family_form", cells.flag, blank=False),
        Column("usual_dose_low", cells.number(0, 10_000_000)),
        Column("usual_dose_high", cells.number(0, 10_000_000)),
        Column("infusion_minutes", cells.whole(0, 1440)),
        Column("observation_minutes", cells.whole(0, 1440)),
        Column("chair_minutes", cells.whole(0, 1440)),
        Column("year1_doses", cells.number(0, 400)),
        Column("maintenance_doses_per_year", cells.number(0, 400)),
        Column("rems", cells.text(300), blank=""),
        Column("specialties", cells.text(300), blank=""),
        SOURCE,
        Column("confidence", cells.choice("high", "medium", "low"), blank=""),
    ),
    key=("family",),
    check=_family_checks,
    ignored=frozenset({"table"}),
)
DRUG_CODES = Layout(
    columns=(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("effective_from", cells.day, needed=True),
        Column("effective_to", cells.day),
        Column("molecule", lower_name, needed=True),
        Column("family", lower_name, needed=True),
        Column("brand", cells.text(200), blank=""),
        Column("unit_amount", cells.number(0.000001, 1_000_000), needed=True),
        Column("unit_of_measure", cells.choice(*UNITS), needed=True),
        Column("route", cells.choice(*ROUTES), blank=""),
        SOURCE,
    ),
    key=("hcpcs_code", "effective_from"),
    check=lambda values: ends_after_start(values, "effective_from", "effective_to"),
    ignored=frozenset({"table"}),
)
NDCS = Layout(
    columns=(
        Column("ndc_code", ndc, needed=True),
        Column("hcpcs_code", cells.hcpcs, blank=""),
        Column("molecule", lower_name),
        Column("family", lower_name),
        Column("self_administered", cells.flag, needed=True),
        Column("units_per_package", cells.number(0, 10_000_000)),
        SOURCE,
    ),
    key=("ndc_code",),
    check=lambda values: (
        ()
        if values["family"] or values["hcpcs_code"]
        else (Finding("family", "blank", "must name the family, or hcpcs_code must name the code"),)
    ),
    ignored=frozenset({"table"}),
)
SERVICE_CODES = Layout(
    columns=(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("role", cells.choice(*ROLES), needed=True),
        Column("kind", cells.choice(*KINDS), needed=True),
        SOURCE,
    ),
    key=("hcpcs_code",),
)
CLAIM_CODES = Layout(
    columns=(
        Column("code_set", cells.choice(*CODE_SETS), needed=True),
        Column("code", cells.text(10), needed=True),
        Column("label", cells.text(200), needed=True),
        SOURCE,
    ),
    key=("code_set", "code"),
)
ASP_LIMITS = Layout(
    columns=(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("quarter_start", cells.day, needed=True),
        Column("payment_limit", cells.decimal(3), needed=True),
        SOURCE,
    ),
    key=("hcpcs_code", "quarter_start"),
)
ADMINISTRATION_FEES = Layout(
    columns=(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("effective_from", cells.day, needed=True),
        Column("amount", cells.decimal(2), needed=True),
        SOURCE,
    ),
    key=("hcpcs_code", "effective_from"),
)

# In the order in which they can be stored: families before the codes and packages that name them.
LAYOUTS = {
    "drug_families": DRUG_FAMILIES,
    "drug_codes": DRUG_CODES,
    "ndcs": NDCS,
    "service_codes": SERVICE_CODES,
    "claim_codes": CLAIM_CODES,
    "asp_limits": ASP_LIMITS,
    "administration_fees": ADMINISTRATION_FEES,
}
DRUG_TABLES = ("drug_families", "drug_codes", "ndcs")


def shipped_tables(folder: Path = SHIPPED) -> dict[str, Table]:
    """Every CSV of this repository, by table. A row that its layout rejects is a mistake of ours: RefusedTable."""
    tables = {name: read_table(folder / f"{name}.csv", layout) for name, layout in LAYOUTS.items()}
    for table in tables.values():
        for problem in table.rejected:
            raise RefusedTable(f"{table.name}, {problem.sentence()}: the shipped table is broken; restore the file.")
    return tables


def drug_tables(path: Path, name: str | None = None) -> dict[str, Table]:
    """A user's CSV of drug reference rows, by table.

    A column `table` says for each row which table it belongs to (drug_families, drug_codes or ndcs); without it the columns
    tell: clinical_line, unit_amount or ndc_code. RefusedTable where neither does.
    """
    name = name or Path(path).name
    header, records = open_records(read_text(path, name), name)
    if "table" not in header:
        table = _recognised(header, name)
        return {table: typed_table(name, header, records, LAYOUTS[table])}
    place = header.index("table")
    by_table: dict[str, list] = {}
    for line, row in records:
        said = row[place].strip().lower() if place < len(row) else ""
        if said not in DRUG_TABLES:
            raise RefusedTable(f"{name}, line {line}: the column table says “{said[:40]}”; write {', '.join(DRUG_TABLES)}.")
        by_table.setdefault(said, []).append((line, row))
    if not by_table:
        raise RefusedTable(f"{name} has a header and no rows; save it again with its rows.")
    return {table: typed_table(name, header, by_table[table], LAYOUTS[table]) for table in DRUG_TABLES if table in by_table}


def _recognised(header: list[str], name: str) -> str:
    for table, mark in (("drug_families", "clinical_line"), ("drug_codes", "unit_amount"), ("ndcs", "ndc_code")):
        if mark in header:
            return table
    raise RefusedTable(
        f"{name} is no table of the drug reference: give it ndc_code (packages), unit_amount (codes) or clinical_line (regimens), "
        f"or a column table. See `python manage.py load_drugs --help`."
    )


Period = tuple[str, dt.date, dt.date | None]


def overlapping_codes(rows: Iterable[Row], on_file: Iterable[Period]) -> list[Problem]:
    """Rows whose code already has a unit on some of the same days, on file or on an earlier line.

    `on_file` are periods (hcpcs_code, effective_from, effective_to) that the rows do not replace. A code has one unit a day.
    """
    held: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for code, start, end in on_file:
        held.setdefault(code, []).append((start, end or dt.date.max))
    problems = []
    for row in rows:
        code, start, end = row.values["hcpcs_code"], row.values["effective_from"], row.values["effective_to"] or dt.date.max
        periods = held.setdefault(code, [])
        if any(start < other_end and other_start < end for other_start, other_end in periods):
            message = f"{code} has another unit on some of these days; end that row with effective_to first"
            problems.append(Problem(row.line, "effective_from", str(start), "overlap", message))
        else:
            periods.append((start, end))
    return problems
