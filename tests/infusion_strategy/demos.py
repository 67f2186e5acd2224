"""A running demo, as a test drives it."""

import signal
import sqlite3
import sys
import time
import urllib.request
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from tests.services import Processes, children_of, free_port, wait_until


class Demo:
    """`manage.py demo` in the processes' DATA_DIR, on a free port."""

    def __init__(self, processes: Processes, *options: str):
        self.port = free_port()
        self.data = Path(processes.environment["DATA_DIR"])
        command = [sys.executable, "manage.py", "demo", "--no-browser", "--port", str(self.port), *options]
        self.output = processes.log(command)
        self.output.write_text("")
        self.process = processes.start(*command)

    def said(self) -> str:
        return self.output.read_text()

    def wait_ready(self) -> "Demo":
        wait_until(lambda: "Ready:" in self.said() or self.process.poll() is not None, 60, "the demo says that it is ready")
        assert "Ready:" in self.said(), self.said()
        wait_until(lambda: len(children_of(self.process.pid)) == 2, 10, "web and worker run")
        return self

    def child(self, name: str) -> int | None:
        for pid in children_of(self.process.pid):
            if f"\0{name}\0" in Path(f"/proc/{pid}/cmdline").read_bytes().decode():
                return pid
        return None

    def interrupt(self) -> float:
        """Ctrl-C; the seconds until everything had ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(15)
        return time.monotonic() - began

    def rows(self, query: str, *values) -> list[tuple]:
        address = f"file:{self.data / 'infusion_strategy.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
            return database.execute(query, values).fetchall()

    def value(self, query: str, *values):
        [(value,)] = self.rows(query, *values)
        return value

    def sign_in(self, username: str, password: str):
        """The page one lands on, or the sign-in page again."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := CookieJar()))
        browser.open(f"http://127.0.0.1:{self.port}/sign-in/", timeout=20)
        token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        return browser.open(f"http://127.0.0.1:{self.port}/sign-in/", urlencode(form).encode(), timeout=20)
