"""Sessions from the database where they are kept, else from the vendor, and then kept: in a real Postgres."""

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.support.market import CALENDAR, DAY, at, daily
from tradeul.clock import ManualClock
from tradeul.domain.events import DailyBars, Split, Symbol
from tradeul.errors import VendorUnavailable
from tradeul.history.daily import READY_WITHIN_S, DailyLedger
from tradeul.history.database import schema_of
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.daily import AtrJob, DailyJob
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender

YESTERDAY = CALENDAR.previous(DAY)
worlds = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Vendor:
    """Sessions of two symbols, as they were traded; B splits ten for one yesterday."""

    def __init__(self) -> None:
        self.days: list[dt.date] = []
        self.broken = False

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        assert not adjusted
        self.days.append(day)
        if self.broken:
            raise VendorUnavailable("the vendor is down")
        old = 1.0 if day >= YESTERDAY else 10.0
        return daily(day, ("A", 11.0, 9.0, 10.0, 1_000.0), ("B", 22 * old, 18 * old, 20 * old, 10_000 / old))

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        return (Split(Symbol("B"), YESTERDAY, old=1, new=10),) if since <= YESTERDAY else ()


class Rig:
    def __init__(self, server: EmbeddedPostgres, wall: str = "10:00") -> None:
        self.world = f"daily-{next(worlds)}"
        self.address = server.dsn
        self.clock = ManualClock(at(wall))
        self.vendor = Vendor()
        self.lender = Lender(lambda: self.address, self.world, 2, PATIENT)
        self.is_ready = True
        self.ledger = self.new_ledger()

    def new_ledger(self) -> DailyLedger:
        return DailyLedger(self.vendor, self.lender, lambda: self.is_ready, self.clock, CALENDAR)

    async def told(self, query: str) -> list[tuple[Any, ...]]:
        return await asked(self.address, query.replace("@", f"{schema_of(self.world)}."))


@asynccontextmanager
async def rig_of(server: EmbeddedPostgres, wall: str = "10:00") -> AsyncIterator[Rig]:
    """A world with its tables."""
    rig = Rig(server, wall)
    async with connected(server.dsn, rig.world):
        pass
    try:
        yield rig
    finally:
        await rig.lender.close()


async def test_a_session_is_asked_of_the_vendor_once(server: EmbeddedPostgres) -> None:
    """The next one who wants it has it from the database, number for number."""
    async with rig_of(server) as rig:
        first = await rig.ledger.daily_bars(YESTERDAY)
        second = await rig.new_ledger().daily_bars(YESTERDAY)
        rows = await rig.told("SELECT symbol, open, high, low, close, volume, vwap, trades FROM @daily_ohlc ORDER BY 1")

    assert rig.vendor.days == [YESTERDAY]
    assert second.symbols == first.symbols == ("A", "B")
    for name in ("open", "high", "low", "close", "volume", "vwap", "trades"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert rows[0] == ("A", 10.0, 11.0, 9.0, 10.0, 1_000.0, 10.0, 1.0)


async def test_two_who_want_the_same_session_ask_for_it_once(server: EmbeddedPostgres) -> None:
    """The board and a job at the start: the second one has it from the database."""
    async with rig_of(server) as rig:
        first, second = await asyncio.gather(*(rig.ledger.daily_bars(YESTERDAY) for _ in range(2)))
        kept = await rig.told("SELECT count(*) FROM @daily_ohlc")

    assert rig.vendor.days == [YESTERDAY]
    assert first.symbols == second.symbols
    assert kept == [(2,)]


async def test_more_symbols_than_go_at_once_are_all_there(server: EmbeddedPostgres) -> None:
    """Pieces meet without a gap, also where the last one is full."""
    async with rig_of(server) as rig:
        for count in (3_999, 4_000, 4_001):
            rows = [(f"S{number}", 2.0, 1.0, 1.5, float(number + 1)) for number in range(count)]
            bars = daily(YESTERDAY, *rows)

            async def answer(day: dt.date, *, adjusted: bool = True, bars: DailyBars = bars) -> DailyBars:
                assert (day, adjusted) == (YESTERDAY, False)
                return bars

            rig.vendor.daily_bars = answer  # type: ignore[method-assign]
            async with rig.lender.lent() as connection:
                await connection.execute("DELETE FROM daily_sessions")
            await rig.ledger.daily_bars(YESTERDAY)
            found = await rig.ledger.daily_bars(YESTERDAY)

            volumes = dict(zip(found.symbols, found.volume.tolist(), strict=True))
            assert volumes == {f"S{number}": number + 1 for number in range(count)}


async def test_a_session_loaded_before_its_end_is_loaded_again(server: EmbeddedPostgres) -> None:
    """What was known at 18:00 lacks two hours of post-market."""
    async with rig_of(server, "18:00") as rig:
        await rig.ledger.daily_bars(DAY)
        await rig.ledger.daily_bars(DAY)
        await rig.clock.advance(3 * 3600)
        for _ in range(2):
            await rig.ledger.daily_bars(DAY)

    assert rig.vendor.days == [DAY] * 3


async def test_without_a_database_the_vendor_answers(server: EmbeddedPostgres) -> None:
    """Nobody waits for one that is not there for long, and only once."""
    rig = Rig(server)
    rig.is_ready = False
    async with rig_of(server):
        before = rig.clock.monotonic()
        waiting = rig.ledger.daily_bars(YESTERDAY)
        task = _advancing(rig, waiting)
        await task
        waited = rig.clock.monotonic() - before
        await rig.ledger.daily_bars(DAY)

    assert READY_WITHIN_S <= waited <= READY_WITHIN_S + 1
    assert rig.vendor.days == [YESTERDAY, DAY]


async def _advancing(rig: Rig, work: Any) -> None:
    task = asyncio.get_running_loop().create_task(work)
    while not task.done():
        await rig.clock.advance(0.1)
    await task


async def test_a_database_that_fails_is_no_reason_to_know_nothing(server: EmbeddedPostgres) -> None:
    """The tables may be missing, or the server gone since it was said to be ready."""
    rig = Rig(server)
    rig.address = "postgresql://127.0.0.1:1/none"

    bars = await rig.ledger.daily_bars(YESTERDAY)

    assert bars.symbols == ("A", "B")


async def test_the_job_loads_what_is_missing_and_today_as_far_as_it_goes(server: EmbeddedPostgres) -> None:
    """At 18:00 the session that just closed too; what is kept is not asked for again."""
    async with rig_of(server, "18:00") as rig:
        await rig.ledger.daily_bars(YESTERDAY)
        progress = Progress()
        await DailyJob(rig.ledger, rig.clock, CALENDAR).run(progress, 3)
        kept = await rig.told("SELECT date FROM @daily_sessions ORDER BY date DESC")

    days = [DAY, *CALENDAR.last_sessions(DAY, 3)]
    assert rig.vendor.days == [YESTERDAY, DAY, *days[2:]]
    assert [row[0] for row in kept] == days
    assert (progress.done, progress.total, progress.rows) == (4, 4, 8)


async def test_averages_are_kept_as_of_the_last_session(server: EmbeddedPostgres) -> None:
    """In the shares of today, for those that reference data knows; running again changes nothing."""
    async with rig_of(server, "01:00") as rig:
        async with rig.lender.lent() as connection:
            await connection.execute("INSERT INTO ticker_metadata (symbol, updated_at) VALUES ('B', now())")
        for _ in range(2):
            await AtrJob(rig.ledger, rig.lender, rig.clock, CALENDAR).run(Progress(), None)
        averages = await rig.told("SELECT symbol, avg_volume_30d, avg_volume_10d, avg_price_30d FROM @ticker_metadata")
        ranges = await rig.told("SELECT symbol, date, period, atr, atr_percent FROM @ticker_atr ORDER BY symbol")

    assert averages == [("B", 10_000.0, 10_000.0, 20.0)]
    assert ranges == [("A", YESTERDAY, 14, 2.0, 20.0), ("B", YESTERDAY, 14, 4.0, 20.0)]
    assert len(rig.vendor.days) == 30
