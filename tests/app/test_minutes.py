"""The whole program over some minutes of a market: what it kept of hot symbols is what their exchange says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.app.test_history import asked, program
from tests.history.keeping import asked as rows_of
from tests.history.worlds import place, postgres
from tests.support.eventually import eventually
from tests.support.market import CALENDAR, DAY, at
from tradeul.app import App
from tradeul.clock import ManualClock
from tradeul.domain.events import Nanos, Symbol, SymbolBars
from tradeul.history.partitions import instant_of_moment
from tradeul.polygon.rest import PolygonRest
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.market import Market

SYMBOLS = 400
MS = 1_000_000
KEPT = "SELECT symbol, time, open, high, low, close, volume, vwap FROM sim_7.aggregates_1min"


@asynccontextmanager
async def same_exchange() -> AsyncIterator[PolygonRest]:
    """The exchange of the program's market, on another clock: the same seed is the same market."""
    exchange = Exchange(Market(7, SYMBOLS, CALENDAR), ManualClock(at("20:30")))
    await exchange.start()
    try:
        async with PolygonRest(exchange.rest_url, "", ManualClock(at("20:30"))) as rest:
            yield rest
    finally:
        await exchange.close()


Minutes = dict[Nanos, tuple[Any, ...]]


def facts_of(bars: SymbolBars) -> Minutes:
    """Prices and volume of each minute of a symbol."""
    columns = zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    return {Nanos(int(start)): tuple(map(float, bar)) for start, bar in zip(bars.start, columns, strict=True)}


async def enough(app: App) -> bool:
    """Whether some minutes of each symbol have passed, and the database takes them."""
    health = await asked(app, "/health")
    minutes, database = health["minutes"], health["database"]
    return bool(
        minutes["told"] > 2 * minutes["symbols"] > 40 and database["connected"] and not database["spooled_bytes"]
    )


@pytest.mark.slow(15)
async def test_minutes_of_hot_symbols_are_their_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followed live for some minutes, each whole minute is kept once, as the exchange has it, and no other is."""
    monkeypatch.setattr("tradeul.simulation.floor.MOST_SECONDS_CAUGHT_UP", 10**9)  # a held machine skips none
    with place() as folder:
        async with program(folder, at("09:45"), SYMBOLS, hot={"cooldown_s": 3_600}) as app:
            await eventually(lambda: enough(app), every_s=0.1)
            followed = (await asked(app, "/health"))["minutes"]
        async with postgres(folder / "sim-7") as server:
            rows = await rows_of(server.dsn, KEPT)

    kept: dict[Symbol, Minutes] = {}
    for symbol, time, *bar, vwap in rows:
        kept.setdefault(symbol, {})[instant_of_moment(time)] = tuple(bar)
        assert bar[2] <= vwap <= bar[1]
    assert followed["symbols"] >= len(kept) > 20
    assert len(rows) > 1.5 * len(kept)
    async with same_exchange() as rest:
        for symbol, mine in kept.items():
            theirs = facts_of(await rest.bars(symbol, 1, DAY, DAY))
            assert mine == {at_: bar for at_, bar in theirs.items() if min(mine) <= at_ <= max(mine)}


@pytest.mark.slow
async def test_any_symbol_can_be_looked_at() -> None:
    """In a list or not: its fields, its bars as the exchange has them, and that nothing is known of the company yet."""
    with place() as folder:
        async with program(folder, at("09:45"), SYMBOLS) as app:
            past = app.past
            assert past is not None
            assert app.exchange is not None
            app.exchange.faults.switch_on("refused", path="/stable")  # who tells of companies
            await eventually(lambda: len(app.board) and past.writer.report.connected)
            symbol = app.board.symbols[0]
            fields = await asked(app, f"/api/v1/ticker/{symbol}")
            today = await asked(app, f"/api/v1/ticker/{symbol}/bars?interval=1m&to={at('09:44') // MS}")
            days = await asked(app, f"/api/v1/ticker/{symbol}/bars?interval=1d")
            unknown = await asked(app, f"/api/v1/ticker/{symbol}/metadata", status=404)
    async with same_exchange() as rest:
        theirs = facts_of(await rest.bars(symbol, 1, at("04:00"), at("09:44")))

    assert fields["symbol"] == symbol
    assert fields["price"] > 0
    assert (today["source"], today["complete"]) == ("exchange", True)
    ours = {
        bar["time"] * MS: (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"]) for bar in today["bars"]
    }
    assert ours == theirs
    assert ours
    assert len(days["bars"]) > 20
    assert unknown["error"]["code"] == "unknown_symbol"
