"""Keeps what the board says of securities that which is kept of them: at the start, and as soon as some of it changes.

Whoever changes it, in this process or in another, it is on the board a few seconds later. It comes in slices, each of
which holds the loop for less than two milliseconds. What is known of symbols that are not on the board waits for them.
"""

from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.reference import Facts
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import ReferenceBook
from tradeul.errors import HistoryUnavailable

LOOK_EVERY_S: Final = 2.0
FIRST_LOOK_EVERY_S: Final = 0.25
"""While the database has never answered, as it may be just starting."""
SLICE: Final = 250

log = structlog.get_logger(__name__)


class ReferenceKeeper:
    """Asks `book` for what is new. While it cannot answer, the board says what it said."""

    def __init__(self, book: ReferenceBook, pipeline: Pipeline, board: Board, clock: Clock) -> None:
        self._book = book
        self._pipeline = pipeline
        self._board = board
        self._clock = clock
        self._seen = 0
        self._waiting: dict[Symbol, Facts] = {}
        self._board_size = 0

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                changed = await self._take_changes()
            except HistoryUnavailable as away:
                log.debug("reference_unavailable", reason=str(away))
                changed = False
            if await self._take_waiting() or changed:
                await self._pipeline.rescan()
            await self._clock.pause(LOOK_EVERY_S if self._seen else FIRST_LOOK_EVERY_S)

    async def _take_changes(self) -> bool:
        """Take all that changed since the last look; whether anything did."""
        before = self._seen
        while True:
            facts, self._seen = await self._book.changes(self._seen, SLICE)
            await self._take(facts)
            if len(facts) < SLICE:
                return self._seen > before

    async def _take_waiting(self) -> bool:
        """Take what waited for symbols that have come to the board since."""
        if len(self._board) == self._board_size:
            return False
        self._board_size = len(self._board)
        arrived = [facts for symbol, facts in self._waiting.items() if symbol in self._board.row_of]
        for start in range(0, len(arrived), SLICE):
            await self._take(arrived[start : start + SLICE])
        return bool(arrived)

    async def _take(self, facts: list[Facts]) -> None:
        for each in facts:
            if each.symbol in self._board.row_of:
                self._waiting.pop(each.symbol, None)
            else:
                self._waiting[each.symbol] = each
        placed = [each for each in facts if each.symbol in self._board.row_of]
        if placed:
            await self._pipeline.take_reference(placed)
