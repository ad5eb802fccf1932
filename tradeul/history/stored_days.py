"""Days of the whole market as they were kept: prices and volumes by slot, and what was known on each one's morning.

Point in time: averages and usual volumes stand on the sessions before, in the shares of that day; splits after it do
not exist; of securities only what was written down by then counts. Symbols are today's names of who went by another.
Used by a backtest's own process, which holds some sessions in memory so that none is read twice.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from typing import Final, TypeVar

import numpy as np

from tradeul.domain.averages import LONG_SESSIONS, DailyHistory
from tradeul.domain.day_volumes import SLOT_NS
from tradeul.domain.events import DailyBars, Floats, Symbol, SymbolBars
from tradeul.domain.names import NameBook
from tradeul.domain.played_day import FORGOTTEN, UNTOLD, PlayedDay, images
from tradeul.domain.session import DayHours, TradingCalendar
from tradeul.domain.slot_prices import PRICES, bars_of_prices
from tradeul.domain.slots import SLOTS_PER_DAY
from tradeul.domain.splits import MorningSplits, SplitBook
from tradeul.domain.usual import Baseline, BaselineSum, baseline_sessions, own_sessions
from tradeul.engine.backtest import Morning, StoredDay, Told, Trail
from tradeul.engine.warmup import SPLITS_BACK, curves_of
from tradeul.history import daily_store, name_store, price_store, symbol_store
from tradeul.history.lending import Lender
from tradeul.history.partitions import moment_of
from tradeul.history.price_store import Lines

READING_S: Final = 60.0
VOLUMES_HELD: Final = 2
"""Sessions beyond those that make a usual day, of 9 MB each for 12,000 symbols."""
BARS_HELD: Final = 80
PRICE_DECIMALS: Final = 4
SLOT_MINUTES: Final = 5

Found = TypeVar("Found")


class StoredDays:
    """Reads days. `today` is whose names are given, and `least_sessions` what makes a usual day exact."""

    def __init__(
        self, lender: Lender, calendar: TradingCalendar, today: dt.date, lookback: int, least_sessions: int
    ) -> None:
        self._lender = lender
        self._calendar = calendar
        self._today = today
        self._lookback = lookback
        self._least_sessions = least_sessions
        self._names: NameBook | None = None
        self._volumes: OrderedDict[dt.date, Lines] = OrderedDict()
        self._bars: OrderedDict[dt.date, DailyBars] = OrderedDict()
        self._history = DailyHistory()

    async def kept(self, first: dt.date, last: dt.date) -> dict[dt.date, int]:
        """Which days can be played, and of how many symbols each is."""
        async with self._lender.lent(READING_S) as connection:
            return await price_store.counted(connection, first, last)

    async def day(self, date: dt.date) -> StoredDay:
        """Read a day."""
        hours = self._calendar.hours(date)
        before = [await self._session(day) for day in self._calendar.last_sessions(date, LONG_SESSIONS)]
        played = await self._played(hours, before[0])
        async with self._lender.lent(READING_S) as connection:
            facts = await price_store.facts(connection, moment_of(hours.pre_market_start))
        morning, known = await self._morning(date, before)
        listed = len((await self._session(date)).symbols)
        minutes = await self._minutes(hours)
        return StoredDay(
            hours,
            played.symbols,
            replace(morning, facts=facts),
            partial(images, played),
            _trails(played, minutes),
            Told(len(played.symbols), listed, *known, len(facts)),
            UNTOLD,
            FORGOTTEN,
        )

    async def _played(self, hours: DayHours, before: DailyBars) -> PlayedDay:
        """Read the day itself; what it is put together of is gone when it stands, as that is a hundred megabytes."""
        names, date = await self._book(), hours.date
        async with self._lender.lent(READING_S) as connection:
            prices = _renamed(await price_store.prices(connection, date), names, date)
            told = _renamed(await price_store.averages(connection, date), names, date)
        self._hold(date, told)
        return _played(hours, prices, told, before)

    async def _morning(self, date: dt.date, before: Sequence[DailyBars]) -> tuple[Morning, tuple[int, int]]:
        """What the sessions before a date say of it, and how many of them there are."""
        names = await self._book()
        async with self._lender.lent(READING_S) as connection:
            found = names.splits(await price_store.splits(connection, date - SPLITS_BACK, date))
        splits, sessions = SplitBook(found, date), sum(bool(bars.symbols) for bars in before)
        averages = self._history.averages(splits, date) if sessions else None
        baseline, complete = await self._baseline(date, before, splits)
        shape = None if averages is None else curves_of(baseline, averages, self._least_sessions)
        curves = None if shape is None else shape[1]
        morning = MorningSplits(date, splits, before[0] if before[0].symbols else None)
        return Morning(averages, baseline, curves, morning), (sessions, complete)

    async def _baseline(self, date: dt.date, before: Sequence[DailyBars], splits: SplitBook) -> tuple[Baseline, int]:
        first: dict[Symbol, dt.date] = {}
        for bars in before:
            # Newest first: the oldest one stays.
            first |= dict.fromkeys(bars.symbols, bars.date)
        total, sessions = BaselineSum(date), 0
        for day in sorted(baseline_sessions(self._calendar, date, self._lookback)):
            lines = await self._complete(day)
            if lines.symbols:
                total.add(*own_sessions(day, lines.symbols, lines.columns["volumes"], first, splits))
                sessions += 1
        return total.baseline(), sessions

    async def _session(self, day: dt.date) -> DailyBars:
        """A session's bars under today's names; without symbols where they are not kept."""

        async def read(day: dt.date) -> DailyBars:
            names = await self._book()
            async with self._lender.lent(READING_S) as connection:
                bars = names.bars(await daily_store.session(connection, day))
            self._history.add(bars)
            return bars

        return self._bars.get(day) or _held(self._bars, BARS_HELD, day, await read(day))

    async def _complete(self, day: dt.date) -> Lines:
        async def read(day: dt.date) -> Lines:
            names = await self._book()
            async with self._lender.lent(READING_S) as connection:
                return _renamed(await price_store.complete_volumes(connection, day), names, day)

        return self._volumes.get(day) or self._keep_volumes(day, await read(day))

    def _hold(self, day: dt.date, told: Lines) -> None:
        """Keep the whole volumes of a day for the days after it."""
        volumes = told.columns["volumes"]
        symbols = told.symbols if told.whole.all() else tuple(compress(told.symbols, told.whole))
        whole = volumes if told.whole.all() else volumes[told.whole]
        self._keep_volumes(day, Lines(symbols, {"volumes": whole}, told.whole[told.whole]))

    def _keep_volumes(self, day: dt.date, lines: Lines) -> Lines:
        """In half the bytes, which tell a mean of sessions to a ten-millionth."""
        lean = lines._replace(columns={"volumes": lines.columns["volumes"].astype(np.float32)})
        return _held(self._volumes, self._lookback + VOLUMES_HELD, day, lean)

    async def _minutes(self, hours: DayHours) -> dict[Symbol, SymbolBars]:
        """The minutes of those of whom the whole day's are kept."""
        today = (await self._book()).on(hours.date)
        async with self._lender.lent(READING_S) as connection:
            found = await symbol_store.completed_minutes(connection, hours)
        named = ((today.get(symbol, symbol), bars) for symbol, bars in found.items())
        return {symbol: bars for symbol, bars in named if symbol is not None}

    async def _book(self) -> NameBook:
        if self._names is None:
            async with self._lender.lent() as connection:
                self._names = await name_store.names(connection, self._today)
        return self._names


def _held(held: OrderedDict[dt.date, Found], most: int, day: dt.date, found: Found) -> Found:
    """Hold what was read of a day, and of so many days."""
    held[day] = found
    held.move_to_end(day)
    if len(held) > most:
        held.popitem(last=False)
    return found


def _renamed(lines: Lines, names: NameBook, day: dt.date) -> Lines:
    """Under today's names, without those of whom none is known."""
    today = names.on(day)
    if today.keys().isdisjoint(lines.symbols):
        return lines
    symbols = [today.get(symbol, symbol) for symbol in lines.symbols]
    known = np.array([symbol is not None for symbol in symbols], np.bool_)
    kept = tuple(symbol for symbol in symbols if symbol is not None)
    return Lines(kept, {name: column[known] for name, column in lines.columns.items()}, lines.whole[known])


def _played(hours: DayHours, prices: Lines, told: Lines, before: DailyBars) -> PlayedDay:
    """Put a day together: a line per slot, an element per symbol whose prices are kept."""
    symbols, count = prices.symbols, len(prices.symbols)
    columns: dict[str, Floats] = {}
    for name in PRICES:
        # Kept in half the bytes; rounded they are what they were.
        columns[name] = np.ascontiguousarray(prices.columns[name].T, np.float64).round(PRICE_DECIMALS)
    place_of = {symbol: place for place, symbol in enumerate(symbols)}
    for name, of in (("volume", "volumes"), ("vwap", "prices")):
        columns[name] = np.full((SLOTS_PER_DAY, count), np.nan)
        _align(columns[name], told.columns[of].T, told.symbols, place_of)
    previous = np.full((4, count), np.nan)
    _align(previous, np.array([before.close, before.high, before.low, before.volume]), before.symbols, place_of)
    return PlayedDay(hours, symbols, previous=previous, **columns)


def _align(into: Floats, values: Floats, symbols: Sequence[Symbol], place_of: dict[Symbol, int]) -> None:
    """Write lines whose elements are of these symbols into lines of those."""
    there = [number for number, symbol in enumerate(symbols) if symbol in place_of]
    into[:, [place_of[symbols[number]] for number in there]] = values[:, there]


def _trails(played: PlayedDay, minutes: dict[Symbol, SymbolBars]) -> Callable[[Symbol], Trail]:
    """What each symbol did: by the minute where its minutes are kept, else by the slot."""
    place_of = {symbol: place for place, symbol in enumerate(played.symbols)}
    starts = played.hours.pre_market_start + np.arange(SLOTS_PER_DAY) * SLOT_NS

    def trail(symbol: Symbol) -> Trail:
        if symbol in minutes:
            return Trail(minutes[symbol], 1)
        place = place_of[symbol]
        traded = np.flatnonzero(~np.isnan(played.close[:, place]))
        prices = [getattr(played, name)[traded, place] for name in PRICES]
        return Trail(bars_of_prices(symbol, starts[traded], prices), SLOT_MINUTES)

    return trail
