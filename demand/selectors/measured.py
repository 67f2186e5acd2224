"""What is computed once over all rows of an extract, kept beside its rows; the worker makes it, a first reader could too."""

import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import duckdb
from django.conf import settings

from demand import storage
from demand.engine.fill import Filled, columns_filled
from demand.engine.parameters import Parameters
from demand.engine.quality import KnownCodes, Measured, measure
from demand.models import Extract
from demand.selectors.facts import ResultsMissing
from payers.models import ClaimCode, DrugCode, Ndc, ServiceCode


def known_codes() -> KnownCodes:
    """The reference's codes as they are now. Premedications are no drugs of ours and no riddle either."""
    sets = {name: frozenset() for name in ("place_of_service", "bill_type_facility", "bill_type_frequency")}
    for name, code in ClaimCode.objects.filter(code_set__in=sets).values_list("code_set", "code"):
        sets[name] |= {code}
    hcpcs = {*DrugCode.objects.values_list("hcpcs_code", flat=True), *ServiceCode.objects.values_list("hcpcs_code", flat=True)}
    return KnownCodes(
        hcpcs=frozenset(hcpcs | set(Parameters().premedication_codes)),
        ndcs=frozenset(Ndc.objects.values_list("ndc_code", flat=True)),
        places=sets["place_of_service"],
        bill_facilities=sets["bill_type_facility"],
        bill_frequencies=sets["bill_type_frequency"],
    )


def measured(extract: Extract, known: KnownCodes) -> Measured:
    """Made once per extract and state of the reference; later readers get the kept answer."""
    found = kept(extract, known)
    return found if found is not None else _measure(extract, known)


def kept(extract: Extract, known: KnownCodes) -> Measured | None:
    """The kept answer, or None where nobody has asked yet."""
    try:
        return Measured.from_json(json.loads(_path(extract, known).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def prepare(extracts) -> None:
    """Measure now what is not yet, so that no reader waits for it."""
    known = known_codes()
    for extract in extracts:
        if not _path(extract, known).exists():
            _measure(extract, known)


def _path(extract: Extract, known: KnownCodes) -> Path:
    return storage.extract_folder(extract.pk) / f"measured-{known.digest()}.json"


def _measure(extract: Extract, known: KnownCodes) -> Measured:
    folder = storage.extract_folder(extract.pk)
    if not (folder / "quality.json").exists():
        raise ResultsMissing("The rows of this extract cannot be read; tell your administrator.")
    spill = tempfile.mkdtemp(prefix=f"{folder.name}.measure.", dir=folder.parent)
    try:
        with duckdb.connect(
            config={"memory_limit": settings.PIPELINE_MEMORY_LIMIT, "threads": 2, "temp_directory": spill}
        ) as connection:
            flags = {kind: (extract.counts.get(kind) or {}).get("flags", {}) for kind in ("medical", "pharmacy", "eligibility")}
            found = measure(connection, folder, known, flags)
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    path = _path(extract, known)
    earlier = set(folder.glob("measured-*.json")) - {path}
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(found.as_json(), ensure_ascii=False), encoding="utf-8")
    os.replace(beside, path)
    for old in earlier:  # of another state of the reference
        old.unlink(missing_ok=True)
    return found


@lru_cache(maxsize=256)
def _filled(folder: str, loaded: str) -> tuple[Filled, ...]:
    path = Path(folder)
    told = json.loads((path / "quality.json").read_text(encoding="utf-8"))
    present: dict[str, set[str]] = {}
    for file in told["loaded_files"]:
        present.setdefault(file["kind"], set()).update(file["columns"])
    files = {kind: sorted(path.glob(f"{kind}-[0-9]*.parquet")) for kind in present}
    with duckdb.connect(config={"threads": 2}) as connection:
        return columns_filled(connection, files, present)


def filled(extract: Extract) -> tuple[Filled, ...]:
    """How many rows of each of the extract's columns hold a value; from the files' own counts, so it costs next to nothing."""
    try:
        return _filled(str(storage.extract_folder(extract.pk)), str(extract.loaded_at))
    except FileNotFoundError as error:
        raise ResultsMissing("The rows of this extract cannot be read; tell your administrator.") from error


def quality_facts(extract: Extract) -> dict:
    """quality.json of the load."""
    try:
        return json.loads((storage.extract_folder(extract.pk) / "quality.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResultsMissing("The rows of this extract cannot be read; tell your administrator.") from error
