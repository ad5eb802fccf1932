"""New connections, heard in the order in which their first bytes came, and few in each turn of the loop.

A handshake takes half a millisecond in all. When everybody comes back at once, after a restart, a thousand of them are
there in one turn of the loop, which would hold it for as long as they take together. The server owns one of these; each
connection (`answers.Connection`) asks it once.
"""

import asyncio
from collections import deque
from typing import Final, Protocol

AT_ONCE: Final = 8
"""In one turn, which is some milliseconds, as those of the turns before are still at it."""


class Newcomer(Protocol):
    def enter(self) -> None:
        """Be heard from now on."""


class Arrivals:
    def __init__(self) -> None:
        self._waiting: deque[Newcomer] = deque()
        self._room = AT_ONCE
        self._turning = False

    def admits(self, newcomer: Newcomer) -> bool:
        """Tell whether it is heard at once; else it is let in when its turn comes."""
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._room:
            self._room -= 1
            return True
        self._waiting.append(newcomer)
        return False

    def _turn(self) -> None:
        self._room = AT_ONCE
        while self._waiting and self._room:
            self._room -= 1
            self._waiting.popleft().enter()
        self._turning = self._room < AT_ONCE
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)
