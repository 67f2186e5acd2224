"""Real parts for tests: PostgreSQL, Redis, processes of ours. Tests skip by the program's name where it is missing.

REQUIRE_SERVICES=1 (set by CI) turns every such skip into a failure.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = os.environ.get("REQUIRE_SERVICES") == "1"


class Missing(Exception):
    """A program that these tests need is not installed."""


def program(name: str, package: str) -> str:
    """The program's path; Missing, naming program and Debian package, where there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in [*map(str, versions), None]:  # Debian keeps PostgreSQL's programs out of PATH
        if found := shutil.which(name, path=folder):
            return found
    raise Missing(f"{name} is not installed (Debian: apt install {package})")


@contextlib.contextmanager
def or_skip():
    try:
        yield
    except Missing as missing:
        if REQUIRED:
            pytest.fail(str(missing))
        pytest.skip(str(missing))


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float, what: str, every: float = 0.05):
    """Poll until `condition()` is truthy and return its value; AssertionError naming `what` after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert time.monotonic() < until, f"after {seconds:g} s still waiting: {what}"
        time.sleep(every)


@dataclass
class Postgres:
    folder: Path
    port: int
    prefix: list[str]
    bin: Path

    def url(self, name: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        command = [*self.prefix, str(self.bin / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        subprocess.run([*command, name], check=True, cwd="/")
        return self.url(name)

    def stop(self) -> None:
        subprocess.run(
            [*self.prefix, str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), "-m", "immediate", "stop"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgres() -> Postgres:
    """A throw-away cluster on a free loopback port; as root under its own user, since PostgreSQL refuses root."""
    binaries = Path(program("initdb", "postgresql")).parent
    folder = Path(tempfile.mkdtemp(prefix="infusion-postgres-"))
    prefix = []
    if os.geteuid() == 0:
        prefix = [program("runuser", "util-linux"), "-u", "postgres", "--"]
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    server = Postgres(folder, free_port(), prefix, binaries)
    data = str(folder / "data")
    quick = f"-p {server.port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off -c full_page_writes=off"
    for command in (
        ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        ["pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", quick, "start"],
    ):
        done = subprocess.run(
            [*prefix, str(binaries / command[0]), *command[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        assert done.returncode == 0, f"{command[0]} failed: {done.stderr}"
    return server


def answers(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children_of(process_id: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process_id:
                found.append(int(stat.parent.name))
    return found


def is_alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Processes:
    """Processes of ours with one environment, their output in files; all are gone when the test ends."""

    folder: Path
    environment: dict[str, str]
    running: list[subprocess.Popen] = field(default_factory=list)

    def run(self, *command: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done

    def manage(self, *arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "manage.py", *arguments, check=check, timeout=timeout)

    def start(self, *command: str) -> subprocess.Popen:
        with self.log(command).open("a") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def log(self, command) -> Path:
        return self.folder / f"{len(self.running)}-{Path(command[0]).name}.log"

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    def stop_all(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)
