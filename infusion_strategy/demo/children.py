"""The demo's children: started, watched, started again when they die, ended together."""

import os
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

RESTARTS, WITHIN_SECONDS = 5, 60.0


class KeepsDying(Exception):
    """A child died again and again; its last words are in the message."""


@dataclass
class Child:
    """One process in a session of its own, so that the terminal's Ctrl-C reaches the parent alone."""

    name: str
    arguments: list[str]
    log: Path
    root: Path
    process: subprocess.Popen | None = None
    deaths: deque = field(default_factory=lambda: deque(maxlen=RESTARTS))

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infusion_strategy.demo.child", self.name, *self.arguments],
                stdin=subprocess.PIPE,  # never written: its end tells the child that we are gone
                stdout=log,
                stderr=log,
                cwd=self.root,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def restart_if_dead(self) -> bool:
        """True where it had died and was started again. KeepsDying when that happens too often."""
        if self.process is None or self.process.poll() is None:
            return False
        now = time.monotonic()
        self.deaths.append(now)
        if len(self.deaths) == RESTARTS and now - self.deaths[0] < WITHIN_SECONDS:
            raise KeepsDying(
                f"The {self.name} process ended {RESTARTS} times in a row. Its last words: {self.last_words()} ({self.log})"
            )
        self.process.stdin.close()
        self.start()
        return True

    def last_words(self) -> str:
        words = self.log.read_text(errors="replace").strip() if self.log.exists() else ""
        return words.rsplit("\n", 1)[-1][-300:] or "none"


def stop(children: list[Child], patience: float) -> None:
    """End all children; whoever is not gone after `patience` seconds is killed."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + patience
    for process in running:
        try:
            process.wait(max(until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
