"""The demo as its user meets it: one command, one process tree, plain sentences, nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.infusion_strategy.demos import Demo
from tests.services import ROOT, answers, children_of, free_port, is_alive, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@linux
def test_the_tree_starts_signs_in_restarts_its_children_and_ends_on_ctrl_c(processes):
    demo = Demo(processes, "--people", "0").wait_ready()
    signs = re.findall(r"^  (leader|council member|managed care|analyst|administrator) +(\w+) +(demo-\w+)$", demo.said(), re.M)
    assert [role for role, _, _ in signs] == ["leader", "council member", "managed care", "analyst", "administrator"]
    for _, username, password in signs:
        assert "/sign-in/" not in demo.sign_in(username, password).url
    assert "/sign-in/" in demo.sign_in("leader", "wrong").url

    second = Demo(processes, "--people", "0")
    assert second.process.wait(20) == 1
    assert re.fullmatch(r"(CommandError: )?A demo already runs in .*\n", second.said())

    for name in ("web", "worker"):
        before = demo.child(name)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda before=before: before not in children_of(demo.process.pid), 10, f"the dead {name} is gone")
        wait_until(lambda: len(children_of(demo.process.pid)) == 2, 10, f"a new {name}")
    wait_until(lambda: answers(demo.port), 20, "the web server answers again")

    family = [demo.process.pid, *children_of(demo.process.pid)]
    assert demo.interrupt() < 10
    assert demo.process.returncode == 0
    assert not [pid for pid in family if is_alive(pid)]
    assert "Traceback" not in demo.said()

    again = Demo(processes, "--people", "0").wait_ready()
    assert signs == re.findall(
        r"^  (leader|council member|managed care|analyst|administrator) +(\w+) +(demo-\w+)$", again.said(), re.M
    )
    assert again.rows(
        "SELECT count(*) FROM auth_user WHERE username IN ('leader','council','managed','analyst','administrator')"
    ) == [(5,)]
    again.interrupt()


@linux
def test_children_follow_a_parent_that_was_killed(processes):
    demo = Demo(processes, "--people", "0").wait_ready()
    children = children_of(demo.process.pid)
    demo.process.kill()
    demo.process.wait()
    wait_until(lambda: not [pid for pid in children if is_alive(pid)], 10, "web and worker are gone")


def refusal(processes, *command, **environment):
    processes.environment.update(environment)
    done = processes.run(*command, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = done.stderr.strip().removeprefix("CommandError: ")
    assert "\n" not in said
    return said


def test_a_port_in_use_is_one_sentence(processes):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refusal(processes, sys.executable, "manage.py", "demo", "--no-browser", "--port", str(port))
    assert said.startswith(f"Port {port} is in use")
    assert "--port" in said


def test_a_missing_module_is_one_sentence(processes):
    # -S leaves site-packages out, as a Python without the environment does.
    said = refusal(processes, sys.executable, "-S", "manage.py", "demo")
    assert said == "The Python module django is missing: run `make demo`, which installs everything into .venv."


def test_a_folder_that_cannot_be_written_is_one_sentence(processes, tmp_path):
    a_file = tmp_path / "file"
    a_file.touch()
    said = refusal(processes, sys.executable, "manage.py", "demo", DATA_DIR=str(a_file / "data"))
    assert said.startswith(f"The data folder {a_file / 'data'} cannot be used")
    assert "DATA_DIR" in said


def test_a_database_that_is_none_is_one_sentence(processes):
    data = Path(processes.environment["DATA_DIR"])
    data.mkdir()
    (data / "infusion_strategy.sqlite3").write_text("not a database " * 1000)
    done = processes.run(sys.executable, "manage.py", "demo", "--no-browser", "--port", str(free_port()), check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "file is not a database" in done.stderr
    assert "DATA_DIR" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_a_read_only_folder_is_one_sentence(processes, tmp_path):
    folder = tmp_path / "data"
    processes.environment["DATA_DIR"] = str(folder)
    processes.manage("check")  # makes the keys
    folder.chmod(0o555)
    unprivileged = []
    if os.geteuid() == 0:  # root may write anywhere: ask as somebody else
        for path in [*folder.rglob("*"), folder]:
            os.chown(path, 65534, 65534)
        for path in [tmp_path, *tmp_path.parents]:
            if path == Path("/tmp"):
                break
            path.chmod(0o755)
        unprivileged = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*unprivileged, sys.executable, "-c", "import django"], cwd=ROOT, capture_output=True).returncode:
            pytest.skip("this interpreter lies in a folder that only root may read")
    said = refusal(processes, *unprivileged, sys.executable, "manage.py", "demo")
    assert said.startswith(f"The data folder {folder} cannot be written")


def test_the_makefile_refuses_an_old_python_in_one_sentence(processes, tmp_path):
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    done = processes.run("make", "demo", f"PYTHON={old}", f"VENV={tmp_path}/venv", check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("Python 3.11 or newer is needed, and ")
    assert "Python 3.9.2" in done.stderr
