"""The engine on a simulated exchange, over real REST, with market time moved by hand."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from tests.support.eventually import eventually, running
from tests.support.market import CALENDAR, at
from tests.support.simulated import listening
from tradeul.clock import ManualClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.board import Board
from tradeul.domain.events import DailyBars, MarketImage
from tradeul.domain.scans import BUILT_IN
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.scanner import Scanner
from tradeul.engine.vendor_hours import VendorHours
from tradeul.engine.view import EngineView
from tradeul.engine.vitals import Vitals
from tradeul.polygon.rest import PolygonRest
from tradeul.simulation.exchange.server import Exchange

KEY = "canary-7d21e4"
COLUMNS = (
    *("price", "price_at", "price_source", "prev_close", "open", "high", "low", "volume_today", "vwap", "bid", "ask"),
)

Market = dict[str, tuple[float, ...]]


class CountedSource:
    """A market source that knows how many of its answers are awaited."""

    def __init__(self, rest: PolygonRest) -> None:
        self._rest = rest
        self.asked = 0
        self.in_flight = 0
        self.most_in_flight = 0

    async def snapshot(self) -> MarketImage:
        self.asked += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._rest.snapshot()
        finally:
            self.in_flight -= 1

    async def daily_bars(self, day: dt.date) -> DailyBars:
        return await self._rest.daily_bars(day)


class Desk:
    """Everything from the exchange's REST to the lists."""

    def __init__(self, exchange: Exchange, clock: ManualClock, rest: PolygonRest) -> None:
        self.exchange = exchange
        self.clock = clock
        self.rest = rest
        self.source = CountedSource(rest)
        self.vitals = Vitals(clock.now())
        self.channels = Channels("e1", BUILT_IN, clock)
        self.board = Board()
        self.calendar = AnnouncedCalendar(CALENDAR)
        self.hours = VendorHours(rest, clock, self.calendar, self.vitals)
        self.enrichment = enrichment = Enrichment(self.board, self.calendar)
        scanner = Scanner(self.board, BUILT_IN, [], self.channels)
        self.pipeline = Pipeline(enrichment, scanner, clock, self.vitals)
        self._shown = 0
        self.discovery = Discovery(
            self.source, self.pipeline, clock, self.calendar, self.vitals, 5.0, lambda _feed_time: self._show()
        )
        intake = Intake(clock, self.calendar, self.vitals)
        self.view = EngineView(clock, self.calendar, self.vitals, self.discovery, scanner, self.channels, intake, {})

    def _show(self) -> None:
        self._shown += 1

    async def let(self, seconds: int) -> None:
        """Let market time pass, second by second, and every answer that comes due in it be dealt with."""
        for _ in range(seconds):
            await self.clock.advance(1.0)
            await eventually(self._idle)

    def _idle(self) -> bool:
        vitals = self.vitals
        ended = self._shown + vitals.snapshots_unchanged + vitals.snapshots_failed
        return ended + sum(vitals.snapshots_refused.values()) == self.source.asked

    def market(self) -> Market:
        """What the board shows of every symbol, where something is known."""
        columns = [self.board[name] for name in COLUMNS]
        rows = {str(symbol): [float(column[row]) for column in columns] for symbol, row in self.board.row_of.items()}
        return {symbol: tuple(-1.0 if np.isnan(value) else value for value in row) for symbol, row in rows.items()}

    def sequences(self) -> dict[str, int]:
        """How often each list was published."""
        return {name: channel.state.sequence for name, channel in self.channels.by_name.items()}

    async def two_images(self, fault: str, **options: Any) -> tuple[MarketImage, MarketImage]:
        """The same instant of the market as a fault leaves it, and as it is."""
        self.exchange.faults.switch_on(fault, times=1, **options)
        spoilt = await self.rest.snapshot()
        return spoilt, await self.rest.snapshot()


@asynccontextmanager
async def desk_at(wall: str, symbols: int = 300) -> AsyncIterator[Desk]:
    """A desk that has taken its first snapshots."""
    clock = ManualClock(at(wall))
    async with contextlib.AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(listening(clock, symbols, key=KEY, compress=True))
        rest = await stack.enter_async_context(PolygonRest(exchange.rest_url, KEY, clock))
        desk = Desk(exchange, clock, rest)
        await stack.enter_async_context(running(desk.discovery.run))
        await eventually(lambda: desk.vitals.snapshots_accepted == 1)
        await desk.let(5)
        yield desk
