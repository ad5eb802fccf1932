"""A market that stands still until a test lets it go: however long a machine takes to start, none of it is missed."""

import asyncio

from tests.support.market import NANOS
from tradeul.clock import PacedClock
from tradeul.domain.events import Nanos


class HeldClock(PacedClock):
    """Shows its start until `go`, and runs at its speed from then on; the wall's time goes on all the while."""

    def __init__(self, start: Nanos, speed: float) -> None:
        super().__init__(start, speed)
        self._goes = asyncio.Event()

    def go(self) -> None:
        """Let the market begin."""
        self._zero = self.monotonic()
        self._goes.set()

    def now(self) -> Nanos:
        return super().now() if self._goes.is_set() else self._start

    async def sleep(self, seconds: float) -> None:
        instant = self.now() + int(seconds * NANOS)
        if seconds > 0:
            await self._goes.wait()
        await super().sleep(max(0.0, (instant - self.now()) / NANOS))
