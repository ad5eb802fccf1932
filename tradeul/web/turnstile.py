"""Lets few through in each turn of the loop, in the order of their coming: for connections that come, and that go.

A handshake takes half a millisecond in all, an ending a quarter. When everybody comes back at once, after a restart, or
goes with the proxy that brought them, a thousand of them are there in one turn of the loop, which would hold it for as
long as they take together. The server owns one of these for each; every connection (`answers.Connection`) asks them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 8
"""In one turn, which is some milliseconds, as those of the turns before are still at it."""


class Turnstile:
    def __init__(self, is_behind: Callable[[], bool] = lambda: False) -> None:
        """While we are behind with those who are here already, one goes on in a turn."""
        self._is_behind = is_behind
        self._waiting: deque[Callable[[], None]] = deque()
        self._room = AT_ONCE
        self._turning = False

    def admits(self, go_on: Callable[[], None]) -> bool:
        """Tell whether one may go on at once; else `go_on` is called when its turn comes."""
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._room:
            self._room -= 1
            return True
        self._waiting.append(go_on)
        return False

    def _turn(self) -> None:
        self._turning = bool(self._waiting)
        self._room = 1 if self._is_behind() else AT_ONCE
        while self._waiting and self._room:
            self._room -= 1
            self._waiting.popleft()()
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)
