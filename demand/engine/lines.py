"""Files of one extract -> typed candidate rows, an outcome for each row, counts, flags and rejects. Grain: one row per row read.

rows read = accepted + rejected + duplicate + superseded, per kind, always (asserted). The folder of a load holds:
- `<kind>-0000.parquet` … one per file, typed rows in the order of the file: the columns of `outcomes.SCHEMAS`, and reject
  ('RULE column' where a row rule failed), reject_value (only what looks like a date or number), physical_line (NULL where the
  record's place gives the line), file_no. Read them through `outcomes.candidates_sql` or, with final outcomes,
  `outcomes.final_outcomes`: those leave the rejected rows out and add row_number.
  medical: data_source, claim_id, claim_line_number INTEGER, claim_type, person_id (pseudonym), payer, plan (as written),
    claim_start_date, claim_end_date, service_date (claim_line_start_date, else claim_start_date), place_of_service_code,
    bill_type_code (no leading zero; bill_type_as_sent keeps it), revenue_center_code, hcpcs_code (5 characters where valid),
    modifiers (';' text), units DECIMAL(18,4), rendering_npi, billing_npi, facility_npi, ordering_npi (placeholders are NULL),
    billing_tin, ndc_code (11 digits where the hyphens allow it), paid_date, file_date, paid_cents, allowed_cents, charge_cents,
    patient_cents (coinsurance + copayment + deductible, NULL where all are blank), diagnosis_codes, procedure_codes (';' text),
    diagnosis_code_type, in_network_flag, authorization_id, authorization_end_date, flags (';' text)
  pharmacy: … dispensing_date, ndc_code, quantity and days_supply DECIMAL(18,4), prescribing_ and dispensing_provider_npi …
  eligibility: … enrollment_start_date, enrollment_end_date (the last day covered), gender, birth_date, death_date, payer_type,
    group_id, state, zip_code, funding_type, file_date
- `rejects.parquet`: extract, kind, file_no, file, row_number, outcome, rule, column, value, message, claim_id, of every row
  not accepted at loading. It stays as it was; a run has its own.
- `quality.json`: `LoadResult.as_json()` and, per file, what it was like; horizon; repeated claim totals and how they were split.
Identifiers are not stored: person_id is a keyed pseudonym at the door; the map back is written under `identities_dir` only.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from demand.engine import layout, rejects
from demand.engine.columns import KINDS, MEDICAL
from demand.engine.extract import SourceFile, StagedFile, read_file
from demand.engine.flags import count_flags
from demand.engine.mapping import ReadAs
from demand.engine.outcomes import count_outcomes, find_repeated_totals, resolve
from demand.engine.pseudonym import secret_of
from demand.engine.refusal import RefusedFile, UnknownLayout
from demand.engine.typed import SQL_FOLDER, TypedFile, horizon, profile_files, refuse_if_all_fail, type_file
from demand.engine.unpack import Limits

__all__ = ["LoadOptions", "LoadResult", "RefusedFile", "SourceFile", "UnknownLayout", "load_extract", "look_at"]

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class LoadOptions:
    """pseudonym_key: the server's secret bytes. data_source fills blanks only. paid_through: claims paid up to this day are in.

    received_on: the day the files came (given by the caller; engines have no clock), the last resort to tell a future date.
    identities_dir: where the map from pseudonym to person id is kept; None keeps none. memory_limit: DuckDB's words; below 680MB it
    writes the columns of medical rows in their order with one thread, and takes twice as long.
    """

    pseudonym_key: bytes
    name: str = ""
    data_source: str = ""
    paid_through: dt.date | None = None
    received_on: dt.date | None = None
    perspective: str = "payer"
    identities_dir: Path | None = None
    memory_limit: str = "700MB"
    threads: int = 2
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class KindResult:
    """The account of one kind of file: rows_read = accepted + rejected + duplicate + superseded. flags: warnings, rows by rule."""

    files: int = 0
    rows_read: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    flags: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows_read != self.accepted + self.rejected + self.duplicate + self.superseded:
            raise AssertionError(f"rows lost or invented: {self}")

    def as_json(self) -> dict:
        return {
            "files": self.files, "rows_read": self.rows_read, "accepted": self.accepted, "rejected": self.rejected,
            "duplicate": self.duplicate, "superseded": self.superseded, "flags": dict(sorted(self.flags.items())),
        }  # fmt: skip


@dataclass(frozen=True)
class LoadResult:
    """What a load did. seconds is elapsed time; quality is what `quality.json` holds beside the counts."""

    seconds: float
    kinds: dict[str, KindResult]
    quality: dict

    def as_json(self) -> dict:
        return {"seconds": round(self.seconds, 3)} | {kind: self.kinds[kind].as_json() for kind in KINDS}


def load_extract(
    files: Sequence[SourceFile],
    earlier: Sequence[Path],
    out_dir: Path,
    options: LoadOptions,
    report: Report = lambda stage, fraction: None,
) -> LoadResult:
    """Load the files of one extract into `out_dir`, whole or not at all. `earlier`: folders of the loads before it, oldest first.

    Raises RefusedFile where a file cannot be taken as a whole; then nothing is left behind, of any file.
    """
    began = time.perf_counter()  # elapsed time for the user, never part of a result
    out_dir, earlier = out_dir.resolve(), [folder.resolve() for folder in earlier]
    partial = out_dir.with_name(out_dir.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    work = partial / "work"
    work.mkdir(parents=True, mode=0o700)
    connection = None
    try:
        connection = _connect(work, [partial, *earlier], options)
        kinds, quality = _load(connection, list(files), list(earlier), partial, work, options, report)
        result = LoadResult(time.perf_counter() - began, kinds, quality)
        (partial / "quality.json").write_text(
            json.dumps(result.as_json() | quality, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        _keep_identities(connection, work, out_dir.name, options)
        connection.close()
        connection = None
        shutil.rmtree(work)
        shutil.rmtree(out_dir, ignore_errors=True)
        partial.rename(out_dir)
    except duckdb.Error as error:
        # DuckDB's words may quote a row, and a row holds patient data: only the kind of the error goes on.
        raise RuntimeError(f"Loading stopped in DuckDB: {type(error).__name__}") from None
    finally:
        if connection is not None:
            connection.close()
        shutil.rmtree(partial, ignore_errors=True)
    report("done", 1.0)
    return result


def look_at(source: SourceFile, folder: Path, options: LoadOptions, read_as: ReadAs, report: Report) -> layout.Layout:
    """What a file of unknown layout holds, read under `folder`, of which nothing is left. RefusedFile where it is no table."""
    work = folder.resolve() / "work"
    work.mkdir(parents=True, mode=0o700)
    connection = None
    try:
        connection = _connect(work, [work], options)
        return layout.look_at(
            source, work, connection, options.limits, read_as, lambda share: report("looking at the columns", share)
        )
    except duckdb.Error as error:
        raise RuntimeError(f"Looking at a file stopped in DuckDB: {type(error).__name__}") from None
    finally:
        if connection is not None:
            connection.close()
        shutil.rmtree(work)


def _connect(work: Path, folders: list[Path], options: LoadOptions) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes nothing but the load's own folder and the earlier loads, and fetches no extension."""
    connection = duckdb.connect(
        config={
            "memory_limit": options.memory_limit,
            "threads": options.threads,
            "temp_directory": str(work / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    # type_pushdown turns TRY_CAST over read_csv into a hard cast (duckdb#23818); in_clause makes a join of a long IN, and no join
    # keeps the order of the rows.
    known = {name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}  # DuckDB 1.5 has no first
    connection.execute("SET disabled_optimizers = $names", {"names": ",".join({"type_pushdown", "in_clause"} & known)})
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")  # a Parquet timestamp must not depend on where the server stands
    connection.execute("SET VARIABLE pseudonym_secret = ?", [secret_of(options.pseudonym_key)])
    listed = ", ".join("'" + str(folder.resolve()).replace("'", "''") + "/'" for folder in folders)
    connection.execute(f"SET allowed_directories = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    connection.execute((SQL_FOLDER / "typing.sql").read_text(encoding="utf-8"))
    return connection


def _load(
    connection: duckdb.DuckDBPyConnection, files: list[SourceFile], earlier: list[Path], partial: Path, work: Path,
    options: LoadOptions, report: Report,
) -> tuple[dict[str, KindResult], dict]:  # fmt: skip
    if not files:
        raise RefusedFile("No file was given. Choose at least one medical, pharmacy or eligibility file.", "NO_FILES")
    size = sum(file.path.stat().st_size for file in files) or 1
    done = 0
    staged: list[StagedFile] = []
    for number, file in enumerate(files):
        share = file.path.stat().st_size / size
        try:
            staged.append(
                read_file(
                    file, number, work.resolve(), connection, options.limits,
                    lambda part, done=done, share=share: report("reading", min(1.0, done / size + part * share)),
                )
            )  # fmt: skip
        except UnknownLayout as unknown:
            unknown.file = number
            raise
        done += file.path.stat().st_size
    staged, profiles = profile_files(connection, staged, lambda share: report("people", share))
    last_day = horizon(profiles, options.paid_through, options.received_on)
    connection.execute("SET VARIABLE horizon = ?::DATE", [last_day])
    typed = []
    for place, file in enumerate(staged):
        typed.append(type_file(connection, file, profiles[place], partial, options.data_source, options.pseudonym_key))
        refuse_if_all_fail(connection, typed[-1])
        report("checking rows", (place + 1) / len(staged))
    results, facts = {}, {}
    sources = [*enumerate(earlier), (len(earlier), partial)]
    rejects.start(connection)
    for file in typed:
        rejects.add_row_rules(connection, options.name, file.staged, file.path)
    for place, kind in enumerate(KINDS):
        mine = [file for file in typed if file.kind == kind]
        results[kind], facts[kind] = _account(connection, kind, mine, sources, partial, options)
        report("matching with earlier rows", (place + 1) / len(KINDS))
    rejects.write(connection, partial / "rejects.parquet")
    quality = {
        "name": options.name,
        "perspective": options.perspective,
        "horizon": last_day.isoformat() if last_day else None,
        "loaded_files": [_file_facts(file) for file in typed],
        "facts": facts,
    }
    return results, quality


def _account(
    connection: duckdb.DuckDBPyConnection, kind: str, files: list[TypedFile], sources: list[tuple[int, Path]], partial: Path,
    options: LoadOptions,
) -> tuple[KindResult, dict]:  # fmt: skip
    """Outcomes of the kind's rows among themselves and against earlier loads, counted; warnings; facts for the quality page."""
    if not files:
        return KindResult(), {}
    this = sources[-1][0]
    passes = resolve(connection, kind, sources)
    counts = count_outcomes(connection, this)
    facts: dict = {}
    flags = count_flags(connection, kind, files, partial)
    if kind == MEDICAL:
        totals = find_repeated_totals(connection, passes, this)
        facts["repeated_claim_totals"] = [{name: value for name, value in fact.items() if name != "sequence"} for fact in totals]
        if split := sum(fact["lines"] for fact in totals if fact["split"]):
            flags["REPEATED_CLAIM_TOTAL"] = split
    names = {file.staged.number: file.staged.shown for file in files}
    rejects.add_exceptions(connection, options.name, kind, this, partial, names)
    structural = sum(len(file.staged.rejects) for file in files)
    by_rules = sum(file.rejected for file in files)
    result = KindResult(
        files=len(files),
        rows_read=sum(file.staged.rows_read for file in files),
        accepted=counts["accepted"],
        rejected=counts["rejected"] + by_rules + structural,
        duplicate=counts["duplicate"],
        superseded=counts["superseded"],
        flags=flags,
    )
    return result, facts


def _file_facts(file: TypedFile) -> dict:
    staged = file.staged
    return {
        "file": staged.shown, "file_no": staged.number, "kind": staged.kind, "form": staged.form, "packed_as": staged.packed_as,
        "delimiter": staged.delimiter, "rows_read": staged.rows_read, "blank_lines": staged.blank_lines,
        "columns": list(staged.present), "columns_not_read": list(staged.extra), "notes": list(staged.notes),
        "mapping": staged.mapping.as_json() if staged.mapping else None,
    }  # fmt: skip


def _keep_identities(connection: duckdb.DuckDBPyConnection, work: Path, name: str, options: LoadOptions) -> None:
    """The map pseudonym -> person_id of this load, readable by the server's own user only."""
    if options.identities_dir is None:
        return
    options.identities_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = work / "identities.parquet"
    path = str(made).replace("'", "''")
    connection.execute(f"COPY (SELECT pseudonym, person_id FROM person ORDER BY pseudonym) TO '{path}' (FORMAT parquet)")
    made.chmod(0o600)
    target = options.identities_dir / f"{name}.parquet"
    try:
        os.replace(made, target)
    except OSError:  # another file system
        waiting = options.identities_dir / f"{name}.partial"
        shutil.copyfile(made, waiting)
        waiting.chmod(0o600)
        os.replace(waiting, target)
