"""Notes what relative volume every symbol showed at each slot's end, for the audit in the night.

`note` copies three columns in less than a millisecond when enrichment closes a slot; `run` has a thread keep them. At
most WAITING slots wait for a disk that refuses, the oldest is given up and counted. Nothing live waits for any of it.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import numpy as np
import structlog

from tradeul.clock import Clock
from tradeul.domain.board import Board
from tradeul.domain.published import NOT_NOTED, PublishedSlot
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slot_book import SlotRecord, slots_ended

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.25
RETRY_S: Final = 5.0
WAITING: Final = 24
"""Two hours of slots, of some hundred kilobytes each."""


class PublishedStore(Protocol):
    """Keeps what was published on the last days. Every method waits for the disk, and raises `OSError`."""

    def days(self) -> list[dt.date]:
        """List the days that are kept, oldest first."""

    def slots(self, day: dt.date) -> list[PublishedSlot]:
        """Read what was kept of a day, in the order it was."""

    def append(self, day: dt.date, slot: PublishedSlot) -> None:
        """Keep one more slot of a day."""

    def put_aside(self, day: dt.date) -> None:
        """Keep a day out of the way: it is later than the market clock."""


class Published:
    """The one who notes, and has it kept. `run` is the supervisor's, `close` keeps what is left."""

    def __init__(self, board: Board, store: PublishedStore, clock: Clock, calendar: TradingCalendar) -> None:
        self._board = board
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._waiting: deque[tuple[dt.date, PublishedSlot]] = deque()
        self._retry_at = 0.0
        self.lost = 0
        """Slots that found no disk."""
        self.failures = 0

    def note(self, day: dt.date, closed: SlotRecord) -> None:
        """Take what the board shows at the moment a slot closes; its rows are the record's symbols."""
        rows = slice(0, len(closed.symbols))
        rvol = self._board["rvol"][rows].astype(np.float32)
        methods = self._board["rvol_method"][rows].astype(np.int8)
        if (methods == NOT_NOTED).all():
            # Slots that passed while the program was down: nothing was published at their ends.
            return
        slot = PublishedSlot(closed.slot, closed.symbols, rvol, methods, closed.sources)
        self._waiting.append((day, slot))
        if len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.lost += 1

    async def run(self) -> None:
        """Keep what is noted, for ever."""
        await self._attempt(self._forget_the_future)
        while True:
            await self._write()
            await self._clock.pause(LOOK_EVERY_S)

    async def close(self) -> None:
        """Keep what is not kept yet; `run` has ended."""
        self._retry_at = 0.0
        await self._write()

    def _forget_the_future(self) -> None:
        """A market clock that was set back has not come to what another start has seen of these days."""
        now = self._clock.now()
        today = self._calendar.trading_date(now)
        ended = slots_ended(self._calendar.hours(today), now)
        for day in self._store.days():
            if day > today or (day == today and any(each.slot >= ended for each in self._store.slots(day))):
                self._store.put_aside(day)

    async def _write(self) -> None:
        while self._waiting and self._clock.monotonic() >= self._retry_at:
            first = self._waiting[0]
            if not await self._attempt(partial(self._store.append, *first)):
                return
            # It may have been given up meanwhile.
            if self._waiting and self._waiting[0] is first:
                self._waiting.popleft()

    async def _attempt(self, work: Callable[[], None]) -> bool:
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            self.failures += 1
            self._retry_at = self._clock.monotonic() + RETRY_S
            log.warning("published_rvol_not_kept", reason=error.strerror or str(error), retry_in_s=RETRY_S)
            return False
        return True
