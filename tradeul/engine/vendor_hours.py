"""Asks the vendor now and then whether its market agrees with our calendar; a disagreement is told, not followed."""

from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.session import Session, TradingCalendar, moment_at
from tradeul.engine.ports import MarketSource
from tradeul.engine.vitals import Vitals
from tradeul.errors import VendorError

EVERY_S: Final = 60.0

_PHASES: Final = {
    Session.PRE_MARKET: "extended",
    Session.MARKET_OPEN: "open",
    Session.POST_MARKET: "extended",
    Session.CLOSED: "closed",
}

log = structlog.get_logger(__name__)


class VendorHours:
    """Compares once a minute; a single answer at the very turn of a session is not held against the vendor."""

    def __init__(self, source: MarketSource, clock: Clock, calendar: TradingCalendar, vitals: Vitals) -> None:
        self._source = source
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals
        self._differed = False

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            try:
                await self._compare()
            except VendorError as failure:
                log.debug("market_status_failed", reason=str(failure))
            await self._clock.sleep(EVERY_S)

    async def _compare(self) -> None:
        status = await self._source.market_status()
        session = moment_at(self._calendar, self._clock.now()).session
        differs = status.phase != _PHASES[session]
        text = f"the vendor calls the market {status.phase} while the calendar says {session.value}"
        said = text if differs and self._differed else ""
        if said and not self._vitals.vendor_disagrees:
            log.warning("vendor_disagreed", vendor=status.phase, calendar=session.value)
        self._vitals.vendor_disagrees = said
        self._differed = differs
