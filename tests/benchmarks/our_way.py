"""The product's own way from files to leakage, without Django: load the extract, recompute. The other side of `test_pipeline_ratio.py`.

Run as: python -m tests.benchmarks.our_way SYSTEM_FOLDER WORK_FOLDER; prints one JSON object.
"""

import datetime as dt
import json
import sys
from pathlib import Path

from demand.engine import lines, pipeline
from demand.engine.extract import SourceFile
from demand.engine.parameters import Parameters
from tests.demand.frames import KEY, rehearsal_reference

PAID_THROUGH = dt.date(2026, 9, 30)
FILES = {"medical": "medical_claim.csv", "pharmacy": "pharmacy_claim.csv", "eligibility": "eligibility.csv"}


def main(system: Path, work: Path) -> dict:
    files = [SourceFile(kind, system / name, name) for kind, name in FILES.items()]
    options = lines.LoadOptions(pseudonym_key=KEY, name="benchmark", paid_through=PAID_THROUGH)
    lines.load_extract(files, [], work / "extract", options)
    extract = pipeline.ExtractInput(1, "benchmark", work / "extract", "payer", PAID_THROUGH, 1)
    summary = pipeline.recompute([extract], rehearsal_reference(system), Parameters(), work / "run")
    return {
        "lines": summary.counts["rows"]["medical"]["accepted"],
        "infusions": summary.counts["infusions"],
        "episodes": summary.counts["episodes"]["all"],
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
