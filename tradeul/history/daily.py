"""Finished sessions of the whole market: from the database where they are kept, else from the vendor, and then kept.

Bars are as they were traded, and kept under the names of their day; they are given out under today's, and splits are
too. A session that was loaded before its post-market ended is loaded again. Where there is no database, or it is away,
the vendor alone answers, and nobody waits for it longer than some seconds.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import DailyBars, Split
from tradeul.domain.names import NameBook
from tradeul.domain.session import TradingCalendar
from tradeul.errors import HistoryUnavailable
from tradeul.history import daily_store, name_store
from tradeul.history.database import Connection
from tradeul.history.lending import Lender
from tradeul.history.partitions import instant_of_moment

READY_WITHIN_S: Final = 5.0
"""The database comes up beside us; asking the vendor for thirty sessions that are kept would take longer."""
LOOK_EVERY_S: Final = 0.05

log = structlog.get_logger(__name__)


class Sessions(Protocol):
    """Where sessions come from that are not kept yet."""

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        """Fetch every symbol's finished bar of `day`, adjusted for splits since or as it was traded."""

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        """Fetch the splits from `since` on."""


class DailyLedger:
    """A `DailySource`. `ready` tells whether the database can be asked."""

    def __init__(
        self,
        source: Sessions,
        lender: Lender | None,
        ready: Callable[[], bool],
        clock: Clock,
        calendar: TradingCalendar,
    ) -> None:
        self._source = source
        self._lender = lender
        self._ready = ready
        self._clock = clock
        self._calendar = calendar
        self._one_at_a_time = asyncio.Lock()
        self._waited = lender is None

    async def daily_bars(self, day: dt.date) -> DailyBars:
        """Find every symbol's finished bar of `day`, as it was traded."""
        # One at a time: the board and a job want the same sessions at the start, and the second finds them kept.
        async with self._one_at_a_time:
            names, bars = await self._read(day)
            if bars is None:
                bars = await self._source.daily_bars(day, adjusted=False)
                await self._keep(bars)
            return names.bars(bars)

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        """Find the splits from `since` on."""
        splits = await self._source.splits(since)
        names, _ = await self._read(None)
        return names.splits(splits)

    async def _read(self, day: dt.date | None) -> tuple[NameBook, DailyBars | None]:
        """What the symbols of the past are called today, and a session if it is kept whole."""
        await self._wait_once()
        if self._lender is None or not self._ready():
            return NameBook(), None
        today = self._calendar.trading_date(self._clock.now())
        try:
            async with self._lender.lent() as connection:
                names = await name_store.names(connection, today)
                return names, None if day is None else await self._kept(connection, day)
        except HistoryUnavailable as unavailable:
            log.warning("sessions_not_read", day=None if day is None else day.isoformat(), reason=str(unavailable))
            return NameBook(), None

    async def _kept(self, connection: Connection, day: dt.date) -> DailyBars | None:
        loaded_at = await daily_store.loaded_at(connection, day)
        whole = loaded_at is not None and instant_of_moment(loaded_at) >= self._calendar.hours(day).post_market_end
        return await daily_store.session(connection, day) if whole else None

    async def _keep(self, bars: DailyBars) -> None:
        if self._lender is None or not self._ready() or not bars.symbols:
            return
        try:
            async with self._lender.lent() as connection:
                await daily_store.keep_session(connection, bars, self._clock.now())
        except HistoryUnavailable as unavailable:
            log.warning("session_not_kept", day=bars.date.isoformat(), reason=str(unavailable))

    async def _wait_once(self) -> None:
        """At the start the database is a second behind us."""
        deadline = self._clock.monotonic() + READY_WITHIN_S
        while not self._waited and not self._ready() and self._clock.monotonic() < deadline:
            await self._clock.pause(LOOK_EVERY_S)
        self._waited = True
