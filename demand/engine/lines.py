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
  pharmacy: … dispensing_date, ndc_code, quantity, days_supply DECIMAL(18,4), prescribing_provider_npi, dispensing_provider_npi …
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
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from demand.engine import rejects
from demand.engine.columns import DIAGNOSES, ELIGIBILITY, KINDS, MEDICAL, MODIFIERS, PHARMACY, PROCEDURES
from demand.engine.extract import SourceFile, StagedFile, read_file
from demand.engine.outcomes import candidates_sql, count_outcomes, find_repeated_totals, resolve
from demand.engine.pseudonym import pseudonym_sql
from demand.engine.refusal import RefusedFile
from demand.engine.unpack import Limits

__all__ = ["LoadOptions", "LoadResult", "RefusedFile", "SourceFile", "load_extract"]

SQL_FOLDER = Path(__file__).parent / "sql"
Report = Callable[[str, float], None]
_UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)  # what a CSV that is not as surveyed raises


@dataclass(frozen=True)
class LoadOptions:
    """pseudonym_key: the server's secret bytes. data_source fills blanks only. paid_through: claims paid up to this day are in.

    received_on: the day the files came (given by the caller; engines have no clock), the last resort to tell a future date.
    identities_dir: where the map from pseudonym to person id is kept; None keeps none. memory_limit: DuckDB's words.
    """

    pseudonym_key: bytes
    name: str = ""
    data_source: str = ""
    paid_through: dt.date | None = None
    received_on: dt.date | None = None
    perspective: str = "payer"
    identities_dir: Path | None = None
    memory_limit: str = "600MB"
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
    """Load the files of one extract into `out_dir` (made whole or not at all). `earlier`: folders of the loads before it, oldest first.

    Raises RefusedFile where a file cannot be taken as a whole; then nothing is left behind, of any file.
    """
    began = time.perf_counter()  # elapsed time for the user, never part of a result
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
    finally:
        if connection is not None:
            connection.close()
        shutil.rmtree(partial, ignore_errors=True)
    report("done", 1.0)
    return result


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
    # type_pushdown turns TRY_CAST over read_csv into a hard cast (duckdb#23818); the other would turn the joins with `person`
    # around, and rows would come out of the order of the file.
    connection.execute("SET disabled_optimizers = 'type_pushdown,build_side_probe_side,join_order'")
    connection.execute(f"SET VARIABLE pseudonym_key = '{options.pseudonym_key.hex()}'")
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
        staged.append(
            read_file(
                file, number, work.resolve(), connection, options.limits,
                lambda part, done=done, share=share: report("reading", min(1.0, done / size + part * share)),
            )
        )  # fmt: skip
        done += file.path.stat().st_size
    staged, profiles = _profile(connection, staged, options, report)
    horizon = _horizon(profiles, options)
    connection.execute("SET VARIABLE horizon = ?::DATE", [horizon])
    typed = []
    for place, file in enumerate(staged):
        typed.append(_type(connection, file, profiles[file.number], partial, options))
        _refuse_if_all_fail(connection, typed[-1], partial)
        report("checking rows", (place + 1) / len(staged))
    results, facts = {}, {}
    sources = [*enumerate(earlier), (len(earlier), partial)]
    rejects.start(connection)
    for file in typed:
        rejects.add_row_rules(connection, options.name, file.staged, partial / file.path_name)
    for place, kind in enumerate(KINDS):
        mine = [file for file in typed if file.kind == kind]
        results[kind], facts[kind] = _account(connection, kind, mine, sources, partial, options)
        report("matching with earlier rows", (place + 1) / len(KINDS))
    rejects.write(connection, partial / "rejects.parquet")
    quality = {
        "name": options.name,
        "perspective": options.perspective,
        "horizon": horizon.isoformat() if horizon else None,
        "loaded_files": [_file_facts(file) for file in typed],
        "facts": facts,
    }
    return results, quality


@dataclass(frozen=True)
class _Profile:
    """What one scan of a staged file says before it is typed."""

    records: int
    sourced: int  # rows with a data_source of their own
    paid_last: dt.date | None
    file_last: dt.date | None


def _profile(
    connection: duckdb.DuckDBPyConnection, staged: list[StagedFile], options: LoadOptions, report: Report
) -> tuple[list[StagedFile], list[_Profile]]:
    """People of all files into `person`, and per file what its typing needs; a file that DuckDB counts differently is normalised."""
    connection.execute("CREATE TEMP TABLE person_seen (person_id VARCHAR)")
    checked, profiles = [], []
    for place, file in enumerate(staged):
        profile = _scan(connection, file)
        if profile is None or profile.records != file.records:
            if file.fallback is None:
                raise AssertionError("a normalised file was read differently than it was written")
            file = file.fallback()
            profile = _scan(connection, file)
        connection.execute("INSERT INTO person_seen SELECT person_id FROM scanned WHERE person_id IS NOT NULL")
        checked.append(file)
        profiles.append(profile)
        report("people", (place + 1) / len(staged))
    connection.execute(
        f"CREATE TEMP TABLE person AS SELECT person_id, {pseudonym_sql('person_id')} AS pseudonym FROM (SELECT DISTINCT person_id FROM person_seen)"
    )
    connection.execute("DROP TABLE person_seen")
    return checked, profiles


def _scan(connection: duckdb.DuckDBPyConnection, file: StagedFile) -> _Profile | None:
    paid = "max(read_day(paid_date))" if file.kind != ELIGIBILITY else "NULL::DATE"
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE scanned AS SELECT person_id, count(*) AS records, count(data_source) AS sourced, {paid} AS paid_last, "
            f"max(read_day(file_date)) AS file_last FROM ({file.relation}) GROUP BY person_id"
        )
    except _UNREADABLE:  # what DuckDB cannot read as it lies, the slow path can, or says why not
        return None
    row = connection.execute(
        "SELECT sum(records)::BIGINT, sum(sourced)::BIGINT, max(paid_last), max(file_last) FROM scanned"
    ).fetchall()[0]
    return _Profile(row[0] or 0, row[1] or 0, row[2], row[3])


def _horizon(profiles: list[_Profile], options: LoadOptions) -> dt.date | None:
    """The last day that a service of these files can have been on: paid through, else the newest paid or file date, else the day they came."""
    if options.paid_through:
        return options.paid_through
    dates = [date for profile in profiles for date in (profile.paid_last, profile.file_last) if date]
    newest = max(dates, default=options.received_on)
    return min(newest, options.received_on) if newest and options.received_on else newest


@dataclass(frozen=True)
class TypedFile:
    staged: StagedFile
    rejected: int  # by row rules

    @property
    def kind(self) -> str:
        return self.staged.kind

    @property
    def path_name(self) -> str:
        return f"{self.staged.kind}-{self.staged.number:04d}.parquet"


def _type(
    connection: duckdb.DuckDBPyConnection, file: StagedFile, profile: _Profile, partial: Path, options: LoadOptions
) -> TypedFile:
    """Write the file's typed rows; they must be as many as were counted by bytes, else the slow path decides."""
    filled = _fill_data_source(file, profile, options)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {filled}")
    text = (SQL_FOLDER / f"typed_{file.kind}.sql").read_text(encoding="utf-8")
    if file.kind == MEDICAL:
        for name, columns in (("{modifiers}", MODIFIERS), ("{diagnoses}", DIAGNOSES), ("{procedures}", PROCEDURES)):
            text = text.replace(name, _joined(columns, file))
    typed = TypedFile(file, 0)
    target = str(partial / typed.path_name).replace("'", "''")
    options_sql = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440, WRITE_BLOOM_FILTER false"
    try:
        connection.execute(f"COPY (SELECT {file.number}::INTEGER AS file_no, * FROM ({text})) TO '{target}' ({options_sql})")
        rows, rejected = connection.execute(f"SELECT count(*), count(reject) FROM read_parquet('{target}')").fetchall()[0]
    except _UNREADABLE:
        if file.fallback is None:
            raise
        rows = rejected = -1
    if rows != file.records:
        if file.fallback is None:
            raise AssertionError("typing lost or invented rows")
        return _type(connection, file.fallback(), profile, partial, options)
    return TypedFile(file, rejected)


def _joined(columns: Sequence[str], file: StagedFile) -> str:
    return ", ".join(column for column in columns if column in file.present) or "NULL"


def _fill_data_source(file: StagedFile, profile: _Profile, options: LoadOptions) -> str:
    """The option fills blanks only. Without it, a file that names no source at all is one unnamed source; a blank among names is rejected."""
    default = options.data_source.strip() or ("unspecified" if profile.sourced == 0 else "")
    if not default:
        return file.relation
    return (
        f"SELECT * REPLACE (coalesce(data_source, '{default.replace(chr(39), chr(39) * 2)}') AS data_source) FROM ({file.relation})"
    )


_ALL_FAIL = {
    "BAD_DATE": "dates must have the format YYYY-MM-DD, for example 2026-02-14",
    "BAD_NUMBER": "amounts are plain numbers such as 1234.50, without currency signs or thousands separators",
    "BAD_LINE_NUMBER": "line numbers are whole numbers from 1",
    "REQUIRED_EMPTY": "the cell must not be empty",
    "RAGGED": "every row needs as many cells as the header has columns",
    "CONTROL_CHAR": "cells must not hold control characters",
    "TEXT_AFTER_QUOTE": "a quote inside a quoted cell must be doubled",
    "FIELD_TOO_LONG": "a cell may have at most 10,000 characters",
}


def _refuse_if_all_fail(connection: duckdb.DuckDBPyConnection, file: TypedFile, partial: Path) -> None:
    """Where every row of a file fails one and the same rule, the file is refused and the rule said once."""
    staged = file.staged
    if file.rejected + len(staged.rejects) < staged.rows_read:
        return
    path = str(partial / file.path_name).replace("'", "''")
    rules = {row[0] for row in connection.execute(f"SELECT DISTINCT reject FROM read_parquet('{path}')").fetchall()}
    rules |= {f"{reject.rule} {reject.column or ''}".strip() for reject in staged.rejects}
    if len(rules) > 1:
        return
    rule, _, column = rules.pop().partition(" ")
    where = f" in the column {column}" if column else ""
    raise RefusedFile(
        f"{staged.shown} was not loaded: all of its {staged.rows_read:,} rows fail the same rule ({rule}{where}). "
        f"Correct the export ({_ALL_FAIL.get(rule, 'see the rule')}) and send the file again.",
        f"ALL_ROWS_REJECTED {rule}",
    )


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
    if kind == MEDICAL:
        totals = find_repeated_totals(connection, passes)
        facts["repeated_claim_totals"] = [
            {key: value for key, value in fact.items() if key != "sequence"} for fact in totals if fact["sequence"] == this
        ]
    rejects.add_exceptions(connection, options.name, kind, this, partial, {file.staged.number: file.staged.shown for file in files})
    structural = sum(len(file.staged.rejects) for file in files)
    by_rules = sum(file.rejected for file in files)
    result = KindResult(
        files=len(files),
        rows_read=sum(file.staged.rows_read for file in files),
        accepted=counts["accepted"],
        rejected=counts["rejected"] + by_rules + structural,
        duplicate=counts["duplicate"],
        superseded=counts["superseded"],
        flags=_flags(connection, kind, files, partial),
    )
    return result, facts


_NPIS = {
    MEDICAL: ("rendering_npi", "billing_npi", "facility_npi", "ordering_npi"),
    PHARMACY: ("prescribing_provider_npi", "dispensing_provider_npi"),
}


def _flags(connection: duckdb.DuckDBPyConnection, kind: str, files: list[TypedFile], partial: Path) -> dict[str, int]:
    """Warnings by rule: rows for most, columns for EXTRA_COLUMN, spellings for UNICODE_VARIANTS."""
    rows = candidates_sql(partial, kind)
    flags: dict[str, int] = {}
    for text, count in connection.execute(f"SELECT flags, count(*) FROM ({rows}) WHERE flags IS NOT NULL GROUP BY flags").fetchall():
        for rule in text.split(";"):
            flags[rule] = flags.get(rule, 0) + count
    listed = ", ".join("'" + str(partial / file.path_name).replace("'", "''") + "'" for file in files)
    typed = f"(SELECT * FROM read_parquet([{listed}]) WHERE reject IS NULL)"
    counted = {
        "EXTRA_COLUMN": sum(len(file.staged.extra) for file in files),
        "UNICODE_VARIANTS": sum(_spellings(connection, typed, column) for column in ("payer", "plan")),
        "NPI_INVALID": _wrong_npis(connection, typed, _NPIS[kind]) if kind in _NPIS else 0,
        "CLAIM_HEADER_CONFLICT": _header_conflicts(connection, typed, kind) if kind != ELIGIBILITY else 0,
    }
    return flags | {rule: count for rule, count in counted.items() if count}


def _spellings(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> int:
    """How many spellings of one name there are beyond the first: the same letters, composed differently."""
    found = connection.execute(f"SELECT DISTINCT {column} FROM {rows} WHERE strlen({column}) <> length({column})").fetchall()
    return len(found) - len({unicodedata.normalize("NFC", row[0]) for row in found})


def _wrong_npis(connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str]) -> int:
    """Rows with a provider number that is none. Each number is checked once: there are few."""
    numbers = " UNION ".join(f"SELECT DISTINCT {column} AS npi FROM {rows}" for column in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE npi_seen AS {numbers}")  # a table of its own, else every row is checked
    connection.execute("CREATE OR REPLACE TEMP TABLE wrong_npi AS SELECT npi FROM npi_seen WHERE npi IS NOT NULL AND npi_wrong(npi)")
    if not connection.execute("SELECT count(*) FROM wrong_npi").fetchall()[0][0]:
        return 0
    wrong = " OR ".join(f"{column} IN (SELECT npi FROM wrong_npi)" for column in columns)
    return connection.execute(f"SELECT count(*) FROM {rows} WHERE {wrong}").fetchall()[0][0]


def _header_conflicts(connection: duckdb.DuckDBPyConnection, rows: str, kind: str) -> int:
    """Rows of claims whose lines disagree about the person, the claim's first day or its type."""
    also = "OR min(claim_start_date) <> max(claim_start_date) OR min(hash(claim_type)) <> max(hash(claim_type))" if kind == MEDICAL else ""
    return connection.execute(
        f"SELECT coalesce(sum(lines), 0)::BIGINT FROM (SELECT count(*) AS lines FROM {rows} GROUP BY hash(data_source, claim_id) "
        f"HAVING min(hash(person_id)) <> max(hash(person_id)) {also})"
    ).fetchall()[0][0]


def _file_facts(file: TypedFile) -> dict:
    staged = file.staged
    return {
        "file": staged.shown, "file_no": staged.number, "kind": staged.kind, "form": staged.form, "packed_as": staged.packed_as,
        "delimiter": staged.delimiter, "rows_read": staged.rows_read, "blank_lines": staged.blank_lines,
        "columns": list(staged.present), "columns_not_read": list(staged.extra), "notes": list(staged.notes),
    }  # fmt: skip


def _keep_identities(connection: duckdb.DuckDBPyConnection, work: Path, name: str, options: LoadOptions) -> None:
    """The map pseudonym -> person_id of this load, readable by the server's own user only."""
    if options.identities_dir is None:
        return
    options.identities_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = work / "identities.parquet"
    connection.execute(
        f"COPY (SELECT pseudonym, person_id FROM person ORDER BY pseudonym) TO '{str(made).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
    )
    made.chmod(0o600)
    target = options.identities_dir / f"{name}.parquet"
    try:
        os.replace(made, target)
    except OSError:  # another file system
        waiting = options.identities_dir / f"{name}.partial"
        shutil.copyfile(made, waiting)
        waiting.chmod(0o600)
        os.replace(waiting, target)
