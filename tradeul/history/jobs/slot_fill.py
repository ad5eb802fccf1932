"""One filling of some sessions with volumes and prices by slot: who is asked for next, several at a time, in pieces."""

import asyncio
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.day_ranges import DayRange, range_of
from tradeul.domain.day_volumes import DayVolumes, joined, slot_count, volumes_of_bars
from tradeul.domain.events import Symbol, SymbolBars
from tradeul.domain.names import NameBook
from tradeul.domain.session import TradingCalendar
from tradeul.domain.slot_book import SlotRecord, Source
from tradeul.domain.slot_prices import SlotPrices, prices_of_bars
from tradeul.domain.slot_prices import joined as joined_prices
from tradeul.domain.splits import SplitBook
from tradeul.engine.past_ports import Demand
from tradeul.engine.ports import BarSource, DailySource
from tradeul.errors import VendorError
from tradeul.history import name_store, price_store, slot_store
from tradeul.history.database import Connection, whole_or_nothing
from tradeul.history.jobs.crew import Together, in_flight
from tradeul.history.jobs.job import Progress
from tradeul.history.lending import Lender
from tradeul.history.volumes import PostgresVolumes

BAR_MINUTES: Final = 5
AT_ONCE: Final = 8
"""Requests in flight."""
RANGES_AT_ONCE: Final = 50
"""Of today, told to the board at a time."""
ROWS_AT_ONCE: Final = 150
"""Kept in one transaction, and then on the board: 30 symbols of five sessions, a megabyte."""
KEEPING_S: Final = 30.0
ERRORS_BORNE: Final = 20
"""In a row; then it is the vendor and not a symbol."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Whom a filling asks, and where it puts what it got."""

    bars: BarSource
    sessions: DailySource
    lender: Lender
    volumes: PostgresVolumes
    demand: Demand
    together: Together


class Fill:
    """Fills the sessions it is run with; `as_of` is the date whose past they are.

    The prices of whoever is asked for are kept too; with `prices` whoever lacks them is asked for.
    """

    def __init__(
        self,
        filling: Filling,
        calendar: TradingCalendar,
        progress: Progress,
        as_of: dt.date,
        splits: SplitBook,
        *,
        prices: bool = False,
    ) -> None:
        self._bars = filling.bars
        self._lender = filling.lender
        self._volumes = filling.volumes
        self._demand = filling.demand
        self._together = filling.together
        self._calendar = calendar
        self._progress = progress
        self._as_of = as_of
        self._splits = splits
        self._prices = prices
        self._names = NameBook()
        self._todo: dict[Symbol, list[dt.date]] = {}
        self._closed = 0
        """How many slots of today are closed."""
        self._waiting: list[DayVolumes] = []
        self._prices_waiting: list[SlotPrices] = []
        self._of_today: list[Symbol] = []
        self._today = np.zeros((0, 0))
        """A line per closed slot of today, an element per symbol in `_of_today`."""
        self._ranges: list[DayRange] = []
        self._errors_in_a_row = 0
        self._keeping = asyncio.Lock()

    async def run(self, sessions: Sequence[dt.date]) -> None:
        """Fill what is missing; raises what the database refuses, and the vendor again and again."""
        self._todo = await self._missing(sessions)
        self._today = np.zeros((self._closed, len(self._todo)))
        self._progress.done, self._progress.total = 0, len(self._todo)
        self._progress.note = f"volumes of {len(sessions)} sessions"
        try:
            await in_flight(self._together, AT_ONCE, self._in_order(), self._ask)
        except VendorError:
            await self._keep()
            raise
        await self._keep()
        await self._keep_today()
        await self._tell_ranges()

    async def _missing(self, sessions: Sequence[dt.date]) -> dict[Symbol, list[dt.date]]:
        """Which days each symbol lacks, in the order of the alphabet."""
        async with self._lender.lent(KEEPING_S) as connection:
            known = await self._kept(connection, sessions) if sessions else {}
            self._names = await name_store.names(connection, self._as_of)
        day, self._closed, holes = self._demand.holes()
        holey = holes if day == self._as_of else frozenset[Symbol]()
        lacking: dict[tuple[int, bool], list[dt.date]] = {}
        todo: dict[Symbol, list[dt.date]] = {}
        for symbol in self._demand.symbols():
            # Nearly all symbols lack the same: their list is made once.
            lack = (self._known(symbol, sessions, known), symbol in holey)
            if lack not in lacking:
                lacking[lack] = [date for number, date in enumerate(sessions) if not lack[0] >> number & 1]
                lacking[lack] += [self._as_of] * lack[1]
            if lacking[lack]:
                todo[symbol] = lacking[lack]
        return todo

    async def _kept(self, connection: Connection, sessions: Sequence[dt.date]) -> dict[Symbol, int]:
        """Of which sessions all that is wanted of each symbol is kept: bit n is the nth."""
        known = await slot_store.completeness(connection, sessions)
        if not self._prices:
            return known
        priced = await price_store.known(connection, sessions)
        return {symbol: bits & priced.get(symbol, 0) for symbol, bits in known.items()}

    def _known(self, symbol: Symbol, sessions: Sequence[dt.date], known: Mapping[Symbol, int]) -> int:
        """Of which sessions it is known completely, whatever its name was; nobody can be asked for one without."""
        if symbol not in self._names.symbols:
            return known.get(symbol, 0)
        called = [self._names.then(symbol, day) for day in sessions]
        return sum((name is None or known.get(name, 0) >> place & 1) << place for place, name in enumerate(called))

    def _in_order(self) -> Iterator[tuple[Symbol, list[dt.date]]]:
        """Whoever is in play at that moment, else the next in the order of the alphabet."""
        todo = self._todo
        while todo:
            symbol = next((each for each in self._demand.hot() if each in todo), None) or next(iter(todo))
            yield symbol, todo.pop(symbol)

    async def _ask(self, lacking: tuple[Symbol, list[dt.date]]) -> None:
        symbol, days = lacking
        try:
            for name, own in self._names.names(symbol, days).items():
                await self._take(await self._bars.bars(name, BAR_MINUTES, min(own), max(own)), own)
        except VendorError:
            self._progress.errors += 1
            self._errors_in_a_row += 1
            if self._errors_in_a_row > ERRORS_BORNE:
                raise
        else:
            self._errors_in_a_row = 0
        self._progress.done += 1

    async def _take(self, bars: SymbolBars, days: Collection[dt.date]) -> None:
        past = [self._calendar.hours(day) for day in days if day != self._as_of]
        if past:
            self._waiting.append(volumes_of_bars(bars, past))
            self._prices_waiting.append(prices_of_bars(bars, past))
        if self._as_of in days:
            hours = self._calendar.hours(self._as_of)
            self._ranges.append(range_of(bars, hours))
            today = volumes_of_bars(bars, [hours])
            self._today[:, len(self._of_today)] = today.volumes[0, : self._closed]
            self._of_today.append(bars.symbol)
        if sum(map(len, self._waiting)) >= ROWS_AT_ONCE:
            await self._keep()
        if len(self._ranges) >= RANGES_AT_ONCE:
            await self._tell_ranges()

    async def _tell_ranges(self) -> None:
        ranges, self._ranges = self._ranges, []
        if ranges:
            await self._demand.take_ranges(self._as_of, ranges)

    async def _keep(self) -> None:
        """Keep what came, and bring what is usual for these symbols to the board."""
        async with self._keeping:
            waiting, self._waiting = self._waiting, []
            prices, self._prices_waiting = self._prices_waiting, []
            if waiting:
                await self._keep_rows(waiting, joined_prices(prices))

    async def _keep_rows(self, waiting: Sequence[DayVolumes], prices: SlotPrices) -> None:
        rows = joined(waiting)
        slots_of = {day: slot_count(self._calendar.hours(day)) for day, _ in rows.keys}
        async with self._lender.lent(KEEPING_S) as connection, whole_or_nothing(connection):
            self._progress.rows += await slot_store.keep_days(connection, rows, slots_of)
            await price_store.keep(connection, prices)
        usual = set(self._volumes.sessions(self._as_of))
        today = dict.fromkeys(self._names.now(symbol, day) for day, symbol in rows.keys if day in usual)
        symbols = [symbol for symbol in today if symbol is not None]
        if symbols:
            await self._demand.take_baseline(await self._volumes.baseline(self._as_of, self._splits, symbols))

    async def _keep_today(self) -> None:
        """Hand what was missed of today to its book: one record for each slot that is closed."""
        symbols = tuple(self._of_today)
        if not symbols:
            return
        sources = np.full(len(symbols), Source.BACKFILLED, np.int8)
        records = [SlotRecord(slot, symbols, line[: len(symbols)], sources) for slot, line in enumerate(self._today)]
        await self._demand.backfill(self._as_of, records)
