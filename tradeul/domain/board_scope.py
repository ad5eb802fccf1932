"""Rows of the board as expressions see them: its columns, the session, and what moves with the clock alone.

It is good for as long as the board does not change. The scanner evaluates lists over it, and `why` explains them.
"""

from typing import Any, Final

import numpy.typing as npt

from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Bools, Nanos
from tradeul.domain.session import NANOS, Session

_EVENTS: Final = {"seconds_since_high": "last_high_at", "seconds_since_low": "last_low_at"}
CLOCK_NUMBERS: Final = tuple(_EVENTS)
"""Numbers that move with the clock alone: conditions of built-in lists may use them, rows never carry them."""


class BoardScope:
    """Some rows of a board, or all, in one session at one moment."""

    def __init__(self, board: Board, session: Session, now: Nanos, rows: Rows = EVERY_ROW) -> None:
        self.session: str = session.value
        self.rows = rows
        self._board = board
        self._now_s = now / NANOS

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.taken(name, self.rows)

    def taken(self, name: str, rows: Rows) -> npt.NDArray[Any]:
        """Some rows of a column of the whole board.

        Where there was no event its time is 0, and so it is longer ago than any bound: decades.
        """
        event = _EVENTS.get(name)
        if event is not None:
            ago: npt.NDArray[Any] = self._now_s - self._board[event][rows] / 1_000
            return ago
        column: npt.NDArray[Any] = self._board[name][rows]
        return column

    def among(self, name: str, words: frozenset[str | None]) -> Bools:
        """Tell where a text is one of these words."""
        mask: Bools = self._board.among(name, words)[self.rows]
        return mask
