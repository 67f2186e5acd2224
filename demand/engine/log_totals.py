"""A log's text and the table read from it -> what its columns add up to; grain: one summed column.

Identity: in the file = accepted + rejected, to the cent. The file's sum is taken from the raw cells of every record, accepted ones
from the typed values, so that a cell which was read wrongly would show. Of a rejected record an amount counts as people would read
it ($1,234.50 too); a cell that is no number at all is counted as unreadable.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from sites.engine.rows import Table, open_records

SUMMED = {
    "denials": {"denied_amount": "Denied", "written_off_amount": "Written off"},
    "white_bag_events": {"delayed_days": "Days of delay", "staff_minutes": "Staff minutes"},
    "patient_impacts": {"delay_days": "Days of delay"},
    "orders": {},
    "clinical_facts": {},
}
MONEY = frozenset({"denied_amount", "written_off_amount"})


@dataclass(frozen=True)
class Total:
    """One column's sums: dollars where it is money, else the column's own unit."""

    column: str
    label: str
    in_file: Decimal
    accepted: Decimal
    rejected: Decimal
    unreadable: int

    @property
    def is_money(self) -> bool:
        return self.column in MONEY

    @property
    def balanced(self) -> bool:
        return self.in_file == self.accepted + self.rejected


def totals(kind: str, text: str, table: Table) -> tuple[Total, ...]:
    """One Total per summed column that the file has."""
    header, records = open_records(text, table.name)
    wanted = {column: header.index(column) for column in SUMMED[kind] if column in header}
    rejected_lines = {problem.line for problem in table.rejected}
    in_file, rejected = dict.fromkeys(wanted, Decimal(0)), dict.fromkeys(wanted, Decimal(0))
    unreadable = dict.fromkeys(wanted, 0)
    for line, cells in records:
        for column, place in wanted.items():
            cell = cells[place].strip() if place < len(cells) else ""
            amount = amount_as_written(cell)
            if amount is None:
                unreadable[column] += bool(cell)
                continue
            in_file[column] += amount
            if line in rejected_lines:
                rejected[column] += amount
    return tuple(
        Total(column, SUMMED[kind][column], in_file[column], _accepted(table, column), rejected[column], unreadable[column])
        for column in wanted
    )


def _accepted(table: Table, column: str) -> Decimal:
    known = sum(row.values[column] or 0 for row in table.rows)
    return Decimal(known) / 100 if column in MONEY else Decimal(known)


def amount_as_written(cell: str) -> Decimal | None:
    """A number as people write it, with dollar sign and separators, negative in parentheses; None where it is none."""
    bare = cell.strip()
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()").replace("$", "").replace(",", "").strip()
    if not re.fullmatch(r"-?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", bare, re.ASCII):
        return None
    return -Decimal(bare) if negative else Decimal(bare)
