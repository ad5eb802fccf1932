"""From a snapshot's last byte to the last viewer that holds its changes, beside two programs that others write.

The packed bodies of a simulated morning, 12,000 symbols each, are served at 200 Mbit/s by one process, asked for and
worked on by a second, and what comes of them is looked at by a third: viewers on three lists of 50, or on all. Peers
are in `whole_servers`. After every snapshot all must show the same symbols at the same prices, in the seven lists that
peers make. Ours is measured between two snapshots too, where 200 of the symbols in lists have another price.
"""

import asyncio
import gzip
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from tests.benchmarks.decode import LINE_BYTES_A_SECOND, PACED_BYTES
from tests.benchmarks.figure import Figure, ratio
from tests.benchmarks.morning import bodies
from tests.benchmarks.whole_lists import MEMORYLESS
from tests.benchmarks.witness import NS_PER_MS
from tests.support.crowd import Numbers, crowd
from tests.support.raw import HOST
from tests.support.stage import LISTS, playing
from tradeul import logs
from tradeul.polygon.rest import SNAPSHOT_PATH

SNAPSHOTS = 20
RESTING_S = 0.3
LISTS_EACH = 3


@dataclass
class Way:
    """What one program came to, snapshot by snapshot."""

    last_ms: list[float] = field(default_factory=list)
    """From the last byte to the last viewer."""
    stall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    shown: list[dict[str, list[list[Any]]]] = field(default_factory=list)


class Bodies:
    """Serves the next body each time it is asked for one; once all were, the last two in turn."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """At the pace of a line: at that of memory, what is measured is who had to wait for its own unpacking."""
        body = self._packed[self.asked if self.asked < len(self._packed) else -1 - self.asked % 2]
        self.asked += 1
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
        response.content_length = len(body)
        await response.prepare(request)
        began = time.perf_counter()
        for sent in range(0, len(body), PACED_BYTES):
            await asyncio.sleep(max(0.0, began + sent / LINE_BYTES_A_SECOND - time.perf_counter()))
            await response.write(body[sent : sent + PACED_BYTES])
        return response


async def run() -> list[Figure]:
    """Each program in turn."""
    logs.configure("error", "console")
    packed = [gzip.compress(content, 1) for content in await bodies(SNAPSHOTS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = await travelled(folder, "ours", packed, 1_000, MEMORYLESS)
        plain = await travelled(folder, "plain", packed[:11], 1_000, MEMORYLESS)
        original = await travelled(folder, "original", packed[:5], 1_000, MEMORYLESS)
        for peer in (plain, original):
            for theirs, own in zip(peer.shown, few.shown, strict=False):  # they take fewer snapshots
                assert theirs == own, _difference(theirs, own)
        everything = await travelled(folder, "ours", packed, 1_000, LISTS, len(LISTS))
        many = await travelled(folder, "ours", packed, 5_000, LISTS)
        hot = await travelled(folder, "hot", packed, 1_000, LISTS)
    return [
        Figure("last byte to the last of 1,000 viewers", "ms", few.last_ms, at_most=18.0),
        Figure("the same, orjson, NumPy and `send_str`", "ms", plain.last_ms, ratio(few.last_ms, plain.last_ms), 7.0),
        Figure(
            "the same, original style, end to end", "ms", original.last_ms, ratio(few.last_ms, original.last_ms), 100.0
        ),
        Figure("worst stall of a snapshot, 1,000 viewers", "ms", few.stall_ms, at_most=4.0),
        Figure("the same, orjson, NumPy", "ms", plain.stall_ms, ratio(few.stall_ms, plain.stall_ms), 30.0),
        Figure("the same, in original style", "ms", original.stall_ms, ratio(few.stall_ms, original.stall_ms)),
        Figure("CPU of a snapshot, 1,000 viewers", "ms", few.cpu_ms),
        Figure("CPU of it, orjson, NumPy and `send_str`", "ms", plain.cpu_ms, ratio(few.cpu_ms, plain.cpu_ms)),
        Figure("CPU of it, original style", "ms", original.cpu_ms, ratio(few.cpu_ms, original.cpu_ms)),
        Figure("last byte to the last of 1,000 viewers of all 11 lists", "ms", everything.last_ms, at_most=60.0),
        Figure("last byte to the last of 5,000 viewers", "ms", many.last_ms, at_most=100.0),
        Figure("200 live prices to the last of 1,000 viewers", "ms", hot.last_ms, at_most=12.0),
        # So many milliseconds ten times a second are as many percent.
        Figure("CPU of that ten times a second", "% of a core", hot.cpu_ms, at_most=12.0),
    ]


async def travelled(
    folder: Path, name: str, packed: Sequence[bytes], viewers: int, lists: Sequence[str], each: int = LISTS_EACH
) -> Way:
    """Have a program take every snapshot, one at a time."""
    way, moments = Way(), list[int]()
    command = [sys.executable, "-m", "tests.benchmarks.whole_servers", name]
    async with (
        _serving(packed) as url,
        playing(*command, url) as stage,
        crowd(folder, stage.port, viewers, lists, each) as people,
    ):
        await people.all_live()
        await asyncio.sleep(4 * RESTING_S)
        await stage.report()
        for _ in packed[1:]:
            moments.append(await stage.round())
            await asyncio.sleep(RESTING_S)
            report = await stage.report()
            way.stall_ms.append(report.stall_ms)
            way.cpu_ms.append(report.cpu_s * 1_000)
            way.shown.append(await stage.ask(b"lists\n"))
    way.last_ms = [_last_ms(people.arrivals, moments, number) for number in range(len(moments))]
    return way


def _last_ms(arrivals: Numbers, moments: Sequence[int], number: int) -> float:
    """When the last viewer had the last frame of a round; every viewer of a list must have had it."""
    ends = moments[number + 1] if number + 1 < len(moments) else np.iinfo(np.int64).max
    came = arrivals[(arrivals[:, 3] >= moments[number]) & (arrivals[:, 3] < ends)]
    assert len(came), "a snapshot that changes nothing"
    for name in np.unique(came[:, 1]):
        had = np.unique(came[came[:, 1] == name][:, 0])
        of_list = np.unique(arrivals[arrivals[:, 1] == name][:, 0])
        assert len(had) == len(of_list), f"some missed list {name}"
    return float(came[:, 3].max() - moments[number]) / NS_PER_MS


@asynccontextmanager
async def _serving(packed: Sequence[bytes]) -> AsyncIterator[str]:
    source = Bodies(packed)
    app = web.Application()
    app.router.add_get(SNAPSHOT_PATH, source.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _difference(theirs: dict[str, list[list[Any]]], own: dict[str, list[list[Any]]]) -> str:
    return "; ".join(f"{name}: {theirs[name]} and not {own[name]}" for name in own if theirs[name] != own[name])
