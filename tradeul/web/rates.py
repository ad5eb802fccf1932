"""How often each of many callers may ask: a steady rate with some credit, in a table that cannot grow.

For each caller only the moment is kept at which it will have used up nothing; whoever has not asked for longest is
forgotten first, and has full credit again. The gate keeps one by address and one by token.
"""

from typing import Final

from tradeul.clock import Clock

MOST_CALLERS: Final = 4_096


class Rates:
    def __init__(self, clock: Clock, per_second: float, burst: int) -> None:
        self._clock = clock
        self._step = 1 / per_second
        self._credit = (burst - 1) * self._step
        self._clear_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._clear_at)

    def wait_s(self, caller: str) -> float:
        """Take one from the caller's credit; or how long until there is some, and then nothing is taken."""
        now = self._clock.monotonic()
        clear_at = max(self._clear_at.pop(caller, now), now)
        wait = clear_at - now - self._credit
        self._clear_at[caller] = clear_at if wait > 0 else clear_at + self._step
        if len(self._clear_at) > MOST_CALLERS:
            del self._clear_at[next(iter(self._clear_at))]
        return max(wait, 0.0)
