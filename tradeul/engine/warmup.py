"""Loads what the last 30 sessions say about every symbol, at start and again when the trading date turns.

The lists do not wait for it: until it is done relative volume is unknown, and says so.
"""

import datetime as dt
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.averages import LONG_SESSIONS, DailyHistory
from tradeul.domain.session import TradingCalendar, moment_at
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import MarketSource
from tradeul.engine.vitals import Vitals
from tradeul.errors import VendorError

RETRY_S: Final = 30.0
FIRST_RESULT_AFTER: Final = 10
"""So many sessions make a usable average; the rest refine it."""

log = structlog.get_logger(__name__)


class Warmup:
    """Keeps the averages on the board those of the sessions before the trading date."""

    def __init__(
        self,
        source: MarketSource,
        pipeline: Pipeline,
        clock: Clock,
        calendar: TradingCalendar,
        vitals: Vitals,
    ) -> None:
        self._source = source
        self._pipeline = pipeline
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals

    async def run(self) -> None:
        """Load, then wait for the next trading date, for ever."""
        # The first snapshot comes first: it decides which symbols there are, and shows a market seconds earlier.
        await self._pipeline.first_image()
        while True:
            moment = moment_at(self._calendar, self._clock.now())
            if not await self._load(moment.trading_date):
                await self._clock.pause(RETRY_S)
                continue
            following = self._calendar.following(moment.trading_date)
            await self._clock.sleep_until(self._calendar.date_turn(following))

    async def _load(self, trading_date: dt.date) -> bool:
        vitals = self._vitals
        history = DailyHistory()
        vitals.sessions_wanted, vitals.sessions_loaded = LONG_SESSIONS, 0
        for day in self._calendar.last_sessions(trading_date, LONG_SESSIONS):
            try:
                history.add(await self._source.daily_bars(day))
            except VendorError as failure:
                vitals.history_failure = str(failure)
                log.warning("history_failed", day=day.isoformat(), reason=str(failure))
                return False
            vitals.sessions_loaded += 1
            if len(history) == FIRST_RESULT_AFTER:
                await self._pipeline.take_averages(history.averages())
        vitals.history_failure = ""
        if len(history):
            await self._pipeline.take_averages(history.averages())
        log.info("history_loaded", sessions=len(history))
        return True
