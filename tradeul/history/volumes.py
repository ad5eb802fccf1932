"""What was kept of the volumes of past sessions, read back: the engine's `PastVolumes`."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.events import Symbol
from tradeul.domain.session import DayHours, TradingCalendar
from tradeul.domain.slot_book import Source
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline, baseline_sessions, volume_by
from tradeul.engine.past_ports import BehindUsual
from tradeul.history import name_store, slot_store
from tradeul.history.lending import Lender

READING_S: Final = 60.0
"""A hundred megabytes come from the server, in pieces."""


class PostgresVolumes:
    """Over `lookback` full sessions, by what the database holds."""

    def __init__(self, lender: Lender, calendar: TradingCalendar, lookback: int) -> None:
        self._lender = lender
        self._calendar = calendar
        self._lookback = lookback

    def sessions(self, as_of: dt.date) -> list[dt.date]:
        """The sessions that make a usual day."""
        return baseline_sessions(self._calendar, as_of, self._lookback)

    async def baseline(self, as_of: dt.date, splits: SplitBook, symbols: Sequence[Symbol] | None = None) -> Baseline:
        """Average the last full sessions before a date, in its shares."""
        sessions = self.sessions(as_of)
        listed_since = self._calendar.last_sessions(as_of, LONG_SESSIONS)[-1]
        async with self._lender.lent(READING_S) as connection:
            names = await name_store.names(connection, as_of)
            return await slot_store.baseline(connection, as_of, sessions, listed_since, splits, symbols, names)

    async def behind(self, symbol: Symbol, hours: DayHours, slot: int) -> list[BehindUsual]:
        """Find what a symbol traded in each of those sessions by a slot's end and before it, in today's shares."""
        days = self.sessions(hours.date)
        async with self._lender.lent() as connection:
            names = await name_store.names(connection, hours.date)
            called = names.names(symbol, days)
            kept = await slot_store.sessions_of(connection, called)
            found = await slot_store.splits_of(connection, {symbol, *called}, min(days), hours.date)
        splits = SplitBook(names.splits(found), hours.date)
        return [
            BehindUsual(
                date,
                volume_by(volumes, slot, early_close=hours.early_close) * splits.shares_since(symbol, date),
                volume_by(volumes, slot - 1, early_close=hours.early_close) * splits.shares_since(symbol, date),
                Source(sources[slot]).name.lower(),
            )
            for date, volumes, sources in kept
        ]
