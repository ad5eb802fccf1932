"""The job that completes minutes: all of every symbol that was in a list, once, however often it is cut short."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from tests.history.keeping import PATIENT, asked, event, kept, kept_server, minute, minutes_in, record
from tests.support.eventually import eventually
from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import listening, small_market
from tradeul.clock import Clock, PacedClock, SystemClock
from tradeul.domain.events import DailyBars, MinuteBar, Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import CHANGES_WITHIN_NS, MINUTE_NS
from tradeul.errors import VendorUnavailable
from tradeul.history.batches import Batch
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.bars import AT_ONCE, FAILURES_BORNE, GAP_S, Bars
from tradeul.history.jobs.job import Job, Progress
from tradeul.history.lending import Lender
from tradeul.polygon.bars import BarPage, symbol_bars
from tradeul.polygon.rest import PolygonRest

SYMBOLS = 60
EVENING = at("20:30")
KEEP_DAYS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Exchange:
    """A bar source that notes what it was asked, and fails where it is told to."""

    def __init__(self, rest: PolygonRest, clock: Clock) -> None:
        self.asked: list[tuple[Symbol, dt.date]] = []
        self.asked_at: list[float] = []
        self.failing: Callable[[Symbol], bool] = lambda _symbol: False
        self.stuck = asyncio.Event()
        self.stuck_after = 10**9
        self.empty = False
        self.under_way = self.most_under_way = 0
        self._rest = rest
        self._clock = clock

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        raise AssertionError(f"nobody needs whole days here: {day}, {adjusted}")

    async def bars(
        self,
        symbol: Symbol,
        span: int | Literal["day"],
        first: Nanos | dt.date,
        last: Nanos | dt.date,
        *,
        adjusted: bool = False,
    ) -> SymbolBars:
        assert isinstance(first, int)
        self.asked.append((symbol, dt.datetime.fromtimestamp(first // 10**9, dt.UTC).date()))
        self.asked_at.append(self._clock.monotonic())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.failing(symbol):
                raise VendorUnavailable("the vendor is out")
            if len(self.asked) > self.stuck_after:
                await self.stuck.wait()
            if self.empty:
                return symbol_bars(symbol, [BarPage()], adjusted=adjusted)
            return await self._rest.bars(symbol, span, first, last, adjusted=adjusted)
        finally:
            self.under_way -= 1


async def together(*works: Callable[[], Awaitable[None]]) -> None:
    """What the supervisor has for jobs, in short."""

    async def done(work: Callable[[], Awaitable[None]]) -> None:
        await work()

    tasks = [asyncio.get_running_loop().create_task(done(work)) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def job_of(
    server: EmbeddedPostgres, world: str, now: Nanos = EVENING, keep_days: int = KEEP_DAYS
) -> AsyncIterator[tuple[Bars, Exchange]]:
    """The job on a world in which some symbols were in lists, before an exchange on the same clock."""
    clock = PacedClock(now)
    async with listening(now, SYMBOLS) as exchange, PolygonRest(exchange.rest_url, "", clock) as rest:
        source = Exchange(rest, clock)
        lender = Lender(lambda: server.dsn, world, AT_ONCE, PATIENT)
        try:
            yield Bars(source, lender, clock, CALENDAR, together, keep_days), source
        finally:
            await lender.close()


def of_market(count: int) -> list[str]:
    """Symbols that the exchange knows."""
    return list(small_market(SYMBOLS).universe.symbols[:count])


async def lists_of(server: EmbeddedPostgres, world: str) -> list[str]:
    """Put some symbols into lists of today, each in another way, and one into a list of yesterday."""
    first, second, third, yesterday = of_market(4)
    before = -24 * 3600.0
    batch = Batch(
        [event(0, first), event(before, yesterday)],
        [record(0, first, second), record(before, first)],
        [record(0, third)],
        [minute(0, first, volume=1.0), minute(0.5, "NEVER")],
    )
    await kept(server.dsn, batch, world)
    return sorted([first, second, third])


async def theirs(source: Exchange, symbols: list[str]) -> list[MinuteBar]:
    """All minutes of today of these symbols, as the exchange has them."""
    found: list[MinuteBar] = []
    for symbol in symbols:
        bars = await source._rest.bars(Symbol(symbol), 1, DAY, DAY)  # noqa: SLF001  not asked by the job
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap, bars.trades)
        rows = zip(bars.start.tolist(), *(column.tolist() for column in columns), strict=True)
        found += [MinuteBar._make((Nanos(start), Symbol(symbol), *values, EVENING)) for start, *values in rows]
    return sorted(found)


def untimed(minutes: list[MinuteBar]) -> list[MinuteBar]:
    return [each._replace(as_of=EVENING) for each in minutes]


async def test_every_member_has_the_exchanges_minutes(server: EmbeddedPostgres) -> None:
    """Whoever was in a list today by an event, a snapshot or a minute's result has them all, instead of folds."""
    members = await lists_of(server, "members")
    job: Job
    async with job_of(server, "members") as (job, source):
        progress = Progress()
        await job.run(progress, None)
        expected = await theirs(source, members)

    found = [each for each in untimed(await minutes_in(server.dsn, "members")) if each.symbol != "NEVER"]
    assert found == expected
    assert [symbol for symbol, _ in source.asked] == members
    assert (progress.done, progress.total, progress.errors, progress.rows) == (3, 3, 0, len(expected))
    assert progress.rows > 500


async def test_a_second_run_asks_for_nothing(server: EmbeddedPostgres) -> None:
    """What is there for good is not asked for again, and nothing changes."""
    await lists_of(server, "again")
    async with job_of(server, "again") as (job, source):
        await job.run(Progress(), 1)
        before, asked_before = await minutes_in(server.dsn, "again"), len(source.asked)
        progress = Progress()
        await job.run(progress, 1)

    assert len(source.asked) == asked_before
    assert (progress.done, progress.total, progress.rows) == (3, 3, 0)
    assert await minutes_in(server.dsn, "again") == before


async def test_a_run_that_was_cut_short_is_gone_on_with(server: EmbeddedPostgres) -> None:
    """Killed between two symbols, the next run asks for the others only."""
    members = await lists_of(server, "cut")
    async with job_of(server, "cut") as (job, source):
        source.stuck_after = 2
        progress = Progress()
        run = asyncio.get_running_loop().create_task(job.run(progress, None))
        await eventually(lambda: progress.done == 2)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        source.stuck_after, half = 10**9, len(source.asked)
        await job.run(Progress(), None)

        assert [symbol for symbol, _ in source.asked[half:]] == members[2:]
        assert len(untimed(await minutes_in(server.dsn, "cut"))) == len(await theirs(source, members)) + 1


async def test_a_running_session_is_completed_as_far_as_it_goes(server: EmbeddedPostgres) -> None:
    """During the day only what changes no more is taken; the run in the evening takes the whole day."""
    members = await lists_of(server, "running")
    async with job_of(server, "running", at("12:30")) as (job, source):
        await job.run(Progress(), None)
        noon = [each for each in await minutes_in(server.dsn, "running") if each.trades is not None]
    async with job_of(server, "running") as (job, source):
        await job.run(Progress(), None)
        expected = await theirs(source, members)

    assert noon
    assert max(each.at for each in noon) <= at("12:30") - MINUTE_NS - CHANGES_WITHIN_NS
    assert [each for each in untimed(await minutes_in(server.dsn, "running")) if each.symbol != "NEVER"] == expected


async def test_older_sessions_are_completed_when_asked_for(server: EmbeddedPostgres) -> None:
    """Two days are two sessions, each for its own members; what is not kept any more is not asked for."""
    members = await lists_of(server, "older")
    first, *_, yesterdays = of_market(4)
    async with job_of(server, "older") as (job, source):
        await job.run(Progress(), 2)
        assert sorted(source.asked) == sorted(
            [*((Symbol(each), DAY) for each in members)]
            + [(Symbol(each), DAY - dt.timedelta(days=1)) for each in (first, yesterdays)]
        )
    async with job_of(server, "older", keep_days=0) as (job, source):
        await job.run(Progress(), 2)
        assert source.asked == []

    notes = await asked(server.dsn, "SELECT DISTINCT date FROM older.minutes_completed")
    assert notes == [(DAY,)]


async def test_one_symbol_that_fails_costs_only_itself(server: EmbeddedPostgres) -> None:
    """It is counted and passed over; the next run asks for it again."""
    members = await lists_of(server, "one")
    async with job_of(server, "one") as (job, source):
        source.failing = lambda symbol: symbol == members[0]
        progress = Progress()
        await job.run(progress, None)
        assert (progress.done, progress.errors) == (2, 1)
        source.failing, before = lambda _symbol: False, len(source.asked)
        await job.run(Progress(), None)

    assert [symbol for symbol, _ in source.asked[before:]] == members[:1]


async def test_a_vendor_that_is_out_ends_the_run(server: EmbeddedPostgres) -> None:
    """Not every symbol is tried: after some failures in a row the run fails with the vendor's reason."""
    await kept(server.dsn, Batch([event(0, symbol) for symbol in of_market(40)], [], []), "out")
    async with job_of(server, "out") as (job, source):
        source.failing = lambda _symbol: True
        with pytest.raises(VendorUnavailable, match="the vendor is out"):
            await job.run(Progress(), None)

    assert FAILURES_BORNE <= len(source.asked) < FAILURES_BORNE + AT_ONCE


async def test_questions_go_one_after_the_other(server: EmbeddedPostgres) -> None:
    """At most 20 a second go out and a few are in flight, however fast the vendor answers."""
    await kept(server.dsn, Batch([event(0, symbol) for symbol in of_market(40)], [], []), "paced")
    async with job_of(server, "paced") as (job, source):
        source.empty, began = True, SystemClock().monotonic()
        await job.run(Progress(), None)

    assert len(source.asked) == 40
    assert source.asked_at[-1] - began >= 39 * GAP_S
    assert source.most_under_way <= AT_ONCE


async def test_before_the_session_begins_there_is_the_last_one(server: EmbeddedPostgres) -> None:
    """At four in the morning less a minute today has no minutes yet; the day before is the last session."""
    await lists_of(server, "early")
    async with job_of(server, "early", at("03:59")) as (job, source):
        await job.run(Progress(), None)

    assert {day for _, day in source.asked} == {DAY - dt.timedelta(days=1)}
