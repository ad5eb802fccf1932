"""Writes what happens in lists and symbols to Postgres, and holds nobody up who brings it: the engine's `Chronicle`.

Whoever brings something only puts it into a bounded queue; full, it drops what has waited longest and counts it.
`run`, the one task that writes, empties it every `flush_s` in small batches: into Postgres, or into the spool while
Postgres is away, frozen or not ours to use. When it is back the spool is drained oldest first, one batch after each
round of new rows, and so is what others write (day files of slots, the user's lists). `app` builds one; whatever fails
in here is counted, shown by `report`, and nobody else's trouble.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import structlog

from tradeul.clock import Clock
from tradeul.domain.alerts import Alert
from tradeul.domain.events import ListEvent, ListRecord, MinuteBar, Nanos
from tradeul.engine.pulse import Pulse
from tradeul.history.batches import WAITING_VALUES, Batch, Waiting
from tradeul.history.link import Link, Pace
from tradeul.history.spool import SPOOL_BYTES, Spool

log = structlog.get_logger(__name__)

CLOSING_S: Final = 2.0
"""For the last rows; what then remains goes to the spool."""
ROUND_WITHIN_S: Final = 120.0
"""Each wait in it for the database has an end of its own; some are for tables that are made."""


class Room(NamedTuple):
    """How much may wait, in memory and on the disk."""

    values: int = WAITING_VALUES
    spool_bytes: int = SPOOL_BYTES


class WriterReport(NamedTuple):
    """What health shows. Counts are of events, lists, minutes and alerts, since the start."""

    connected: bool
    since: Nanos
    """Since when it is so, on the market's clock."""
    written: int
    waiting: int
    """In memory."""
    spooled_bytes: int
    dropped: int
    """Given up for good: there was no room, or the database could not hold them."""
    damaged: int
    """Places in the spool that could not be read."""
    set_aside: int
    """Were kept already, for later than the market's clock at the start."""
    failures: int
    """Times that the database or the disk refused."""
    last_error: str


class Other(Protocol):
    """Whatever else is to be written on the same connection."""

    async def step(self, link: Link) -> bool:
        """Write one piece, if there is one; whether there may be more at once."""


class HistoryWriter:
    """A `Chronicle` in the Postgres at `address`, which is asked for anew at each attempt; empty means: not yet."""

    def __init__(
        self,
        address: Callable[[], str],
        world: str,
        clock: Clock,
        spool: Path,
        *,
        pace: Pace | None = None,
        room: Room | None = None,
        others: Sequence[Other] = (),
    ) -> None:
        room = room or Room()
        self._clock = clock
        self._pace = pace or Pace()
        self._link = Link(address, world, clock, self._pace)
        self._waiting = Waiting(room.values)
        self._spool = Spool(spool, room.spool_bytes)
        self._others = others
        self._batch: Batch | None = None
        """Taken from the queue, and neither written nor spooled yet."""
        self.pulse = Pulse(clock)
        self._disk_fails = False
        self._disk_failures = 0
        self._disk_error = ""

    @property
    def report(self) -> WriterReport:
        link, spool = self._link, self._spool
        return WriterReport(
            connected=link.prepared,
            since=link.since,
            written=link.written,
            waiting=len(self._waiting) + (self._batch.items if self._batch else 0),
            spooled_bytes=spool.bytes,
            dropped=self._waiting.dropped + spool.dropped + link.refused,
            damaged=spool.damaged,
            set_aside=link.set_aside,
            failures=link.failures + self._disk_failures,
            last_error=self._disk_error if self._disk_fails else link.last_error,
        )

    def event(self, event: ListEvent) -> None:
        """Keep one entry, exit or peak."""
        self._waiting.put("event", event)

    def state(self, state: ListRecord) -> None:
        """Keep a list as it stands after a snapshot."""
        self._waiting.put("state", state)

    def result(self, state: ListRecord) -> None:
        """Keep a list as its result of this minute."""
        self._waiting.put("result", state)

    def minute(self, minute: MinuteBar) -> None:
        """Keep a finished minute of a symbol, instead of what was said of it before."""
        self._waiting.put("minute", minute)

    def alert(self, alert: Alert) -> None:
        """Keep what rang, or why it did not."""
        self._waiting.put("alert", alert)

    async def run(self) -> None:
        """Write what comes, for ever. Cancelled in the middle of a batch, it leaves it to `close` or the next run."""
        while True:
            with self.pulse.work(ROUND_WITHIN_S):
                more = await self._round()
            if not more:
                await self._clock.pause(self._pace.flush_s)

    async def close(self) -> None:
        """Write what waits, or spool it if that takes too long; `run` has ended."""
        while await self._kept_a_batch(self._link.prepared, CLOSING_S):
            continue
        if left := self.report.waiting:
            log.error("history_cut_short", items_lost=left)
        await asyncio.to_thread(self._spool.close)
        await self._link.close()

    async def _round(self) -> bool:
        """Put away some of what waits; whether there is more to do at once."""
        ready = await self._link.ready()
        kept = await self._kept_a_batch(ready)
        if not self._link.prepared:
            return kept and len(self._waiting) > 0
        drained = await self._drained_a_batch()
        for other in self._others:
            drained |= await other.step(self._link)
        await self._link.listens()
        return drained or len(self._waiting) > 0

    async def _kept_a_batch(self, ready: bool, within_s: float | None = None) -> bool:  # noqa: FBT001  said by name
        """Whether there was a batch, and it is out of our hands now."""
        self._batch = self._batch or self._waiting.take()
        if self._batch is None:
            return False
        if (ready and await self._link.wrote(self._batch, within_s)) or await self._spooled(self._batch):
            self._batch = None
            return True
        return False

    async def _spooled(self, batch: Batch) -> bool:
        try:
            await asyncio.to_thread(self._spool.append, batch)
        except OSError as error:
            self._disk_failed(error)
            return False
        if self._disk_fails:
            self._disk_fails = False
            log.info("spool_resumed", failures=self._disk_failures)
        return True

    async def _drained_a_batch(self) -> bool:
        """Whether the oldest spooled batch is in the database now."""
        try:
            spooled = await asyncio.to_thread(self._spool.oldest)
        except OSError as error:
            self._disk_failed(error)
            return False
        if spooled is None:
            return False
        batch = spooled.batch
        if spooled.earlier:
            batch, late = batch.parted(self._link.started)
            if late.items and not await self._link.put_aside(late):
                return False
        if batch.items and not await self._link.wrote(batch):
            return False
        await asyncio.to_thread(self._spool.forget)
        return True

    def _disk_failed(self, error: OSError) -> None:
        """A full disk is said once, however long it is full."""
        self._disk_failures += 1
        self._disk_error = f"spool: {error.strerror or error}"
        if not self._disk_fails:
            self._disk_fails = True
            log.error("spool_failed", reason=self._disk_error)
