"""A stream that runs against a vendor whose side is played by the test, and what it delivered."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.eventually import PATIENT_S, running
from tests.support.vendor import KEY, Link, StreamVendor, UnhurriedClock
from tradeul.domain.events import LiveBar, LiveEvents, Symbol
from tradeul.polygon.conversation import Pace
from tradeul.polygon.stream import PolygonStream

QUICK = Pace(batch_gap_s=0.01)


def wanted(*names: str) -> frozenset[Symbol]:
    """A set of symbols."""
    return frozenset(map(Symbol, names))


@dataclass
class Desk:
    """A stream that runs against a scripted vendor, and what it delivered."""

    stream: PolygonStream
    vendor: StreamVendor
    clock: UnhurriedClock
    delivered: asyncio.Queue[LiveBar] = field(default_factory=asyncio.Queue)

    async def receives(self, count: int = 1) -> list[str]:
        """Wait for delivered bars; by then all frames before theirs were heard."""
        async with asyncio.timeout(PATIENT_S):
            return [(await self.delivered.get()).symbol for _ in range(count)]

    async def admits(self) -> Link:
        """Take the next connection and let it in."""
        link = await self.vendor.accepts()
        assert await link.lets_in() == {"action": "auth", "params": KEY}
        return link


@contextlib.asynccontextmanager
async def desk(*names: str, pace: Pace = QUICK, **more: Any) -> AsyncIterator[Desk]:
    """A stream that wants `names`, running; `more` are further arguments of it."""
    async with StreamVendor() as vendor:
        clock = UnhurriedClock()
        bars: asyncio.Queue[LiveBar] = asyncio.Queue()

        def deliver(news: LiveEvents) -> None:
            for bar in news.seconds:
                bars.put_nowait(bar)

        stream = PolygonStream(vendor.stream_url, KEY, clock, deliver, uniform=max, pace=pace, **more)
        stream.want(wanted(*names))
        async with running(stream.run):
            yield Desk(stream, vendor, clock, bars)
