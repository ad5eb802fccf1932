"""The job `universe`: which securities trade, and what they are called, taken as a whole list or not at all.

Then the list of those that trade no more: who of them goes on under another symbol keeps its history there.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.events import Listing
from tradeul.domain.names import changes_of
from tradeul.domain.session import TradingCalendar
from tradeul.engine.ports import ReferenceSource
from tradeul.errors import VendorUnavailable
from tradeul.history import name_store
from tradeul.history import reference_store as store
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender

LEAST_SHARE: Final = 0.8
"""A list that is shorter than this share of the one we know is a bad one, however whole it looks."""
ROWS_AT_ONCE: Final = 500
"""About 2 ms of the loop."""
WITHIN_S: Final = 60.0
FOLLOWED_FOR: Final = dt.timedelta(days=90)
"""Longer than anything lies back that is averaged."""


class Universe:
    """A `Job`. What is not listed any more stays known, as trading no more. `renamed` is told of changed symbols."""

    name = "universe"
    due: dt.time | None = dt.time(2, 0)

    def __init__(
        self,
        source: ReferenceSource,
        lender: Lender,
        clock: Clock,
        calendar: TradingCalendar,
        renamed: Callable[[], None],
    ) -> None:
        self._source = source
        self._lender = lender
        self._clock = clock
        self._calendar = calendar
        self._renamed = renamed

    async def run(self, progress: Progress, days: int | None) -> None:  # noqa: ARG002  there is but one list
        """Fetch the list and take it, then follow those who left a symbol for another."""
        progress.note = "fetching the list of securities"
        listings = sorted(await self._source.listings(), key=lambda listing: listing.symbol)
        progress.total, progress.note = len(listings), "taking the list of securities"
        await self._take(listings, progress)
        await self._follow(listings, progress)

    async def _take(self, listings: Sequence[Listing], progress: Progress) -> None:
        now = self._clock.now()
        async with self._lender.lent(WITHIN_S) as connection:
            known = await store.active(connection)
            if len(listings) < LEAST_SHARE * known:
                raise VendorUnavailable(
                    f"the vendor lists {len(listings)} securities where {known} are known: the known list stays"
                )
            await connection.execute("BEGIN")
            after = None
            for start in range(0, len(listings), ROWS_AT_ONCE):
                piece = listings[start : start + ROWS_AT_ONCE]
                progress.rows += await store.list_them(connection, piece, now)
                # The list is in the order of symbols, so what is missing of it is missing between two of them.
                last = piece[-1].symbol if start + ROWS_AT_ONCE < len(listings) else None
                symbols = (each.symbol for each in piece)
                progress.rows += await store.delist_between(connection, after, last, symbols, now)
                after = last
                progress.done += len(piece)
                await asyncio.sleep(0)
            await connection.execute("COMMIT")

    async def _follow(self, listings: Sequence[Listing], progress: Progress) -> None:
        progress.note = "looking for changed symbols"
        since = self._calendar.trading_date(self._clock.now()) - FOLLOWED_FOR
        delisted = await self._source.listings(active=False)
        found = changes_of(listings, delisted, since, self._calendar.following)
        async with self._lender.lent() as connection:
            known = await name_store.changes_since(connection, since)
            if known and not delisted:
                raise VendorUnavailable(f"the vendor lists nothing delisted where {len(known)} symbols changed")
            changes = await name_store.settled(connection, found)
            if changes == known:
                return
            await name_store.replace_changes(connection, since, changes)
        progress.rows += len(changes)
        self._renamed()
