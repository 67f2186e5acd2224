"""DuckDB's plain copy of the medical file to Parquet: every column text, nothing looked at. The least that reading and storing costs.

Run as: python -m tests.benchmarks.plain_copy SYSTEM_FOLDER WORK_FOLDER; prints one JSON object.
"""

import json
import sys
from pathlib import Path

import duckdb


def main(system: Path, work: Path) -> dict:
    work.mkdir(parents=True)
    with duckdb.connect(config={"threads": 2, "memory_limit": "900MB", "temp_directory": str(work / "spill")}) as connection:
        rows = connection.execute(
            f"COPY (FROM read_csv('{system / 'medical_claim.csv'}', header=true, all_varchar=true)) "
            f"TO '{work / 'medical.parquet'}' (FORMAT parquet)"
        ).fetchall()
    return {"lines": rows[0][0]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
