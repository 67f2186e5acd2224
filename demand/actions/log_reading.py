"""A log's text -> its rows as the database keeps them, what was rejected and why, what adds up to what; grain: one file.

A person id becomes its pseudonym here and goes no further.
"""

import hashlib
from dataclasses import dataclass

from django.conf import settings

from demand.engine.log_layouts import LAYOUTS, OF_PEOPLE, row_keys
from demand.engine.log_totals import Total, totals
from demand.engine.pseudonym import pseudonym
from payers.models import DrugCode, DrugFamily, Policy
from sites.actions.registers import Stored, loaded
from sites.engine.rows import Problem, Table, open_records, typed_table
from sites.models import Site


@dataclass(frozen=True)
class ReadLog:
    """A file as read: rows by field name with their key, what was rejected, what is odd, what adds up to what."""

    kind: str
    name: str
    sha256: str
    rows: tuple[dict, ...]
    rejected: tuple[Problem, ...]
    warnings: tuple[str, ...]
    absent: frozenset[str]
    totals: tuple[Total, ...]

    @property
    def key(self) -> str:
        return key_field(self.kind)


def key_field(kind: str) -> str:
    return "order_id" if kind == "orders" else "row_key"


def read_log(kind: str, text: str, name: str) -> ReadLog:
    """A log's CSV text. RefusedTable where it is no such log."""
    header, records = open_records(text, name)
    table = typed_table(name, header, records, LAYOUTS[kind])
    rows = [in_fields(kind, row.values) for row in table.rows]
    if kind != "orders":
        named = rows if kind in OF_PEOPLE else [row.values for row in table.rows]  # a person is named by the pseudonym
        rows = [row | {"row_key": key} for row, key in zip(rows, row_keys(kind, named), strict=True)]
    account = loaded(table, Stored())
    return ReadLog(
        kind, name, hashlib.sha256(text.encode()).hexdigest(), tuple(rows), account.rejected,
        (*account.warnings, *_strangers(table)), frozenset(in_fields(kind, dict.fromkeys(table.absent))), totals(kind, text, table),
    )  # fmt: skip


def in_fields(kind: str, values: dict) -> dict:
    """A layout's values by the model's fields: denied_amount is kept as denied_cents (the cell was read into cents already), a
    person as a pseudonym."""
    row = {f"{name.removesuffix('_amount')}_cents" if name.endswith("_amount") else name: value for name, value in values.items()}
    if kind in OF_PEOPLE and row.get("person_id"):
        row["person_id"] = pseudonym(row["person_id"], settings.PSEUDONYM_KEY.encode())
    return row


def _strangers(table: Table) -> list[str]:
    """Names that the log uses and no register knows: such records count and join with nothing."""
    known = {
        "site_id": lambda: Site.objects.values_list("site_id", flat=True),
        "hcpcs_code": lambda: DrugCode.objects.values_list("hcpcs_code", flat=True),
        "policy_id": lambda: Policy.objects.values_list("policy_id", flat=True),
        "molecule": lambda: [
            *DrugCode.objects.values_list("molecule", flat=True),
            *DrugFamily.objects.values_list("pk", flat=True),
        ],
    }
    sentences = []
    for column, names in known.items():
        used = {row.values[column] for row in table.rows if row.values.get(column)}
        strange = sorted(used - set(names())) if used else []
        if strange:
            more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
            sentences.append(f"{column} not on file: {', '.join(strange[:5])}{more}")
    return sentences
