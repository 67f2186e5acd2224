"""The drug and code reference into the database: what we ship, and what a user adds to it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from django.db import transaction

from payers.engine.reference_tables import LAYOUTS, drug_tables, overlapping_codes, shipped_tables
from payers.models import AdministrationFee, AspLimit, ClaimCode, DrugCode, DrugFamily, Ndc, ServiceCode
from sites.actions.registers import Loaded, Stored, loaded, store, without
from sites.engine.rows import Problem, Row, Table

MODELS = {
    "drug_families": DrugFamily,
    "drug_codes": DrugCode,
    "ndcs": Ndc,
    "service_codes": ServiceCode,
    "claim_codes": ClaimCode,
    "asp_limits": AspLimit,
    "administration_fees": AdministrationFee,
}


@transaction.atomic
def load_reference(*, keep_existing: bool = False) -> list[Loaded]:
    """Our own CSVs into the database. With keep_existing, a row that is there already stays as a user may have changed it."""
    return [_stored(name, table, keep_existing=keep_existing) for name, table in shipped_tables().items()]


@transaction.atomic
def load_drugs(path: Path) -> Loaded:
    """A user's drug reference rows (see `drug_tables`), stored beside ours; rows of the same key are changed."""
    results = {name: _stored(name, table) for name, table in drug_tables(path).items()}
    return Loaded(
        file=path.name,
        stored=sum((result.stored for result in results.values()), Stored()),
        rejected=tuple(sorted((bad for result in results.values() for bad in result.rejected), key=lambda bad: bad.line)),
        warnings=tuple(dict.fromkeys(warning for result in results.values() for warning in result.warnings)),
        notes={"tables": {name: vars(result.stored) | {"rejected": len(result.rejected)} for name, result in results.items()}},
    )


def _stored(name: str, table: Table, *, keep_existing: bool = False) -> Loaded:
    model, key = MODELS[name], LAYOUTS[name].key
    rows = list(table.rows)
    if keep_existing:
        on_file = set(model.objects.values_list(*key))
        rows = [row for row in rows if tuple(row.values[column] for column in key) not in on_file]
    kept = Stored(unchanged=len(table.rows) - len(rows))
    settle = SETTLE.get(name)
    rows, problems = settle(rows) if settle else (rows, [])
    stored = store(model, key, [row.values for row in without(rows, problems)], absent=table.absent)
    return loaded(table, kept + stored, problems)


def _settled_codes(rows: Iterable[Row]) -> tuple[list[Row], list[Problem]]:
    """A code's family must be on file, and its periods must not overlap."""
    families = set(DrugFamily.objects.values_list("family", flat=True))
    strange = [_no_family(row) for row in rows if row.values["family"] not in families]
    rows = without(rows, strange)
    given = {(row.values["hcpcs_code"], row.values["effective_from"]) for row in rows}
    on_file = DrugCode.objects.values_list("hcpcs_code", "effective_from", "effective_to")
    return rows, [*strange, *overlapping_codes(rows, [period for period in on_file if period[:2] not in given])]


def _settled_ndcs(rows: Iterable[Row]) -> tuple[list[Row], list[Problem]]:
    """A package's molecule and family, where blank, are those of its code; a molecule that is not said is the family's own."""
    families = set(DrugFamily.objects.values_list("family", flat=True))
    codes = {code.hcpcs_code: code for code in DrugCode.objects.order_by("effective_from")}
    settled, problems = [], []
    for row in rows:
        code = codes.get(row.values["hcpcs_code"])
        if row.values["hcpcs_code"] and code is None:
            message = "is no code of the drug reference; load its row first, or leave the cell blank and name the family"
            problems.append(Problem(row.line, "hcpcs_code", row.values["hcpcs_code"], "unknown_code", message))
            continue
        family = row.values["family"] or code.family_id
        if family not in families:
            problems.append(_no_family(row))
            continue
        molecule = row.values["molecule"] or (code.molecule if code else family)
        settled.append(Row(row.line, row.values | {"family": family, "molecule": molecule}))
    return settled, problems


def _no_family(row: Row) -> Problem:
    message = "is no family of the drug reference; load its regimen first"
    return Problem(row.line, "family", row.values["family"], "unknown_family", message)


Settle = Callable[[Iterable[Row]], tuple[list[Row], list[Problem]]]
SETTLE: dict[str, Settle] = {"drug_codes": _settled_codes, "ndcs": _settled_ndcs}
