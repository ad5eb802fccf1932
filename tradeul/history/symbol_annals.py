"""What was kept of single symbols, read back: the engine's `SymbolAnnals`.

Two connections of its own, so that who looks at a chart holds up neither the writer nor who looks into the lists.
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

from tradeul.domain.events import Metadata, Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import final_at
from tradeul.domain.session import TradingCalendar
from tradeul.history import symbol_store as store
from tradeul.history.batches import storable
from tradeul.history.database import Waits
from tradeul.history.lending import Lender

CONNECTIONS: Final = 2


class PostgresSymbolAnnals:
    """A `SymbolAnnals` in the Postgres at `address`, which is asked for at each new connection."""

    def __init__(
        self, address: Callable[[], str], world: str, calendar: TradingCalendar, waits: Waits | None = None
    ) -> None:
        self._lender = Lender(address, world, CONNECTIONS, waits)
        self._calendar = calendar

    async def metadata(self, symbol: Symbol) -> Metadata | None:
        """Find what is known of a symbol beyond its prices."""
        async with self._lender.lent() as connection:
            return await store.metadata(connection, Symbol(storable(symbol)))

    async def complete_days(self, symbol: Symbol, first: dt.date, last: dt.date) -> frozenset[dt.date]:
        """Find the days all of whose minutes are kept, and change no more."""
        async with self._lender.lent() as connection:
            days = await store.completed_days(connection, Symbol(storable(symbol)), first, last)
        return frozenset(day for day, asked_at in days if asked_at >= final_at(self._calendar.hours(day)))

    async def bars(self, symbol: Symbol, minutes: int, first: Nanos, last: Nanos) -> SymbolBars:
        """Find what is kept of a symbol's minutes, so many to a bar."""
        async with self._lender.lent() as connection:
            return await store.bars(connection, Symbol(storable(symbol)), minutes, first, last)

    async def close(self) -> None:
        """End the connections; nothing is being asked any more."""
        await self._lender.close()
