"""The embedded queue: in order, nothing lost when a worker is killed, nothing taken twice by living ones."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kombu import Connection

import infusion_strategy.broker  # noqa: F401  (registers embedded://)


def connect(path, **options):
    return Connection("embedded://", transport_options={"path": str(path), "polling_interval": 0.01, **options})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queue.sqlite3"


def publish(path, bodies):
    with connect(path) as connection, connection.SimpleQueue("work") as queue:
        for body in bodies:
            queue.put(body)


def take_all(path, wait=0.3):
    """Every message the queue gives until it stays empty for `wait` seconds, each acknowledged."""
    taken = []
    with connect(path) as connection, connection.SimpleQueue("work") as queue:
        while True:
            try:
                message = queue.get(timeout=wait)
            except queue.Empty:
                return taken
            taken.append(message.payload)
            message.ack()


def test_messages_come_in_the_order_they_were_put(path):
    publish(path, range(50))
    assert take_all(path) == list(range(50))
    assert take_all(path) == []


def test_a_message_in_work_is_hidden_from_other_workers_and_returns_to_its_place(path):
    publish(path, ["first", "second"])
    with connect(path) as busy, busy.SimpleQueue("work") as queue:
        assert queue.get(timeout=1).payload == "first"
        assert take_all(path) == ["second"]
        publish(path, ["third"])
    # The connection closed without an acknowledgement: the message is there again, before the later one.
    assert take_all(path) == ["first", "third"]


def test_a_rejected_message_is_gone_and_a_requeued_one_is_not(path):
    publish(path, ["bad", "again"])
    with connect(path) as connection, connection.SimpleQueue("work") as queue:
        queue.get(timeout=1).reject()
        queue.get(timeout=1).requeue()
    assert take_all(path) == ["again"]


def test_a_polling_worker_keeps_its_lease(path):
    publish(path, ["long"])
    with connect(path, lease_seconds=0.3) as busy, busy.SimpleQueue("work") as queue:
        queue.get(timeout=1)
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            with pytest.raises(queue.Empty):
                queue.get(timeout=0.05)
        with connect(path) as other, other.SimpleQueue("work") as second, pytest.raises(second.Empty):
            second.get(timeout=0.1)


KILLED = """
import os, sys, time
from tests.infusion_strategy.test_broker import connect
connection = connect(sys.argv[1], lease_seconds=0.5)
message = connection.SimpleQueue("work").get(timeout=5)
print(message.payload, flush=True)
time.sleep(60)
"""


def test_a_killed_worker_gives_its_message_back(path):
    publish(path, ["survivor"])
    worker = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    with worker:
        assert worker.stdout.readline().strip() == "survivor"
        assert take_all(path, wait=0.1) == []
        os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.6)  # its lease runs out
    assert take_all(path) == ["survivor"]


def test_several_workers_and_publishers_move_each_message_exactly_once(path):
    publish(path, [])  # the file exists before the race
    with ThreadPoolExecutor(7) as pool:
        sent = [[f"{n}-{i}" for i in range(100)] for n in range(3)]
        published = [pool.submit(publish, path, bodies) for bodies in sent]
        takers = [pool.submit(take_all, path, 1.0) for _ in range(4)]
        for future in published:
            future.result()
        taken = [body for future in takers for body in future.result()]
    assert sorted(taken) == sorted(body for bodies in sent for body in bodies)


def test_purge_empties_the_queue_and_counts(path):
    publish(path, range(3))
    with connect(path) as connection, connection.SimpleQueue("work") as queue:
        assert queue.qsize() == 3
        assert queue.clear() == 3
    assert take_all(path, wait=0.05) == []
