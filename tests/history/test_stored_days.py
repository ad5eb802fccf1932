"""Stored days as they are read: point in time, from a real Postgres that the jobs have filled from the exchange."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pytest

from tests.history.keeping import connected, kept_server
from tests.history.test_slots_job import SYMBOLS, Rig, rig_at
from tests.support.market import CALENDAR, DAY, at
from tradeul.domain.events import Nanos, Split, Symbol
from tradeul.domain.names import SymbolChange
from tradeul.domain.slot_prices import PRICES, SlotPrices
from tradeul.engine.backtest import StoredDay
from tradeul.history import name_store, price_store, reference_store, store
from tradeul.history.database import whole_or_nothing
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.jobs.job import Progress
from tradeul.history.jobs.slots import PricesJob
from tradeul.history.stored_days import StoredDays

SESSIONS = CALENDAR.last_sessions(DAY, 4)
PLAYED = SESSIONS[1]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


def days_of(rig: Rig) -> StoredDays:
    return StoredDays(rig.lender, CALENDAR, DAY, 2, 1)


async def facts_put(rig: Rig, symbol: Symbol, sector: str, now: Nanos) -> None:
    """Write down what is known of a company at a moment, as the jobs do."""
    async with rig.lender.lent() as connection:
        await connection.execute(
            "INSERT INTO ticker_metadata (symbol, sector, updated_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (symbol) DO UPDATE SET sector = excluded.sector, updated_at = excluded.updated_at",
            symbol,
            sector,
            dt.datetime.fromtimestamp(now / 1e9, dt.UTC),
        )


async def read(rig: Rig, day: dt.date = PLAYED) -> StoredDay:
    await rig.run(4)
    return await days_of(rig).day(day)


async def test_a_day_s_images_are_what_the_exchange_s_bars_say(server: EmbeddedPostgres) -> None:
    """Prices at each slot's end, for every symbol; what follows an entry is the same bars."""
    async with rig_at(server) as rig:
        day = await read(rig)
        symbol = day.symbols[3]
        bars = await rig.bars.bars(symbol, 5, PLAYED, PLAYED)
        image = next(image for image in day.images() if image.feed_time == at("11:00", PLAYED))

    ended = bars.start + 300 * 10**9 <= at("11:00", PLAYED)
    assert image.minute_close[3] == bars.close[ended][-1]
    assert image.minute_volume_today[3] == bars.volume[ended].sum()
    followed = day.trail(symbol)
    assert followed.minutes == 5
    assert followed.bars.start.tolist() == bars.start.tolist()
    assert followed.bars.open.tolist() == bars.open.tolist()


async def test_a_morning_knows_the_sessions_before_it_and_no_later_ones(server: EmbeddedPostgres) -> None:
    """Usual volumes are those of the two sessions before; the day itself and the next one have no part in them."""
    async with rig_at(server) as rig:
        day = await read(rig)
        rows = await rig.told("SELECT date, symbol, volume_accumulated FROM @volume_slots WHERE slot_number = 191")

    totals = {(date, symbol): volume for date, symbol, volume in rows}
    baseline = day.morning.baseline
    assert baseline is not None
    assert (baseline.as_of, day.told.baseline_sessions) == (PLAYED, 2)
    symbol = day.symbols[0]
    usual = baseline.ends[191, baseline.symbols.index(symbol)]
    assert usual == pytest.approx((totals[SESSIONS[2], symbol] + totals[SESSIONS[3], symbol]) / 2)


async def test_a_split_is_known_from_its_day_on(server: EmbeddedPostgres) -> None:
    """The day of a split counts earlier shares as new ones; the day before it knows nothing of it."""
    async with rig_at(server) as rig:
        await rig.run(4)
        symbol = rig.symbols[0]
        async with rig.lender.lent() as connection:
            await reference_store.put_splits(connection, [Split(symbol, PLAYED, 1, 2)])
        on_it, before = await days_of(rig).day(PLAYED), await days_of(rig).day(SESSIONS[2])
        rows = await rig.told("SELECT date, symbol, volume_accumulated FROM @volume_slots WHERE slot_number = 191")

    totals = {date: volume for date, of, volume in rows if of == symbol}
    assert _usual(on_it, symbol) == pytest.approx(totals[SESSIONS[2]] + totals[SESSIONS[3]])
    assert _usual(before, symbol) == pytest.approx(totals[SESSIONS[3]])
    assert on_it.morning.splits is not None
    assert len(on_it.morning.splits) == 1
    assert before.morning.splits is not None
    assert len(before.morning.splits) == 0


def _usual(day: StoredDay, symbol: Symbol) -> float:
    """What a whole day of a symbol usually is, by its morning."""
    baseline = day.morning.baseline
    assert baseline is not None
    return float(baseline.ends[191, baseline.symbols.index(symbol)])


async def test_facts_are_those_that_were_written_down_by_then(server: EmbeddedPostgres) -> None:
    """A sector that was learned at noon, or later changed, is none of the morning's; no fact is of the future."""
    async with rig_at(server) as rig:
        await rig.run(4)
        old, new = rig.symbols[:2]
        await facts_put(rig, old, "Mines", at("03:00", SESSIONS[2]))
        await facts_put(rig, old, "Banks", at("12:00", PLAYED))
        await facts_put(rig, new, "Ships", at("12:00", PLAYED))
        morning, next_one = await days_of(rig).day(PLAYED), await days_of(rig).day(SESSIONS[0])

    assert [(each.symbol, each.sector) for each in morning.morning.facts] == [(old, "Mines")]
    assert {each.symbol: each.sector for each in next_one.morning.facts} == {old: "Banks", new: "Ships"}


async def test_a_company_goes_by_today_s_symbol(server: EmbeddedPostgres) -> None:
    """What was kept under its old one is found, and its past is its own."""
    async with rig_at(server) as rig:
        await rig.run(4)
        old, new = rig.symbols[0], Symbol("NOW")
        async with rig.lender.lent() as connection:
            await name_store.replace_changes(connection, SESSIONS[3], [SymbolChange(old, new, SESSIONS[0])])
        day = await days_of(rig).day(PLAYED)

    assert new in day.symbols
    assert old not in day.symbols
    assert day.morning.baseline is not None
    assert new in day.morning.baseline.symbols


async def test_minutes_are_followed_where_all_of_them_are_kept(server: EmbeddedPostgres) -> None:
    """Else the slots are: half a day of minutes would call the other half a halt."""
    async with rig_at(server) as rig:
        await rig.run(4)
        whole, part = rig.symbols[:2]
        async with connected(server.dsn, rig.world) as connection:
            end = at("23:59", PLAYED)
            await connection.execute(
                "CREATE TABLE minutes PARTITION OF aggregates_1min FOR VALUES FROM ($$2026-11-01$$) TO ($$2026-12-01$$)"
            )
            for symbol in (whole, part):
                await connection.execute(
                    "INSERT INTO aggregates_1min (time, symbol, open, high, low, close, volume) "
                    "VALUES (to_timestamp($1), $2, 1, 2, 0.5, 1.5, 100)",
                    float(at("10:00", PLAYED) // 10**9),
                    symbol,
                )
            await connection.execute(
                "INSERT INTO minutes_completed VALUES ($1, $2, to_timestamp($3))", whole, PLAYED, end // 10**9 + 86_400
            )
        day = await days_of(rig).day(PLAYED)

    assert day.trail(whole).minutes == 1
    assert day.trail(whole).bars.open.tolist() == [1.0]
    assert day.trail(part).minutes == 5


async def test_a_day_seen_live_gets_its_prices_from_the_job(server: EmbeddedPostgres) -> None:
    """Its volumes are known and stay; only prices are lacking, and who has them is not asked again."""
    async with rig_at(server) as rig:
        await rig.run(2)
        async with rig.lender.lent() as connection:
            await connection.execute("DELETE FROM slot_prices WHERE date = $1", SESSIONS[0])
        before = len(rig.bars.asked)
        await rig.run(2)
        unasked = len(rig.bars.asked)
        job = PricesJob(*rig.job_parts)
        await job.run(Progress(), 2)
        asked = rig.bars.asked[unasked:]
        await job.run(Progress(), 2)
        counts = await days_of(rig).kept(SESSIONS[1], SESSIONS[0])

    assert unasked == before
    assert sorted(asked) == sorted((symbol, SESSIONS[0], SESSIONS[0]) for symbol in rig.symbols)
    assert len(rig.bars.asked) == unasked + SYMBOLS
    assert counts == {SESSIONS[1]: SYMBOLS, SESSIONS[0]: SYMBOLS}


async def test_keeping_prices_twice_is_keeping_them_once(server: EmbeddedPostgres) -> None:
    """What comes later stands."""
    async with rig_at(server) as rig:
        await rig.run(1)
        async with rig.lender.lent() as connection:
            lines = await price_store.prices(connection, SESSIONS[0])
            key = (SESSIONS[0], lines.symbols[0])
            again = SlotPrices((key,), *(lines.columns[name][:1] + 1.0 for name in PRICES))
            async with whole_or_nothing(connection):
                await price_store.keep(connection, again)
            after = await price_store.prices(connection, SESSIONS[0])

    assert after.symbols == lines.symbols
    assert np.array_equal(after.columns["close"][0], lines.columns["close"][0] + 1.0, equal_nan=True)
    assert np.array_equal(after.columns["close"][1:], lines.columns["close"][1:], equal_nan=True)


async def test_days_later_than_the_market_s_present_are_set_aside(server: EmbeddedPostgres) -> None:
    """A clock that was set back has not seen them: no backtest plays them, and they are counted."""
    async with rig_at(server) as rig:
        await rig.run(2)
        async with rig.lender.lent() as connection:
            moved = await store.set_aside_piece(connection, store.KINDS_SET_ASIDE - 1, at("12:00", SESSIONS[0]))
        kept = await days_of(rig).kept(SESSIONS[1], SESSIONS[0])
        aside = await rig.told("SELECT table_name, row ->> 'date', count(*) FROM @set_aside GROUP BY 1, 2")

    assert moved == SYMBOLS
    assert kept == {SESSIONS[1]: SYMBOLS}
    assert aside == [("slot_prices", str(SESSIONS[0]), SYMBOLS)]
