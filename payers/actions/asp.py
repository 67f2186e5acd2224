"""CMS's quarterly files into the database: payment limits by quarter, packages of the drugs we know."""

from pathlib import Path

from django.db import transaction
from django.db.models import Q

from payers.engine.asp import PAYMENT_LIMITS, AspFile, read_asp
from payers.models import AspLimit, DrugCode, Ndc
from sites.actions.registers import Loaded, loaded, store


@transaction.atomic
def load_asp(path: Path, name: str | None = None) -> Loaded:
    """One file of CMS, whichever it is; `name` is what people call it."""
    asp = read_asp(path, name)
    return _limits(asp) if asp.kind == PAYMENT_LIMITS else _packages(asp)


def _limits(asp: AspFile) -> Loaded:
    table = asp.limits()
    stored = store(
        AspLimit,
        ["hcpcs_code", "quarter_start"],
        [row.values | {"quarter_start": asp.quarter_start, "source": asp.source} for row in table.rows],
    )
    return loaded(table, stored, kind=asp.kind, quarter_start=asp.quarter_start.isoformat())


def _packages(asp: AspFile) -> Loaded:
    """Packages of our codes. What is known of a package beyond the crosswalk (that patients inject it themselves) stays."""
    in_force = DrugCode.objects.filter(Q(effective_to=None) | Q(effective_to__gt=asp.quarter_start))
    codes = {code.hcpcs_code: code for code in in_force.order_by("effective_from")}
    table, of_other_drugs = asp.packages(codes)
    on_file = {package.ndc_code: package for package in Ndc.objects.order_by("-hcpcs_code")}
    packages = {}
    for row in table.rows:
        # A package that CMS lists under two codes of one drug (ferumoxytol in and out of dialysis) is one package.
        packages.setdefault(row.values["ndc_code"], _package(row.values, codes, on_file, asp.source))
    stored = store(Ndc, ["ndc_code"], packages.values())
    return loaded(
        table,
        stored,
        kind=asp.kind,
        quarter_start=asp.quarter_start.isoformat(),
        of_other_drugs=of_other_drugs,
        under_a_second_code=len(table.rows) - len(packages),
    )


def _package(said: dict, codes: dict[str, DrugCode], on_file: dict[str, Ndc], source: str) -> dict:
    code = codes[said["hcpcs_code"]]
    package = said | {"molecule": code.molecule, "family": code.family_id, "self_administered": False, "source": source}
    known = on_file.get(said["ndc_code"])
    if known is not None:
        package["self_administered"] = known.self_administered
        if (known.molecule, known.units_per_package) == (code.molecule, said["units_per_package"]):
            package |= {"source": known.source, "hcpcs_code": known.hcpcs_code or said["hcpcs_code"]}
    return package
