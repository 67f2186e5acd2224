"""PostgreSQL's \\copy of the medical file into a table with dates, amounts and whole numbers: another yardstick of `test_pipeline_ratio.py`."""

import csv
import re
import subprocess
import time
from pathlib import Path

from tests.services import Postgres

DAY = re.compile(r"(\d{4}-(0[1-9]|1[0-2])-\d{2})?")
AMOUNT = re.compile(r"([-+]?\d+([.]\d*)?)?")


def type_of(column: str) -> str:
    if column.endswith("_date"):
        return "date"
    if column.endswith(("_amount", "_quantity")):
        return "numeric(18, 4)"
    return "integer" if column == "claim_line_number" else "text"


def without_refused_rows(source: Path, target: Path) -> Path:
    """The file without the rehearsal's planted errors: PostgreSQL refuses a whole file for one of them."""
    with source.open(encoding="utf-8", newline="") as read, target.open("w", encoding="utf-8", newline="") as written:
        rows, writer = csv.reader(read), csv.writer(written, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        days = [place for place, name in enumerate(header) if type_of(name) == "date"]
        amounts = [place for place, name in enumerate(header) if type_of(name) in ("integer", "numeric(18, 4)")]
        writer.writerows(
            row
            for row in rows
            if all(DAY.fullmatch(row[place]) for place in days) and all(AMOUNT.fullmatch(row[place]) for place in amounts)
        )
    return target


def copy_seconds(server: Postgres, path: Path) -> float:
    """Seconds of \\copy into a new typed table without an index."""
    server.create("claims")
    with path.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    columns = ", ".join(f"{name} {type_of(name)}" for name in header)
    psql = [
        str(server.bin / "psql"),
        "--quiet",
        "--set",
        "ON_ERROR_STOP=1",
        server.url("claims").replace("postgres://", "postgresql://"),
    ]
    subprocess.run([*psql, "--command", f"CREATE TABLE medical_claim ({columns})"], check=True)
    began = time.monotonic()
    subprocess.run([*psql, "--command", f"\\copy medical_claim FROM '{path}' WITH (FORMAT csv, HEADER)"], check=True)
    return time.monotonic() - began
