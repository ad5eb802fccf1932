"""Discovery: fetches the whole market at an even pace, and finds who leads it now.

One request is in flight at a time. A snapshot that cannot be had or believed leaves the last good one standing; the
pace is kept in market time without ever catching up on what was missed. When the live feed comes back one more
snapshot is fetched at once, as nothing of what it missed is sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from tradeul.clock import Clock
from tradeul.domain.acceptance import Gate
from tradeul.domain.events import MarketImage, Nanos
from tradeul.domain.lateness import STALLED_S, Lateness
from tradeul.domain.session import (
    DATE_TURN,
    NANOS,
    PRE_MARKET_START,
    Moment,
    Session,
    TradingCalendar,
    local_time,
    moment_at,
)
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.ports import MarketSource
from tradeul.engine.pulse import Pulse
from tradeul.engine.vitals import Vitals
from tradeul.errors import SnapshotRefused, VendorError, VendorUnavailable

CLOSED_INTERVAL_S: Final = 60.0
CYCLE_WITHIN_S: Final = 60.0
"""A refill may come first, and either may take the vendor's 20 s."""
REFUSED_PAUSE_S: Final = 60.0
"""A key or plan that is refused will not be accepted five seconds later."""

log = structlog.get_logger(__name__)


async def _nothing() -> None:
    """Between two snapshots usually nothing is to be done."""


class Discovery:
    """The loop from the vendor's snapshot to published lists. `taken` is told the feed time of each on the board."""

    def __init__(
        self,
        source: MarketSource,
        pipeline: Pipeline,
        clock: Clock,
        calendar: TradingCalendar,
        vitals: Vitals,
        interval_s: float,
        taken: Callable[[Nanos], None],
    ) -> None:
        self._source = source
        self._pipeline = pipeline
        self._clock = clock
        self._calendar = calendar
        self._vitals = vitals
        self._interval_s = interval_s
        self._taken = taken
        self._gate = Gate()
        self._lateness = Lateness()
        self._last_failure = ""
        self._cycles = 0
        self.pulse = Pulse(clock)
        self.between: Callable[[], Awaitable[None]] = _nothing
        """Is awaited between two snapshots, while none is under way."""
        self._one_at_a_time = asyncio.Lock()
        self._refill_wanted = asyncio.Event()

    @property
    def partial(self) -> bool:
        """Whether the last good snapshot is known to be short."""
        return self._gate.partial

    async def run(self) -> None:
        """Fetch and scan for ever."""
        while True:
            began = self._clock.now()
            with self.pulse.work(CYCLE_WITHIN_S):
                wait_s = await self._cycle()
            await self._rest(began, wait_s)

    def refill(self) -> None:
        """Ask for a snapshot now; does not wait for it."""
        self._refill_wanted.set()

    async def run_refills(self) -> None:
        """Fetch whenever one was asked for, for ever."""
        while True:
            await self._refill_wanted.wait()
            self._refill_wanted.clear()
            await self._cycle()

    async def _cycle(self) -> float:
        async with self._one_at_a_time:
            self._vitals.fetching_since = self._clock.monotonic()
            self._cycles += 1
            try:
                # Whatever is logged on the way from the request to the lists bears the number of the cycle.
                with bound_contextvars(cycle=self._cycles):
                    wait_s = await self._one_snapshot()
                await self.between()
                return wait_s
            finally:
                self._vitals.fetching_since = None

    async def _one_snapshot(self) -> float:
        """Take one snapshot through; give the seconds the vendor asked us to wait, if any."""
        asked_at = self._clock.now()
        try:
            image = await self._source.snapshot()
            await self._take(image, asked_at)
        except SnapshotRefused as refused:
            self._vitals.count(self._vitals.snapshots_refused, refused.reason)
            self._failed(str(refused))
        except VendorUnavailable as unavailable:
            self._vitals.snapshots_failed += 1
            self._failed(str(unavailable))
            return unavailable.retry_after_s or 0.0
        except VendorError as refused:
            self._vitals.snapshots_failed += 1
            self._failed(str(refused))
            return REFUSED_PAUSE_S
        else:
            self._vitals.failing = 0
            if self._last_failure:
                log.info("snapshot_recovered", after=self._last_failure)
                self._last_failure = ""
        return 0.0

    def _failed(self, why: str) -> None:
        self._vitals.last_failure = why
        self._vitals.failing += 1
        if why != self._last_failure:
            log.warning("snapshot_failed", reason=why)
            self._last_failure = why

    async def _take(self, image: MarketImage, asked_at: Nanos) -> None:
        vitals, now = self._vitals, self._clock.now()
        for reason, rows in image.dropped.items():
            vitals.count(vitals.rows_dropped, reason, rows)
        vitals.unread = {reason: rows for reason, rows in image.dropped.items() if rows}
        fresh = self._gate.admit(image, clearing=is_clearing(now))
        vitals.accepted_at = now
        if fresh:
            self._lateness.look(image, now, trading=self._open_for(STALLED_S))
        vitals.delayed, vitals.behind_s = self._lateness.delayed, self._lateness.behind_s
        vitals.simulated = image.simulated
        if not fresh:
            vitals.snapshots_unchanged += 1
            vitals.unchanged_in_row += 1
            vitals.confirmed_at = asked_at
            return
        await self.apply(image, now, asked_at)

    async def apply(self, image: MarketImage, now: Nanos, asked_at: Nanos) -> None:
        """Bring the market up to an image that was admitted."""
        vitals = self._vitals
        vitals.snapshots_accepted += 1
        vitals.unchanged_in_row = 0
        vitals.content_changed_at = now
        await self._pipeline.take_image(image, now, asked_at)
        vitals.confirmed_at = asked_at
        self._taken(image.feed_time)

    async def _rest(self, began: Nanos, wait_s: float) -> None:
        """Wait for the next snapshot to be due, looking up now and then: a closed market may be told to be open."""
        due, closed = self._next_due(began, wait_s), self._closed()
        while (now := self._clock.now()) < due and (wait_s or self._closed() is closed):
            await self._clock.sleep_until(Nanos(min(due, now + int(self._interval_s * NANOS))))

    def _closed(self) -> bool:
        return self._moment().session is Session.CLOSED

    def _moment(self) -> Moment:
        """Where the market of the feed stands: a delayed one has its own time."""
        return moment_at(self._calendar, Nanos(self._clock.now() - self._vitals.behind_ns))

    def _open_for(self, seconds: float) -> bool:
        """Whether the market has traded all the while up to now."""
        now = self._clock.now()
        before = Nanos(now - int(seconds * NANOS))
        return all(moment_at(self._calendar, at).session is not Session.CLOSED for at in (before, now))

    def _next_due(self, began: Nanos, wait_s: float) -> Nanos:
        now = self._clock.now()
        moment = self._moment()
        interval = CLOSED_INTERVAL_S if moment.session is Session.CLOSED else self._interval_s
        due = Nanos(max(began + int(interval * NANOS), now + int(wait_s * NANOS), now))
        if moment.session is not Session.CLOSED or wait_s:
            return due
        # A turn of the date or of the session is not slept through.
        date_turn = self._calendar.date_turn(self._calendar.following(self._calendar.trading_date(now)))
        return min(due, Nanos(moment.next_session_at + self._vitals.behind_ns), date_turn)


def is_clearing(now: Nanos) -> bool:
    """Between the vendor's nightly clear and the first pre-market trades zeros are the truth."""
    time = local_time(now).time()
    return DATE_TURN <= time < PRE_MARKET_START.replace(minute=5)
