"""Keeps today, so that it survives a restart: closed slots go to the day's file, the rest to the checkpoint.

`restore` comes before the first snapshot, `run` beside everything else, `close` at the end. What is kept is copied on
the loop in less than a millisecond and written in a thread; a disk that refuses is counted, said once and tried again,
and nothing live waits for it.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import NANOS, TradingCalendar
from tradeul.domain.slot_book import SlotBook, SlotRecord, slot_end
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import DayState, SlotStore, StateStore

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.25
"""Wall time: seldom enough to cost nothing, often enough for a market clock that is paced."""
SAVE_EVERY_S: Final = 3.0
"""Market time between two states. With the look and the writing a state is never 5 s old while the board moves."""
RETRY_S: Final = 5.0
CLOCKS_DIFFER_S: Final = 2.0
"""The vendor's clock may be ahead of ours by so much, without what it says being of the future."""
ALWAYS: Final = float("-inf")
BOOKS_HELD: Final = 3
"""Trading dates whose records may wait in memory for a disk that refuses; the oldest is given up."""


class TodayState(NamedTuple):
    """What was kept since the start, for health."""

    restored: bool
    saved_at: Nanos | None
    """The moment that the newest state on the disk is of."""
    slots_written: int
    slots_waiting: int
    slots_lost: int
    """Records that found no disk for days."""
    failures: int
    set_aside: int
    refusal: str
    """What the disk says for as long as it takes nothing."""


class _Attempts:
    """One kind of write: how the disk takes it, and when to try again. Said once, not at every try."""

    def __init__(self, what: str, clock: Clock) -> None:
        self.failures = 0
        self.refusal = ""
        self._what = what
        self._clock = clock
        self.retry_at = ALWAYS

    @property
    def due(self) -> bool:
        return self._clock.monotonic() >= self.retry_at

    def ended(self, error: OSError | None) -> bool:
        """Note how a write ended; True if it is done."""
        refused_before = self.refusal
        if error is None:
            if refused_before:
                log.info("today_kept_again", what=self._what, failures=self.failures)
            self.refusal = ""
            return True
        self.failures += 1
        self.retry_at = self._clock.monotonic() + RETRY_S
        self.refusal = error.strerror or str(error) or type(error).__name__
        if not refused_before:
            log.error("today_not_kept", what=self._what, error=str(error), retry_s=RETRY_S)
        return False


class _Unwritten:
    """A book, and how many of its records are on the disk."""

    def __init__(self, book: SlotBook) -> None:
        self.book = book
        self.written = 0

    @property
    def waiting(self) -> int:
        return len(self.book.records) - self.written


class Today:
    """The one who restores and keeps the day."""

    def __init__(
        self, pipeline: Pipeline, clock: Clock, calendar: TradingCalendar, slots: SlotStore, states: StateStore
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._calendar = calendar
        self._slots = slots
        self._states = states
        self._books: deque[_Unwritten] = deque()
        self._backfilled: deque[tuple[dt.date, SlotRecord]] = deque()
        self._slot_writes = _Attempts("slots", clock)
        self._state_writes = _Attempts("state", clock)
        self._call: asyncio.Future[OSError | None] | None = None
        self._restored = False
        self._saved_at: Nanos | None = None
        self._saved_changes = 0
        """So often the board had been told of the market when it was kept; not all of that has a later time."""
        self._looked_at = Nanos(0)
        """When a state was last made to be kept, by the market's clock, which may be moved back."""
        self._slots_written = 0
        self._slots_lost = 0

    @property
    def state(self) -> TodayState:
        failures = self._slot_writes.failures + self._state_writes.failures
        waiting = sum(each.waiting for each in self._books) + len(self._backfilled)
        aside = self._slots.set_aside + self._states.set_aside
        refusal = self._slot_writes.refusal or self._state_writes.refusal
        counts = (self._slots_written, waiting, self._slots_lost, failures, aside)
        return TodayState(self._restored, self._saved_at, *counts, refusal)

    async def restore(self) -> None:
        """Go on with the day where the last process left it, as far as that can be read and is of today."""
        now = self._clock.now()
        latest = Nanos(now + int(CLOCKS_DIFFER_S * NANOS))
        today = self._calendar.trading_date(now)
        state, book = None, SlotBook(today)

        def read_state() -> None:
            nonlocal state
            state = self._states.load(latest)

        def read_slots() -> None:
            for record in self._records(today, latest):
                book.take(record)

        for attempts, read in ((self._state_writes, read_state), (self._slot_writes, read_slots)):
            attempts.ended(await self._in_thread(read))
        self._resume(book, state)

    async def run(self) -> None:
        """Keep the day, for ever."""
        while True:
            self._pipeline.close_slots(self._clock.now())
            await self._write_slots()
            await self._save(SAVE_EVERY_S)
            await self._clock.pause(LOOK_EVERY_S)

    async def backfill(self, date: dt.date, records: Sequence[SlotRecord]) -> None:
        """Take slots of the running date that were learned later; the better source wins."""
        book = self._pipeline.book
        if book is None or book.date != date:
            return
        for record in records:
            book.take(record)
            self._backfilled.append((date, record))
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Keep what is not kept yet; `run` has ended."""
        if self._call is not None:
            await asyncio.wait([self._call])
        for attempts in (self._slot_writes, self._state_writes):
            attempts.retry_at = ALWAYS
        self._pipeline.close_slots(self._clock.now())
        await self._write_slots()
        await self._save(0.0)
        await self._in_thread(self._slots.close)

    def _records(self, today: dt.date, latest: Nanos) -> list[SlotRecord]:
        """Read what closed today; whatever closed later than now can be, here or on later days, is put aside."""
        for day in self._slots.days():
            if day > today:
                self._slots.put_aside(day)
        records = self._slots.records(today)
        hours = self._calendar.hours(today)
        if any(slot_end(hours, record.slot) > latest for record in records):
            self._slots.put_aside(today)
            return []
        return records

    def _resume(self, book: SlotBook, state: DayState | None) -> None:
        if state is not None and state.date != book.date:
            # Yesterday's: its file is overwritten when its turn comes.
            state = None
        if state is None and not book.symbols:
            return
        self._pipeline.resume(book, state)
        self._restored = True
        self._saved_at = None if state is None else state.as_of
        log.info("today_restored", date=book.date.isoformat(), slots=book.next_slot, state=state is not None)

    async def _write_slots(self) -> None:
        await self._write_closed()
        while self._backfilled and self._slot_writes.due:
            if not await self._wrote(*self._backfilled[0]):
                return
            self._backfilled.popleft()

    async def _write_closed(self) -> None:
        self._follow()
        while self._books and self._slot_writes.due:
            first = self._books[0]
            if not first.waiting:
                if len(self._books) == 1:
                    return
                self._books.popleft()
                continue
            if not await self._wrote(first.book.date, first.book.records[first.written]):
                return
            first.written += 1

    async def _wrote(self, day: dt.date, record: SlotRecord) -> bool:
        def write() -> None:
            self._slots.append(day, record)

        done = self._slot_writes.ended(await self._in_thread(write))
        self._slots_written += done
        return done

    def _follow(self) -> None:
        """Take notice of a book that was begun since; the one before is written to its end."""
        book = self._pipeline.book
        if book is None or (self._books and self._books[-1].book is book):
            return
        self._books.append(_Unwritten(book))
        if len(self._books) > BOOKS_HELD:
            self._slots_lost += self._books.popleft().waiting

    async def _save(self, every_s: float) -> None:
        if not self._state_writes.due:
            return
        # Anything new is kept once its time has come: the vendor may say nothing more.
        changes = self._pipeline.changes
        if changes == self._saved_changes:
            return
        if 0 <= self._clock.now() - self._looked_at < int(every_s * NANOS):
            return
        self._looked_at = self._clock.now()
        state = await self._pipeline.state()
        if state is None:
            return

        def save() -> None:
            self._states.save(state)

        if self._state_writes.ended(await self._in_thread(save)):
            self._saved_at, self._saved_changes = state.as_of, changes

    async def _in_thread(self, work: Callable[[], None]) -> OSError | None:
        """Let a thread wait for the disk. Cancelled meanwhile, the thread goes on, and `close` waits for it."""

        def attempt() -> OSError | None:
            try:
                work()
            except OSError as error:
                return error
            return None

        self._call = call = asyncio.get_running_loop().run_in_executor(None, attempt)
        await asyncio.wait([call])
        self._call = None
        return call.result()
