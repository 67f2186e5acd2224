"""From the README's first command on a fresh clone to the first page, packages downloaded: under 60 seconds."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from tests.services import ROOT, free_port, wait_until

pytestmark = [pytest.mark.benchmark, pytest.mark.enable_socket]


def answers_well(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def clone(folder):
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def test_first_page_in_under_a_minute(tmp_path, environment_for):
    downloaded = clone(tmp_path / "downloaded")
    subprocess.run(["make", ".venv/.runs-as-locked"], cwd=downloaded, check=True)  # fills the package cache
    fresh = clone(tmp_path / "fresh")
    environment = environment_for(DATA_DIR=str(tmp_path / "data"))
    port = free_port()
    began = time.monotonic()
    with (tmp_path / "log").open("w") as log:
        demo = subprocess.Popen(
            ["make", "demo", f"ARGS=--no-browser --port {port}"],
            cwd=fresh,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers_well(f"http://127.0.0.1:{port}/sign-in/"), 120, "the first page")
        first_page = time.monotonic() - began
        wait_until(lambda: "Ready:" in (tmp_path / "log").read_text(), 60, "the demo says that it is ready")
        ready = time.monotonic() - began
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(20)
    print(f"\nfresh clone, packages in the cache: first page after {first_page:.1f} s, ready for sign-in after {ready:.1f} s")
    assert ready < 60
