"""The one way through the engine: whatever changes the board comes in here, and new lists go out.

One change at a time, in stages with a turn of the loop between them: between stages the board is whole, and nobody
else waits longer than one stage takes. Discovery, hot loop and warm-up call it.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, ParamSpec, TypeVar

from tradeul.clock import Clock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.averages import Averages
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.deltas import Times
from tradeul.domain.events import Ints, MarketImage, Nanos
from tradeul.domain.folding import Folded
from tradeul.domain.reference import Facts
from tradeul.domain.scans import Scan
from tradeul.domain.session import NANOS, DayHours, Session
from tradeul.domain.slot_book import SlotBook
from tradeul.domain.splits import MorningSplits
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import VolumeCurves
from tradeul.engine import steps
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.ports import DayState
from tradeul.engine.pulse import Pulse
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals

Seen = TypeVar("Seen")
Made = ParamSpec("Made")
Pending = Callable[[], Sequence[Folded]]
"""Hands over the live events that wait."""

BASELINES_AT_ONCE: Final = 1_000
"""About a millisecond."""
LIVE_AT_ONCE: Final = 3_000
"""Events of one kind: some 6 milliseconds."""

LIVE_BEFORE_STATE: Final = 20

RANKED_WITHIN_S: Final = 10.0
"""From an image or live events to lists, waiting for others included; it usually takes milliseconds."""
FUTURE_ALLOWED_NS: Final = 60 * NANOS
"""How far the vendor's clock may be ahead of ours. One bar of much later would turn the board's time for all."""


class Pipeline:
    """Enriches, ranks, publishes. `looks` are taken after each publication, in turns of the loop of their own."""

    def __init__(
        self,
        enrichment: Enrichment,
        scanner: Scanner,
        clock: Clock,
        vitals: Vitals,
        looks: Sequence[Callable[[], None]] = (),
        halts_told: Callable[[], bool] = bool,
    ) -> None:
        self._enrichment = enrichment
        self._scanner = scanner
        self._clock = clock
        self._vitals = vitals
        self._looks = looks
        self._halts_told = halts_told
        self._scanned_date: dt.date | None = None
        self.scanned_session: Session | None = None
        """In which the lists were made last; None before they were."""
        self.images = 0
        """How many images of the market the lists were made of, the one they stand on included."""
        self.changes = 0
        """How often the market was told to the board, counted as that begins: it may be cut off in the middle."""
        self.pulse = Pulse(clock)
        self._came: float | None = None
        """When what the next scan is for came; None where nothing did."""
        self.times: Times | None = None
        """While those are told who want to look after a publication: when what changed went through us."""
        self._filled = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._unfinished = False
        """Whether of a step that was begun something is still to be done to the board or the lists."""
        self.log: steps.StepLog | None = None
        """Is told of every step, where somebody wants to take them again. Changed between two steps only."""

    async def first_image(self) -> None:
        """Wait until the board holds a market."""
        await self._filled.wait()

    async def take_image(self, image: MarketImage, now: Nanos, asked_at: Nanos | None = None) -> None:
        """Bring the board up to an admitted image and the lists up to the board.

        `asked_at` is when it was asked for, if that was not now: it cannot know of anything later.
        """
        asked_at = now if asked_at is None else asked_at
        async with self._turn():
            halts_told = self._halts_told()
            self._tell(steps.Imaged, now, asked_at, halts_told)
            self._enrichment.listen(now, halts_told=halts_told)
            before = self._came = self._clock.monotonic()
            read = self._enrichment.read(image, now)
            before = await self._end_of("read", before)
            self.changes += 1
            for _ in self._enrichment.applying(image, read, now, asked_at):
                await asyncio.sleep(0)
            self._vitals.rows_doubted = dict(self._enrichment.doubted)
            await self._end_of("enrich", before)
            self._filled.set()
            self.images += 1
            moment = self._enrichment.moment()
            if moment is not None and moment.hours.session_at(now) is not Session.CLOSED:
                self._vitals.latency["fetch"].note(now - image.feed_time, now)
            await self._scan(Times(asked_at, now))

    async def take_live(self, batches: Sequence[Folded]) -> None:
        """Bring rows up to date with these live events."""
        await self.take_pending(lambda: batches)

    async def take_pending(self, pending: Pending) -> None:
        """Bring rows up to date with the live events that wait once it is their turn."""
        async with self._turn():
            await self._take_live(pending)

    async def _take_live(self, pending: Pending) -> bool:
        """Apply them piece by piece, and re-rank if a row is another now; whether there was anything to do.

        There is nothing to re-rank before the first image, nor while the market is closed. Where there was nothing to
        do, nobody else had a turn meanwhile.
        """
        moment, now, halts_told = self._enrichment.moment(), self._clock.now(), self._halts_told()
        self._tell(steps.Lived, now, halts_told)
        batches = pending()
        if moment is None or moment.session is Session.CLOSED:
            return False
        changed, self._came = self._enrichment.listen(now, halts_told=halts_told), self._clock.monotonic()
        self.changes += changed or bool(batches)
        for batch in batches:
            known = batch.until(Nanos(now + FUTURE_ALLOWED_NS))
            self._vitals.events_from_the_future += batch.count() - known.count()
            for piece in known.pieces(LIVE_AT_ONCE):
                before = self._clock.monotonic()
                changed |= self._enrichment.apply_live(piece)
                await self._end_of("live", before)
        self._vitals.hot_batches += 1
        if changed:
            await self._scan(Times(None, now))
        return bool(batches) or changed

    async def take_averages(self, averages: Averages) -> None:
        """Swap in what history says, and re-rank."""
        async with self._alone():
            self._tell(steps.Averaged.of, averages)
            before = self._clock.monotonic()
            self._enrichment.apply_averages(averages)
            await self._end_of("averages", before)
            await self._scan()

    async def take_baseline(self, baseline: Baseline, missed: int) -> None:
        """Swap in what volume is usual, piece by piece; it shows with the next change of each row."""
        for first in range(0, len(baseline.symbols), BASELINES_AT_ONCE):
            piece = slice(first, first + BASELINES_AT_ONCE)
            part = Baseline(baseline.as_of, baseline.symbols[piece], baseline.ends[:, piece], baseline.sessions[piece])
            async with self._alone():
                self._tell(steps.Usual.of, part, missed)
                self._enrichment.apply_baseline(part, missed)
            await asyncio.sleep(0)

    async def take_ranges(self, ranges: Sequence[DayRange]) -> None:
        """Take how far prices went before anybody looked; the lists follow with the next scan."""
        async with self._alone():
            self._tell(steps.Ranged, list(ranges))
            self.changes += 1
            self._enrichment.apply_ranges(ranges)

    def take_splits(self, splits: MorningSplits) -> None:
        """Learn what is split today. Touches no row, so it waits for nothing."""
        self._tell(steps.Split.of, splits)
        self._enrichment.apply_splits(splits)

    async def take_reference(self, facts: Sequence[Facts]) -> None:
        """Take what is known of securities that are on the board; the lists follow with the next scan."""
        async with self._alone():
            self._tell(steps.Referred, list(facts))
            before = self._clock.monotonic()
            self._enrichment.apply_reference(facts)
            await self._end_of("reference", before)

    async def rescan(self) -> None:
        """Make the lists anew of what was taken."""
        async with self._alone():
            self._tell(steps.Rescanned)
            await self._scan()

    async def take_list(self, scan: Scan) -> None:
        """Begin with a list, or go on with it by another definition, and fill it at once."""
        async with self._alone():
            self._tell(steps.Listed.of, scan)
            self._scanner.define(scan)
            if self.scanned_session is not None:
                # Alone, and as of the last scan: while the market is closed the others stand as they are.
                ranked = self._scanner.rank(self._enrichment.as_of, self.scanned_session)
                self._publish({scan.name: ranked[scan.name]})
                await self._look()

    async def drop_list(self, name: str) -> None:
        """End a list."""
        async with self._alone():
            self._tell(steps.Unlisted, name)
            self._scanner.remove(name)
            self._unfinished = False
            if self.scanned_session is not None:
                await self._look()

    async def settled(self, look: Callable[[], Seen]) -> Seen:
        """Look at the board and the lists while nothing changes either."""
        async with self._one_at_a_time:
            return look()

    async def take_curves(self, curves: VolumeCurves) -> None:
        """Swap in the curves that stand in for what is usual; they show with the next change of each row."""
        async with self._alone():
            if curves.shape is not None:
                self._tell(steps.Curved.of, curves.shape)
            self._enrichment.board.curves = curves

    async def take_hours(self, told: steps.Told | steps.Announced, calendar: AnnouncedCalendar) -> None:
        """Believe the vendor of its hours, in the calendar that everybody reads."""
        async with self._alone():
            self._tell(lambda: told)
            told.put_into(calendar)

    async def keep_state(self, pending: Pending) -> None:
        """Have the log keep the whole state, if it wants to; live events that wait are applied before."""
        if self.log is None or self._enrichment.moment() is None or not self.log.wants_state():
            return
        async with self._turn():
            # What comes while these are applied would be neither in the state nor behind it. Where there is always
            # more, the next time will do.
            for _ in range(LIVE_BEFORE_STATE):
                if not await self._take_live(pending):
                    # Recording may have ended, or begun anew, while this waited for its turn.
                    if self.log is not None:
                        await self.log.take_state()
                    return

    @property
    def scanned(self) -> tuple[dt.date | None, Session | None, int]:
        """Of which date and session the lists are, and how many images were taken until then."""
        return self._scanned_date, self.scanned_session, self.images

    def restore(self, date: dt.date | None, session: Session | None, images: int) -> None:
        """Go on from lists that were kept."""
        self._scanned_date, self.scanned_session, self.images = date, session, images
        self._filled.set()

    @property
    def least_sessions(self) -> int:
        """So many sessions make a usual day exact."""
        return self._enrichment.board.usual.least_sessions

    def hours(self) -> DayHours | None:
        """The hours of the board's trading date; None before there is one."""
        moment = self._enrichment.moment()
        return None if moment is None else moment.hours

    @property
    def as_of(self) -> Nanos:
        """The newest moment that the board is known for."""
        return self._enrichment.as_of

    @property
    def book(self) -> SlotBook | None:
        """The closed slots of the board's trading date; None before there is one."""
        return self._enrichment.book

    def resume(self, book: SlotBook, state: DayState | None) -> None:
        """Go on with a day that was begun before; nothing has been taken yet."""
        self._enrichment.resume(book, state)
        if state is not None:
            self._scanner.resume(state.symbols, state.inside)

    async def state(self) -> DayState | None:
        """Copy what a snapshot cannot restore, of the board and of the lists made of it; None before there is one."""
        async with self._alone():
            return self._enrichment.state(self._scanner.inside())

    def close_slots(self, now: Nanos) -> None:
        """Close the slots that the clock has left behind. Touches no row, so it waits for nothing."""
        self._enrichment.close_slots(now, self._vitals.confirmed_at)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Have the engine to oneself, for something that everybody waits for."""
        with self.pulse.work(RANKED_WITHIN_S):
            async with self._alone():
                yield

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Let nothing else be done meanwhile; the log hears of what is not done to its end."""
        async with self._one_at_a_time:
            try:
                yield
            except BaseException:
                if self.log is not None and self._unfinished:
                    self.log.broke_off()
                raise

    async def _scan(self, times: Times | None = None) -> None:
        """Make the lists of the board as it stands; `times` says when what changed it came.

        While the market is closed they stand as of the close, but for once when the date turns, which empties them.
        """
        moment = self._enrichment.moment()
        if moment is None or (moment.session is Session.CLOSED and moment.trading_date == self._scanned_date):
            self._came = None
            return
        self._scanned_date, self.scanned_session = moment.trading_date, moment.session
        before = self._clock.monotonic()
        ranked = self._scanner.rank(self._enrichment.as_of, moment.session)
        before = await self._end_of("rank", before)
        self._note_latency("scan")
        self._came = before
        times = times and times._replace(ranked=self._clock.now())
        self._publish(ranked, times)
        self._note_latency("publish")
        times = times and times._replace(published=self._clock.now())
        before = await self._end_of("publish", before)
        await self._look(times)
        await self._end_of("look", before)

    async def _look(self, times: Times | None = None) -> None:
        """Have everybody look who wants to after a publication; the board stays as it is meanwhile."""
        self.times = times
        try:
            for look in self._looks:
                look()
                await asyncio.sleep(0)
        finally:
            self.times = None

    def _note_latency(self, stage: str) -> None:
        """How long it took since what it is for came, waiting for others included."""
        if self._came is not None:
            took_ns = int((self._clock.monotonic() - self._came) * NANOS)
            self._vitals.latency[stage].note(took_ns, self._clock.now())
            self._came = None

    def _publish(self, ranked: Mapping[str, Ints], times: Times | None = None) -> None:
        names = self._scanner.publish(ranked, self._enrichment.as_of, times)
        if self.log is not None and names:
            self.log.published(names)
        self._unfinished = False

    def _tell(self, make: Callable[Made, steps.Step], *of: Made.args, **by_name: Made.kwargs) -> None:
        """Tell the log of the step that is about to be taken; it is made only where there is a log."""
        self._unfinished = True
        if self.log is not None:
            self.log.take(make(*of, **by_name))

    async def _end_of(self, stage: str, began: float) -> float:
        """Note how long a stage took, and let others have the loop; gives when the next one begins."""
        self._vitals.stage_ms[stage] = (self._clock.monotonic() - began) * 1_000
        await asyncio.sleep(0)
        return self._clock.monotonic()
