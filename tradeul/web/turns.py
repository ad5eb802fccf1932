"""Writing to viewers in turns of the event loop: however many have something due, no turn is long.

A call to the kernel takes some ten microseconds, so thousands of viewers at once are tens of milliseconds in which
nothing else would happen. Whoever has something due is written to in the order of asking, once for all that came up
meanwhile; after `TURN_S` everything else has its turn. The hub owns one of these.
"""

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from tradeul.clock import Clock
from tradeul.web.viewer import Viewer

TURN_S: Final = 0.001
"""A snapshot's other work shares a round of the loop with a turn: with 2 ms rounds were a quarter longer."""
MOST_A_TURN: Final = 256


class Turns:
    def __init__(self, clock: Clock, write: Callable[[Viewer, float], None]) -> None:
        self._clock = clock
        self._write = write
        self._due: dict[Viewer, None] = {}
        self._coming = False

    def __len__(self) -> int:
        """How many are still to be written to."""
        return len(self._due)

    def add(self, viewer: Viewer) -> None:
        self._due[viewer] = None
        self._call()

    def add_all(self, viewers: Mapping[Viewer, None]) -> None:
        self._due.update(viewers)
        if self._due:
            self._call()

    def discard(self, viewer: Viewer) -> None:
        self._due.pop(viewer, None)

    def _call(self) -> None:
        if not self._coming:
            self._coming = True
            asyncio.get_running_loop().call_soon(self._take)

    def _take(self) -> None:
        began = now = self._clock.monotonic()
        for viewer in list(islice(self._due, MOST_A_TURN)):
            # Writing to one may be the end of another.
            if viewer in self._due:
                del self._due[viewer]
                self._write(viewer, now)
                now = self._clock.monotonic()
                if now - began >= TURN_S:
                    break
        self._coming = False
        if self._due:
            self._call()
