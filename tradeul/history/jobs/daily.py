"""The jobs `daily` and `atr`: the bars of finished sessions, and what they say of each symbol."""

import asyncio
import datetime as dt
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS, DailyHistory
from tradeul.domain.events import Symbol
from tradeul.domain.session import TradingCalendar
from tradeul.domain.splits import SplitBook
from tradeul.engine.ports import DailySource
from tradeul.history import daily_store
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.sessions import coming_date, finished_sessions
from tradeul.history.lending import Lender

EIGHTEEN: Final = dt.time(18)
ONE: Final = dt.time(1)
SPLITS_BACK: Final = dt.timedelta(days=2 * LONG_SESSIONS)


class DailyJob:
    """Loads the grouped bars of sessions that are not kept yet, and of the one that just closed."""

    name = "daily"
    due: dt.time | None = EIGHTEEN

    def __init__(self, source: DailySource, clock: Clock, calendar: TradingCalendar) -> None:
        self._source = source
        self._clock = clock
        self._calendar = calendar

    async def run(self, progress: Progress, days: int | None) -> None:
        """Have the ledger find each session: what it has to ask the vendor for, it keeps."""
        sessions = finished_sessions(self._clock, self._calendar, days or LONG_SESSIONS)
        today = coming_date(self._clock, self._calendar)
        if self._clock.now() >= self._calendar.hours(today).market_close:
            # As far as it goes: it is loaded again once its post-market is over.
            sessions.insert(0, today)
        progress.total, progress.note = len(sessions), "bars of whole sessions"
        for day in sessions:
            bars = await self._source.daily_bars(day)
            progress.done += 1
            progress.rows += len(bars.symbols)


class AtrJob:
    """Averages the last sessions, as the board does, for whoever asks the database."""

    name = "atr"
    due: dt.time | None = ONE

    def __init__(self, source: DailySource, lender: Lender, clock: Clock, calendar: TradingCalendar) -> None:
        self._source = source
        self._lender = lender
        self._clock = clock
        self._calendar = calendar

    async def run(self, progress: Progress, days: int | None) -> None:
        """Average, and keep what comes of it as of the last session."""
        sessions = finished_sessions(self._clock, self._calendar, max(days or 0, LONG_SESSIONS))
        history = DailyHistory()
        closes: dict[Symbol, float] = {}
        progress.note = "reading sessions"
        for day in reversed(sessions):
            bars = await self._source.daily_bars(day)
            history.add(bars)
            closes |= dict(zip(bars.symbols, bars.close.tolist(), strict=True))
        as_of = coming_date(self._clock, self._calendar)
        splits = await self._source.splits(as_of - SPLITS_BACK)
        averages = history.averages(SplitBook(splits, as_of))
        progress.total, progress.note = len(averages.symbols), "average true ranges"
        for first in range(0, len(averages.symbols), daily_store.ROWS_AT_ONCE):
            async with self._lender.lent() as connection:
                progress.done += await daily_store.keep_averages(connection, sessions[0], averages, closes, first)
            progress.rows = progress.done
            await asyncio.sleep(0)
