"""A whole snapshot of 12,000 symbols from body to columns: CPU, longest hold of the loop, wait after the last byte.

The peer does what one would write first: read the whole body, `orjson.loads`, and fill the same columns.
"""

import time

import numpy as np
import orjson

from tests.benchmarks.figure import Figure
from tests.support.snapshots import market_body
from tradeul.domain.events import MarketImage, Nanos
from tradeul.polygon.wire import SnapshotDecoder

ROUNDS = 15
CHUNK_BYTES = 64 * 1024

_BARS = {"day": "ohlcv", "prevDay": "chlv", "min": ("h", "l", "c", "v", "av", "n", "t")}


async def run() -> list[Figure]:
    """Measure in turn, so that both see the same machine."""
    body = market_body()
    ours, peer, longest, last = [], [], [], []
    for _ in range(ROUNDS):
        cpu, step_ms, finish_ms, image = _ours(body)
        ours.append(cpu)
        longest.append(step_ms)
        last.append(finish_ms)
        before = time.process_time()
        columns = _peer(body)
        peer.append((time.process_time() - before) * 1_000)
        assert np.array_equal(columns["lastTrade.p"], image.trade_price)
        assert np.array_equal(columns["min.av"], image.minute_volume_today)
    ratio = float(np.median(peer) / np.median(ours))
    return [
        Figure("CPU, body to columns", "ms", ours, ratio),
        Figure("CPU, orjson.loads and filling the same columns", "ms", peer),
        Figure("longest hold of the loop while decoding", "ms", longest, float(np.median(peer) / np.median(longest))),
        Figure("last byte to columns ready", "ms", last),
    ]


def _ours(body: bytes) -> tuple[float, float, float, MarketImage]:
    decoder = SnapshotDecoder()
    longest = 0.0
    cpu = time.process_time()
    for start in range(0, len(body), CHUNK_BYTES):
        decoder.feed(body[start : start + CHUNK_BYTES])
        while True:
            before = time.perf_counter()
            more = decoder.step()
            longest = max(longest, time.perf_counter() - before)
            if not more:
                break
    before = time.perf_counter()
    image = decoder.finish(Nanos(0), simulated=False)
    finish = time.perf_counter() - before
    return (time.process_time() - cpu) * 1_000, longest * 1_000, finish * 1_000, image


def _peer(body: bytes) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rows = orjson.loads(body)["tickers"]
    columns = {"updated": np.array([row.get("updated", 0) for row in rows], np.float64)}
    for bar, keys in _BARS.items():
        for key in keys:
            columns[f"{bar}.{key}"] = np.array([row.get(bar, {}).get(key, 0) for row in rows], np.float64)
    for part, key in (("lastTrade", "p"), ("lastTrade", "t"), ("lastQuote", "p"), ("lastQuote", "P")):
        columns[f"{part}.{key}"] = np.array([row.get(part, {}).get(key, 0) for row in rows], np.float64)
    return columns
