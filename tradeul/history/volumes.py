"""What was kept of the volumes of past sessions, read back: the engine's `PastVolumes`."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from tradeul.domain.averages import LONG_SESSIONS
from tradeul.domain.events import Symbol
from tradeul.domain.session import TradingCalendar
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline, baseline_sessions
from tradeul.history import slot_store
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
            return await slot_store.baseline(connection, as_of, sessions, listed_since, splits, symbols)
