"""The job that fills volumes by slot: from the simulated exchange over sockets into a real Postgres."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.history.keeping import PATIENT, asked, connected, kept_server
from tests.support.market import CALENDAR, DAY, at
from tests.support.simulated import listening, small_market, worked
from tradeul.clock import ManualClock
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.domain.usual import Baseline
from tradeul.errors import VendorUnavailable
from tradeul.history.daily import DailyLedger
from tradeul.history.database import schema_of
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs import slot_fill
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.slot_fill import Filling
from tradeul.history.jobs.slots import SlotsJob
from tradeul.history.lending import Lender
from tradeul.history.volumes import PostgresVolumes
from tradeul.polygon.rest import PolygonRest
from tradeul.simulation.tape import Tape
from tradeul.supervisor import together

SESSIONS = CALENDAR.last_sessions(DAY, 5)
SYMBOLS = 24
worlds = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


class Bars:
    """The vendor's bars, counted; of some symbols they cannot be had."""

    def __init__(self, rest: PolygonRest) -> None:
        self._rest = rest
        self.asked: list[tuple[Symbol, dt.date, dt.date]] = []
        self.broken: set[str] = set()

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> Any:
        return await self._rest.daily_bars(day, adjusted=adjusted)

    async def bars(self, symbol: Symbol, span: Any, first: Any, last: Any, *, adjusted: bool = False) -> SymbolBars:
        self.asked.append((symbol, first, last))
        if symbol in self.broken or "*" in self.broken:
            raise VendorUnavailable("the vendor is down")
        return await self._rest.bars(symbol, span, first, last, adjusted=adjusted)


class Wanted:
    """A market of these symbols, some in play; notes what it is given."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._symbols = symbols
        self.in_play: list[Symbol] = []
        self.lacking: list[Symbol] = []
        self.closed = 0
        self.baselines: list[Baseline] = []
        self.records: list[SlotRecord] = []
        self.ranges: list[DayRange] = []

    def is_up(self) -> bool:
        return True

    def symbols(self) -> Sequence[Symbol]:
        return self._symbols

    def hot(self) -> Sequence[Symbol]:
        return self.in_play

    def holes(self) -> tuple[dt.date, int, Sequence[Symbol]]:
        return DAY, self.closed, self.lacking

    async def take_baseline(self, baseline: Baseline) -> None:
        self.baselines.append(baseline)

    async def backfill(self, date: dt.date, records: Sequence[SlotRecord]) -> None:
        assert date == DAY
        self.records += records

    async def take_ranges(self, date: dt.date, ranges: Sequence[DayRange]) -> None:
        assert date == DAY
        self.ranges += ranges


class Rig:
    def __init__(self, server: EmbeddedPostgres, rest: PolygonRest, wall: str) -> None:
        self.world = f"job-{next(worlds)}"
        self.address = server.dsn
        self.clock = ManualClock(at(wall))
        self.lender = Lender(lambda: self.address, self.world, 3, PATIENT)
        self.rest = rest
        self.bars = Bars(rest)
        self.symbols = [Symbol(str(symbol)) for symbol in small_market(SYMBOLS).universe.symbols]
        self.wanted = Wanted(self.symbols)
        self.volumes = PostgresVolumes(self.lender, CALENDAR, 5)
        self.pending: set[dt.date] = set()
        daily = DailyLedger(rest, None, bool, self.clock, CALENDAR)
        filling = Filling(self.bars, daily, self.lender, self.volumes, self.wanted, together)
        self.job_parts = (filling, self.pending.__contains__, self.clock, CALENDAR)
        self.job = SlotsJob(*self.job_parts)

    async def run(self, days: int | None = 5) -> Progress:
        progress = Progress()
        await self.job.run(progress, days)
        return progress

    async def told(self, query: str) -> list[tuple[Any, ...]]:
        return await asked(self.address, query.replace("@", f"{schema_of(self.world)}."))


@asynccontextmanager
async def rig_at(server: EmbeddedPostgres, wall: str = "09:41") -> AsyncIterator[Rig]:
    """A world with its tables, beside a vendor."""
    clock = ManualClock(at(wall))
    async with listening(clock, SYMBOLS) as exchange, PolygonRest(exchange.rest_url, "key", clock) as rest:
        rig = Rig(server, rest, wall)
        async with connected(server.dsn, rig.world):
            pass
        try:
            yield rig
        finally:
            await rig.lender.close()


def volume_by(symbol: Symbol, instant: Nanos, day: dt.date) -> int:
    """What the simulated market itself says had traded by then."""
    market = small_market(SYMBOLS)
    tape = Tape(worked(market.day(day)))
    worked(tape.place(tape.day.second_at(instant)))
    return int(tape.volume[list(market.universe.symbols).index(symbol)])


async def test_what_is_kept_is_what_the_market_traded(server: EmbeddedPostgres) -> None:
    """At slot ends of past sessions, to the share, for every symbol; and the averages of it are the means."""
    async with rig_at(server) as rig:
        progress = await rig.run()
        rows = await rig.told("SELECT date, symbol, slot_number, volume_accumulated, source FROM @volume_slots")
        averages = await rig.told(
            "SELECT symbol, avg_volume, sessions, as_of FROM @volume_slot_averages WHERE slot_number = 90"
        )

    found = {(date, symbol, slot): volume for date, symbol, slot, volume, _ in rows}
    assert len(found) == SYMBOLS * 5 * 192
    assert {source for *_, source in rows} == {"backfilled"}
    for day in SESSIONS[:2]:
        for slot in (65, 66, 143, 191):
            instant = Nanos(CALENDAR.hours(day).pre_market_start + (slot + 1) * 300 * 1_000_000_000)
            for symbol in rig.symbols[::5]:
                assert found[day, symbol, slot] == volume_by(symbol, instant, day)
    assert (progress.done, progress.total, progress.errors) == (SYMBOLS, SYMBOLS, 0)
    for symbol, average, sessions, as_of in averages:
        known = [found[day, symbol, 90] for day in SESSIONS]
        assert as_of == DAY
        assert average == pytest.approx(sum(known[:sessions]) / sessions)


async def test_only_what_is_missing_is_asked_for(server: EmbeddedPostgres) -> None:
    """Nothing twice; deeper history is one question more a symbol, and half days are kept too."""
    async with rig_at(server) as rig:
        await rig.run(2)
        first = list(rig.bars.asked)
        await rig.run(2)
        second = list(rig.bars.asked)
        await rig.run(5)

    assert sorted(first) == sorted((symbol, SESSIONS[1], SESSIONS[0]) for symbol in rig.symbols)
    assert second == first
    assert sorted(rig.bars.asked[SYMBOLS:]) == sorted((symbol, SESSIONS[4], SESSIONS[2]) for symbol in rig.symbols)


async def test_who_is_in_play_comes_first_and_turns_exact_at_once(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also who came into play since; each piece that was kept is on the board before the next is asked for."""
    monkeypatch.setattr(slot_fill, "ROWS_AT_ONCE", 10)
    monkeypatch.setattr(slot_fill, "AT_ONCE", 1)
    async with rig_at(server) as rig:
        hot, late = rig.symbols[-1], rig.symbols[-2]
        rig.wanted.in_play = [hot]

        async def take(baseline: Baseline) -> None:
            rig.wanted.in_play = [hot, late]
            rig.wanted.baselines.append(baseline)

        rig.wanted.take_baseline = take  # type: ignore[method-assign]
        await rig.run()

    order = [symbol for symbol, *_ in rig.bars.asked]
    assert order[0] == hot
    assert order[2] == late
    assert [len(baseline.symbols) for baseline in rig.wanted.baselines] == [2] * (SYMBOLS // 2)
    assert set(rig.wanted.baselines[0].symbols) == {hot, rig.symbols[0]}
    assert rig.wanted.baselines[0].as_of == DAY


async def test_a_run_that_was_cut_short_goes_on_where_it_ended(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that fails for one symbol after the other ends it; what was kept is not asked for again."""
    monkeypatch.setattr(slot_fill, "ROWS_AT_ONCE", 10)
    monkeypatch.setattr(slot_fill, "ERRORS_BORNE", 2)
    monkeypatch.setattr(slot_fill, "AT_ONCE", 1)
    async with rig_at(server) as rig:
        rig.bars.broken = set(rig.symbols[10:])
        with pytest.raises(VendorUnavailable):
            await rig.run()
        rig.bars.broken, before = set(), len(rig.bars.asked)
        progress = await rig.run()
        complete = await rig.told("SELECT count(*) FROM @slot_days WHERE complete")

    assert before == 10 + 3
    assert progress.total == SYMBOLS - 10
    assert complete == [(SYMBOLS * 5,)]


async def test_one_symbol_that_fails_is_passed_over_and_counted(server: EmbeddedPostgres) -> None:
    """The others are kept; the next run asks for it again."""
    async with rig_at(server) as rig:
        rig.bars.broken = {rig.symbols[3]}
        progress = await rig.run()
        rig.bars.broken = set()
        again = await rig.run()

    assert (progress.errors, progress.done) == (1, SYMBOLS)
    assert (again.errors, again.total) == (0, 1)


async def test_a_session_on_its_way_from_its_file_is_left_to_later(server: EmbeddedPostgres) -> None:
    """What was seen live is better than bars, and is about to come."""
    async with rig_at(server) as rig:
        rig.pending.add(SESSIONS[0])
        await rig.run(3)
        rig.pending.clear()
        await rig.run(3)

    assert {(first, last) for _, first, last in rig.bars.asked[:SYMBOLS]} == {(SESSIONS[2], SESSIONS[1])}
    assert {(first, last) for _, first, last in rig.bars.asked[SYMBOLS:]} == {(SESSIONS[0], SESSIONS[0])}


async def test_what_was_missed_of_today_is_filled_on_the_way(server: EmbeddedPostgres) -> None:
    """One question a symbol for past and present; the closed slots go to the day's book, marked as backfilled."""
    async with rig_at(server, "09:41") as rig:
        rig.wanted.lacking, rig.wanted.closed = rig.symbols[:5], 68
        await rig.run(2)
        of_today = [await rig.bars.bars(symbol, 5, DAY, DAY) for symbol in rig.symbols[:5]]

    assert {(first, last) for symbol, first, last in rig.bars.asked[:-5] if symbol in rig.symbols[:5]} == {
        (SESSIONS[1], DAY)
    }
    records = {record.slot: record for record in rig.wanted.records}
    assert sorted(records) == list(range(68))
    opening = records[66]
    assert set(opening.symbols) == set(rig.symbols[:5])
    assert set(opening.sources.tolist()) == {Source.BACKFILLED}
    for symbol, volume in zip(opening.symbols, opening.volumes.tolist(), strict=True):
        assert volume == volume_by(symbol, at("09:35"), DAY)
    assert (np.diff([records[slot].volumes for slot in range(68)], axis=0) >= 0).all()
    told = {each.symbol: (each.high, each.low) for each in rig.wanted.ranges}
    assert told == {bars.symbol: (bars.high.max(), bars.low.min()) for bars in of_today}
