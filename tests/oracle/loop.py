"""A loop that runs what is ready when it is told to, and a manual clock whose sleepers are stepped by hand.

With them a whole server lives through an hour of trouble in milliseconds, and every turn of its loop is the test's.
"""

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from typing import Any, cast

from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos


class HandLoop:
    """Only what is ready, in order; nothing else that a loop may do is asked of it."""

    def __init__(self) -> None:
        self._ready: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> None:
        del context
        self._ready.append((callback, args))

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def get_debug(self) -> bool:
        return False

    def run_dry(self) -> None:
        """Run what is ready, and what becomes ready by it."""
        while self._ready:
            callback, args = self._ready.popleft()
            callback(*args)

    @contextlib.contextmanager
    def in_charge(self) -> Iterator[None]:
        """Be the running loop, as far as `asyncio.get_running_loop` tells."""
        # What the documentation offers to whoever writes a loop.
        asyncio._set_running_loop(cast(asyncio.AbstractEventLoop, self))  # noqa: SLF001
        try:
            yield
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001


class HandClock(ManualClock):
    """A manual clock for coroutines that are stepped by hand: whoever is woken has run before time goes on."""

    def __init__(self, start: Nanos, loop: HandLoop) -> None:
        super().__init__(start)
        self._loop = loop
        self._steppers: list[Stepper] = []

    def run(self, part: Coroutine[Any, Any, object]) -> "Stepper":
        stepper = Stepper(part)
        self._steppers.append(stepper)
        return stepper

    def stop(self, stepper: "Stepper") -> None:
        self._steppers.remove(stepper)
        stepper.stop()

    def pass_by(self, seconds: float) -> None:
        """Let time pass, as `advance` does, without a loop that would have to be waited for."""
        target = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            deadline, _, woken = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, deadline)
            woken.set_result(None)
            for stepper in self._steppers:
                stepper.step()
            self._loop.run_dry()
        self._elapsed = target


class Stepper:
    """A coroutine that goes on as soon as what it waits for has come."""

    def __init__(self, part: Coroutine[Any, Any, object]) -> None:
        self._part = part
        self._waits_for: Any = part.send(None)

    def step(self) -> None:
        while self._waits_for is None or self._waits_for.done():
            self._waits_for = self._part.send(None)

    def stop(self) -> None:
        self._part.close()
