"""The job `splits`: which shares became how many since when, replaced as a whole list only."""

import asyncio
import datetime as dt
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.session import local_time
from tradeul.engine.ports import ReferenceSource
from tradeul.errors import VendorUnavailable
from tradeul.history import reference_store as store
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender

DAYS: Final = 400
"""As far back as anything is kept that a split changes."""
ROWS_AT_ONCE: Final = 500
WITHIN_S: Final = 30.0


class Splits:
    """A `Job`."""

    name = "splits"
    due: dt.time | None = dt.time(3, 35)

    def __init__(self, source: ReferenceSource, lender: Lender, clock: Clock) -> None:
        self._source = source
        self._lender = lender
        self._clock = clock

    async def run(self, progress: Progress, days: int | None) -> None:  # noqa: ARG002  less than all would lose some
        """Fetch the splits of the last 400 days, announced ones too, and take them."""
        since = local_time(self._clock.now()).date() - dt.timedelta(days=DAYS)
        progress.note = f"fetching the splits since {since}"
        splits = await self._source.splits(since)
        progress.total = len(splits)
        async with self._lender.lent(WITHIN_S) as connection:
            known = await store.splits_since(connection, since)
            if known and not splits:
                raise VendorUnavailable(f"the vendor lists no split where {known} are known: the known list stays")
            await connection.execute("BEGIN")
            await store.forget_splits(connection)
            for start in range(0, len(splits), ROWS_AT_ONCE):
                progress.rows += await store.put_splits(connection, splits[start : start + ROWS_AT_ONCE])
                progress.done = progress.rows
                await asyncio.sleep(0)
            await connection.execute("COMMIT")
