"""How fast a recording is played, and where it stands: what a viewer's controls move, and the player waits for.

Market time runs from the last change of pace on, on the monotonic clock. All moments are the recording's.
"""

import asyncio
import contextlib
import math
from typing import Final, Literal

from tradeul.clock import LedClock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS

FASTEST: Final = math.inf
MOST_SPEED: Final = 10_000.0
LOOK_EVERY_S: Final = 0.1
"""So often the clock is moved on while nothing happens on the tape."""

Due = Literal["due", "sought"]


class Pace:
    """One per player. `at` is what the clock shows."""

    def __init__(self, clock: LedClock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self.paused = False
        self.ended = False
        """Whether the tape is at its end."""
        self.sought: Nanos | None = None
        """Where to go on, if that is not where the tape stands."""
        self.stepping = False
        """Whether to stop after the next snapshot."""
        self.leaps = 0
        """How often what was sought was reached."""
        self._hurrying_to: Nanos | None = None
        self._moved = asyncio.Event()
        self._from_at, self._from_s = clock.now(), clock.monotonic()

    @property
    def speed(self) -> float:
        """Market seconds per second of the wall; infinite: as fast as it goes."""
        return self._speed

    @property
    def seeking(self) -> bool:
        """Whether it is on its way to another moment."""
        return self.sought is not None or self._hurrying_to is not None

    def set_speed(self, speed: float) -> None:
        self._speed = speed
        self._move()

    def pause(self) -> None:
        self.paused, self.stepping = True, False
        self._move()

    def go_on(self) -> None:
        self.paused = self.stepping = False
        self._move()

    def step(self) -> None:
        """Play up to and with the next snapshot, and pause there."""
        self.paused = self.stepping = True
        self._move()

    def seek(self, at: Nanos) -> None:
        self.sought = at
        self._move()

    def hurry(self, at: Nanos) -> None:
        """Play as fast as it goes up to a moment, paused or not."""
        self._hurrying_to = at

    def end(self) -> None:
        """The tape is at its end."""
        if self._hurrying_to is not None:
            self._arrive()
        self.ended, self.stepping = True, False

    def snapshot_shown(self) -> None:
        """A snapshot was taken: one step."""
        if self._hurrying_to is None:
            self.stepping = False
            self.begin_anew()

    def begin_anew(self) -> None:
        """Count time from here on."""
        self._from_at, self._from_s = self._clock.now(), self._clock.monotonic()

    async def until(self, at: Nanos) -> Due:
        """Wait until a moment is due, moving the clock on meanwhile."""
        while self.sought is None:
            if self._hurrying_to is not None:
                if at < self._hurrying_to:
                    return "due"
                self._arrive()
            wait_s = self._wait_s(at)
            if wait_s <= 0:
                return "due"
            if not self.paused:
                self._clock.show(min(at, self._position()))
            await self._nap(min(wait_s, LOOK_EVERY_S))
        return "sought"

    async def moved(self) -> None:
        """Wait until somebody moves the controls."""
        self._moved.clear()
        await self._moved.wait()

    def _arrive(self) -> None:
        if self._hurrying_to is not None:
            # Nothing may have come in the last seconds before it.
            self._clock.show(max(self._clock.now(), self._hurrying_to))
        self._hurrying_to = None
        self.leaps += 1
        self.begin_anew()

    def _wait_s(self, at: Nanos) -> float:
        if self.stepping or (not self.paused and math.isinf(self._speed)):
            return 0.0
        if self.paused:
            return LOOK_EVERY_S
        return (at - self._position()) / NANOS / self._speed

    def _position(self) -> Nanos:
        elapsed = self._clock.monotonic() - self._from_s
        return Nanos(self._from_at + int(elapsed * self._speed * NANOS))

    async def _nap(self, seconds: float) -> None:
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    def _move(self) -> None:
        self.begin_anew()
        self._moved.set()
