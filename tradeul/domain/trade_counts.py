"""How many trades the running minute had: a snapshot tells all so far, live bars and trades what came after it.

Only the newest is counted: what a snapshot holds, a bar that comes again or one of trades that came, adds nothing. A
minute that is over is none of the running one, so its count is unknown again.
"""

from typing import Final, TypeVar

import numpy as np

from tradeul.domain.board import Board, Rows
from tradeul.domain.events import Bools, Floats, Ints, Nanos
from tradeul.domain.session import NANOS

MINUTE_NS: Final = 60 * NANOS
_Times = TypeVar("_Times", int, Ints)


class TradeCounts:
    """Keeps the column of one board. `now` is the newest moment that the board is known for."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def take_image(self, rows: Rows, minutes: Ints, trades: Floats, updated: Ints) -> None:
        """Take the trades of each row's last minute, up to the second in which the row itself was updated last.

        Not up to the image's own moment: a row in it can be an old one. What is over is still to be forgotten.
        """
        until = updated + -updated % NANOS
        newest = (minutes == _minute_of(until)) & (trades > 0) & (until >= self._board["trades_at"][rows])
        self._put(rows, trades, until, newest)

    def take_bars(self, rows: Ints, start: Ints, end: Ints, trades: Floats, now: Nanos) -> None:
        """Take bars of a second: more trades of their minute, or the first of it; 0 is unknown."""
        before, known = self._board["trades_1m"][rows], self._board["trades_at"][rows]
        first = _minute_of(end) > _minute_of(known)
        more = (_minute_of(end) == _minute_of(known)) & (start >= known)
        self._put(rows, np.where(first, trades, before + trades), end, (trades > 0) & (first | more))
        self.forget(rows, now)

    def take_trades(self, rows: Ints, first: Ints, last: Ints, trades: Floats, now: Nanos) -> None:
        """Take trades themselves, none of them before the first nor after the last: as many more, if none was counted.

        The bar of their second comes later, and adds nothing then.
        """
        # An instant that begins a minute is in it, while the same as an end is the end of the one before.
        self.take_bars(rows, first, last + (last % MINUTE_NS == 0), trades, now)

    def _put(self, rows: Rows, trades: Floats, until: Ints, where: Bools) -> None:
        self._board.overwrite("trades_1m", rows, trades, where)
        self._board.overwrite("trades_at", rows, until, where)

    def forget(self, rows: Rows, now: Nanos) -> None:
        """Know nothing of a minute that is over."""
        over = _minute_of(self._board["trades_at"][rows]) < now - now % MINUTE_NS
        self._board.overwrite("trades_1m", rows, np.full(len(over), np.nan), over)


def _minute_of(until: _Times) -> _Times:
    """The start of the minute that was told of up to a moment, which at its very end is still that one."""
    return until - 1 - (until - 1) % MINUTE_NS
