"""A module of this folder, run in a process of its own -> seconds, CPU seconds, peak memory and what it printed.

Time is the wall clock; CPU and peak memory are what the kernel counted for exactly that child. Ways are compared as ratios within one
round, and a goal by the median of its rounds: a busy machine slows both sides of a ratio.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.services import ROOT

ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", 3))
MILLION = int(os.environ.get("BENCHMARK_LINES", 1_000_000))


@dataclass(frozen=True)
class Measured:
    seconds: float
    cpu_seconds: float
    megabytes: float
    result: dict


def start(module: str, *folders, nice: int = 0) -> subprocess.Popen:
    return subprocess.Popen(
        ["nice", "-n", str(nice), sys.executable, "-W", "ignore", "-m", f"tests.benchmarks.{module}", *map(str, folders)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def measure(module: str, system: Path, work: Path) -> Measured:
    """What the module needed; its work folder is gone afterwards."""
    began = time.monotonic()
    process = start(module, system, work)
    with process.stdout:
        output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{module} failed"
    shutil.rmtree(work, ignore_errors=True)
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(output.strip().splitlines()[-1]))


def available_bytes() -> int:
    """Memory that a process can have without swapping; what the kernel keeps of files it read counts as free."""
    [line] = [line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:")]
    return int(line.split()[1]) * 1024


@dataclass(frozen=True)
class Goal:
    """`most` is what the ratio (or figure) may be at most; `found` what each round gave."""

    what: str
    most: float
    found: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.found)

    @property
    def is_met(self) -> bool:
        return self.median <= self.most

    def __str__(self) -> str:
        rounds = (
            f"{min(self.found):.2f} to {max(self.found):.2f} in {len(self.found)} rounds" if len(self.found) > 1 else "one round"
        )
        return f"| {self.what:62} | {self.most:7.2f} | {self.median:7.2f} | {'met' if self.is_met else 'MISSED':6} | {rounds} |"


def report(title: str, goals: list[Goal]) -> list[str]:
    """Print the goals and return those that were missed: what is missed is said, and fails the benchmark."""
    print(f"\n{title}\n| goal | at most | found | | |\n|---|---|---|---|---|")
    for goal in goals:
        print(goal)
    return [goal.what for goal in goals if not goal.is_met]


def row(name: str, lines: int, found: Measured) -> str:
    return (
        f"| {name:18} | {lines:>11,} | {found.seconds:8.1f} | {found.cpu_seconds:8.1f} | {found.megabytes:8.0f} | "
        f"{found.result.get('infusions', ''):>9} |"
    )


HEADER = "| way | lines | seconds | CPU seconds | peak MB | infusions |\n|---|---|---|---|---|---|"
