"""What is kept of single symbols: minutes of which the better one counts, and bars folded from them."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.history.keeping import at_work, connected, kept, kept_server, later, minute, minutes_in, writer_into
from tests.history.worlds import execute
from tests.support.eventually import eventually
from tests.support.market import CALENDAR, DAY, NANOS, at
from tests.support.simulated import listening, small_market
from tradeul.clock import SystemClock
from tradeul.domain.events import Metadata, MinuteBar, Nanos, Symbol
from tradeul.engine.ports import SymbolAnnals
from tradeul.errors import HistoryUnavailable
from tradeul.history import symbol_store
from tradeul.history.batches import Batch
from tradeul.history.embedded import EmbeddedPostgres
from tradeul.history.symbol_annals import PostgresSymbolAnnals
from tradeul.polygon.rest import PolygonRest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that no test stops."""
    with kept_server() as started:
        yield started


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_of_two_about_one_minute_the_later_one_counts(
    server: EmbeddedPostgres, tmp_path: Path, order: tuple[int, int]
) -> None:
    """What knew more stays, also if it is written first, as when the other one comes back from the spool."""
    world = f"told{order[0]}"
    told = {1: minute(1, volume=500.0), 2: minute(1, volume=400.0, as_of=later(600))}
    async with at_work(writer_into(lambda: server.dsn, tmp_path, world)) as writer:
        for number in order:
            writer.minute(told[number])
        await eventually(lambda: writer.report.written == 2)

    assert await minutes_in(server.dsn, world) == [told[2]]


async def kept_minutes(server: EmbeddedPostgres, world: str, *minutes: MinuteBar) -> None:
    await kept(server.dsn, Batch([], [], [], list(minutes)), world)


@asynccontextmanager
async def annals_of(server: EmbeddedPostgres, world: str) -> AsyncIterator[SymbolAnnals]:
    async with connected(server.dsn, world):
        pass
    annals = PostgresSymbolAnnals(lambda: server.dsn, world, CALENDAR)
    try:
        yield annals
    finally:
        await annals.close()


async def test_minutes_are_joined_to_longer_bars(server: EmbeddedPostgres) -> None:
    """Open of the first, close of the last, the range of all, their shares, and the average of all shares."""
    minutes = [
        minute(0, open=1.0, high=4.0, low=1.0, close=3.0, volume=100.0, vwap=2.0, trades=5.0),
        minute(2, open=3.0, high=6.0, low=2.0, close=5.0, volume=300.0, vwap=4.0, trades=6.0),
        minute(4, open=5.0, high=5.0, low=0.5, close=0.75, volume=0.0, vwap=None, trades=1.0),
        minute(5, open=7.0, vwap=None),
        minute(6, "OTHER"),
    ]
    await kept_minutes(server, "joined", *minutes)
    async with annals_of(server, "joined") as annals:
        bars = await annals.bars(Symbol("ACME"), 5, later(0), later(599))
        first = await annals.bars(Symbol("ACME"), 5, later(0), later(299))
        none = await annals.bars(Symbol("NOBODY"), 1, later(0), later(599))

    assert bars.start.tolist() == [later(0), later(300)]
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap, bars.trades)
    assert [column[0] for column in columns] == [1.0, 6.0, 0.5, 0.75, 400.0, 3.5, 12.0]
    assert (bars.open[1], bars.vwap[1], bars.trades[1]) == (7.0, 0.0, 0.0)
    assert first.start.tolist() == [later(0)]
    assert (none.start.tolist(), none.open.tolist(), bars.adjusted) == ([], [], False)


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
async def test_bars_are_those_of_the_exchange(server: EmbeddedPostgres, minutes: int) -> None:
    """Joined from kept minutes, a symbol's day is the same as the exchange gives it in longer bars."""
    world, symbol = f"day{minutes}", Symbol(small_market(60).universe.symbols[0])
    first, last = at("04:00"), Nanos(at("20:00") - 1)
    async with listening(at("20:30"), 60) as exchange, PolygonRest(exchange.rest_url, "", SystemClock()) as rest:
        ones = await rest.bars(symbol, 1, first, last)
        theirs = await rest.bars(symbol, minutes, first, last)
    columns = (ones.start, ones.open, ones.high, ones.low, ones.close, ones.volume, ones.vwap, ones.trades)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    await kept_minutes(
        server, world, *(MinuteBar._make((start, symbol, *values, at("20:30"))) for start, *values in rows)
    )
    async with annals_of(server, world) as annals:
        ours = await annals.bars(symbol, minutes, first, last)

    assert len(ours.start) > 5
    for name in ("start", "open", "high", "low", "close", "volume"):
        assert getattr(ours, name).tolist() == getattr(theirs, name).tolist()
    assert ours.trades.sum() == ones.trades.sum()


async def test_a_day_is_complete_when_it_was_asked_for_at_its_end(server: EmbeddedPostgres) -> None:
    """A quarter of an hour after the post-market, on a half day too; earlier it may still have changed."""
    half_day = dt.date(2026, 11, 27)
    asked_at = {
        DAY: at("20:15"), dt.date(2026, 11, 19): at("20:14:59", dt.date(2026, 11, 19)), half_day: at("17:15", half_day),
    }  # fmt: skip
    async with connected(server.dsn, "complete") as connection:
        for day, moment in asked_at.items():
            await symbol_store.note_completed(connection, Symbol("A"), day, moment)
            # What was known later is not unlearned.
            await symbol_store.note_completed(connection, Symbol("A"), day, Nanos(moment - 3600 * NANOS))
    async with annals_of(server, "complete") as annals:
        assert await annals.complete_days(Symbol("A"), DAY, half_day) == {DAY, half_day}
        assert await annals.complete_days(Symbol("A"), DAY, DAY) == {DAY}
        assert await annals.complete_days(Symbol("B"), DAY, half_day) == frozenset()


async def test_metadata_is_read_as_it_is_kept(server: EmbeddedPostgres) -> None:
    """Every column by its name, unknown ones as None; a symbol that is not there, or cannot be, is None."""
    async with annals_of(server, "facts") as annals:
        await execute(
            server.dsn,
            """INSERT INTO facts.ticker_metadata (symbol, company_name, beta, is_etf, updated_at)
            VALUES ('BACpL', 'Bank', 1.25, false, '2026-11-18 02:00 America/New_York')""",
        )
        found = await annals.metadata(Symbol("BACpL"))
        missing = [await annals.metadata(Symbol(symbol)) for symbol in ("BACPL", "", "N\0", "\ud800")]

    assert found is not None
    assert found._asdict() == dict.fromkeys(Metadata._fields) | {
        "symbol": "BACpL", "company_name": "Bank", "beta": 1.25, "is_etf": False, "updated_at": at("02:00"),
    }  # fmt: skip
    assert missing == [None] * 4


async def test_without_a_server_it_is_said() -> None:
    """Every question ends in the one error that says so."""
    annals = PostgresSymbolAnnals(lambda: "", "none", CALENDAR)
    for question in (
        annals.metadata(Symbol("A")),
        annals.complete_days(Symbol("A"), DAY, DAY),
        annals.bars(Symbol("A"), 1, at("10:00"), at("11:00")),
    ):
        with pytest.raises(HistoryUnavailable):
            await question
