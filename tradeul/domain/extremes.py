"""The day's highs and lows, and in which of the last 15 clock minutes they were exceeded.

The minutes are bits of an integer, bit 0 the running minute: ageing is one shift of the column. The day's first print
is no event, and neither is a value learned at start or from a corrected bar: they move the extreme silently.
"""

from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Bools, Floats, Ints, Nanos
from tradeul.domain.session import NANOS

MINUTE_NS: Final = 60 * NANOS
WINDOW_MINUTES: Final = 15
_WINDOW: Final = (1 << WINDOW_MINUTES) - 1
_MS_NS: Final = 1_000_000


class _Side(NamedTuple):
    """The columns of one extreme, what exceeds it, and what takes the further of two (or the one that is known)."""

    extreme: str
    last_at: str
    minutes: str
    counter: str
    beyond: np.ufunc
    further: np.ufunc


_HIGH: Final = _Side("high", "last_high_at", "high_minutes", "new_highs_15m", np.greater, np.fmax)
_LOW: Final = _Side("low", "last_low_at", "low_minutes", "new_lows_15m", np.less, np.fmin)


class Extremes:
    """Keeps the columns of highs and lows of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.minute = 0
        """The running one, in minutes since 1970."""

    def age(self, now: Nanos) -> None:
        """Move the minutes on to `now`; time that runs back moves nothing."""
        minute = now // MINUTE_NS
        elapsed = min(minute - self.minute, WINDOW_MINUTES)
        if elapsed <= 0:
            return
        self.minute = minute
        for side in (_HIGH, _LOW):
            bits = self._board[side.minutes]
            np.left_shift(bits, elapsed, out=bits)
            np.bitwise_and(bits, _WINDOW, out=bits)
            self._count(side, EVERY_ROW)

    def exceed(self, rows: Rows, highs: Floats, lows: Floats, at: Ints, events: Bools) -> None:
        """Take candidates for both extremes; where `events` is False they move the extreme silently."""
        self._exceed(_HIGH, rows, highs, at, events)
        self._exceed(_LOW, rows, lows, at, events)

    def _exceed(self, side: _Side, rows: Rows, values: Floats, at: Ints, events: Bools) -> None:
        board = self._board
        standing = board[side.extreme][rows]
        happened = np.flatnonzero(side.beyond(values, standing) & events)
        board[side.extreme][rows] = side.further(values, standing)
        if len(happened):
            there = happened + rows.start if isinstance(rows, slice) else rows[happened]
            when = at[happened]
            board[side.last_at][there] = when // _MS_NS
            age = np.clip(self.minute - when // MINUTE_NS, 0, WINDOW_MINUTES)
            board[side.minutes][there] |= np.left_shift(np.int64(1), age) & _WINDOW
        self._count(side, rows)

    def _count(self, side: _Side, rows: Rows) -> None:
        counted = np.bitwise_count(self._board[side.minutes][rows]).astype(np.float64)
        # Where there is no extreme yet, there is no count either: NaN times 0 is NaN.
        self._board[side.counter][rows] = counted + 0.0 * self._board[side.extreme][rows]
