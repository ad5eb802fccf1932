"""Who is halted: words of halts and resumptions, and what is known where there are none.

A feed tells them of Nasdaq's listings only, so for all others silence is no knowledge. For Nasdaq's it is, while the
feed is heard; where it was not for a while of regular trading, each is unknown until it is seen to trade again. A halt
stands until a resumption is told, or a band or trade of the regular session is newer than it, as words get lost.
"""

from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.events import Bools, Ints, Nanos, PriceBand
from tradeul.domain.session import NANOS, DayHours

TOLD_OF: Final = frozenset[str | None]({"XNAS"})
UNDER_WAY_NS: Final = 5 * NANOS
"""So long after a halt trades are reported that were under way; none is so short."""
_MS_NS: Final = 1_000_000
_UNKNOWN, _TRADES, _HALTED = -1, 0, 1


class Hearing(NamedTuple):
    """Whether words of halts are heard."""

    since: Nanos | None = None
    """From when on the feed has been heard; None while it is not."""
    lost: bool = False
    missed: bool = False
    """Whether it was lost today while halts may have begun."""


class Halts:
    """Keeps the columns `halted` and `halted_at` of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.hearing = Hearing()

    @property
    def heard(self) -> bool:
        return self.hearing.since is not None

    def listen(self, now: Nanos, *, regular: bool) -> None:
        """The feed is heard from now on; `regular` says whether this is the regular session."""
        _, lost, missed = self.hearing
        self.hearing = Hearing(now, lost, missed or (lost and regular))
        self.listed(EVERY_ROW)

    def go_deaf(self, *, regular: bool) -> None:
        """The feed is heard no more: that nothing is told means nothing now."""
        self.hearing = Hearing(None, lost=True, missed=self.hearing.missed or regular)
        halted = self._board["halted"]
        halted[halted == _TRADES] = _UNKNOWN

    def begin_day(self) -> None:
        """The columns were reset: what was told is of yesterday."""
        self.hearing = Hearing(self.hearing.since)
        self.listed(EVERY_ROW)

    def listed(self, rows: Rows) -> None:
        """Know of rows whose listing became known that they trade, if halts of them would have been told."""
        if self.heard and not self.hearing.missed:
            self._put(rows, (self._board["halted"][rows] == _UNKNOWN) & self._told_of(rows))

    def tell(self, row: int, band: PriceBand, hours: DayHours) -> bool:
        """Take a word of a halt or a band; whether it changed something."""
        board = self._board
        if band.says == "band":
            return band.upper > 0 and self.traded(np.array([row]), np.array([band.at]), hours)
        if band.at < board["halt_told_at"][row]:
            return False
        halted = band.says == "halted" and board["traded_at"][row] <= band.at + UNDER_WAY_NS
        before = board["halted"][row], board["halted_at"][row]
        board["halt_told_at"][row] = band.at
        board["halted"][row] = _HALTED if halted else _TRADES
        board["halted_at"][row] = band.at // _MS_NS if halted else 0
        return before != (board["halted"][row], board["halted_at"][row])

    def traded(self, rows: Rows, at: Ints, hours: DayHours) -> bool:
        """See when rows traded, or were given a band: newer than the halt, it is over. Whether one was."""
        board = self._board
        halted = board["halted"][rows]
        at = np.where((at >= hours.market_open) & (at < hours.market_close), at, 0)
        board["traded_at"][rows] = np.maximum(board["traded_at"][rows], at)
        where = (halted == _HALTED) & (at > board["halt_told_at"][rows] + UNDER_WAY_NS)
        since, _, missed = self.hearing
        if since is not None and missed:
            known = (halted == _UNKNOWN) & (at >= since)
            where |= known & self._told_of(rows) if known.any() else known
        found = bool(where.any())
        if found:
            self._put(rows, where)
        return found

    def _told_of(self, rows: Rows) -> Bools:
        told: Bools = self._board.among("exchange", TOLD_OF)[rows]
        return told

    def _put(self, rows: Rows, where: Bools) -> None:
        """They trade; of one that was halted that is known even while nothing is told."""
        board = self._board
        trades = _TRADES if self.heard else _UNKNOWN
        board.overwrite("halted", rows, np.full(len(where), trades, np.int8), where)
        board.overwrite("halted_at", rows, np.zeros(len(where), np.int64), where)
