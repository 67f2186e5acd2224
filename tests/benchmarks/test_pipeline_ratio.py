"""Files to leakage: the product's way against plain pandas in one run, and ten times the lines. `make benchmark` prints the table.

Each way runs in a process of its own; time is the wall clock, memory the peak of the resident set as the kernel counted it.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from tests.benchmarks.claims_mix import write_mix
from tests.services import ROOT

pytestmark = pytest.mark.benchmark

MILLION = int(os.environ.get("BENCHMARK_LINES", 1_000_000))


@dataclass(frozen=True)
class Measured:
    seconds: float
    megabytes: float
    result: dict


def measure(module: str, *folders) -> Measured:
    """Run a module of this folder; peak memory of exactly that child."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.benchmarks.{module}", *map(str, folders)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{module} failed"
    return Measured(time.monotonic() - began, usage.ru_maxrss / 1024, json.loads(output.strip().splitlines()[-1]))


def row(name: str, lines: int, found: Measured) -> str:
    return f"| {name:12} | {lines:>12,} | {found.seconds:8.1f} | {found.megabytes:8.0f} | {found.result['infusions']:>9,} |"


HEADER = "| way          |        lines |  seconds |  peak MB | infusions |\n|---|---|---|---|---|"


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    folder = tmp_path_factory.mktemp("million")
    write_mix(folder / "system", MILLION)
    return folder


def test_half_the_time_and_memory_of_pandas(million):
    ours = measure("our_way", million / "system", million / "ours")
    pandas = measure("pandas_way", million / "system", million / "pandas")
    print(f"\n{HEADER}\n{row('product', MILLION, ours)}\n{row('plain pandas', MILLION, pandas)}")
    print(f"ratio: time {ours.seconds / pandas.seconds:.2f}, memory {ours.megabytes / pandas.megabytes:.2f}")
    assert abs(ours.result["infusions"] / pandas.result["infusions"] - 1) < 0.01  # the same work was done
    assert ours.megabytes <= 0.5 * pandas.megabytes
    assert ours.seconds <= 0.5 * pandas.seconds


def test_ten_times_the_lines_in_ten_times_the_time_and_under_a_gibibyte(million, tmp_path):
    once = measure("our_way", million / "system", tmp_path / "once")
    write_mix(tmp_path / "system", 10 * MILLION)
    tenfold = measure("our_way", tmp_path / "system", tmp_path / "tenfold")
    print(f"\n{HEADER}\n{row('product', MILLION, once)}\n{row('product', 10 * MILLION, tenfold)}")
    assert tenfold.seconds <= 10 * once.seconds
    assert tenfold.megabytes < 1024
