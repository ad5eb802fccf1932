"""How far something long has come, on whatever the user looks at.

On a terminal one line is written over and over; elsewhere a plain line comes every few seconds.
"""

import shutil
from collections.abc import Callable
from typing import Final, TextIO

from tradeul.clock import Clock

PLAIN_EVERY_S: Final = 5.0
BAR: Final = 24
_BACK: Final = "\r\x1b[K"


class Display:
    """Where progress is written."""

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._rewrites = out.isatty()
        self._due = 0.0

    def show(self, line: Callable[[], str]) -> None:
        """Show how far it is, where that is due."""
        if self._rewrites:
            self._write(_BACK + line()[: shutil.get_terminal_size().columns - 1])
        elif self._clock.monotonic() >= self._due:
            self._due = self._clock.monotonic() + PLAIN_EVERY_S
            self._write(line() + "\n")

    def end(self, words: str = "") -> None:
        """Leave the line, with the last words in its place."""
        self._write((_BACK if self._rewrites else "") + (f"{words}\n" if words else ""))

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def bar_of(done: int, total: int) -> str:
    """Empty while the whole is not known."""
    full = min(BAR, BAR * done // total) if total else 0
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def duration_of(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
