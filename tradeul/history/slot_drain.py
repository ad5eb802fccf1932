"""Brings the day files to Postgres: each slot of the running day as it closes, a day that is over by symbol.

The files are the spool: while Postgres is away they wait, and are taken oldest first when it is back, one piece a
call. How far a file was taken stands in the database beside the rows, so that a crash in between loses and doubles
nothing. The writer calls `step` between its batches.
"""

import asyncio
import datetime as dt
from collections import deque
from functools import partial
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.day_volumes import DayVolumes, slot_count, volumes_of_table
from tradeul.domain.session import NANOS, TradingCalendar
from tradeul.domain.slot_book import SlotBook, SlotRecord
from tradeul.history import slot_store
from tradeul.history.database import Connection
from tradeul.history.dayfile import DayFiles
from tradeul.history.link import Link
from tradeul.history.slot_store import Taken

OVER_AFTER_S: Final = 1_260.0
"""Behind the last slot's end: a delayed feed closes its slots up to 20 minutes late."""
FINISHING_S: Final = 60.0
"""A whole day is a hundred megabytes on the way to the server."""

log = structlog.get_logger(__name__)


class SlotDrain:
    """Reads one world's day files; `files` is a reader of its own, that never writes."""

    def __init__(self, files: DayFiles, clock: Clock, calendar: TradingCalendar) -> None:
        self._files = files
        self._clock = clock
        self._calendar = calendar
        self._known: dict[dt.date, Taken] = {}
        """How far each file was taken; asked of the database once."""
        self._waiting: deque[tuple[SlotRecord, int]] = deque()
        self._waiting_behind: tuple[dt.date, Taken] | None = None
        """Where what waits was read."""
        self.files_waiting = 0
        """Of which something is not in the database yet, as far as it could be asked."""
        self.slots_kept = 0
        self.days_finished = 0

    def pending(self, day: dt.date) -> bool:
        """Whether a finished day is still on its way from its file."""
        mark, length = self._files.mark(day)
        return length > 0 and self._known.get(day) != Taken(mark, length, finished=True)

    async def step(self, link: Link) -> bool:
        """Take one piece; whether there may be more at once."""
        waiting = []
        for day in await asyncio.to_thread(self._files.days):
            mark, length = await asyncio.to_thread(self._files.mark, day)
            if day not in self._known and not await link.does(partial(self._learn, day=day)):
                return False
            if self._known[day].mark != mark:
                # Another file than the one that was taken.
                self._known[day] = Taken(mark)
            if self._known[day].bytes < length or (self._is_over(day) and not self._known[day].finished):
                waiting.append(day)
        self.files_waiting = len(waiting)
        return bool(waiting) and await self._take(link, waiting[0])

    async def _take(self, link: Link, day: dt.date) -> bool:
        taking = self._finish if self._is_over(day) else self._take_one
        return await taking(link, day, self._known[day])

    async def _learn(self, connection: Connection, *, day: dt.date) -> None:
        self._known[day] = await slot_store.day_file(connection, day)

    def _is_over(self, day: dt.date) -> bool:
        return self._clock.now() >= self._calendar.hours(day).post_market_end + OVER_AFTER_S * NANOS

    async def _take_one(self, link: Link, day: dt.date, taken: Taken) -> bool:
        """The next record of the running day."""
        if self._waiting_behind != (day, taken):
            found, _ = await asyncio.to_thread(self._files.records_from, day, taken.bytes)
            self._waiting, self._waiting_behind = deque(found), (day, taken)
        if not self._waiting:
            # A record that is not whole yet: it is read again when there is more.
            self._waiting_behind = None
            return False
        record, end = self._waiting[0]
        after = Taken(taken.mark, end)
        if not await link.does(partial(slot_store.keep_end, day=day, record=record, taken=after)):
            return False
        self._waiting.popleft()
        self._known[day], self._waiting_behind = after, (day, after)
        self.slots_kept += 1
        return bool(self._waiting)

    async def _finish(self, link: Link, day: dt.date, taken: Taken) -> bool:
        """A day that is over, by symbol."""
        rows, length = await asyncio.to_thread(self._whole_day, day)
        after = Taken(taken.mark, length, finished=True)
        slots = slot_count(self._calendar.hours(day))
        keep = partial(slot_store.finish_day, came=rows, day=day, slots=slots, taken=after)
        if not await link.does(keep, FINISHING_S):
            return False
        self._known[day] = after
        self.days_finished += 1
        log.info("slots_of_day_kept", date=day.isoformat(), symbols=len(rows))
        return True

    def _whole_day(self, day: dt.date) -> tuple[DayVolumes, int]:
        found, length = self._files.records_from(day, 0)
        book = SlotBook(day)
        for record, _ in found:
            book.take(record)
        return volumes_of_table(book.table(), self._calendar.hours(day)), length
