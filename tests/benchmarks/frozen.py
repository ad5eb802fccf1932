"""Whether a database that stands still is felt: how late the event loop is, with the embedded server well and frozen.

A probe sleeps for a millisecond again and again; what it oversleeps is the lag. The server is frozen and let go in turn
under one program of 12,000 symbols, so that both see the same machine.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.figure import Figure
from tests.benchmarks.loop_stall import settings_of
from tests.history.worlds import cluster_in, freeze, place
from tests.support.eventually import eventually
from tradeul import logs
from tradeul.app import App

ROUNDS = 4
ROUND_S = 20.0
PROBE_S = 0.001
STARTING_S = 60.0


async def run() -> list[Figure]:
    """Measure in turn; each round gives the lag that 99 of 100 looks stay below."""
    logs.configure("error", "console")
    well, frozen = list[float](), list[float]()
    with place() as folder:
        app = App(settings_of(folder, {"source": "simulation"}, {}))
        await app.start()
        await eventually(lambda: _has_settled(app), within_s=STARTING_S, every_s=PROBE_S)
        data = cluster_in(folder / "sim-1")
        for _ in range(ROUNDS):
            well.append(await _lag_ms())
            with _standing_still(data):
                frozen.append(await _lag_ms())
        app.supervisor.request_stop("measured")
        await app.supervisor.run_until_stopped()
    return [
        Figure("lag of the loop, 99 of 100, database well", "ms", well),
        Figure("lag of the loop, 99 of 100, database frozen", "ms", frozen),
        Figure("by which it is later when frozen", "ms", [b - a for a, b in zip(well, frozen, strict=True)]),
    ]


def _has_settled(app: App) -> bool:
    """The first snapshots share the loop with the loading of history."""
    assert app.past is not None
    return app.vitals.sessions_loaded == app.vitals.sessions_wanted > 0 and app.past.writer.report.written > 0


async def _lag_ms() -> float:
    late: list[float] = []
    until = time.perf_counter() + ROUND_S
    while (before := time.perf_counter()) < until:
        await asyncio.sleep(PROBE_S)
        late.append(time.perf_counter() - before - PROBE_S)
    return float(np.percentile(late, 99)) * 1_000


@contextlib.contextmanager
def _standing_still(data: Path) -> Iterator[None]:
    pids = freeze(data)
    try:
        yield
    finally:
        for pid in pids:
            # A helper of the server's may have ended by itself before the next round.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
