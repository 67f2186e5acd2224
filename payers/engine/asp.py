"""CMS's quarterly ASP files as published -> payment limits or packages; grain: one code a quarter, one NDC.

Both files begin with title lines, are Latin-1 where a blank is not a blank, and end their lines in empty columns; only the columns
that we use are taken. A limit is dollars per billed unit, add-on included; a package's units are billed units.
"""

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from payers.engine.ndc import ndc
from sites.engine import cells
from sites.engine.cells import BadCell
from sites.engine.rows import Column, Layout, Table, csv_records, typed_table
from sites.engine.text_file import RefusedTable, read_text

QUARTERS = {"January": 1, "April": 4, "July": 7, "October": 10}
PAYMENT_LIMITS, CROSSWALK = "payment_limits", "ndc_crosswalk"
COLUMNS = {
    PAYMENT_LIMITS: {"hcpcs code": "hcpcs_code", "payment limit": "payment_limit"},
    CROSSWALK: {"ndc2": "ndc_code", "billunitspkg": "units_per_package"},
}


def _limit(cell: str) -> object:
    if cell.upper() in ("N/A", "NA"):
        raise BadCell("no_limit", "CMS publishes no limit for this code")
    return cells.decimal(3)(cell)


LIMITS = Layout(
    columns=(Column("hcpcs_code", cells.hcpcs, needed=True), Column("payment_limit", _limit, needed=True)), key=("hcpcs_code",)
)
PACKAGES = Layout(
    columns=(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("ndc_code", ndc, needed=True),
        Column("units_per_package", cells.number(0, 10_000_000)),
    ),
    key=("ndc_code", "hcpcs_code"),
)


@dataclass(frozen=True)
class AspFile:
    """One file of CMS: which of the two it is, the quarter it is for, and its records under our column names."""

    name: str
    kind: str
    quarter_start: dt.date
    header: tuple[str, ...]
    records: tuple[tuple[int, list[str]], ...]

    @property
    def source(self) -> str:
        what = "ASP payment limits" if self.kind == PAYMENT_LIMITS else "ASP NDC-HCPCS crosswalk"
        return f"CMS {what}, {self.quarter_start:%B %Y}"

    def limits(self) -> Table:
        """Payment limits: hcpcs_code, payment_limit."""
        return typed_table(self.name, list(self.header), self.records, LIMITS)

    def packages(self, codes: Collection[str]) -> tuple[Table, int]:
        """Packages of the given codes: hcpcs_code, ndc_code, units_per_package; and how many records are of other codes."""
        place = self.header.index("hcpcs_code")
        ours = [(line, row) for line, row in self.records if row[place].strip().upper() in codes]
        if not ours:
            return Table(self.name, (), (), ()), len(self.records)
        return typed_table(self.name, list(self.header), ours, PACKAGES), len(self.records) - len(ours)


def read_asp(path: Path, name: str | None = None) -> AspFile:
    """One of CMS's quarterly files, CSV or CSV.gz. RefusedTable where it is neither of the two or names no quarter."""
    name = name or Path(path).name
    records = csv_records(read_text(path, name, fallback_encoding="latin-1"), name)
    titles: list[str] = []
    for _, row in records:
        kind = _kind(row)
        if kind:
            places = _places(row, kind)
            ours = tuple((line, [record[at] if at < len(record) else "" for at in places.values()]) for line, record in records)
            return AspFile(name, kind, _quarter(" ".join(titles), name), tuple(places), ours)
        titles += row
    raise RefusedTable(
        f"{name} is neither CMS's ASP payment limits (columns HCPCS Code, Payment Limit) nor its NDC-HCPCS crosswalk "
        "(columns NDC2, BILLUNITSPKG); unpack CMS's ZIP and give one of its CSV files."
    )


def _kind(row: list[str]) -> str | None:
    found = {cell.strip().lower() for cell in row}
    return next((kind for kind, columns in COLUMNS.items() if found.issuperset(columns)), None)


def _quarter(titles: str, name: str) -> dt.date:
    said = re.search(rf"effective\s+({'|'.join(QUARTERS)})\s+1,\s+(\d{{4}})", titles, re.IGNORECASE)
    if said is None:
        raise RefusedTable(f"{name} does not say from when it is effective; give CMS's file as published, title lines included.")
    return dt.date(int(said[2]), QUARTERS[said[1].capitalize()], 1)


def _places(row: list[str], kind: str) -> dict[str, int]:
    """Where our columns stand. The crosswalk's code column carries the year: _2025_CODE."""
    said = [cell.strip().lower() for cell in row]
    places = {ours: said.index(theirs) for theirs, ours in COLUMNS[kind].items()}
    dated = [at for at, column in enumerate(said) if re.fullmatch(r"_?\d{4}_code", column)]
    return {"hcpcs_code": dated[0], **places} if dated else places
