"""Companies that changed their symbols keep their past: the simulated vendor over sockets into a real Postgres."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.history.slots import SLOTS, day_of, days_of
from tests.support.market import CALENDAR, at, daily
from tests.support.simulated import listening, small_market
from tradeul.clock import ManualClock
from tradeul.domain.averages import DailyHistory
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.day_volumes import slot_count
from tradeul.domain.events import DailyBars, Listing, Nanos, Split, Symbol
from tradeul.domain.names import SymbolChange
from tradeul.domain.slot_book import SlotRecord
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline
from tradeul.errors import VendorError, VendorUnavailable
from tradeul.history import daily_store, name_store, reference_store, slot_store
from tradeul.history.daily import DailyLedger
from tradeul.history.database import schema_of
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.daily import AtrJob
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.slot_fill import Filling
from tradeul.history.jobs.slots import SlotsJob
from tradeul.history.jobs.universe import Universe
from tradeul.history.lending import Lender
from tradeul.history.volumes import PostgresVolumes
from tradeul.polygon.rest import PolygonRest
from tradeul.supervisor import together

SYMBOLS = 200
TODAY = dt.date(2026, 7, 8)
OLD, NEW, PLAIN = Symbol("ODT"), Symbol("EKP"), Symbol("F")
"""What the one company of this market that changed its symbol was called until 2 July, what it is called now, and a
company that never changed."""
CHANGED = dt.date(2026, 7, 3)
SESSIONS = CALENDAR.last_sessions(TODAY, 5)
SLOTS_OF = {day: slot_count(CALENDAR.hours(day)) for day in SESSIONS}
worlds = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Board:
    """A market of three symbols, one of them gone since the board was made."""

    def __init__(self) -> None:
        self.baselines: list[Baseline] = []

    def is_up(self) -> bool:
        return True

    def symbols(self) -> Sequence[Symbol]:
        return [NEW, OLD, PLAIN]

    def hot(self) -> Sequence[Symbol]:
        return []

    def holes(self) -> tuple[dt.date, int, Sequence[Symbol]]:
        return TODAY, 0, []

    async def take_baseline(self, baseline: Baseline) -> None:
        self.baselines.append(baseline)

    async def backfill(self, date: dt.date, records: Sequence[SlotRecord]) -> None:
        raise AssertionError(f"nothing was missed on {date}: {records}")

    async def take_ranges(self, date: dt.date, ranges: Sequence[DayRange]) -> None:
        raise AssertionError(f"nothing was missed on {date}: {ranges}")


class Vendor(PolygonRest):
    """The vendor's client, which can be made to list what a test wants, and whose splits are the test's."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        super().__init__(url, "key", clock)
        self.delisted: tuple[Listing, ...] | None = None
        self.told: tuple[Split, ...] = ()

    async def listings(self, *, active: bool = True) -> tuple[Listing, ...]:
        if not active and self.delisted is not None:
            return self.delisted
        return await super().listings(active=active)

    async def splits(self, since: dt.date) -> tuple[Split, ...]:
        return tuple(split for split in self.told if split.date >= since)


class Rig:
    """A world to load into."""

    def __init__(self, server: EmbeddedPostgres, vendor: Vendor, clock: ManualClock) -> None:
        self.world = f"names-{next(worlds)}"
        self.address = server.dsn
        self.vendor, self.clock = vendor, clock
        self.lender = Lender(lambda: self.address, self.world, 3, PATIENT)
        self.board = Board()
        self.renamed: list[str] = []
        self.volumes = PostgresVolumes(self.lender, CALENDAR, 5)
        self.daily = DailyLedger(vendor, self.lender, lambda: True, clock, CALENDAR)

    async def universe(self) -> Progress:
        job = Universe(self.vendor, self.lender, self.clock, CALENDAR, lambda: self.renamed.append("yes"))
        await job.run(progress := Progress(), None)
        return progress

    async def slots(self) -> None:
        filling = Filling(self.vendor, self.daily, self.lender, self.volumes, self.board, together)
        await SlotsJob(filling, lambda _day: False, self.clock, CALENDAR).run(Progress(), 5)

    async def atr(self) -> None:
        await AtrJob(self.daily, self.lender, self.clock, CALENDAR).run(Progress(), None)

    async def usual(self, symbols: Sequence[Symbol] | None = None) -> dict[Symbol, tuple[list[float], int]]:
        """What is usual by each slot's end, and of how many sessions."""
        found = await self.volumes.baseline(TODAY, SplitBook(await self.daily.splits(SESSIONS[-1]), TODAY), symbols)
        columns = zip(found.symbols, found.ends.T.tolist(), found.sessions.tolist(), strict=True)
        return {symbol: (ends, sessions) for symbol, ends, sessions in columns}

    async def keep(self, *bars: DailyBars) -> None:
        async with self.lender.lent() as connection:
            for each in bars:
                await daily_store.keep_session(connection, each, Nanos(at("23:00", each.date)))

    async def change(self, *changes: SymbolChange) -> None:
        async with self.lender.lent() as connection:
            await name_store.replace_changes(connection, dt.date(2026, 1, 1), changes)

    async def told(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return await asked(self.address, query.replace("@", f"{schema_of(self.world)}."), *values)

    async def changes(self) -> list[tuple[Any, ...]]:
        return await self.told("SELECT old, new, date FROM @symbol_changes ORDER BY date, old")


@asynccontextmanager
async def rig_of(server: EmbeddedPostgres) -> AsyncIterator[Rig]:
    """A world with its tables, beside a vendor, in the morning of a day soon after the change."""
    clock = ManualClock(at("09:41", TODAY))
    async with listening(clock, SYMBOLS) as exchange, Vendor(exchange.rest_url, clock) as vendor:
        rig = Rig(server, vendor, clock)
        async with connected(server.dsn, rig.world):
            pass
        try:
            yield rig
        finally:
            await rig.lender.close()


def name_on(day: dt.date) -> Symbol:
    """What the market itself calls the company that is EKP today."""
    universe = small_market(SYMBOLS).universe
    old, new = (universe.row_of(symbol) for symbol in (OLD, NEW))
    assert universe.traits.key[old] == universe.traits.key[new]
    return OLD if day < CHANGED else NEW


async def cumulative(vendor: Vendor, day: dt.date) -> list[float]:
    """Volumes by slot end as one would add them up, from the vendor's bars of whatever it was called that day."""
    bars = await vendor.bars(name_on(day), 5, day, day)
    begin = CALENDAR.hours(day).pre_market_start
    slots = (bars.start - begin) // (300 * 1_000_000_000)
    return [float(bars.volume[slots <= slot].sum()) for slot in range(SLOTS)]


async def test_a_new_symbol_has_the_usual_day_of_its_company(server: EmbeddedPostgres) -> None:
    """Over all five sessions, to the share, on the board and for who looks at the work; bars stay under their names."""
    async with rig_of(server) as rig:
        await rig.atr()
        progress = await rig.universe()
        await rig.slots()
        usual = await rig.usual()
        some = await rig.usual([NEW])
        behind = await rig.volumes.behind(NEW, CALENDAR.hours(TODAY), 68)
        days = {day: await cumulative(rig.vendor, day) for day in SESSIONS}
        kept = await rig.told("SELECT date, symbol FROM @slot_days WHERE complete ORDER BY date, symbol")
        averages = await rig.told("SELECT symbol, sessions FROM @volume_slot_averages WHERE slot_number = 0 ORDER BY 1")

    naive = [sum(day[slot] for day in days.values()) / 5 for slot in range(SLOTS)]
    assert progress.errors == 0
    assert usual[NEW] == some[NEW]
    assert usual[NEW][0] == pytest.approx(naive)
    assert (naive[-1] > 0, usual[NEW][1]) == (True, 5)
    assert OLD not in usual
    assert usual[PLAIN][1] == 5
    assert averages == [(NEW, 5), (PLAIN, 5)]
    assert rig.board.baselines[-1].symbols
    assert [(each.date, each.volume_at_slot_end, each.volume_before) for each in behind] == [
        (day, days[day][68], days[day][67]) for day in SESSIONS
    ]
    new_or_old = [(day, name_on(day)) for day in sorted(SESSIONS)]
    # The old symbol is on the board still, and whoever takes it begins without a past.
    assert [row for row in kept if row[1] in (NEW, OLD) and row in new_or_old] == new_or_old
    assert not [row for row in kept if row[1] in (NEW, OLD) and row not in new_or_old and row[0] < CHANGED]


async def test_without_the_change_a_new_symbol_would_have_no_past(server: EmbeddedPostgres) -> None:
    """What the book is for: three sessions instead of five, and as many days instead of thirty."""
    async with rig_of(server) as rig:
        await rig.atr()
        await rig.slots()
        usual = await rig.usual()
        before = await rig.daily.daily_bars(SESSIONS[-1])
        await rig.universe()
        after = await rig.daily.daily_bars(SESSIONS[-1])

    assert usual[NEW][1] == 3
    assert (OLD in before.symbols, NEW in before.symbols) == (True, False)
    assert (OLD in after.symbols, NEW in after.symbols) == (False, True)


async def test_a_new_symbol_has_the_averages_of_its_company(server: EmbeddedPostgres) -> None:
    """Volumes, price and range of thirty sessions are those of one symbol that had traded all along."""
    async with rig_of(server) as rig:
        await rig.universe()
        await rig.atr()
        kept = await rig.told(
            "SELECT avg_volume_30d, avg_volume_10d, avg_price_30d, atr FROM @ticker_metadata"
            " JOIN @ticker_atr USING (symbol) WHERE symbol = $1",
            NEW,
        )
        naive = DailyHistory()
        for day in CALENDAR.last_sessions(TODAY, 30):
            bars = await rig.vendor.daily_bars(day, adjusted=False)
            row = bars.symbols.index(name_on(day))
            high, low, close, volume = (float(getattr(bars, name)[row]) for name in ("high", "low", "close", "volume"))
            naive.add(daily(day, ("IT", high, low, close, volume)))
        rows = await rig.told("SELECT count(*) FROM @daily_ohlc WHERE symbol = $1", NEW)

    expected = naive.averages()
    assert kept == [
        tuple(float(getattr(expected, name)[0]) for name in ("volume_30d", "volume_10d", "price_30d", "atr"))
    ]
    assert not np.isnan(kept[0]).any()
    assert rows == [(3,)]


async def test_changed_symbols_come_from_the_vendors_two_lists(server: EmbeddedPostgres) -> None:
    """Whoever stands on them is told once; an empty list is refused where changes are known, and they stay."""
    async with rig_of(server) as rig:
        first = await rig.universe()
        changes = await rig.changes()
        again = await rig.universe()
        rig.vendor.delisted = ()
        with pytest.raises(VendorUnavailable, match="lists nothing delisted where 1 symbols changed"):
            await rig.universe()
        stayed = await rig.changes()
        renamed = list(rig.renamed)

    assert changes == stayed == [(OLD, NEW, CHANGED)]
    assert first.rows == first.done + 1
    assert again.rows == 0
    assert renamed == ["yes"]


async def test_a_vendor_that_fails_in_the_second_list_takes_nothing_away(server: EmbeddedPostgres) -> None:
    """The universe was taken, and the changes that are known stay."""
    async with rig_of(server) as rig:
        await rig.universe()

        async def failing(*, active: bool = True) -> tuple[Listing, ...]:
            if active:
                return await PolygonRest.listings(rig.vendor)
            raise VendorUnavailable("the vendor answered 500")

        rig.vendor.listings = failing  # type: ignore[method-assign]
        with pytest.raises(VendorError):
            await rig.universe()

        assert await rig.changes() == [(OLD, NEW, CHANGED)]


async def test_bars_that_are_kept_settle_when_it_was(server: EmbeddedPostgres) -> None:
    """A vendor that dates the end a session late is set right; two symbols that traded side by side are two shares."""
    a, b, c, d = map(Symbol, "ABCD")
    days = CALENDAR.last_sessions(TODAY, 4)
    told = [SymbolChange(a, b, days[0]), SymbolChange(c, d, days[0]), SymbolChange(OLD, NEW, CHANGED)]
    row = (2.0, 1.0, 1.5, 100.0)
    async with rig_of(server) as rig:
        await rig.keep(
            daily(days[3], ("A", *row), ("C", *row), ("D", *row)),
            daily(days[2], ("A", *row), ("C", *row), ("D", *row)),
            daily(days[1], ("B", *row), ("D", *row)),
        )
        async with rig.lender.lent() as connection:
            settled = await name_store.settled(connection, told)

    assert settled == {SymbolChange(a, b, days[1]), SymbolChange(OLD, NEW, CHANGED)}


async def test_a_symbol_that_was_taken_over_is_two_companies(server: EmbeddedPostgres) -> None:
    """A became B, and another company is called A since; what B was before counts for nobody."""
    a, b = Symbol("A"), Symbol("B")
    change = SESSIONS[2]
    early, late = [day for day in SESSIONS if day < change], [day for day in SESSIONS if day >= change]
    volumes = {("A", day): 10.0 for day in early} | {("A", day): 7.0 for day in late}
    volumes |= {("B", day): 30.0 for day in late} | {("B", day): 99.0 for day in early}
    async with rig_of(server) as rig:
        row = (2.0, 1.0, 1.5, 100.0)
        await rig.keep(*(daily(day, ("A", *row), ("B", *row)) for day in SESSIONS))
        async with rig.lender.lent() as connection:
            await slot_store.keep_days(connection, days_of(volumes), SLOTS_OF)
        await rig.change(SymbolChange(a, b, change))
        usual, some = await rig.usual(), await rig.usual([a, b])
        behind = [await rig.volumes.behind(symbol, CALENDAR.hours(TODAY), 0) for symbol in (a, b)]

    for found in (usual, some):
        assert found[b][0][0] == pytest.approx((2 * 10.0 + 3 * 30.0) / 5)
        assert found[b][1] == 5
        assert found[a] == ([7.0 * slot for slot in range(1, SLOTS + 1)], 3)
    assert [[each.volume_at_slot_end for each in sessions] for sessions in behind] == [
        [7.0] * 3,
        [30.0] * 3 + [10.0] * 2,
    ]


async def test_a_split_under_the_old_symbol_counts_for_the_new_one(server: EmbeddedPostgres) -> None:
    """Ten for one before the change, and one of its morning: in the usual day, and in the work that is shown."""
    a, b = Symbol("A"), Symbol("B")
    change, before = SESSIONS[1], SESSIONS[3]
    row = (2.0, 1.0, 1.5, 100.0)
    async with rig_of(server) as rig:
        rig.vendor.told = (Split(a, before, old=1, new=10), Split(a, change, old=1, new=2))
        await rig.keep(*(daily(day, ("B" if day >= change else "A", *row)) for day in SESSIONS))
        async with rig.lender.lent() as connection:
            for day in SESSIONS:
                await slot_store.keep_days(connection, day_of("B" if day >= change else "A", 1.0, day), SLOTS_OF)
            await reference_store.put_splits(connection, rig.vendor.told)
        await rig.change(SymbolChange(a, b, change))
        usual = await rig.usual()
        behind = await rig.volumes.behind(b, CALENDAR.hours(TODAY), 0)

    assert [each.volume_at_slot_end for each in behind] == [1.0, 1.0, 2.0, 2.0, 20.0]
    assert usual[b][0][0] == pytest.approx(26.0 / 5)
