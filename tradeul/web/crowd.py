"""All connections: how many there are, from where, and who holds one and does not use it.

Descriptors are finite, and a few must be left for files, the database and whoever asks how we are. So an address has
a bounded number of connections, a request must have come within seconds of its first byte, an answer must be taken;
and where all places are taken, an idle connection makes room, or the newcomer may ask for `/health` alone.
Each connection (`counted`) tells how it fares; the gate sweeps once a second.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from tradeul.clock import Clock

log = structlog.get_logger(__name__)

HEAD_S: Final = 10.0
"""From the first byte of a request, or from the connection, to the end of its head."""
SQUEEZED_S: Final = 2.0
"""The same where there is no room."""
SWEEP_S: Final = 1.0
STUCK_S: Final = 30.0
"""For the body of a request, and for taking the answer."""
MOST_OF_AN_ADDRESS: Final = 64
MOST_SQUEEZED: Final = 32


class Member(Protocol):
    """A connection, as the crowd sees it."""

    address: str
    begun: int
    """How many requests."""

    @property
    def idle(self) -> bool:
        """Whether no request is under way on it."""

    @property
    def answering(self) -> bool:
        """Whether one is, and it is no WebSocket's, which may take for ever."""

    def cut(self) -> None:
        """End it at once."""


class Crowd:
    """`most` connections at a time; who is `exempt` may have as many as it likes of them."""

    def __init__(self, clock: Clock, most: int, exempt: Callable[[str], bool]) -> None:
        self.squeezed: dict[Member, None] = {}
        """Those for whom there was no room, in the order in which they came."""
        self.answered: Counter[int] = Counter()
        """Requests by status, those that were only repeated too; a WebSocket's is one once it is over."""
        self._clock = clock
        self._most = most
        self._exempt = exempt
        self._open: dict[Member, str] = {}
        self._of_address: dict[str, int] = {}
        self._late_at: dict[Member, float] = {}
        """When those are overdue of whom a request is expected."""
        self._idle: list[Member] = []
        self._looked_at = float("-inf")
        self._answering: dict[Member, int] = {}
        """Who was being answered at the last look, and which request of theirs."""
        self._stuck_at = clock.monotonic() + STUCK_S

    def __len__(self) -> int:
        return len(self._open)

    def came(self, connection: Member) -> None:
        address, now = connection.address, self._clock.monotonic()
        self._open[connection] = address
        count = self._of_address[address] = self._of_address.get(address, 0) + 1
        self._late_at[connection] = now + HEAD_S
        if count > MOST_OF_AN_ADDRESS and not self._exempt(address):
            connection.cut()
        elif len(self._open) > self._most and not self._make_room(connection, now):
            self._squeeze(connection, now)

    def went(self, connection: Member) -> None:
        self._late_at.pop(connection, None)
        self._answering.pop(connection, None)
        self.squeezed.pop(connection, None)
        address = self._open.pop(connection, None)
        if address is None:
            return
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def waits(self, connection: Member) -> None:
        """Hear that it has spoken and will be heard when its turn comes; it is not late meanwhile."""
        self._late_at.pop(connection, None)

    def dawdles(self, connection: Member) -> None:
        """Hear that a part of a request came, and not yet the whole of its head."""
        if connection in self._open:
            self._late_at.setdefault(connection, self._clock.monotonic() + HEAD_S)

    def begins(self, connection: Member) -> None:
        """Hear that a request is here."""
        connection.begun += 1
        if self._late_at:
            self._late_at.pop(connection, None)

    def sweep(self) -> None:
        """Cut who is overdue."""
        now = self._clock.monotonic()
        for connection in [each for each, late_at in self._late_at.items() if late_at <= now]:
            connection.cut()
        if now >= self._stuck_at:
            self._stuck_at = now + STUCK_S
            self._cut_stuck()

    def _cut_stuck(self) -> None:
        answering = {each: each.begun for each in self._open if each.answering}
        for connection, request in answering.items():
            if self._answering.get(connection) == request:
                connection.cut()
        self._answering = answering

    def _make_room(self, newcomer: Member, now: float) -> bool:
        """Cut the connection that is idle for longest, if one is; looks for such once a second."""
        if not self._idle and now >= self._looked_at + SWEEP_S:
            self._looked_at = now
            self._idle = [each for each in reversed(self._open) if each.idle and each is not newcomer]
            log.warning("connections_full", connections=len(self._open), idle=len(self._idle))
        while self._idle:
            oldest = self._idle.pop()
            if oldest in self._open and oldest.idle:
                oldest.cut()
                return True
        return False

    def _squeeze(self, newcomer: Member, now: float) -> None:
        self.squeezed[newcomer] = None
        if len(self.squeezed) > MOST_SQUEEZED:
            # Who asks for health asks at once, so whoever has waited longest is least likely to be the one.
            oldest = next(iter(self.squeezed))
            del self.squeezed[oldest]
            oldest.cut()
        self._late_at[newcomer] = now + SQUEEZED_S
