"""Accepted lines of people without anything to look into -> their files of `lines`. Grain: one row per accepted medical line.

Most people of an extract have no line of a drug or an administration that we know, so no stage needs them: their lines are told one
by one and written as they are read, unsorted (`sql/everyday.sql`, `sql/everyday_lines.sql`). Identity: these lines and those of the
passes are the accepted lines. Each file is made of a range of rows of one loaded file, by one thread, so that it is the same in every
run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from demand.engine import export_tables, stage
from demand.engine.columns import MEDICAL
from demand.engine.outcomes import FinalOutcomes, candidates_sql

ROWS_A_FILE = 1_000_000  # a range of rows is read for itself; enough of them that reading the persons again costs little


@dataclass(frozen=True)
class Share:
    """Rows `first` <= place in the file < `end` of one loaded file."""

    sequence: int
    path: Path
    first: int
    end: int

    def candidates(self) -> str:
        rows = f"file_row_number >= {self.first} AND file_row_number < {self.end}"
        return f"SELECT {self.sequence} AS sequence, * FROM ({candidates_sql(self.path.parent, MEDICAL, [self.path], rows)})"


def shares(connection: duckdb.DuckDBPyConnection, final: FinalOutcomes) -> Iterator[Share]:
    """The medical files of the run, in the order of loading, cut into ranges of rows."""
    for sequence, folder in final.sources:
        for path in sorted(folder.glob(f"{MEDICAL}-[0-9]*.parquet")):
            [(rows,)] = connection.execute("SELECT num_rows FROM parquet_file_metadata($path)", {"path": str(path)}).fetchall()
            for first in range(0, rows, ROWS_A_FILE):
                yield Share(sequence, path, first, min(rows, first + ROWS_A_FILE))


def write_everyday_lines(
    connection: duckdb.DuckDBPyConnection, final: FinalOutcomes, share: Share, folder: Path, number: int
) -> None:
    """`lines-everyday-<number>.parquet` in `folder`. Reads looked_into, everyday_span, span_term and extract."""
    accepted = final.accepted(MEDICAL, candidates=share.candidates())
    connection.execute(f"CREATE OR REPLACE TEMP VIEW accepted_medical AS {accepted}")
    stage.run(connection, "accepted_line")
    columns = export_tables.columns(export_tables.LINES)
    told = (stage.SQL_FOLDER / "everyday_lines.sql").read_text(encoding="utf-8")
    target = str(folder / f"lines-everyday-{number:05d}.parquet").replace("'", "''")
    connection.execute(f"COPY (SELECT {columns} FROM ({told})) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")
