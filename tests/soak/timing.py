"""A clock moved by hand and a loop that is run dry, so that one seed gives one run, however busy the machine is."""

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos

Result = TypeVar("Result")


class AtOnce(ThreadPoolExecutor):
    """Does the work of a thread where it is asked for."""

    def submit(self, work: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        done: Future[Result] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # whoever asked is told
            done.set_exception(error)
        return done


class CoarseClock(ManualClock):
    """Nobody sleeps for less than `grain_s`; whoever was woken has run until nothing is left before time goes on."""

    def __init__(self, start: Nanos, grain_s: float) -> None:
        super().__init__(start)
        self.grain_s = grain_s

    async def sleep(self, seconds: float) -> None:
        await super().sleep(max(seconds, self.grain_s) if seconds > 0 else seconds)

    async def advance(self, seconds: float) -> None:
        """Move time on. All who are due at the same moment are woken together."""
        target = self._elapsed + seconds
        await run_dry()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._elapsed = max(self._elapsed, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self._elapsed:
                _, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():
                    woken.set_result(None)
            await run_dry()
        self._elapsed = max(self._elapsed, target)


async def run_dry() -> None:
    """Have the loop do what is ready, and what becomes ready by it."""
    # What is ready is told nowhere else; the loops of asyncio have it under this name.
    ready: Any = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # noqa: SLF001
    await asyncio.sleep(0)
    while ready:  # noqa: ASYNC110  # what is waited for is the loop itself
        await asyncio.sleep(0)
