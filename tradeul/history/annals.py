"""What was kept of the lists, read back: the engine's `Annals`.

A few connections of its own, lent for one question at a time, so that nobody who looks into the past can hold up the
writer. A question has 5 s; whatever goes wrong is `HistoryUnavailable`. A page ends at a cursor that names its last
row, so rows that come while somebody turns pages are neither shown twice nor push others out of sight.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tradeul.domain.events import ListEvent, ListRecord, ListRow, Nanos
from tradeul.domain.session import DATE_TURN, TradingCalendar, instant_of
from tradeul.engine.ports import KeptDay, Span
from tradeul.errors import UsageError
from tradeul.history import store
from tradeul.history.database import Waits
from tradeul.history.lending import Lender

CONNECTIONS: Final = 3
"""The embedded server has twenty, and the writer and the jobs want theirs."""

_BEGINNING: Final = Nanos(0)


class PostgresAnnals:
    """An `Annals` in the Postgres at `address`, which is asked for at each new connection."""

    def __init__(
        self, address: Callable[[], str], world: str, calendar: TradingCalendar, waits: Waits | None = None
    ) -> None:
        self._lender = Lender(address, world, CONNECTIONS, waits)
        self._calendar = calendar

    async def results(self, span: Span, limit: int, cursor: str | None) -> tuple[Sequence[ListRow], str | None]:
        """Find who was in which list when, newest first. A cursor that is none of ours is a `UsageError`."""
        after = None if cursor is None else place_of(cursor)
        async with self._lender.lent() as connection:
            bounds = (*_bounds(span), span.list, span.symbol)
            rows = await store.results(connection, *bounds, after, limit + 1)
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], cursor_of(store.Place(last.at, last.list, last.rank))

    async def events(self, span: Span, limit: int) -> Sequence[ListEvent]:
        """Find entries, exits and peaks, newest first."""
        async with self._lender.lent() as connection:
            return await store.events(connection, *_bounds(span), span.list, span.symbol, limit)

    async def list_at(self, name: str, at: Nanos) -> ListRecord | None:
        """Find a list as it stood then; where the states of snapshots are gone, by the minute."""
        turn = instant_of(self._calendar.trading_date(at), DATE_TURN)
        async with self._lender.lent() as connection:
            return await store.list_at(connection, name, turn, at)

    async def kept_days(self, name: str, days: Sequence[tuple[Nanos, Nanos]]) -> Sequence[KeptDay]:
        """Tell of each day from when to when a list is kept."""
        async with self._lender.lent() as connection:
            return await store.kept_days(connection, name, days)

    async def close(self) -> None:
        """End the connections; nothing is being asked any more."""
        await self._lender.close()


def cursor_of(place: store.Place) -> str:
    """The place as text that goes into an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def place_of(cursor: str) -> store.Place:
    """The place that a cursor names."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=store.Place)
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise UsageError("the cursor is not one that was given out") from error


def _bounds(span: Span) -> tuple[Nanos, Nanos]:
    first = _BEGINNING if span.first is None else span.first
    return first, store.LATEST if span.last is None else span.last
