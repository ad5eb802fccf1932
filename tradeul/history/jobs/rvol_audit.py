"""The job `rvol_audit`: what was published of a day's relative volumes, held against the vendor's minutes of that day.

In the night, when those change no more: one question for each symbol that traded, several in flight. Days that were
noted and not yet audited are caught up with. The usual day is worked out anew from the stored sessions, and the whole
comparison otherwise than live (`domain/rvol_audit`). A run that is cut short begins its day again; nothing is kept of
a day before all of it is known. A symbol that fails is passed over and counted.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.events import Symbol
from tradeul.domain.published import PublishedDay, day_of
from tradeul.domain.rvol_audit import Comparison, RvolAudit, UsualDay, volumes_at_ends
from tradeul.domain.session import ONE_DAY, DayHours, TradingCalendar
from tradeul.domain.splits import SplitBook
from tradeul.engine.ports import BarSource, DailySource
from tradeul.errors import VendorError
from tradeul.history import name_store, price_store
from tradeul.history import rvol_audit_store as store
from tradeul.history.database import Connection
from tradeul.history.day_names import KEPT_DAYS
from tradeul.history.jobs.crew import Together, in_flight
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.sessions import finished_sessions
from tradeul.history.lending import Lender
from tradeul.history.published_files import PublishedFiles

AT_ONCE: Final = 8
"""Questions in flight."""
FAILURES_BORNE: Final = 20
"""In a row; then it is the vendor and not a symbol."""
READING_S: Final = 60.0
"""Sessions of the whole market come from the server."""
SPLITS_BACK: Final = 2 * LONG_SESSIONS * ONE_DAY


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is held against what: the noted values, the vendor's minutes, and the sessions that were."""

    files: PublishedFiles
    bars: BarSource
    sessions: DailySource
    lender: Lender


@dataclass(frozen=True, slots=True)
class Usual:
    """What a usual day is here, as the settings have it."""

    lookback: int
    least: int


class RvolAuditJob:
    """A `Job`. `found` hears of each audit that was kept."""

    name = "rvol_audit"
    due: dt.time | None = dt.time(2, 45)

    def __init__(
        self,
        evidence: Evidence,
        clock: Clock,
        calendar: TradingCalendar,
        together: Together,
        usual: Usual,
        found: Callable[[RvolAudit], None],
    ) -> None:
        self._files = evidence.files
        self._bars = evidence.bars
        self._sessions = evidence.sessions
        self._lender = evidence.lender
        self._clock = clock
        self._calendar = calendar
        self._together = together
        self._usual = usual
        self._found = found
        self._failures = 0

    async def run(self, progress: Progress, days: int | None) -> None:
        """Audit what was not audited yet, or the last `days` sessions again."""
        self._failures = 0
        finished = finished_sessions(self._clock, self._calendar, days or KEPT_DAYS)
        noted = set(await asyncio.to_thread(self._files.days))
        async with self._lender.lent() as connection:
            audited = set() if days else set(await store.days(connection, self._clock.now()))
        wanted = [day for day in finished if day in noted - audited]
        progress.note = "nothing was noted that is not audited"
        for day in wanted:
            progress.note = f"relative volumes of {day} against its minutes"
            audit = await self._audit(day, progress)
            async with self._lender.lent() as connection:
                progress.rows += await store.keep(connection, audit)
            self._found(audit)

    async def _audit(self, day: dt.date, progress: Progress) -> RvolAudit:
        hours = self._calendar.hours(day)
        # Has them kept, if they are not yet: under the names of that day.
        await self._sessions.daily_bars(day)
        async with self._lender.lent(READING_S) as connection:
            traded = await store.traded(connection, day)
            published = await asyncio.to_thread(self._noted, day, traded)
            usual = await self._usual_day(connection, published)
        comparison, rows = await asyncio.to_thread(self._begun, published, usual, hours, traded)
        progress.total += len(rows)

        async def ask(row: int) -> None:
            await self._ask(comparison, row, published, hours)
            progress.done += 1

        await in_flight(self._together, AT_ONCE, iter(rows), ask)
        audit = await asyncio.to_thread(comparison.audit, self._clock.now())
        progress.errors += audit.failed
        return audit

    def _noted(self, day: dt.date, traded: frozenset[Symbol]) -> PublishedDay:
        return day_of(day, self._files.slots(day), sorted(traded))

    def _begun(
        self, published: PublishedDay, usual: UsualDay, hours: DayHours, traded: frozenset[Symbol]
    ) -> tuple[Comparison, list[int]]:
        """A comparison, and whose minutes it needs. Takes tenths of a second of the whole market: not for the loop."""
        ends = usual.at_ends(early_close=hours.early_close)
        comparison = Comparison(published, ends, usual.sessions >= self._usual.least, hours)
        return comparison, comparison.asked(traded)

    async def _usual_day(self, connection: Connection, published: PublishedDay) -> UsualDay:
        """Average the full sessions before a day, in its shares and under its names."""
        day = published.date
        names = await name_store.names(connection, day)
        found = names.splits(await price_store.splits(connection, day - SPLITS_BACK, day))
        listed_since = self._calendar.last_sessions(day, LONG_SESSIONS)[-1]
        first: dict[Symbol, dt.date] = {}
        for symbol, date in (await store.first_traded(connection, listed_since, day)).items():
            now = names.now(symbol, date)
            if now is not None:
                first[now] = min(date, first.get(now, date))
        usual = UsualDay(published.symbols, first, SplitBook(found, day))
        for session in sorted(self._baseline(day)):
            lines = await price_store.complete_volumes(connection, session)
            symbols = [names.now(symbol, session) for symbol in lines.symbols]
            await asyncio.to_thread(usual.add, session, symbols, lines.columns["volumes"])
        return usual

    def _baseline(self, day: dt.date) -> list[dt.date]:
        """The sessions that a day is measured against: early closes are passed over."""
        before = self._calendar.last_sessions(day, 2 * self._usual.lookback + KEPT_DAYS)
        return [each for each in before if not self._calendar.is_early_close(each)][: self._usual.lookback]

    async def _ask(self, comparison: Comparison, row: int, published: PublishedDay, hours: DayHours) -> None:
        symbol = published.symbols[row]
        try:
            bars = await self._bars.bars(symbol, 1, hours.date, hours.date)
        except VendorError:
            comparison.fail(row)
            self._failures += 1
            if self._failures > FAILURES_BORNE:
                raise
            return
        self._failures = 0
        comparison.take(row, volumes_at_ends(bars, hours))
