"""Bars of one symbol, and who gives them: an exchange and a database that a test holds in its hand."""

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Literal

import numpy as np

from tests.support.market import NANOS
from tradeul.domain.events import DailyBars, Metadata, Nanos, Symbol, SymbolBars
from tradeul.errors import HistoryUnavailable, VendorUnavailable

MINUTE_NS = 60 * NANOS
COLUMNS = ("open", "high", "low", "close", "volume", "vwap", "trades")


def bars_of(symbol: str, starts: list[int], volume: float) -> SymbolBars:
    """Bars that begin then, each with that volume; what they are told apart by."""
    columns = {name: np.full(len(starts), 10.0) for name in COLUMNS} | {"volume": np.full(len(starts), volume)}
    return SymbolBars(Symbol(symbol), adjusted=False, start=np.array(starts, np.int64), **columns)


class HandExchange:
    """A bar source with 100 shares every five minutes of what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Symbol, int | str, Nanos | dt.date, Nanos | dt.date]] = []
        self.starts: Callable[[int, int], list[int]] = lambda first, last: list(range(first, last + 1, 5 * MINUTE_NS))
        self.failure: Exception | None = None
        self.stuck: asyncio.Event | None = None
        self.under_way = self.most_under_way = 0

    async def daily_bars(self, day: dt.date, *, adjusted: bool = True) -> DailyBars:
        raise AssertionError(f"nobody needs the whole market here: {day}, {adjusted}")

    async def bars(
        self,
        symbol: Symbol,
        span: int | Literal["day"],
        first: Nanos | dt.date,
        last: Nanos | dt.date,
        *,
        adjusted: bool = False,
    ) -> SymbolBars:
        self.asked.append((symbol, span, first, last))
        assert not adjusted
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.stuck is not None:
                await self.stuck.wait()
            if self.failure is not None:
                raise self.failure
        finally:
            self.under_way -= 1
        starts = self.starts(first, last) if isinstance(first, int) and isinstance(last, int) else []
        return bars_of(symbol, starts, 100.0)

    def fail(self) -> None:
        self.failure = VendorUnavailable("the exchange is out")


class HandAnnals:
    """What was kept: some complete days, and bars of 7 shares."""

    def __init__(self) -> None:
        self.complete: frozenset[dt.date] = frozenset()
        self.starts: list[int] = []
        self.known: dict[str, Metadata] = {}
        self.down = False
        self.stuck: asyncio.Event | None = None
        self.asked: list[str] = []

    async def metadata(self, symbol: Symbol) -> Metadata | None:
        await self._answer(symbol)
        return self.known.get(symbol)

    async def complete_days(self, symbol: Symbol, first: dt.date, last: dt.date) -> frozenset[dt.date]:
        await self._answer(symbol)
        return frozenset(day for day in self.complete if first <= day <= last)

    async def bars(self, symbol: Symbol, minutes: int, first: Nanos, last: Nanos) -> SymbolBars:
        await self._answer(f"{symbol} {minutes}")
        return bars_of(symbol, [start for start in self.starts if first <= start <= last], 7.0)

    async def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.stuck is not None:
            await self.stuck.wait()
        if self.down:
            raise HistoryUnavailable("the database does not answer")
