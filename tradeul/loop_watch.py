"""Watches the event loop from within and without: how late it wakes, who holds it, and whether the clock was stepped.

A task wakes twenty times a second and notes how late. A thread looks whether it does; where it did not for half a
second, the stack of whoever holds the loop is logged while it still does. `operations` owns one.
"""

import sys
import threading
import traceback
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.lags import Lag, Lags
from tradeul.domain.session import NANOS

BEAT_S: Final = 0.05
LOOK_S: Final = 0.1
STALL_S: Final = 0.5
STEP_S: Final = 2.0
"""By how much the time of day must leave the monotonic clock behind, or fall behind it, within one beat."""
TOLD_FOR_S: Final = 30.0
"""How long a stall or a step is a reason not to be well after it is over."""

log = structlog.get_logger(__name__)


class LoopWatch:
    def __init__(self, clock: Clock) -> None:
        self.stalls = 0
        self.clock_steps = 0
        self._clock = clock
        self._lags = Lags()
        self._beat_at = clock.monotonic()
        self._told_until = float("-inf")
        self._words = ""

    @property
    def delay(self) -> Lag | None:
        """How late the loop woke in the last minute."""
        return self._lags.last_minute(self._second())

    @property
    def trouble(self) -> str:
        """In words; empty while all is well."""
        return self._words if self._clock.monotonic() < self._told_until else ""

    async def run(self) -> None:
        """Watch for ever."""
        self._beat_at = self._clock.monotonic()
        over, loop_thread = threading.Event(), threading.get_ident()
        looker = threading.Thread(target=self._look_on, args=(over, loop_thread), name="loop watch", daemon=True)
        looker.start()
        try:
            while True:
                await self._beat()
        finally:
            over.set()
            looker.join()

    async def _beat(self) -> None:
        wall, before = self._clock.wall(), self._clock.monotonic()
        await self._clock.pause(BEAT_S)
        now = self._beat_at = self._clock.monotonic()
        late_s = now - before - BEAT_S
        self._lags.note(int(late_s * NANOS), self._second())
        if late_s >= STALL_S:
            self.stalls += 1
            log.warning("loop_held", seconds=round(late_s, 3))
            self._tell(f"the program stood still for {late_s:.1f} s: the log has the stack of what held it")
        stepped_s = (self._clock.wall() - wall) / NANOS - (now - before)
        if abs(stepped_s) >= STEP_S:
            self.clock_steps += 1
            log.warning("clock_stepped", seconds=round(stepped_s, 1))
            self._tell(f"the machine's clock was stepped by {stepped_s:+.0f} s")

    def _tell(self, words: str) -> None:
        self._words, self._told_until = words, self._clock.monotonic() + TOLD_FOR_S

    def _second(self) -> Nanos:
        return Nanos(int(self._clock.monotonic() * NANOS))

    def _look_on(self, over: threading.Event, loop_thread: int) -> None:
        """The thread's part. Each stall is written once, however long it takes."""
        written_at = -1.0
        while not over.wait(LOOK_S):
            beat_at = self._beat_at
            if self._clock.monotonic() - beat_at < STALL_S + BEAT_S or beat_at == written_at:
                continue
            frame = sys._current_frames().get(loop_thread)  # noqa: SLF001  there is no other way to see it
            if frame is not None:
                written_at = beat_at
                log.error("loop_stalled", stack="".join(traceback.format_stack(frame)))
