"""Celery messages -> one SQLite file, in order, with leases: a worker that dies gives its message back.

kombu's own file transports lose the running message on kill -9 (filesystem, sqla+sqlite) or on any restart (memory).
Here taking a message only leases it: the row stays until it is acknowledged, the consumer renews its leases while it
polls, and a lease that runs out makes the row visible again at its old place in the queue. A message may therefore
come twice; the Run row, claimed by one conditional UPDATE, makes the second one harmless.
"""

import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.json import dumps, loads

TRANSPORT_ALIASES["embedded"] = f"{__name__}:Transport"  # CELERY_BROKER_URL=embedded://

LEASE_SECONDS = 15.0  # how long a dead worker keeps its message
TABLE = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    leased_until REAL NOT NULL DEFAULT 0
)
"""


class Channel(virtual.Channel):
    lease_seconds = LEASE_SECONDS
    from_transport_options = (*virtual.Channel.from_transport_options, "lease_seconds")

    def __init__(self, connection, **kwargs):
        super().__init__(connection, **kwargs)
        self._path = Path(connection.client.transport_options["path"])
        self._lock = threading.Lock()  # pool threads acknowledge on the consumer's connection
        self._database = None
        self._renewed_at = 0.0

    @contextmanager
    def _write(self):
        with self._lock:
            if self._database is None:
                self._database = _open(self._path)
            yield self._database

    def _put(self, queue, message, **kwargs):
        with self._write() as database:
            database.execute("INSERT INTO message (queue, payload) VALUES (?, ?)", (queue, dumps(message)))

    def _get(self, queue, timeout=None):
        now = time.time()
        waiting = "SELECT id FROM message WHERE queue = ? AND leased_until < ? ORDER BY id LIMIT 1"
        with self._write() as database:
            # Looking takes no write lock: an idle worker leaves the file alone.
            if database.execute(waiting, (queue, now)).fetchone() is None:
                raise Empty
            taken = database.execute(
                f"UPDATE message SET leased_until = ? WHERE id = ({waiting}) RETURNING id, payload",
                (now + self.lease_seconds, queue, now),
            ).fetchall()
        if not taken:  # another worker was faster
            raise Empty
        [(number, payload)] = taken
        message = loads(payload)
        message["properties"]["delivery_tag"] = number
        return message

    def drain_events(self, timeout=None, callback=None):
        # The consumer calls this at every poll, also while it may not take more: the place to say "still alive".
        now = time.time()
        if now - self._renewed_at > self.lease_seconds / 3:
            self._renewed_at = now
            held = [(now + self.lease_seconds, number) for number in list(self.qos._delivered)]
            if held:
                with self._write() as database:
                    database.executemany("UPDATE message SET leased_until = ? WHERE id = ?", held)
        return super().drain_events(timeout=timeout, callback=callback)

    def basic_ack(self, delivery_tag, multiple=False):
        with self._write() as database:
            database.execute("DELETE FROM message WHERE id = ?", (delivery_tag,))
        super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag, requeue=False):
        super().basic_reject(delivery_tag, requeue)  # requeue ends in _restore below
        if not requeue:
            with self._write() as database:
                database.execute("DELETE FROM message WHERE id = ?", (delivery_tag,))

    def _restore(self, message):
        with self._write() as database:
            database.execute("UPDATE message SET leased_until = 0 WHERE id = ?", (message.delivery_tag,))

    def _size(self, queue):
        with self._write() as database:
            return database.execute("SELECT count(*) FROM message WHERE queue = ?", (queue,)).fetchone()[0]

    def _purge(self, queue):
        with self._write() as database:
            return database.execute("DELETE FROM message WHERE queue = ?", (queue,)).rowcount

    def close(self):
        super().close()
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        pass  # another process is switching it this moment; the mode stays with the file
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(TABLE)
    return database


class Transport(virtual.Transport):
    Channel = Channel
    can_parse_url = True  # the path comes in the transport options: Windows paths do not survive a URL
    polling_interval = 0.2
    driver_type = "sqlite"
    driver_name = "sqlite3"
    connection_errors = (*virtual.Transport.connection_errors, sqlite3.OperationalError)
    channel_errors = virtual.Transport.channel_errors
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct"]))

    def driver_version(self):
        return sqlite3.sqlite_version
