"""A threshold of the clinical line moved over 100,000 treatments: the whole answer, against one plain count of the same table.

Both are timed in one process, one round after the other. The goal of 300 ms of server time is said beside the ratio.
"""

import statistics
import time

import duckdb
import numpy as np
import pytest
from django.utils import timezone

from demand import storage
from demand.engine.retention_line import parse_line, shipped_line
from demand.models import Run
from demand.selectors.clinical_line import Scope, answer
from tests.benchmarks.measure import ROUNDS, Goal, report
from tests.demand.line_values import treatment, write_values

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]
TREATMENTS = 100_000
PLAIN = """
SELECT payer, family, count(DISTINCT person_no), count(DISTINCT person_no) FILTER (age < 21), sum(infusions_a_year * allowed_cents)
FROM read_parquet(?) GROUP BY ROLLUP (payer, family)
"""


def test_a_moved_threshold_is_answered_from_the_small_table(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path
    now = timezone.now()
    run = Run.objects.create(kind="recompute", status="finished", requested_at=now, published_at=now, inputs={"extracts": []})
    folder = storage.run_folder(run.pk)
    folder.mkdir(parents=True)
    draw = np.random.default_rng(3)
    rows = [
        treatment(
            int(person), age=int(age), doses=int(age) % 9 + 1, payer=f"Payer {person % 20}", family=f"family {person % 40}",
            reaction_days=int(person) % 4000 if person % 30 == 0 else None,
        )
        for person, age in zip(draw.integers(1, 90_000, TREATMENTS), draw.integers(5, 95, TREATMENTS), strict=True)
    ]  # fmt: skip
    write_values(folder, rows)
    shipped = shipped_line()
    ages = [_line(age) for age in range(19, 19 + ROUNDS)]
    answer(run, ages[0], shipped, Scope(), True)  # the values are read once a run and process
    moved, plain = [], []
    for line in ages:
        moved.append(_seconds(lambda line=line: answer(run, line, shipped, Scope(), True)))
        with duckdb.connect(config={"threads": 1}) as connection:
            plain.append(_seconds(lambda: connection.execute(PLAIN, [str(folder / "retention_values.parquet")]).fetchall()))
    print(
        f"\n{TREATMENTS:,} treatments: moved {1000 * statistics.median(moved):.0f} ms, one plain count {1000 * statistics.median(plain):.0f} ms"
    )
    missed = report(
        f"a threshold moved over {TREATMENTS:,} treatments",
        [Goal("answer ÷ one plain count by payer and drug", 4, [one / other for one, other in zip(moved, plain, strict=True)])],
    )
    assert not missed, missed


def _line(below: int):
    document = shipped_line().as_json()
    next(one for one in document["criteria"] if one["code"] == "AGE")["thresholds"]["below"] = below
    return parse_line(document)


def _seconds(work) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
