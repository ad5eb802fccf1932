"""Builders of the simulated market for tests: small worlds, tapes at a wall time, an exchange that listens."""

import datetime as dt
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import aiohttp
import numpy as np
import orjson

from tests.support.eventually import settle
from tests.support.market import CALENDAR, DAY, at
from tradeul.clock import Clock, ManualClock
from tradeul.domain.events import Nanos
from tradeul.simulation.exchange.server import Exchange
from tradeul.simulation.market import Market
from tradeul.simulation.shape import Bars
from tradeul.simulation.tape import Tape, Trades
from tradeul.simulation.trading_day import TradingDay

Result = TypeVar("Result")
SNAPSHOT = "/v2/snapshot/locale/us/markets/stocks/tickers"


def worked(work: Generator[None, None, Result]) -> Result:
    """Do sliced work in one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result


@cache
def small_market(symbols: int = 400, seed: int = 1) -> Market:
    return Market(seed, symbols, CALENDAR)


@cache
def small_day(day: dt.date = DAY, symbols: int = 400) -> TradingDay:
    return worked(small_market(symbols).day(day))


def tape_at(wall: str, day: TradingDay | None = None) -> Tape:
    """Place a tape at a wall time."""
    day = day or small_day()
    tape = Tape(day)
    worked(tape.place(day.second_at(at(wall, day.hours.date))))
    return tape


def played(tape: Tape) -> Trades:
    """Let one second pass."""
    if not tape.ready():
        worked(tape.make_ready())
    return tape.play()


def state_of(tape: Tape) -> dict[str, list[Any]]:
    """Everything a reader can see of a tape."""
    rows = np.arange(tape.day.count)
    seen = {name: getattr(tape, name) for name in ("volume", "price", "traded_at", "trade_size", "minute_number")}
    for kind, bars in (("minute", tape.minute.copied(rows)), ("regular", tape.regular.copied(rows))):
        seen |= {f"{kind} {name}": getattr(bars, name) for name in Bars.names()}
    return {name: column.tolist() for name, column in (*seen.items(), ("vwap", tape.vwap(rows)))}


@asynccontextmanager
async def listening(clock: Clock | Nanos, symbols: int = 200, **options: Any) -> AsyncIterator[Exchange]:
    """An exchange that listens but does not run: its market moves when it is asked."""
    exchange = Exchange(small_market(symbols), ManualClock(clock) if isinstance(clock, int) else clock, **options)
    await exchange.start()
    try:
        yield exchange
    finally:
        await settle()  # whoever has come is let in before the door is closed, or the loop calls it an error
        await exchange.close()


async def got(exchange: Exchange, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask and give status, body and headers."""
    async with aiohttp.ClientSession() as client, client.get(exchange.rest_url + path, headers=headers) as answer:
        return answer.status, await answer.read(), dict(answer.headers)


async def content_of(exchange: Exchange, path: str) -> Any:
    """Ask and decode the answer."""
    _, body, _ = await got(exchange, path)
    return orjson.loads(body)


async def bars_of(exchange: Exchange, symbol: str, span: str, start: dt.date, end: dt.date, query: str = "") -> Any:
    """The whole bars of a symbol, such as "5/minute", by following the pages."""
    path = f"/v2/aggs/ticker/{symbol}/range/{span}/{start}/{end}?limit=50000{query}"
    return await all_of(exchange, path)


async def all_of(exchange: Exchange, path: str) -> list[dict[str, Any]]:
    """All rows of a list that comes in pages."""
    rows: list[dict[str, Any]] = []
    for _ in range(1000):
        content = await content_of(exchange, path)
        rows += content.get("results", [])
        following = content.get("next_url")
        if following is None:
            return rows
        path = following.removeprefix(exchange.rest_url)
    raise AssertionError("the pages do not end")
