"""What the running market wants of its past: the engine's side of whoever loads it."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence

from tradeul.domain.board import Board
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Symbol
from tradeul.domain.slot_book import SlotRecord
from tradeul.domain.usual import Baseline
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.today import Today


class EngineDemand:
    """Implements `past_ports.Demand`; `hot` says who is followed live."""

    def __init__(self, board: Board, pipeline: Pipeline, today: Today, hot: Callable[[], Sequence[Symbol]]) -> None:
        self._board = board
        self._pipeline = pipeline
        self._today = today
        self.hot = hot

    def is_up(self) -> bool:
        """Tell whether there is a market yet that wants anything."""
        return self._pipeline.hours() is not None

    def symbols(self) -> Sequence[Symbol]:
        """List every symbol, in the order of the alphabet: neighbours are what a source has at hand together."""
        return sorted(self._board.symbols)

    def holes(self) -> tuple[dt.date | None, int, Collection[Symbol]]:
        """Tell the running date, how many of its slots are closed, and of whom some of those are not known well."""
        book = self._pipeline.book
        return (None, 0, frozenset()) if book is None else (book.date, book.next_slot, frozenset(book.holes()))

    async def take_baseline(self, baseline: Baseline) -> None:
        """Take what is usual for some symbols; what is for the next date already waits for its turn."""
        book = self._pipeline.book
        if book is not None and book.date == baseline.as_of:
            await self._pipeline.take_baseline(baseline, 0)

    async def backfill(self, date: dt.date, records: Sequence[SlotRecord]) -> None:
        """Take closed slots of the running date."""
        await self._today.backfill(date, records)

    async def take_ranges(self, date: dt.date, ranges: Sequence[DayRange]) -> None:
        """Take how far prices went on the running date; of a date that is over nobody asks."""
        book = self._pipeline.book
        if book is not None and book.date == date:
            await self._pipeline.take_ranges(ranges)
