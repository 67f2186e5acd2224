"""Pieces of a run's work -> done side by side, each by one thread on a connection of its own, all in the memory of one database.

A stage's SQL over the people of a pass is too small to keep two processors busy, two passes are not; and what one thread writes has the
same order in every run. Each lane has its own temporary tables and views, and shares the others with the connection it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import duckdb

from demand.engine import stage
from demand.engine.parameters import Parameters

LANES = 2  # as many as a worker has threads of DuckDB

Piece = Callable[[duckdb.DuckDBPyConnection], None]


def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    parameters: Parameters,
    pieces: Sequence[Piece],
    report: Callable[[float], None] = lambda share: None,
) -> None:
    """Run every piece once, the first ones first, as many at a time as the connection has threads. The first error ends it."""
    [(threads,)] = connection.execute("SELECT current_setting('threads')").fetchall()
    lanes: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for _ in range(threads):
        lane = connection.cursor()
        stage.set_parameters(lane, parameters)
        lanes.put(lane)

    def run(piece: Piece) -> None:
        lane = lanes.get()
        try:
            piece(lane)
        finally:
            lanes.put(lane)

    connection.execute("SET threads = 1")
    pool = ThreadPoolExecutor(threads)
    try:
        for done, piece in enumerate([pool.submit(run, piece) for piece in pieces], start=1):
            piece.result()
            report(done / len(pieces))
    finally:
        pool.shutdown(cancel_futures=True)
        while not lanes.empty():
            lanes.get().close()
        connection.execute(f"SET threads = {threads}")
