"""When a client may ask again: so often in any minute, so long after the last time, and never while it is held back.

One object per client, so that whoever asks waits for what another was told. All times are monotonic wall seconds.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from tradeul.clock import Clock
from tradeul.errors import VendorUnavailable

Uniform = Callable[[float, float], float]
"""A random number between two, like `random.uniform`."""

MINUTE_S: Final = 60.0
LONGEST_HOLD_S: Final = 3600.0
"""A vendor that names a longer wait is asked again after this one."""

UNNAMED_HOLDS_S: Final = ((10.0, 20.0), (50.0, 60.0))
"""Within these bounds we stay away after the first refusal that names no wait, and after every further one. Vendors
count by the minute: whoever is refused twice has used it up, and a third request in it is one too many."""


class Allowance:
    """Says when the next request may go, and counts it. `per_second` is kept by even spacing, without bursts."""

    def __init__(self, clock: Clock, per_minute: int | None, uniform: Uniform, per_second: float | None = None) -> None:
        self._clock = clock
        self._uniform = uniform
        self._line = asyncio.Lock()
        self._gap_s = 1.0 / per_second if per_second else 0.0
        self._next_at = clock.monotonic()
        self._went: deque[float] = deque(maxlen=per_minute)
        self._counted = per_minute is not None
        self._held_at = self._held_until = clock.monotonic()
        self._refusals = 0

    async def turn(self) -> None:
        """Wait until a request may go, behind those who wait already; it is then taken as gone."""
        async with self._line:
            while (wait_s := self._wait_s()) > 0:
                await self._clock.pause(wait_s)
            self._go()

    def turn_now(self) -> None:
        """Let a request go at once, or say when it might."""
        if (wait_s := self._wait_s()) > 0:
            raise VendorUnavailable("the vendor asked us to wait", wait_s)
        self._go()

    def granted(self) -> None:
        """Take note of a success: the next refusal is a first one again."""
        self._refusals = 0

    def refused(self, asked_at: float, named_s: float | None) -> float:
        """Hold everyone back; for how many seconds. `asked_at`: when the refused request went."""
        now = self._clock.monotonic()
        if named_s is None:
            # What was under way when we were held back already is the same refusal once more.
            if self._refusals and asked_at <= self._held_at:
                return max(0.0, self._held_until - now)
            low, high = UNNAMED_HOLDS_S[min(self._refusals, len(UNNAMED_HOLDS_S) - 1)]
            named_s = self._uniform(low, high)
        self._refusals += 1
        self._held_at = now
        self._held_until = max(self._held_until, now + min(named_s, LONGEST_HOLD_S))
        return self._held_until - now

    def _wait_s(self) -> float:
        now, free_at = self._clock.monotonic(), max(self._held_until, self._next_at)
        if self._counted and len(self._went) == self._went.maxlen:
            free_at = max(free_at, self._went[0] + MINUTE_S)
        return free_at - now

    def _go(self) -> None:
        now = self._clock.monotonic()
        # Counted from the request that did go: after a stall of ours there is nothing to catch up on.
        self._next_at = now + self._gap_s
        if self._counted:
            self._went.append(now)
