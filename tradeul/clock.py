"""The only module that reads time or sleeps.

Two times are kept apart. Market time (`now`, `sleep`, `sleep_until`) is what the trading day runs on and may
be moved or paced by `[clock]`. Monotonic time (`monotonic`, `pause`) is the wall's, never steps, and governs
heartbeats, timeouts and backoff at any speed. `wall` is the time of day out there, whatever the market's is: for
other people's programs, and for what must be told apart over restarts.
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol

from tradeul.domain.events import Nanos

NANOS_PER_SECOND = 1_000_000_000


class Clock(Protocol):
    """What every other module is given instead of the time."""

    def now(self) -> Nanos:
        """Market time, nanoseconds since the Unix epoch."""

    def monotonic(self) -> float:
        """Wall seconds that never step."""

    def wall(self) -> Nanos:
        """The machine's time of day, nanoseconds since the Unix epoch; it may be stepped."""

    async def sleep(self, seconds: float) -> None:
        """Wait for market seconds."""

    async def sleep_until(self, instant: Nanos) -> None:
        """Wait until the market clock shows `instant`; at once if it already has."""

    async def pause(self, seconds: float) -> None:
        """Wait for wall seconds."""


class SystemClock:
    """The machine's clock at its own pace."""

    def now(self) -> Nanos:
        return Nanos(time.time_ns())

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> Nanos:
        return Nanos(time.time_ns())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def sleep_until(self, instant: Nanos) -> None:
        await asyncio.sleep(max(0.0, (instant - self.now()) / NANOS_PER_SECOND))

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class PacedClock:
    """A market clock that showed `start` at the wall instant `anchor` and has run at `speed` since.

    It follows the monotonic clock from its making on, so that a step of the system clock moves nothing.
    Processes that share an anchor agree on the time.
    """

    def __init__(self, start: Nanos, speed: float = 1.0, anchor: Nanos | None = None) -> None:
        already = 0.0 if anchor is None else (time.time_ns() - anchor) / NANOS_PER_SECOND
        self._start = start
        self._speed = speed
        self._zero = time.monotonic() - already

    def now(self) -> Nanos:
        elapsed = (time.monotonic() - self._zero) * self._speed
        return Nanos(self._start + int(elapsed * NANOS_PER_SECOND))

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> Nanos:
        return Nanos(time.time_ns())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    async def sleep_until(self, instant: Nanos) -> None:
        await self.sleep(max(0.0, (instant - self.now()) / NANOS_PER_SECOND))

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class LateClock:
    """Another clock's time, so many seconds behind it."""

    def __init__(self, clock: Clock, seconds: int) -> None:
        self._clock = clock
        self._behind = seconds * NANOS_PER_SECOND

    def now(self) -> Nanos:
        return Nanos(self._clock.now() - self._behind)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def wall(self) -> Nanos:
        return self._clock.wall()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    async def sleep_until(self, instant: Nanos) -> None:
        await self._clock.sleep_until(Nanos(instant + self._behind))

    async def pause(self, seconds: float) -> None:
        await self._clock.pause(seconds)


class LedClock:
    """A market clock that shows what it is told to: a recording's.

    Market time passes in leaps there, so who waits for it looks now and then.
    """

    LOOK_EVERY_S = 0.05

    def __init__(self, start: Nanos) -> None:
        self._now = start

    def show(self, now: Nanos) -> None:
        """Be at this moment, earlier or later."""
        self._now = now

    def now(self) -> Nanos:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> Nanos:
        return Nanos(time.time_ns())

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(Nanos(self._now + int(seconds * NANOS_PER_SECOND)))

    async def sleep_until(self, instant: Nanos) -> None:
        while self._now < instant:  # noqa: ASYNC110  # there is nothing to wait for but the next leap
            await asyncio.sleep(self.LOOK_EVERY_S)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance` moves it, waking sleepers in the order of their deadlines."""

    def __init__(self, start: Nanos) -> None:
        self._start = start
        self._elapsed = 0.0
        self._tie = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> Nanos:
        return Nanos(self._start + round(self._elapsed * NANOS_PER_SECOND))

    def monotonic(self) -> float:
        return self._elapsed

    def wall(self) -> Nanos:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._tie), woken))
        await woken

    async def sleep_until(self, instant: Nanos) -> None:
        await self.sleep((instant - self.now()) / NANOS_PER_SECOND)

    async def pause(self, seconds: float) -> None:
        await self.sleep(seconds)

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for it to move on; nobody does who waits for a thread or a socket."""
        return any(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move time on, letting every sleeper that comes due run before the next one does."""
        target = self._elapsed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            deadline, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, deadline)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._elapsed = max(self._elapsed, target)
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
