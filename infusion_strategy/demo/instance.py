"""What must hold before the demo starts: the folder can be written, nobody else runs in it, the port is free."""

import errno
import importlib.util
import os
import socket
import sqlite3
import tempfile
from pathlib import Path

NEEDED = ("celery", "django", "duckdb", "numpy", "pandas", "plotly", "rest_framework", "waitress", "whitenoise", "yaml")


class CannotStart(Exception):
    """One sentence that says what is in the way and what to do."""


def check_modules() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"Python modules are missing ({', '.join(missing)}): run `make demo`, which installs what is needed into .venv."
        )


def check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise CannotStart(
            f"The data folder {folder} cannot be written ({why}): make it writable, or name another one: DATA_DIR=/path make demo"
        ) from None


def hold(folder: Path) -> sqlite3.Connection:
    """The right to be the only demo in this folder; it ends with this process, however that ends."""
    lock = sqlite3.connect(folder / "demo.lock", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        lock.close()
        raise CannotStart(
            f"A demo already runs in {folder}: use it, end it with Ctrl-C, or start this one elsewhere: "
            "DATA_DIR=/another/folder make demo ARGS='--port 8001'"
        ) from None
    return lock


def check_port(port: int) -> None:
    if not 0 < port < 65536:
        raise CannotStart(f"{port} is no port: choose one between 1 and 65535, for example --port 8001.")
    with socket.socket() as probe:
        if os.name != "nt":  # as the web server does: a port in TIME_WAIT is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"Port {port} is in use by another program: end that, or choose another: make demo ARGS='--port {port + 1}'"
                ) from None
            raise CannotStart(f"Port {port} cannot be used ({error.strerror}): choose another, for example --port 8001.") from None


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
