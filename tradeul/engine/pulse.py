"""Whether a part that works for ever still gets anywhere: it says when it begins something, and when it is done.

The supervisor starts a task anew whose pulse is overdue; systemd is told that all is well only while none is. A part
that waits for something to do is idle, and never overdue.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

from tradeul.clock import Clock

NEVER: Final = float("inf")


class Pulse:
    """What is `done` makes it current again; being started anew does not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = NEVER

    def begin(self, within_s: float) -> None:
        """Something is begun that is to be done by then. What was to be done earlier is so still."""
        self._due = min(self._due, self._clock.monotonic() + within_s)

    def done(self) -> None:
        """It is done; nothing is overdue until something is begun."""
        self._due = NEVER

    @contextlib.contextmanager
    def work(self, within_s: float) -> Iterator[None]:
        """Begin what is inside, and be done with it; also where it fails, but not where it is given up."""
        self.begin(within_s)
        try:
            yield
        except Exception:
            self.done()
            raise
        self.done()

    @property
    def overdue_s(self) -> float:
        """For how long something should have been done that is not; 0 while all is well."""
        return max(0.0, self._clock.monotonic() - self._due)
