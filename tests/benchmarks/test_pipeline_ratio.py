"""Files to leakage: the product's way against a plain copy, PostgreSQL and plain pandas, and ten and fifty times the lines.

`make benchmark` prints the tables. BENCHMARK_LINES (a million) and BENCHMARK_ROUNDS (3) make it smaller or surer; BENCHMARK_FIFTY=1 adds
the fifty million lines, which need an hour and 30 GB.
"""

import os

import pytest

from tests.benchmarks.claims_mix import write_mix
from tests.benchmarks.measure import HEADER, MILLION, ROUNDS, Goal, available_bytes, measure, report, row
from tests.benchmarks.postgres_copy import copy_seconds, without_refused_rows

pytestmark = [pytest.mark.benchmark, pytest.mark.enable_socket]
MEBIBYTES = 768
PANDAS_GIGABYTES = 20  # free memory that plain pandas asks for with ten million lines


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    folder = tmp_path_factory.mktemp("million")
    write_mix(folder / "system", MILLION)
    return folder / "system"


@pytest.fixture(scope="module")
def ten_million(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ten")
    write_mix(folder / "system", 10 * MILLION)
    return folder / "system"


def test_a_million_lines_against_pandas(million, tmp_path):
    ours, pandas = [], []
    print(f"\n{HEADER}")
    for _ in range(ROUNDS):
        ours.append(measure("our_way", million, tmp_path / "ours"))
        print(row("product", MILLION, ours[-1]))
        pandas.append(measure("pandas_way", million, tmp_path / "pandas"))
        print(row("plain pandas", MILLION, pandas[-1]))
    for mine, other in zip(ours, pandas, strict=True):
        assert abs(mine.result["infusions"] / other.result["infusions"] - 1) < 0.01  # the same work was done
    pairs = list(zip(ours, pandas, strict=True))
    missed = report(
        "A million lines",
        [
            Goal("time, of plain pandas", 0.3, [mine.seconds / other.seconds for mine, other in pairs]),
            Goal("CPU seconds, of plain pandas", 0.3, [mine.cpu_seconds / other.cpu_seconds for mine, other in pairs]),
            Goal(
                "peak memory, of plain pandas (0.12 with ten million)",
                0.5,
                [mine.megabytes / other.megabytes for mine, other in pairs],
            ),
            Goal("peak memory in MiB", MEBIBYTES, [mine.megabytes for mine in ours]),
        ],
    )
    assert missed == []


def test_ten_million_lines_against_copies_and_one_million(million, ten_million, tmp_path, postgres):
    clean = without_refused_rows(ten_million / "medical_claim.csv", tmp_path / "clean.csv")
    print(f"\n{HEADER}")
    plain = measure("plain_copy", ten_million, tmp_path / "plain")
    print(row("DuckDB plain copy", 10 * MILLION, plain))
    once = measure("our_way", million, tmp_path / "once")
    print(row("product", MILLION, once))
    ours = measure("our_way", ten_million, tmp_path / "ours")
    print(row("product", 10 * MILLION, ours))
    copied = copy_seconds(postgres, clean)
    print(f"| PostgreSQL \\copy   | {10 * MILLION:>11,} | {copied:8.1f} |")
    beside_pandas = []
    if available_bytes() > PANDAS_GIGABYTES * 1e9:
        pandas = measure("pandas_way", ten_million, tmp_path / "pandas")
        print(row("plain pandas", 10 * MILLION, pandas))
        beside_pandas = [
            Goal("time, of plain pandas", 0.3, [ours.seconds / pandas.seconds]),
            Goal("peak memory, of plain pandas", 0.12, [ours.megabytes / pandas.megabytes]),
        ]
    else:
        print(f"Plain pandas was not measured: it needs {PANDAS_GIGABYTES} GB of free memory.")
    missed = report(
        "Ten million lines",
        [
            *beside_pandas,
            Goal("time, of DuckDB's plain copy of the same file", 1.2, [ours.seconds / plain.seconds]),
            Goal("CPU seconds, of DuckDB's plain copy", 1.2, [ours.cpu_seconds / plain.cpu_seconds]),
            Goal("time, of PostgreSQL's \\copy into a typed table", 0.8, [ours.seconds / copied]),
            Goal("time, of one million lines", 10.0, [ours.seconds / once.seconds]),
            Goal("peak memory in MiB", MEBIBYTES, [ours.megabytes]),
        ],
    )
    assert missed == []


@pytest.mark.skipif(not os.environ.get("BENCHMARK_FIFTY"), reason="BENCHMARK_FIFTY=1 asks for fifty million lines")
def test_fifty_million_lines_against_ten_million(ten_million, tmp_path):
    write_mix(tmp_path / "system", 50 * MILLION)
    print(f"\n{HEADER}")
    ten = measure("our_way", ten_million, tmp_path / "ten")
    print(row("product", 10 * MILLION, ten))
    fifty = measure("our_way", tmp_path / "system", tmp_path / "fifty")
    print(row("product", 50 * MILLION, fifty))
    missed = report(
        "Fifty million lines",
        [
            Goal("time, of ten million lines", 6.0, [fifty.seconds / ten.seconds]),
            Goal("peak memory in MiB", MEBIBYTES, [fifty.megabytes]),
        ],
    )
    assert missed == []
