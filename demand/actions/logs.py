"""The logs of the four functions into the database. A person id becomes its pseudonym here and goes no further."""

from pathlib import Path

from django.conf import settings

from demand.engine.log_layouts import LAYOUTS, row_keys
from demand.engine.pseudonym import pseudonym
from demand.models import Denial, Order, PatientImpact, WhiteBagEvent
from payers.models import DrugCode, DrugFamily, Policy
from sites.actions.registers import Loaded, loaded, store
from sites.engine.rows import Table, read_table
from sites.models import Site

MODELS = {"denials": Denial, "white_bag_events": WhiteBagEvent, "patient_impacts": PatientImpact, "orders": Order}
KINDS = tuple(MODELS)


def load_log(kind: str, path: Path) -> Loaded:
    """One log file of the given kind (one of KINDS)."""
    table = read_table(path, LAYOUTS[kind])
    rows = [dict(row.values) for row in table.rows]
    if kind == "orders":
        key, rows = ["order_id"], [row | {"person_id": _pseudonym(row["person_id"])} for row in rows]
    else:
        keys = row_keys(kind, rows)
        key, rows = ["row_key"], [_in_cents(row) | {"row_key": row_key} for row, row_key in zip(rows, keys, strict=True)]
    result = loaded(table, store(MODELS[kind], key, rows, absent=_absent(table)))
    return Loaded(result.file, result.stored, result.rejected, (*result.warnings, *_strangers(table)))


def _pseudonym(person_id: str) -> str:
    return pseudonym(person_id, settings.PSEUDONYM_KEY.encode())


def _in_cents(row: dict) -> dict:
    """denied_amount is kept as denied_cents: the cell was read into cents already."""
    return {f"{name.removesuffix('_amount')}_cents" if name.endswith("_amount") else name: value for name, value in row.items()}


def _absent(table: Table) -> frozenset[str]:
    return frozenset(_in_cents(dict.fromkeys(table.absent)))


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
