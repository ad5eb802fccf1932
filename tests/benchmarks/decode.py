"""A whole snapshot of 12,000 symbols from body to columns, plain and packed: CPU, longest hold of the loop, last byte.

Ours is the product's own path from the bytes of an answer to an image. The peer does what one would write first: read
the whole body, unpack it, `orjson.loads`, and fill the same columns. Both give the same columns before time counts.
CPU and the hold are measured on a body that is there as fast as it is taken; from the last byte on time counts on one
that comes at 200 Mbit/s, as over a good line. The floor is going over the same bytes once, and copying them.
"""

import asyncio
import gzip
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import aiohttp
import numpy as np
import orjson

from tests.benchmarks.figure import Figure, ratio
from tests.support.snapshots import market_body
from tradeul.domain.events import MarketImage, Nanos
from tradeul.fetching.transport import Answer
from tradeul.polygon.wire import SnapshotDecoder

ROUNDS = 15
PACED_ROUNDS = 7
CHUNK_BYTES = 64 * 1024
PACED_BYTES = 16 * 1024
"""What has come of a plain body when a waiting reader looks, as a socket is read as soon as it holds anything; of a
packed one, which comes so much more slowly, it is as much less."""
LINE_BYTES_A_SECOND = 25_000_000

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

    def __init__(self, content: bytes, bytes_a_second: float = math.inf) -> None:
        paced = bytes_a_second != math.inf
        size = int(PACED_BYTES * bytes_a_second / LINE_BYTES_A_SECOND) if paced else CHUNK_BYTES
        self.length = len(content)
        self._chunks = [content[start : start + size] for start in range(0, len(content), size)]
        self._next = 0
        self._pause = size / bytes_a_second
        self._due = time.perf_counter()
        self.last_at = 0.0

    async def readany(self) -> bytes:
        if self._next == len(self._chunks):
            return b""
        self._next += 1
        self._due += self._pause
        await self._come()
        return self._chunks[self._next - 1]

    async def _come(self) -> None:
        """Wait for the next bytes as for a socket's; those that were there before they were asked for came when due."""
        waited = self._due - time.perf_counter()
        if self._pause and waited <= 0:
            await asyncio.sleep(0)
            self.last_at = self._due
            return
        if self._pause:
            await asyncio.sleep(waited)
        self.last_at = time.perf_counter()


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
    packed = gzip.compress(plain, 6)
    figures = _whole(plain)
    for name, content, headers in (("plain", plain, {}), ("gzip", packed, {"Content-Encoding": "gzip"})):
        own, peer = await _in_turn(content, headers, math.inf, ROUNDS)
        figures += [
            Figure(f"CPU, {name} body to columns as it arrives", "ms", own.cpu, ratio(own.cpu, peer.cpu), at_least=3.5),
            Figure(f"CPU, {name}: read(), unpack, orjson.loads, fill", "ms", peer.cpu),
            Figure(f"longest hold of the loop, {name}", "ms", own.hold, ratio(own.hold, peer.hold)),
        ]
        # The packed one comes as fast as the plain one would: what is sent in a time is what the line carries.
        speed = LINE_BYTES_A_SECOND * len(content) / len(plain)
        own, peer = await _in_turn(content, headers, speed, PACED_ROUNDS)
        took, theirs = own.after_last_byte, peer.after_last_byte
        figures += [
            Figure(f"last byte to columns, {name}", "ms", took, ratio(took, theirs), at_least=200.0, at_most=1.0),
            Figure(f"last byte to columns, {name}, peer", "ms", theirs),
        ]
    return figures


async def _in_turn(content: bytes, headers: Mapping[str, str], speed: float, rounds: int) -> tuple[Measured, Measured]:
    own, peer = Measured(), Measured()
    image = await _ours(Body(content), headers, Measured(), None)
    for _ in range(rounds):
        image = await _ours(Body(content, speed), headers, own, image)
        columns = await _peer(Body(content, speed), headers, peer)
        assert np.array_equal(columns["lastTrade.p"], image.trade_price)
        assert np.array_equal(columns["min.av"], image.minute_volume_today)
    return own, peer


def _whole(content: bytes) -> list[Figure]:
    """Of a body that is there as a whole, without a loop; and beside it, what touching its bytes costs at least."""

    def decoded() -> MarketImage:
        decoder = SnapshotDecoder()
        for start in range(0, len(content), CHUNK_BYTES):
            decoder.feed(content[start : start + CHUNK_BYTES])
            while decoder.step():
                pass
        return decoder.finish(Nanos(2**62), simulated=False)

    works: dict[str, Callable[[], object]] = {
        "ours": decoded,
        "peer": lambda: _filled(content),
        "scan": lambda: content.count(b"\x00"),
        "copy": lambda: bytearray(content),
    }
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            began = time.process_time()
            work()
            spent[name].append((time.process_time() - began) * 1_000)
    own = spent["ours"]
    return [
        Figure("CPU, whole body to columns", "ms", own, ratio(own, spent["peer"]), at_least=4.0),
        Figure("CPU, whole body: orjson.loads, fill", "ms", spent["peer"]),
        Figure("floor: looking at each byte once", "ms", spent["scan"]),
        Figure("floor: copying the bytes", "ms", spent["copy"]),
    ]


async def _ours(
    body: Body, headers: Mapping[str, str], measured: Measured, previous: MarketImage | None
) -> MarketImage:
    """Knowing the snapshot before, as the program does but for its first."""
    response = SimpleNamespace(status=200, headers={**headers, "Content-Length": str(body.length)}, content=body)

    async def work() -> MarketImage:
        decoder = SnapshotDecoder(previous)
        await Answer(cast("aiohttp.ClientResponse", response)).into(decoder)
        return decoder.finish(Nanos(2**62), simulated=False)

    return await _measured(work(), body, measured)


async def _peer(body: Body, headers: Mapping[str, str], measured: Measured) -> Columns:
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
