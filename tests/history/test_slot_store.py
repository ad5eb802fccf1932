"""Volumes by slot in a real Postgres: kept once, improved by what is better, averaged as the contract says."""

import asyncio
import datetime as dt
import itertools
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.history.keeping import connected, kept_server
from tests.history.slots import SLOTS, day_of, days_of, end_of
from tests.support.market import CALENDAR, DAY, daily
from tradeul.domain.day_volumes import joined, slot_count
from tradeul.domain.events import Nanos, Split, Symbol
from tradeul.domain.slot_book import Source
from tradeul.domain.splits import SplitBook
from tradeul.domain.usual import Baseline
from tradeul.history import daily_store, slot_store
from tradeul.history.database import whole_or_nothing
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.slot_store import Taken

SESSIONS = CALENDAR.last_sessions(DAY, 5)
SLOTS_OF = {date: slot_count(CALENDAR.hours(date)) for date in [DAY, dt.date(2026, 11, 27), *SESSIONS]}
FIRST = Taken(b"file", 100)
NO_SPLITS = SplitBook([], DAY)
A, B = Symbol("A"), Symbol("B")
worlds = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@asynccontextmanager
async def database(server: EmbeddedPostgres) -> AsyncIterator[Any]:
    """A connection to a world of its own."""
    async with connected(server.dsn, f"slots-{next(worlds)}") as connection:
        yield connection


async def shown(connection: Any, symbol: str = "A", date: dt.date = DAY) -> dict[int, tuple[Any, ...]]:
    rows = await connection.fetch(
        "SELECT slot_number, volume_accumulated, trades_count, avg_price, source, slot_time FROM volume_slots"
        " WHERE symbol = $1 AND date = $2",
        symbol,
        date,
    )
    return {row[0]: tuple(row)[1:] for row in rows}


async def traded_since(connection: Any, first: dict[str, dt.date]) -> None:
    """Daily bars from which it follows since when a symbol trades."""
    for date in sorted(set(first.values())):
        rows = [(symbol, 2.0, 1.0, 1.5, 100.0) for symbol, since in first.items() if since <= date]
        await daily_store.keep_session(connection, daily(date, *rows), Nanos(0))


async def baseline(connection: Any, splits: SplitBook = NO_SPLITS, symbols: list[Symbol] | None = None) -> Baseline:
    return await slot_store.baseline(connection, DAY, SESSIONS, dt.date(2026, 10, 1), splits, symbols)


def of(found: Baseline, symbol: str) -> tuple[float, int]:
    """Usual by the end of the day, and of how many sessions."""
    place = found.symbols.index(Symbol(symbol))
    return float(found.ends[SLOTS - 1, place]), int(found.sessions[place])


async def test_a_session_is_shown_slot_by_slot(server: EmbeddedPostgres) -> None:
    """By the names and in the shape of the contract; what is not known has no row."""
    rows = joined([day_of("A", 10.5), day_of("BACpL", 0.0, known=7), day_of("A", 2.0, dt.date(2026, 11, 27))])
    async with database(server) as connection:
        kept = await slot_store.keep_days(connection, rows, SLOTS_OF)
        found = await shown(connection)
        short = await shown(connection, "BACpL")
        half = await shown(connection, date=dt.date(2026, 11, 27))

    assert kept == 3
    assert list(found) == list(range(SLOTS))
    assert found[0] == (10.5, 3, 12.5, "backfilled", dt.time(4))
    assert found[66] == (703.5, 3, 12.5, "backfilled", dt.time(9, 30))
    assert list(short) == list(range(7))
    assert list(half) == list(range(156))


async def test_keeping_again_changes_nothing_and_better_values_improve(server: EmbeddedPostgres) -> None:
    """What was seen live stands; a lower bound gives way; what bars add beside it is added."""
    live = day_of("A", 10.0, source=Source.LIVE, known=100)
    live.sources[0, 50] = Source.CARRIED
    live.trades[:], live.prices[:] = np.nan, np.nan
    async with database(server) as connection:
        await slot_store.keep_days(connection, live, SLOTS_OF)
        before = await slot_store.completeness(connection, [DAY])
        for _ in range(2):
            await slot_store.keep_days(connection, joined([day_of("A", 10.0), day_of("B", 1.0)]), SLOTS_OF)
        found = await shown(connection)
        count = await connection.fetchval("SELECT count(*) FROM slot_days")
        after = await slot_store.completeness(connection, [SESSIONS[0], DAY])

    assert before == {}
    assert found[49] == (500.0, 3, 12.5, "live", dt.time(8, 5))
    assert found[50][3] == "backfilled"
    assert found[150][3] == "backfilled"
    assert count == 2
    assert after == {"A": 2, "B": 2}


async def test_two_who_keep_the_first_rows_of_a_day_do_not_meet(server: EmbeddedPostgres) -> None:
    """The writer and a job may both be the first to need a day's part."""
    world = f"slots-{next(worlds)}"
    async with connected(server.dsn, world) as first, connected(server.dsn, world) as second:

        async def keep(connection: Any, symbol: str) -> None:
            async with whole_or_nothing(connection):
                await slot_store.keep_days(connection, day_of(symbol, 1.0), SLOTS_OF)

        await asyncio.gather(keep(first, "A"), keep(second, "B"))
        count = await first.fetchval("SELECT count(*) FROM slot_days")

    assert count == 2


async def test_a_usual_day_is_the_mean_of_the_sessions_that_are_whole(server: EmbeddedPostgres) -> None:
    """A session known only in part is none; five are counted as five, and three as three."""
    volumes = {("A", date): float(place) for place, date in enumerate(SESSIONS)}
    volumes |= {("B", date): 8.0 for date in SESSIONS[:3]}
    async with database(server) as connection:
        await traded_since(connection, {"A": dt.date(2026, 10, 1), "B": dt.date(2026, 10, 1)})
        await slot_store.keep_days(connection, days_of(volumes), SLOTS_OF)
        await slot_store.keep_days(connection, day_of("B", 99.0, SESSIONS[3], known=191), SLOTS_OF)
        found = await baseline(connection)
        only = await baseline(connection, symbols=[B])

    assert of(found, "A") == (2.0 * SLOTS, 5)
    assert of(found, "B") == of(only, "B") == (8.0 * SLOTS, 3)
    assert only.symbols == (B,)
    assert found.as_of == DAY
    assert found.ends[0, found.symbols.index(A)] == 2.0


async def test_a_day_without_a_trade_counts_from_the_first_trade_on(server: EmbeddedPostgres) -> None:
    """Zero days are kept, but those before a symbol was listed are none of its own."""
    volumes = {("OLD", date): 0.0 for date in SESSIONS} | {("NEW", date): 0.0 for date in SESSIONS}
    volumes |= {("OLD", SESSIONS[2]): 10.0, ("NEW", SESSIONS[1]): 10.0, ("NEVER", SESSIONS[0]): 0.0}
    async with database(server) as connection:
        await traded_since(connection, {"OLD": dt.date(2026, 10, 1)})
        await slot_store.keep_days(connection, days_of(volumes), SLOTS_OF)
        found = await baseline(connection)

    assert of(found, "OLD") == (10.0 * SLOTS / 5, 5)
    assert of(found, "NEW") == (10.0 * SLOTS / 2, 2)
    assert "NEVER" not in found.symbols


async def test_sessions_before_a_split_count_in_the_shares_of_today(server: EmbeddedPostgres) -> None:
    """A 10-for-1 split in between: what is kept stays as it was traded."""
    splits = SplitBook([Split(A, SESSIONS[1], old=1, new=10)], DAY)
    async with database(server) as connection:
        await slot_store.keep_days(connection, days_of({("A", date): 7.0 for date in SESSIONS}), SLOTS_OF)
        found = await baseline(connection, splits)
        kept = await shown(connection, date=SESSIONS[4])

    assert of(found, "A")[0] == pytest.approx(SLOTS * (2 * 7 + 3 * 70) / 5)
    assert kept[0][0] == 7.0


async def test_averages_are_replaced_as_a_whole_and_shown(server: EmbeddedPostgres) -> None:
    """One row per symbol and slot, and no symbol of the last time stays."""
    first = Baseline(SESSIONS[0], (A, B), np.ones((SLOTS, 2)), np.array([5, 4]))
    second = Baseline(DAY, (A,), np.arange(SLOTS, dtype=float)[:, None], np.array([3]))
    async with database(server) as connection:
        for averages in (first, second):
            await slot_store.keep_averages(connection, averages)
        rows = await connection.fetch("SELECT * FROM volume_slot_averages ORDER BY slot_number")

    assert [tuple(row) for row in rows] == [("A", slot, float(slot), 3, DAY) for slot in range(SLOTS)]


async def test_slots_of_the_running_day_are_kept_as_they_close(server: EmbeddedPostgres) -> None:
    """A slot told twice is the better of both, and how far the file was read stands beside it."""
    async with database(server) as connection:
        await slot_store.keep_end(connection, DAY, end_of(66, {"A": 5.0, "B": math.nan}), FIRST)
        await slot_store.keep_end(
            connection, DAY, end_of(66, {"B": 3.0, "C": 2.0}, Source.BACKFILLED), FIRST._replace(bytes=200)
        )
        await slot_store.keep_end(connection, DAY, end_of(66, {"A": 4.0}, Source.CARRIED), FIRST._replace(bytes=300))
        found = {symbol: await shown(connection, symbol) for symbol in "ABC"}
        file = await slot_store.day_file(connection, DAY)
        other = await slot_store.day_file(connection, SESSIONS[0])

    nine_thirty = dt.time(9, 30)
    assert found == {
        "A": {66: (5.0, None, None, "live", nine_thirty)},
        "B": {66: (3.0, None, None, "backfilled", nine_thirty)},
        "C": {66: (2.0, None, None, "backfilled", nine_thirty)},
    }
    assert file == FIRST._replace(bytes=300)
    assert other == Taken()


async def test_a_day_that_is_over_is_kept_by_symbol_instead(server: EmbeddedPostgres) -> None:
    """It is shown once, not twice."""
    whole = day_of("A", 1.0, source=Source.LIVE)
    async with database(server) as connection:
        await slot_store.keep_end(connection, DAY, end_of(66, {"A": 5.0}), FIRST)
        kept = await slot_store.finish_day(connection, whole, DAY, SLOTS, FIRST)
        again = await slot_store.finish_day(connection, whole, DAY, SLOTS, FIRST)
        found = await shown(connection)
        count = await connection.fetchval("SELECT count(*) FROM volume_slots")
        file = await slot_store.day_file(connection, DAY)

    assert kept == again == 1
    assert count == SLOTS
    assert found[66][0] == 67.0
    assert file == FIRST._replace(finished=True)


async def test_names_that_no_text_can_hold_hold_up_nobody(server: EmbeddedPostgres) -> None:
    """They are kept under a name that can be, again and again."""
    async with database(server) as connection:
        for _ in range(2):
            await slot_store.keep_days(connection, joined([day_of("N\0L", 1.0), day_of("A", 1.0)]), SLOTS_OF)
        await slot_store.keep_end(connection, DAY, end_of(1, {"N\0L": 5.0}), Taken(b"f", 1))
        symbols = await connection.fetch("SELECT symbol FROM slot_days ORDER BY symbol")

    assert [row[0] for row in symbols] == ["A", "N\N{REPLACEMENT CHARACTER}L"]
