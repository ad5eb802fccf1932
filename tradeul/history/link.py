"""The one connection that writes a world's history: opened when it is time to, made ready, given up when it fails.

Ready means: migrated, cleared once of rows later than the market's clock at the start, parts made for today. After a
failure the server is left alone for 1, 2, 4 ... 30 s. Nothing is raised here but cancellation: what fails is counted,
kept as `last_error` and logged once for each time the server is away. `writer` owns one.
"""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.domain.events import Nanos
from tradeul.domain.session import ONE_DAY
from tradeul.errors import HistoryUnavailable
from tradeul.history import store
from tradeul.history.batches import Batch
from tradeul.history.database import Connection, Database, Waits, is_of_the_data, see_off
from tradeul.history.migrations import migrate
from tradeul.history.partitions import day_of, make_parts

log = structlog.get_logger(__name__)

MIGRATING_S: Final = 60.0
"""A step may have much to rewrite, or may wait for another program that takes it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done and how long they may take, in seconds of the wall."""

    flush_s: float = 1.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 30.0
    quiet_s: float = 3.0
    """After so long without a word the server is asked for nothing: health is to know within 10 s that it is frozen."""
    waits: Waits = field(default_factory=Waits)


class Link:
    """A connection that comes and goes. Its counts are of events, lists and minutes, since the start."""

    def __init__(self, address: Callable[[], str], world: str, clock: Clock, pace: Pace) -> None:
        self._database = Database(address, world, pace.waits)
        self._clock = clock
        self._pace = pace
        self._connection: Connection | None = None
        self._days: set[dt.date] = set()
        """Those that have their parts, as far as this connection has seen."""
        self._prepared: dt.date | None = None
        """The day for which this connection was made ready."""
        self.started: Final = clock.now()
        self._uncleared = list(range(store.KINDS_SET_ASIDE))
        """Kinds of rows that may still be rows later than our start."""
        self._attempts = 0
        self._retry_at = self._asked_at = clock.monotonic()
        self._away_said = False
        self.since: Nanos = self.started
        """When it last came or went, on the market's clock."""
        self.written = 0
        self.refused = 0
        """The database is well and could not hold them."""
        self.set_aside = 0
        self.failures = 0
        self.last_error = ""

    @property
    def alive(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    @property
    def prepared(self) -> bool:
        """Whether everything that comes before the first row was done on this connection."""
        return self.alive and self._prepared is not None

    async def ready(self) -> bool:
        """Whether something can be written now; connects if it is time to."""
        if not self.alive:
            if self._clock.monotonic() < self._retry_at:
                return False
            if not await self._succeeds(self._open):
                return False
        if self._prepared != day_of(self._clock.now()):
            return await self._succeeds(self._prepare)
        return True

    async def wrote(self, batch: Batch, within_s: float | None = None) -> bool:
        """Write a batch; whether it is done with. What the database cannot hold is left out, and counted."""
        try:
            await self._write(batch, within_s)
        except HistoryUnavailable as error:
            if is_of_the_data(error):
                return await self._wrote_the_good_ones(batch, error)
            self._failed(error)
            return False
        self.written += batch.items
        self._attempts, self._away_said = 0, False
        return True

    async def does(self, work: Callable[[Connection], Awaitable[object]], within_s: float | None = None) -> bool:
        """Do something on the connection, if there is one; whether it was done."""
        try:
            async with self._asked(within_s) as connection:
                await work(connection)
        except HistoryUnavailable as error:
            self._failed(error)
            return False
        self._attempts, self._away_said = 0, False
        return True

    async def listens(self) -> None:
        """Ask for nothing where nothing was asked for a while: one that is frozen does not end its connection."""
        if self.prepared and self._clock.monotonic() - self._asked_at >= self._pace.quiet_s:
            await self.does(lambda connection: connection.execute("SELECT 1"))

    async def put_aside(self, batch: Batch) -> bool:
        """Set aside what an earlier life left in the spool and is later than our start."""
        try:
            async with self._asked() as connection:
                await store.set_aside_batch(connection, batch)
        except HistoryUnavailable as error:
            self._failed(error)
            return False
        self.set_aside += batch.items
        return True

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await see_off(connection)

    async def _succeeds(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except HistoryUnavailable as error:
            self._failed(error)
            return False
        return True

    async def _open(self) -> None:
        self._connection = await self._database.connected()
        self._days.clear()
        self._prepared = None
        async with self._asked(MIGRATING_S) as connection:
            steps = await migrate(connection, self._database.schema)
        while self._uncleared:
            async with self._asked() as connection:
                moved = await store.set_aside_piece(connection, self._uncleared[-1], self.started)
            self.set_aside += moved
            if not moved:
                self._uncleared.pop()
        self.since = self._clock.now()
        log.info("history_connected", schema=self._database.schema, migrations=steps, set_aside=self.set_aside)

    async def _prepare(self) -> None:
        """Once a day: parts for today and tomorrow."""
        today = day_of(self._clock.now())
        async with self._asked():
            await self._see_to_parts({today, today + ONE_DAY})
        self._prepared = today

    async def _write(self, batch: Batch, within_s: float | None) -> None:
        async with self._asked(within_s) as connection:
            await self._see_to_parts({day_of(item.at) for kind in batch for item in kind})
            await store.keep(connection, batch)

    async def _wrote_the_good_ones(self, batch: Batch, error: HistoryUnavailable) -> bool:
        if batch.items > 1:
            for single in batch.singles():
                if not await self.wrote(single):
                    return False
            return True
        self.refused += 1
        self.last_error = str(error)
        log.error("history_refused", reason=self.last_error)
        return True

    async def _see_to_parts(self, days: set[dt.date]) -> None:
        missing = days - self._days
        await make_parts(self._connection, store.TABLES, sorted(missing))
        self._days |= missing

    @asynccontextmanager
    async def _asked(self, within_s: float | None = None) -> AsyncIterator[Connection]:
        if not self.alive:
            raise HistoryUnavailable("Postgres: the connection was lost")
        async with self._database.asked(self._connection, within_s):
            yield self._connection
        self._asked_at = self._clock.monotonic()

    def _failed(self, error: HistoryUnavailable) -> None:
        """Leave the server alone for a while."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
            self.since = self._clock.now()
        wait = min(self._pace.longest_backoff_s, self._pace.first_backoff_s * 2.0 ** min(self._attempts, 30))
        self._attempts += 1
        self._retry_at = self._clock.monotonic() + wait
        self.failures += 1
        self.last_error = str(error)
        if not self._away_said:
            self._away_said = True
            log.warning("history_away", reason=self.last_error)
