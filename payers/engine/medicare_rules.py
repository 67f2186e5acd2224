"""Medicare's dated payment rules (our own CSVs) -> rows by kind; grain: one code, product, department kind, drug or proposal from a date.

Read from payers/reference: hospital outpatient amounts of administration codes, the share of them that off-campus departments
are paid, biosimilars' add-on windows, drugs with a price negotiated by Medicare, drugs that it pays for at home, and proposals that
are not law.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from payers.engine.reference_tables import SHIPPED, lower_name
from sites.engine import cells
from sites.engine.rows import Column, Layout, ends_after_start, read_table
from sites.engine.text_file import RefusedTable

MODIFIERS = ("PO", "PN")
Row = TypeVar("Row", bound="DatedRow")
_DATED = (
    Column("effective_from", cells.day, needed=True),
    Column("effective_to", cells.day),
    Column("source", cells.text(300), needed=True),
    Column("confidence", cells.choice("high", "medium", "low"), needed=True),
)


def _modifier(cell: str) -> str:
    if cell.upper() not in MODIFIERS:
        raise cells.BadCell("choice", "must be PO or PN")
    return cell.upper()


def _layout(*columns: Column, key: str) -> Layout:
    return Layout(
        columns=(*columns, *_DATED),
        key=(key, "effective_from"),
        check=lambda values: ends_after_start(values, "effective_from", "effective_to"),
    )


LAYOUTS = {
    "outpatient_fees": _layout(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("amount", cells.decimal(2), needed=True),
        Column("packaged", cells.flag, needed=True),
        key="hcpcs_code",
    ),
    "department_shares": _layout(
        Column("modifier", _modifier, needed=True), Column("percent", cells.decimal(1, high=100), needed=True), key="modifier"
    ),
    "biosimilar_add_ons": _layout(
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("reference_hcpcs_code", cells.hcpcs, needed=True),
        Column("percent", cells.decimal(1, high=100), needed=True),
        key="hcpcs_code",
    ),
    "negotiated_drugs": _layout(Column("family", lower_name, needed=True), key="family"),
    "medicare_home": _layout(
        Column("family", lower_name, needed=True),
        Column("rule", cells.choice("immunodeficiency", "pump"), needed=True),
        Column("hcpcs_code", cells.hcpcs, needed=True),
        Column("amount", cells.decimal(2)),
        key="family",
    ),
    "price_proposals": _layout(
        Column("key", cells.text(40), needed=True),
        Column("title", cells.text(200), needed=True),
        Column("applies_to", cells.choice("340b_drugs"), needed=True),
        Column("percent_of_asp", cells.decimal(1, high=200), needed=True),
        key="key",
    ),
}


@dataclass(frozen=True)
class DatedRow:
    """In force from effective_from ≤ date < effective_to, with where it comes from and how sure we are of it."""

    effective_from: dt.date
    effective_to: dt.date | None
    source: str
    confidence: str

    def covers(self, on: dt.date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class OutpatientFee(DatedRow):
    """Medicare's national hospital outpatient amount (dollars) of an administration code; packaged: paid within another code."""

    hcpcs_code: str
    amount: Decimal
    packaged: bool


@dataclass(frozen=True)
class DepartmentShare(DatedRow):
    """The percent of the hospital amount that a department billing under PO (excepted) or PN is paid for administration."""

    modifier: str
    percent: Decimal


@dataclass(frozen=True)
class AddOn(DatedRow):
    """A biosimilar's add-on: percent of its reference product's average sales price."""

    hcpcs_code: str
    reference_hcpcs_code: str
    percent: Decimal


@dataclass(frozen=True)
class NegotiatedDrug(DatedRow):
    """A drug that Medicare pays at a negotiated price from a date. The price itself is not known."""

    family: str


@dataclass(frozen=True)
class HomeBenefit(DatedRow):
    """A drug that Medicare pays for at home: by a pump of its equipment benefit, or for primary immunodeficiency alone. `amount` is
    dollars of the visit's code; None where it follows from the physician fee schedule."""

    family: str
    rule: str
    hcpcs_code: str
    amount: Decimal | None


@dataclass(frozen=True)
class Proposal(DatedRow):
    """A rule that is proposed and not law: what it would pay, in percent of the average sales price."""

    key: str
    title: str
    applies_to: str
    percent_of_asp: Decimal


@dataclass(frozen=True)
class MedicareRules:
    """Every dated rule. Look-ups answer None where no row covers the day."""

    outpatient_fees: tuple[OutpatientFee, ...] = ()
    department_shares: tuple[DepartmentShare, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    negotiated: tuple[NegotiatedDrug, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    home_benefits: tuple[HomeBenefit, ...] = ()

    def outpatient_fee(self, code: str, on: dt.date) -> OutpatientFee | None:
        return _covering((row for row in self.outpatient_fees if row.hcpcs_code == code), on)

    def department_share(self, modifier: str, on: dt.date) -> DepartmentShare | None:
        return _covering((row for row in self.department_shares if row.modifier == modifier), on)

    def reference_of(self, code: str) -> str | None:
        """The reference product's code of a biosimilar, whatever the day."""
        return next((row.reference_hcpcs_code for row in self.add_ons if row.hcpcs_code == code), None)

    def add_on(self, code: str, on: dt.date) -> AddOn | None:
        return _covering((row for row in self.add_ons if row.hcpcs_code == code), on)

    def negotiated_drug(self, family: str, on: dt.date) -> NegotiatedDrug | None:
        return _covering((row for row in self.negotiated if row.family == family), on)

    def home_benefit(self, family: str, on: dt.date) -> HomeBenefit | None:
        return _covering((row for row in self.home_benefits if row.family == family), on)

    def proposal(self, applies_to: str, on: dt.date) -> Proposal | None:
        return _covering((row for row in self.proposals if row.applies_to == applies_to), on)


def _covering(rows: Iterable[Row], on: dt.date) -> Row | None:
    return next((row for row in rows if row.covers(on)), None)


def read_rules(folder: Path = SHIPPED) -> MedicareRules:
    """The rules of a folder. A row that its layout rejects is a mistake of ours: RefusedTable."""

    def rows(name: str, kind: type) -> tuple:
        table = read_table(folder / f"{name}.csv", LAYOUTS[name])
        for problem in table.rejected:
            raise RefusedTable(f"{table.name}, {problem.sentence()}: the shipped table is broken; restore the file.")
        return tuple(kind(**row.values) for row in table.rows)

    return MedicareRules(
        outpatient_fees=rows("outpatient_fees", OutpatientFee),
        department_shares=rows("department_shares", DepartmentShare),
        add_ons=rows("biosimilar_add_ons", AddOn),
        negotiated=rows("negotiated_drugs", NegotiatedDrug),
        proposals=rows("price_proposals", Proposal),
        home_benefits=rows("medicare_home", HomeBenefit),
    )


@lru_cache(maxsize=1)
def shipped_rules() -> MedicareRules:
    return read_rules()
