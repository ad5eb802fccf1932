"""A whole snapshot of 12,000 symbols from body to columns, plain and packed: CPU, longest hold of the loop, last byte.

Ours is the product's own path from the bytes of an answer to an image. The peer does what one would write first: read
the whole body, unpack it, `orjson.loads`, and fill the same columns. Both give the same columns before time counts.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import aiohttp
import numpy as np
import orjson

from tests.benchmarks.figure import Figure
from tests.support.snapshots import market_body
from tradeul.domain.events import MarketImage, Nanos
from tradeul.fetching.transport import Answer
from tradeul.polygon.wire import SnapshotDecoder

ROUNDS = 15
CHUNK_BYTES = 64 * 1024

_BARS = {"day": "ohlcv", "prevDay": "chlv", "min": ("h", "l", "c", "v", "av", "n", "t")}
Result = TypeVar("Result")
Columns = dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]


@dataclass
class Measured:
    """Milliseconds of each round."""

    cpu: list[float] = field(default_factory=list)
    hold: list[float] = field(default_factory=list)
    after_last_byte: list[float] = field(default_factory=list)


class Body:
    """A body on its way, as aiohttp hands it over; it notes when its last byte was taken."""

    def __init__(self, content: bytes) -> None:
        self._chunks = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
        self._next = 0
        self.last_at = 0.0

    async def readany(self) -> bytes:
        if self._next == len(self._chunks):
            return b""
        self._next += 1
        self.last_at = time.perf_counter()
        return self._chunks[self._next - 1]


class Probe:
    """Runs whenever the loop is free; the longest time that it was not."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.over = False

    async def run(self) -> None:
        before = time.perf_counter()
        while not self.over:
            await asyncio.sleep(0)
            now = time.perf_counter()
            self.longest, before = max(self.longest, now - before), now


async def run() -> list[Figure]:
    """Measure in turn, so that both see the same machine."""
    plain = market_body()
    figures = []
    for name, content, headers in (
        ("plain", plain, {}),
        ("gzip", gzip.compress(plain, 6), {"Content-Encoding": "gzip"}),
    ):
        ours, peer = Measured(), Measured()
        for _ in range(ROUNDS):
            image = await _ours(content, headers, ours)
            columns = await _peer(content, headers, peer)
            assert np.array_equal(columns["lastTrade.p"], image.trade_price)
            assert np.array_equal(columns["min.av"], image.minute_volume_today)
        figures += _figures(name, ours, peer)
    return figures


def _figures(name: str, ours: Measured, peer: Measured) -> list[Figure]:
    def ratio(mine: list[float], theirs: list[float]) -> float:
        return float(np.median(theirs) / np.median(mine))

    return [
        Figure(f"CPU, {name} body to columns as it arrives", "ms", ours.cpu, ratio(ours.cpu, peer.cpu)),
        Figure(f"CPU, {name}: read(), unpack, orjson.loads, fill", "ms", peer.cpu),
        Figure(f"longest hold of the loop, {name}", "ms", ours.hold, ratio(ours.hold, peer.hold)),
        Figure(f"last byte to columns, {name}", "ms", ours.after_last_byte, _after(ours, peer)),
        Figure(f"last byte to columns, {name}, peer", "ms", peer.after_last_byte),
    ]


def _after(ours: Measured, peer: Measured) -> float:
    return float(np.median(peer.after_last_byte) / np.median(ours.after_last_byte))


async def _ours(content: bytes, headers: Mapping[str, str], measured: Measured) -> MarketImage:
    body = Body(content)
    response = SimpleNamespace(status=200, headers=headers, content=body)

    async def work() -> MarketImage:
        decoder = SnapshotDecoder()
        await Answer(cast("aiohttp.ClientResponse", response)).into(decoder)
        return decoder.finish(Nanos(2**62), simulated=False)

    return await _measured(work(), body, measured)


async def _peer(content: bytes, headers: Mapping[str, str], measured: Measured) -> Columns:
    body = Body(content)

    async def work() -> Columns:
        pieces = []
        while chunk := await body.readany():
            pieces.append(chunk)
        data = b"".join(pieces)
        return _filled(gzip.decompress(data) if headers else data)

    return await _measured(work(), body, measured)


async def _measured(work: Awaitable[Result], body: Body, measured: Measured) -> Result:
    """Do the work beside a probe. Only who yields gives the probe turns, so they count against us alone."""
    probe = Probe()

    async def watched() -> Result:
        result = await work
        measured.after_last_byte.append((time.perf_counter() - body.last_at) * 1_000)
        probe.over = True
        return result

    cpu = time.process_time()
    _, result = await asyncio.gather(probe.run(), watched())
    measured.cpu.append((time.process_time() - cpu) * 1_000)
    measured.hold.append(probe.longest * 1_000)
    return result


def _filled(body: bytes) -> Columns:
    rows: list[dict[str, Any]] = orjson.loads(body)["tickers"]
    columns = {"updated": np.array([row.get("updated", 0) for row in rows], np.float64)}
    for bar, keys in _BARS.items():
        for key in keys:
            columns[f"{bar}.{key}"] = np.array([row.get(bar, {}).get(key, 0) for row in rows], np.float64)
    for part, key in (("lastTrade", "p"), ("lastTrade", "t"), ("lastQuote", "p"), ("lastQuote", "P")):
        columns[f"{part}.{key}"] = np.array([row.get(part, {}).get(key, 0) for row in rows], np.float64)
    return columns
