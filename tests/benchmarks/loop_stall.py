"""How long the event loop is held at worst per snapshot: 12,000 symbols every 5 seconds, over the open.

A probe sleeps for 1 ms again and again; what it oversleeps is the stall. Once with the exchange as a process of its
own, as with the real vendor, once with it inside, as in the default run.
"""

import asyncio
import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.history.worlds import place
from tradeul import logs
from tradeul.app import App
from tradeul.client import ScannerClient
from tradeul.domain.scans import BUILT_IN
from tradeul.settings import Settings

SNAPSHOTS = 16
SETTLING = 4
"""The first snapshots share the loop with the loading of history and are left out."""
PROBE_S = 0.001
START = "2026-11-18T09:29:30-05:00"
ROOT = Path(__file__).parents[2]


async def run() -> list[Figure]:
    """Measure both ways, each with its history in a Postgres of its own."""
    logs.configure("warning", "console")
    with place() as folder:
        inside = await _worst_stalls(settings_of(folder, {"source": "simulation"}, {}))
    anchor = dt.datetime.now(dt.UTC).isoformat()
    with place() as folder:
        async with _exchange_process(anchor) as port:
            polygon = {
                "api_key": "bench",
                "rest_url": f"http://127.0.0.1:{port}",
                "ws_url": f"ws://127.0.0.1:{port}/stocks",
            }
            apart = await _worst_stalls(settings_of(folder, {"source": "polygon"}, polygon, anchor))
    return [
        Figure("worst stall per snapshot, exchange a process of its own", "ms", apart),
        Figure("worst stall per snapshot, exchange inside", "ms", inside),
    ]


def settings_of(folder: Path, market: dict[str, str], polygon: dict[str, str], anchor: str = "") -> Settings:
    """The whole program, its state in a folder, half a minute before an open."""
    return Settings(
        server={"port": 0},
        history={"data_dir": str(folder)},
        market=market,
        polygon=polygon,
        clock={"start": START, "anchor": anchor},
    )


async def _worst_stalls(settings: Settings) -> list[float]:
    app = App(settings)
    await app.start()
    loop = asyncio.get_running_loop()
    assert app.server is not None
    viewer = loop.create_task(_view(f"ws://127.0.0.1:{app.server.port}/ws/scanner", app))
    worst = await _probe(app)
    viewer.cancel()
    await asyncio.gather(viewer, return_exceptions=True)
    app.supervisor.request_stop("measured")
    await app.supervisor.run_until_stopped()
    return worst[SETTLING:]


async def _probe(app: App) -> list[float]:
    worst: list[float] = []
    seen, current = 0, 0.0
    while len(worst) < SNAPSHOTS + SETTLING:
        before = time.perf_counter()
        await asyncio.sleep(PROBE_S)
        current = max(current, time.perf_counter() - before - PROBE_S)
        if app.vitals.snapshots_accepted != seen:
            seen = app.vitals.snapshots_accepted
            worst.append(current * 1_000)
            current = 0.0
    return worst


async def _view(url: str, app: App) -> None:
    async with ScannerClient(url, app.clock) as client:
        for scan in BUILT_IN:
            await client.subscribe(scan.name)
        async for _ in client:
            pass


@contextlib.asynccontextmanager
async def _exchange_process(anchor: str) -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {"TRADEUL_CLOCK__ANCHOR": anchor}
    process = subprocess.Popen(
        [sys.executable, "-m", "tradeul", "exchange", "--port", str(port), "--start", START], cwd=ROOT, env=environ
    )
    try:
        for _ in range(200):
            await asyncio.sleep(0.1)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
        yield port
    finally:
        process.terminate()
        process.wait(10)
