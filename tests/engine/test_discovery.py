"""The loop from the vendor's snapshot to published lists, on a clock that is moved by hand."""

import contextlib
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.eventually import running
from tests.support.market import CALENDAR, DAY, NANOS, at, bar, image, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import LiveEvents, MarketImage, Nanos
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.hot_loop import HotLoop
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.view import EngineView
from tradeul.engine.vitals import Vitals
from tradeul.errors import SnapshotRefused, VendorError, VendorRefused, VendorUnavailable

Answer = Callable[[Nanos], MarketImage] | VendorError


class WorkingClock(ManualClock):
    """One that work takes time of, too."""

    def spend(self, seconds: float) -> None:
        self._elapsed += seconds


class ScriptedSource:
    """A market that answers as told, and notes when it was asked."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.asked: list[Nanos] = []
        self.answer: Answer = lambda now: image(traded("A", 11.0, 1_000, now))
        self.takes_s = 0.0

    async def snapshot(self) -> MarketImage:
        self.asked.append(self.clock.now())
        if self.takes_s:
            await self.clock.sleep(self.takes_s)
        if isinstance(self.answer, VendorError):
            raise self.answer
        return self.answer(self.clock.now())


class Engine:
    """The whole engine around a scripted source."""

    def __init__(self, wall: str, day: dt.date = DAY) -> None:
        self.clock = WorkingClock(at(wall, day))
        self.source = ScriptedSource(self.clock)
        self.vitals = Vitals(self.clock.now())
        self.channels = Channels("e1", BUILT_IN, self.clock)
        board = Board(capacity=16)
        self.enrichment = Enrichment(board, CALENDAR)
        self.scanner = Scanner(board, BUILT_IN, [], self.channels)
        self.intake = Intake(self.clock, CALENDAR, self.vitals)
        self.scans = 0
        self.a_scan_takes_s = 0.0
        self.looks: Callable[[], None] = lambda: None
        self.pipeline = Pipeline(self.enrichment, self.scanner, self.clock, self.vitals, (self._scanned,))
        self.shown: list[Nanos] = []
        self.discovery = Discovery(
            self.source, self.pipeline, self.clock, CALENDAR, self.vitals, 5.0, self.shown.append
        )
        self.view = EngineView(
            self.clock, CALENDAR, self.vitals, self.discovery, self.scanner, self.channels, self.intake, {}
        )

    def _scanned(self) -> None:
        self.scans += 1
        self.looks()
        self.clock.spend(self.a_scan_takes_s)

    @contextlib.asynccontextmanager
    async def running(self, work: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[None]:
        """Run a part's loop for the length of the block."""
        async with running(work or self.discovery.run):
            await self.clock.advance(0)
            yield

    async def begin(self) -> None:
        """Take a first snapshot without the loop that goes on to take more."""
        await self.pipeline.take_image(await self.source.snapshot(), self.clock.now())

    def asked_after(self) -> list[float]:
        """Seconds between the requests so far."""
        times = self.source.asked
        return [(b - a) / NANOS for a, b in itertools.pairwise(times)]


async def test_snapshots_come_every_five_seconds() -> None:
    """At an even pace, and each is scanned."""
    engine = Engine("10:00")

    async with engine.running():
        await engine.clock.advance(20)

    assert engine.asked_after() == [5.0] * 4
    assert engine.scans == 5
    assert engine.shown == engine.source.asked
    assert [row.symbol for row in engine.channels.by_name["winners"].state.rows] == ["A"]
    assert engine.view.feed().state == "live"


async def test_a_snapshot_that_is_asked_for_comes_at_once() -> None:
    """After the live feed came back; the even pace is not changed by it."""
    engine = Engine("10:00")

    async with engine.running(), running(engine.discovery.run_refills):
        await engine.clock.advance(2)
        engine.discovery.refill()
        engine.discovery.refill()
        await engine.clock.advance(13)

    assert engine.asked_after() == [2.0, 3.0, 5.0, 5.0]


async def test_the_board_is_confirmed_for_when_it_was_asked_for() -> None:
    """A snapshot takes its time, and what is traded meanwhile is not in it; nor is it on the board before it came."""
    engine = Engine("10:00")
    engine.source.takes_s = 3.0

    async with engine.running():
        await engine.clock.advance(7)
        on_its_way = engine.vitals.confirmed_at
        await engine.clock.advance(1)

    assert on_its_way == at("10:00")
    assert engine.vitals.confirmed_at == at("10:00:05")
    assert engine.vitals.accepted_at == at("10:00:08")


async def test_a_closed_market_is_looked_at_every_minute_and_stands() -> None:
    """Lists are made once as of the close, then not again; the next session is not slept through."""
    engine = Engine("03:57:30")
    engine.source.answer = lambda _now: image(traded("A", 11.0, 1_000, at("19:59", dt.date(2026, 11, 17))))

    async with engine.running():
        await engine.clock.advance(150)
        while_closed = engine.scans
        state = engine.view.feed().state
        await engine.clock.advance(1)

    assert engine.asked_after() == [60.0, 60.0, 30.0]
    assert while_closed == 1
    assert state == "live"


async def test_lists_are_emptied_once_when_the_date_turns() -> None:
    """At 03:30 sharp yesterday's members go, whatever the vendor still serves; then nothing changes until 04:00."""
    engine = Engine("03:29:20")
    yesterday = dt.date(2026, 11, 17)
    engine.source.answer = lambda _now: image(traded("A", 11.0, 1_000, at("19:59", yesterday), day_close=11.0))
    async with engine.running():
        await engine.clock.advance(39)
        before = len(engine.channels.by_name["winners"].state.rows)
        # Every answer differs from the last, so only the closed market keeps the lists from being made again.
        engine.source.answer = lambda now: image({"symbol": "A", "prev_close": now / at("03:00")}, feed_time=Nanos(0))
        await engine.clock.advance(2)
        state = engine.channels.by_name["winners"].state
        await engine.clock.advance(600)

    assert engine.source.asked[1] == at("03:30")
    assert before == 1
    assert state.rows == ()
    assert engine.channels.by_name["winners"].state is state
    assert engine.scans == 2


async def test_a_refused_snapshot_leaves_the_last_good_one() -> None:
    """What cannot be believed is counted by reason; after 15 s the feed is stale, after the end of it live again."""
    engine = Engine("10:00")
    async with engine.running():
        engine.source.answer = SnapshotRefused("truncated", "the body was cut off")
        await engine.clock.advance(16)
        during = engine.view.feed()
        rows = engine.channels.by_name["winners"].state.rows
        engine.source.answer = lambda now: image(traded("A", 12.0, 1_100, now))
        await engine.clock.advance(5)
        after = engine.view.feed()

    assert (during.state, during.reason) == ("stale", "the body was cut off")
    assert engine.vitals.snapshots_refused == {"truncated": 3}
    assert len(rows) == 1
    assert after.state == "live"


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [
        (VendorUnavailable("busy", 12.0), [12.0, 12.0]),
        (VendorUnavailable("down"), [5.0, 5.0, 5.0, 5.0]),
        (VendorRefused("Unknown API Key"), []),
    ],
)
async def test_a_failing_vendor_is_asked_as_it_wishes(failure: VendorError, pauses: list[float]) -> None:
    """A named wait is obeyed; a refusal is not asked again for a minute."""
    engine = Engine("10:00")
    engine.source.answer = failure

    async with engine.running():
        await engine.clock.advance(24)

    assert engine.asked_after() == pauses
    assert engine.view.feed().state == "starting"


async def test_the_same_snapshot_again_and_again_is_frozen() -> None:
    """After a minute of one content while the market is open the feed says so."""
    engine = Engine("10:00")
    fixed = image(traded("A", 11.0, 1_000, at("10:00")))
    engine.source.answer = lambda _now: fixed

    async with engine.running():
        await engine.clock.advance(65)

    assert engine.scans == 1
    assert engine.view.feed().state == "stale"
    assert engine.view.feed().reason.startswith("frozen")


async def test_live_bars_are_ranked_between_snapshots_at_most_once_per_interval() -> None:
    """Ten bursts within a tenth of a second are one re-rank."""
    engine = Engine("10:00")
    hot = HotLoop(engine.intake, engine.pipeline, engine.clock, 100)
    async with engine.running(), engine.running(hot.run):
        before = engine.scans
        for i in range(10):
            second = bar("A", Nanos(at("10:00") + (i + 1) * 10_000_000), 11.0 + i, 1_001 + i)
            engine.intake.deliver(LiveEvents([second], [], [], [], []))
            await engine.clock.advance(0.009)
        during = engine.scans - before
        await engine.clock.advance(0.1)

    assert during == 1
    assert engine.scans - before == 2
    assert engine.channels.by_name["winners"].state.rows[0].values[1] == 20.0


@pytest.mark.parametrize(("takes_s", "every_s"), [(0.06, 0.1), (0.3, 0.325)])
async def test_the_interval_holds_the_work_that_is_done_in_it(takes_s: float, every_s: float) -> None:
    """What re-ranking takes is not added to it; and where it takes longer, others still have a quarter of it."""
    engine = Engine("10:00")
    hot = HotLoop(engine.intake, engine.pipeline, engine.clock, 100)
    await engine.begin()
    engine.a_scan_takes_s = takes_s
    before, began = engine.scans, engine.clock.monotonic()
    async with engine.running(hot.run):
        for i in range(200):
            second = bar("A", Nanos(at("10:00") + (i + 1) * 10_000_000), 11.0 + i, 1_001 + i)
            engine.intake.deliver(LiveEvents([second], [], [], [], []))
            await engine.clock.advance(0.01)
        spent = engine.clock.monotonic() - began

    assert abs((engine.scans - before) * every_s - spent) < 2 * every_s
