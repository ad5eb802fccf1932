"""What the vendor's end saw of its peers: who came and what was asked, each with the wall's monotonic second.

What was asked is noted as it was said, whatever the faults make of it then. Bounded: the oldest goes first.
`stream` writes it; whoever wants to know what a client really did compares with it what the client believes.
"""

from collections import deque
from typing import Final, NamedTuple

from tradeul.clock import Clock

MOST_ENTRIES: Final = 20_000


class Heard(NamedTuple):
    """One thing a peer did."""

    at: float
    action: str
    """`connect`, or what it asked for, such as `subscribe`."""
    channels: tuple[str, ...] = ()


class Ledger:
    """All of it in its order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.entries: deque[Heard] = deque(maxlen=MOST_ENTRIES)

    def note(self, action: str, channels: list[str] | None = None) -> None:
        """Write down what was just done."""
        self.entries.append(Heard(self._clock.monotonic(), action, tuple(channels or ())))

    def moments(self, action: str) -> list[float]:
        """When it was done."""
        return [each.at for each in self.entries if each.action == action]
