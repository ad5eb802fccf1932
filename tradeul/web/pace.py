"""How fast a stranger may talk: an allowance that refills, and a verdict on whoever ignores being refused.

One per connection; asked by `routes/live` for each message before it is even read.
"""

from collections import deque

from tradeul.clock import Clock
from tradeul.web.protocol import DROPPED_WINDOW_S, MAX_DROPPED, MESSAGE_BURST, MESSAGES_PER_SECOND


class Pace:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._allowance = float(MESSAGE_BURST)
        self._refilled_at = clock.monotonic()
        self._dropped: deque[float] = deque(maxlen=MAX_DROPPED)

    def allows(self) -> bool:
        """Take one message from the allowance; false means that it is to be dropped."""
        now = self._clock.monotonic()
        refill = (now - self._refilled_at) * MESSAGES_PER_SECOND
        self._allowance = min(float(MESSAGE_BURST), self._allowance + refill)
        self._refilled_at = now
        if self._allowance >= 1:
            self._allowance -= 1
            return True
        self._dropped.append(now)
        return False

    @property
    def ignored(self) -> bool:
        """Whether so many messages were dropped of late that asking to slow down is of no use."""
        return len(self._dropped) == MAX_DROPPED and self._dropped[-1] - self._dropped[0] <= DROPPED_WINDOW_S
