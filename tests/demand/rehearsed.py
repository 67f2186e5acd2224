"""A rehearsal system, loaded and computed by the engines alone; made once per (people, seed) and test session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb

from demand.engine import lines, pipeline, rehearsal_score
from demand.engine.export_tables import file_pattern
from demand.engine.extract import SourceFile
from demand.engine.parameters import Parameters
from demand.engine.reference import Reference
from demand.engine.rehearsal import create_rehearsal
from tests.demand.frames import KEY, rehearsal_reference


@dataclass
class Rehearsed:
    folder: Path
    extract: pipeline.ExtractInput
    reference: Reference
    summary: pipeline.RunSummary

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @cached_property
    def score(self) -> rehearsal_score.Score:
        return rehearsal_score.score(self.folder / "system" / "truth", self.run, self.folder / "identities")

    def recompute(self, name: str, memory_limit: str = "300MB", parameters: Parameters | None = None) -> pipeline.RunSummary:
        return pipeline.recompute(
            [self.extract], self.reference, parameters or Parameters(), self.folder / name, memory_limit=memory_limit
        )

    def query(self, sql: str, run: str = "run") -> list[dict]:
        """SQL over the run's files, each a view of its name."""
        with duckdb.connect() as connection:
            for table in {path.stem.partition("-")[0] for path in (self.folder / run).glob("*.parquet")}:
                connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{self.folder / run / file_pattern(table)}')")
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str) -> object:
        ((value,),) = [tuple(row.values()) for row in self.query(sql)]
        return value


def rehearse(folder: Path, people: int, seed: int, memory_limit: str = "300MB", without: str = "") -> Rehearsed:
    """`without`: a kind of file that is left out."""
    system = folder / "system"
    create_rehearsal(system, people=people, seed=seed)
    manifest = json.loads((system / "truth" / "manifest.json").read_text(encoding="utf-8"))
    paid_through = date.fromisoformat(manifest["paid_through"])
    files = [
        SourceFile(kind, system / name, name)
        for kind, name in (("medical", "medical_claim.csv"), ("pharmacy", "pharmacy_claim.csv"), ("eligibility", "eligibility.csv"))
        if kind != without
    ]
    options = lines.LoadOptions(
        pseudonym_key=KEY, name="rehearsal", paid_through=paid_through, identities_dir=folder / "identities"
    )
    lines.load_extract(files, [], folder / "extract", options)
    extract = pipeline.ExtractInput(1, "rehearsal", folder / "extract", "payer", paid_through, 1)
    reference = rehearsal_reference(system)
    summary = pipeline.recompute([extract], reference, Parameters(), folder / "run", memory_limit=memory_limit)
    return Rehearsed(folder, extract, reference, summary)
