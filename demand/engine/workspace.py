"""Where a run works: one DuckDB connection with a memory limit, parts of each pass, and the finished files beside their manifest.

A part is what one pass made of a table, as Parquet; the finished table is its parts in the order of the passes, as one file or as they are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import duckdb

from demand.engine import export_tables, stage
from demand.engine.accepted import ExtractInput
from demand.engine.columns import KINDS
from demand.engine.lanes import LANES
from demand.engine.parameters import Parameters

# Small tables that the second loop reads; they leave the connection between the loops.
_RECALLED = ("attributed_infusion", "fill_family", "eligibility_span", "family_event", "reaction_day")
_GATHERED = {"fact_all": "facts", "episode_all": "episodes", "line_all": "lines", "unadministered_all": "unadministered_fills"}
_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


@lru_cache(maxsize=1)
def engine_version() -> str:
    """The code that computes, as 12 hex characters: any change of a stage is another version."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*.py"), *root.glob("sql/*.sql")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def parse_bytes(text: str) -> int:
    """'512MB' -> 512000000. ValueError where it is no size."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?I?B)?\s*", text.upper())
    if not found:
        raise ValueError(f"'{text}' is no memory size; write for example 512MB.")
    return int(float(found[1]) * _UNITS[found[2] or ""])


class Workspace:
    """A connection and a scratch folder under `out_dir`; both are gone afterwards, also when something fails."""

    def __init__(self, out_dir: Path, memory_limit: str) -> None:
        self.out_dir = out_dir
        self.scratch = out_dir / "scratch"
        self.memory_bytes = parse_bytes(memory_limit)
        self.memory_limit = memory_limit

    def __enter__(self) -> Workspace:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self.connection = duckdb.connect(
            config={
                "memory_limit": self.memory_limit,
                "temp_directory": str(self.scratch / "spill"),
                "threads": LANES,
                "preserve_insertion_order": False,  # every table that is kept is ordered by its stage
                "checkpoint_threshold": "1TB",  # else each table over 16 MB is packed when it is made, for a pass that soon drops it
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _part(self, name: str, number: int) -> Path:
        return self.scratch / f"{name}-{number:05d}.parquet"

    def _write(self, query: str, path: Path, connection: duckdb.DuckDBPyConnection | None = None) -> None:
        target = str(path).replace("'", "''")
        (connection or self.connection).execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")

    def _read(self, path: Path | str) -> str:
        return "read_parquet('" + str(path).replace("'", "''") + "')"

    def keep_rejects(self) -> None:
        """The rows not accepted, as they stand in this run; the table is not needed again."""
        self._write(
            f"SELECT {export_tables.columns(export_tables.REJECTS)} FROM reject_row "
            "ORDER BY extract, kind, file_no, row_number, outcome, rule",
            self.out_dir / "rejects.parquet",
        )
        self.connection.execute("DROP TABLE reject_row")
        exceptions = " UNION ALL ".join(f"SELECT '{kind}' AS kind, * FROM exception_{kind}" for kind in KINDS)
        self._write(
            f"SELECT {export_tables.columns(export_tables.ROW_OUTCOMES)} FROM ("
            "SELECT excepted.*, own.extract_id, other.extract_id AS other_extract_id "
            f"FROM ({exceptions}) AS excepted JOIN extract AS own USING (sequence) "
            "LEFT JOIN extract AS other ON other.sequence = excepted.other_sequence"
            ") ORDER BY kind, extract_id, file_no, row_number",
            self.out_dir / "row_outcomes.parquet",
        )

    def keep_first_pass(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        """The pass's rows as parts, and what episodes will ask for."""
        stage.run(connection, "pass_evidence")
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW placed AS "
            "SELECT line.*, line_place.* EXCLUDE (line_no) FROM line LEFT JOIN line_place USING (line_no)"
        )
        self._keep(connection, export_tables.FIRST_PASS, number)
        for table in _RECALLED:
            part = self._part(f"recalled_{table}", number)
            self._write(f"FROM {table} SEMI JOIN looked_into USING (person_id)", part, connection)
        _forget(connection)

    def recall_first_passes(self, connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> None:
        """The tables that these passes kept for the second ones."""
        for table in _RECALLED:
            parts = ", ".join("'" + str(self._part(f"recalled_{table}", number)).replace("'", "''") + "'" for number in numbers)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM read_parquet([{parts}])")

    def keep_second_pass(self, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        self._keep(connection, export_tables.SECOND_PASS, number)
        _forget(connection)

    def _keep(self, connection: duckdb.DuckDBPyConnection, tables: dict, number: int) -> None:
        for name, (table, listed, order) in tables.items():
            part = self._part(name, number)
            self._write(f"SELECT {export_tables.columns(listed)} FROM {table} ORDER BY {order}", part, connection)

    def measure_site_use(self) -> None:
        """site_use: chair hours used of those open, by registered site and month, over all people."""
        self.connection.execute(
            "CREATE OR REPLACE TABLE site_use AS SELECT infusion.site_id, infusion.month, "
            "sum(family.chair_minutes) / 60.0 / (any_value(site.chairs) * any_value(site.open_hours_per_week) "
            "* day(last_day(infusion.month)) / 7.0) AS chair_use "
            f"FROM {self.kept('infusions')} AS infusion JOIN site_place AS site USING (site_id) "
            "JOIN ref_drug_families AS family ON family.family = infusion.family "
            "WHERE site.chairs > 0 AND site.open_hours_per_week > 0 GROUP BY infusion.site_id, infusion.month"
        )

    def kept(self, name: str) -> str:
        """A table that the first passes kept, over all people, as SQL."""
        return self._read(self.scratch / f"{name}-*.parquet")

    def gather(self) -> None:
        """The finished files from their parts; and a view of each that the summaries read."""
        self.connection.execute("SET preserve_insertion_order = true")  # parts follow one another as they are
        for name in (*export_tables.FIRST_PASS, *export_tables.SECOND_PASS):
            parts = sorted(self.scratch.glob(f"{name}-*.parquet"))
            if name in export_tables.IN_PARTS:
                for part in parts:
                    part.rename(self.out_dir / part.name)
            elif len(parts) == 1:
                parts[0].rename(self.out_dir / f"{name}.parquet")
            else:
                self._write(f"FROM {self._read(self.scratch / f'{name}-*.parquet')}", self.out_dir / f"{name}.parquet")
        for view, name in _GATHERED.items():
            files = self._read(self.out_dir / export_tables.file_pattern(name))
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS FROM {files}")

    def publish(self, found: dict, parameters: Parameters, extracts: Sequence[ExtractInput]) -> dict:
        """The last files, then the manifest, which makes the folder a result. Returns rows and content hash by table."""
        self._write("FROM leakage", self.out_dir / "leakage.parquet")
        self._write(
            f"SELECT {export_tables.columns(export_tables.MATURITY)} FROM maturity ORDER BY data_source, month",
            self.out_dir / "maturity.parquet",
        )
        for name, (listed, order) in export_tables.FEEDS.items():
            self._write(f"SELECT {listed} FROM {name} GROUP BY ALL ORDER BY {order}", self.out_dir / f"{name}.parquet")
        paths = sorted(self.out_dir.glob("*.parquet"))
        tables = {name: self._content(name) for name in sorted({path.stem.partition("-")[0] for path in paths})}
        manifest = {
            "engine": engine_version(),
            "tables": tables,
            "files": {path.name: {"sha256": _sha256(path)} for path in paths},
            "parameters": parameters.as_json(),
            "extracts": [{"id": one.id, "name": one.name, "perspective": one.perspective} for one in extracts],
            **found,
        }
        self.out_dir.joinpath("manifest.json").write_text(
            json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, default=_plain), encoding="utf-8"
        )
        return tables

    def _content(self, name: str) -> dict:
        """Rows, and a hash of the rows in their order: the bytes of a Parquet file also depend on how many passes wrote it."""
        told = export_tables.CONTENT.get(name, "* EXCLUDE (file_row_number)")
        rows, content = 0, 0
        for path in sorted(self.out_dir.glob(export_tables.file_pattern(name))):
            more, part = self.connection.execute(
                f"SELECT count(*), bit_xor(hash(told)) FROM (SELECT $before + file_row_number, {told} "
                "FROM read_parquet($file, file_row_number=true)) AS told",
                {"file": str(path), "before": rows},
            ).fetchone()
            rows, content = rows + more, content ^ (part or 0)
        return {"rows": rows, "content": f"{content:016x}"}


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the pass's tables: what the next one needs is in its parts."""
    views = connection.execute("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal").fetchall()
    for (name,) in views:
        connection.execute(f"DROP VIEW {name}")
    tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary AND NOT internal").fetchall()
    for (name,) in tables:
        connection.execute(f"DROP TABLE {name}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot stand in a manifest")
