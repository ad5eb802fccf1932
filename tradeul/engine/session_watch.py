"""Notices each turn of the session and of the trading date by the market clock, and logs it in one line.

Whoever needs the session asks the calendar; nothing waits for this. `app` runs one.
"""

from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.session import TradingCalendar, local_time, moment_at, session_since

LOOK_EVERY_S: Final = 0.25
"""Wall time, as the market clock may be paced."""

log = structlog.get_logger(__name__)


class SessionWatch:
    """What was passed over while the program did not run is one turn: from the last that was seen to the present."""

    def __init__(self, clock: Clock, calendar: TradingCalendar) -> None:
        self._clock = clock
        self._calendar = calendar
        self._last = moment_at(calendar, clock.now())

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._clock.pause(LOOK_EVERY_S)
            self._look()

    def _look(self) -> None:
        last, moment = self._last, moment_at(self._calendar, self._clock.now())
        self._last = moment
        if moment.trading_date != last.trading_date:
            log.info("trading_date_turned", date=str(moment.trading_date), before=str(last.trading_date))
        if moment.session is not last.session:
            since = local_time(session_since(self._calendar, moment)).isoformat()
            log.info("session_changed", session=moment.session.value, before=last.session.value, since=since)
