"""Bars of one symbol over any range: minutes, hours, days, weeks, months and multiples of them.

Only that symbol is worked out, many dates at once, so past dates need nobody's tape; of the running date there is what
had traded by `now`. Minutes are of all three sessions; a daily bar has regular prices and the volume of all three.
"""

import datetime as dt
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, islice
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Floats, Ints, Nanos
from tradeul.domain.session import NANOS, ONE_DAY, TradingCalendar, instant_of, local_time
from tradeul.simulation.days import price_factor, rescaled
from tradeul.simulation.market import Dates, Market, SymbolDays
from tradeul.simulation.shape import Bars, Columns, slices
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS, MINUTE, SLOT_MINUTES, PlannedDays, second_of

BEGINNING: Final = dt.date(2003, 9, 10)
"""There is no history before."""
MONTHS: Final = 12
_MOST_MINUTES_A_DAY: Final = 960
_SESSIONS_AT_ONCE: Final = 30
"""Down to the slots: 2 ms. Their minutes then come in slices."""
_CELLS_OF_A_SLOT: Final = 10
"""It falls apart into five, and those that traded are taken out."""
_DAYS_AT_ONCE: Final = 250
"""As daily bars."""


class Unit(Enum):
    """What windows are counted in: from 04:00 of each date, from a Sunday, from a January."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class Span(NamedTuple):
    """How long a window is."""

    times: int
    unit: Unit

    def first_day(self, day: dt.date) -> dt.date:
        """The first date of the window that a date is in."""
        if self.unit is Unit.DAY:
            return dt.date.fromordinal(day.toordinal() // self.times * self.times)
        if self.unit is Unit.MONTH:
            return _month((day.year * MONTHS + day.month - 1) // self.times * self.times)
        return day

    def day_after(self, day: dt.date) -> dt.date:
        """The first date beyond that window."""
        first = self.first_day(day)
        if self.unit is Unit.DAY:
            return first + dt.timedelta(days=self.times)
        if self.unit is Unit.MONTH:
            return _month(first.year * MONTHS + first.month - 1 + self.times)
        return day + ONE_DAY


def _month(number: int) -> dt.date:
    return dt.date(number // MONTHS, number % MONTHS + 1, 1)


@dataclass(frozen=True, slots=True)
class Query:
    """Which bars are wanted: every window that touches the time from `start` to `end`, both included."""

    row: int
    span: Span
    start: Nanos
    end: Nanos
    now: Nanos
    as_of: dt.date | None
    """In the shares of that date; None: in those of each bar's own."""
    limit: int
    """About so many minutes or days are folded for one answer; a window is never cut."""
    backwards: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Candles(Columns):
    """Windows that traded: when each began, what it holds, and of how many minutes or days it was folded."""

    start: Ints
    volume: Floats
    turnover: Floats
    base: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints


def candles_of(market: Market, query: Query) -> Generator[None, None, tuple[Candles, Nanos | None]]:
    """The first windows of a query in its order, and where the next one begins if they are not all."""
    parts: list[Candles] = []
    count = complete = 0
    reached = -1
    for dates in _runs(market.calendar, query):
        part = yield from _part_of(market, query, dates)
        if len(part.start):
            parts.append(part)
            edge = int(part.start[0 if query.backwards else -1])
            if edge != reached:
                reached, complete = edge, count + int(part.base[part.start != edge].sum())
            count += int(part.base.sum())
        if complete >= query.limit:
            break
        yield
    whole = folded(Candles.joined(parts[::-1] if query.backwards else parts)) if parts else _nothing()
    if query.backwards:
        whole = whole.take(slice(None, None, -1))
    fitting = int(np.count_nonzero(np.cumsum(whole.base) - whole.base < query.limit))
    following = Nanos(int(whole.start[fitting])) if fitting < len(whole.start) else None
    return whole.take(slice(0, fitting)), following


def daily_bar(market: Market, row: int, date: dt.date, now: Nanos) -> Generator[None, None, Bars]:
    """The bar of one date in its own shares, of one element; of the running date as it stands."""
    return (yield from daily_bars(market, row, (date,), now))


def daily_bars(market: Market, row: int, dates: Dates, now: Nanos) -> Generator[None, None, Bars]:
    """The bars of sessions that follow one another, each in its own shares; the running one comes alone."""
    hours = market.calendar.hours(dates[-1])
    if now >= hours.post_market_end:
        return market.symbol_bars(row, dates)
    own = market.symbol_days(row, dates)
    place, minutes = yield from minutes_of(own, second_of(hours, now))
    bars = minutes.take(own.days.regular(place // SLOT_MINUTES))
    return _one_of(bars, int(minutes.volume.sum())) if len(bars.volume) else _no_bars(1)


def minutes_of(own: SymbolDays, second: int) -> Generator[None, None, tuple[Ints, Bars]]:
    """The minutes that traded when so many seconds of a day had ended, each with its number, counted on from day to
    day.
    """
    days = own.days
    place, bars = _traded(np.arange(days.count), own.half_hours)
    place, bars = _traded(place, days.slots(*np.divmod(place, days.slot_count // HALF_HOUR_SLOTS), bars))
    yield
    parts = [(place[:0], bars.take(slice(0)))]
    for part in slices(len(place), _CELLS_OF_A_SLOT):
        slot = place[part]
        parts.append(_traded(slot, days.minutes(*np.divmod(slot, days.slot_count), bars.take(part))))
        yield
    number, minutes = np.concatenate([each for each, _ in parts]), Bars.joined([each for _, each in parts])
    return (number, minutes) if second == days.seconds_long else _cut(days, number, minutes, second)


def _traded(parents: Ints, children: Bars) -> tuple[Ints, Bars]:
    """Those of the parents' children that traded, with their numbers."""
    count = children.volume.shape[1]
    traded = np.flatnonzero(children.volume)
    numbers = (parents[:, None] * count + np.arange(count)).ravel()
    return numbers[traded], children.flat().take(traded)


def _cut(days: PlannedDays, place: Ints, bars: Bars, second: int) -> tuple[Ints, Bars]:
    """What of the running day had traded by that second."""
    minute, seconds = divmod(second, MINUTE)
    running = bars.take(place == minute)
    part = days.seconds(np.zeros(len(running.volume), np.int64), place[place == minute], running)
    traded = part.take(np.nonzero(part.volume[:, :seconds]))
    place, bars = place[place < minute], bars.take(place < minute)
    if not len(traded.volume):
        return place, bars
    return np.append(place, minute), Bars.joined([bars, _one_of(traded, int(traded.volume.sum()))])


def _one_of(bars: Bars, volume: int) -> Bars:
    """The prices of them all, with that volume."""
    high, low = bars.high.max(keepdims=True), bars.low.min(keepdims=True)
    return Bars(np.array([volume]), bars.open[:1], high, low, bars.close[-1:])


def folded(parts: Candles) -> Candles:
    """Fold those of equal start, which stand side by side in the order of time."""
    first = np.flatnonzero(np.diff(parts.start, prepend=-1))
    last = np.append(first[1:], len(parts.start)) - 1
    return Candles(
        start=parts.start[first],
        volume=np.add.reduceat(parts.volume, first),
        turnover=np.add.reduceat(parts.turnover, first),
        open=parts.open[first],
        high=np.maximum.reduceat(parts.high, first),
        low=np.minimum.reduceat(parts.low, first),
        close=parts.close[last],
        base=np.add.reduceat(parts.base, first),
    )


def _runs(calendar: TradingCalendar, query: Query) -> Iterator[Dates]:
    """The trading days whose windows are wanted, in the order of the query: so many together as can be worked out at
    once, the oldest of them first. The running one comes alone.
    """
    minutes = query.span.unit is Unit.MINUTE
    most = min(query.limit // _MOST_MINUTES_A_DAY + 1, _SESSIONS_AT_ONCE) if minutes else _DAYS_AT_ONCE
    today = local_time(query.now).date()
    for _, alike in groupby(
        _dates(calendar, query), lambda day: (day == today, minutes and calendar.is_early_close(day))
    ):
        while run := tuple(islice(alike, most)):
            yield run[::-1] if query.backwards else run


def _dates(calendar: TradingCalendar, query: Query) -> Iterator[dt.date]:
    first = max(query.span.first_day(local_time(query.start).date()), BEGINNING)
    last = min(query.span.day_after(local_time(query.end).date()) - ONE_DAY, local_time(query.now).date())
    for number in range((last - first).days + 1):
        day = last - dt.timedelta(days=number) if query.backwards else first + dt.timedelta(days=number)
        if calendar.is_trading_day(day):
            yield day


def _part_of(market: Market, query: Query, dates: Dates) -> Generator[None, None, Candles]:
    """The minutes, or the days, that these dates have for the query, each with the start of its window."""
    if query.span.unit is Unit.MINUTE:
        return (yield from _minute_part(market, query, dates))
    bars = yield from daily_bars(market, query.row, dates, query.now)
    bars = rescaled(bars, _factors(market, query, dates))
    traded = np.flatnonzero(bars.volume)
    starts = np.array([instant_of(query.span.first_day(date), dt.time()) for date in dates])
    return _candles(starts[traded], bars.take(traded), np.ones(len(traded)))


def _minute_part(market: Market, query: Query, dates: Dates) -> Generator[None, None, Candles]:
    own = market.symbol_days(query.row, dates)
    yield
    number, bars = yield from minutes_of(own, second_of(market.calendar.hours(dates[-1]), query.now))
    length = query.span.times * MINUTE * NANOS
    day = number // (own.days.slot_count * SLOT_MINUTES)
    window = (number - day * (own.days.slot_count * SLOT_MINUTES)) // query.span.times
    start = np.array([market.calendar.hours(date).pre_market_start for date in dates])[day] + window * length
    part = slice(int(np.searchsorted(start, query.start - length, "right")), np.searchsorted(start, query.end, "right"))
    factor = _factors(market, query, dates)
    candles = _candles(start[part], bars.take(part), factor[day[part]])
    return folded(candles) if len(candles.start) else candles


def _factors(market: Market, query: Query, dates: Dates) -> Floats:
    """What each date's prices are multiplied by."""
    if query.as_of is None:
        return np.ones(len(dates))
    return price_factor(market.universe.traits.take(slice(query.row, query.row + 1)), dates, query.as_of)


def _candles(start: Ints, bars: Bars, factor: Floats) -> Candles:
    """Bars that traded as windows of one minute or day each, their prices multiplied."""
    prices: Iterable[Ints] = (bars.open, bars.high, bars.low, bars.close)
    if (factor != 1.0).any():
        prices = (np.rint(price * factor).astype(np.int64) for price in prices)
    volume, turnover = bars.volume / factor, bars.turnover.astype(np.float64)
    return Candles(start, volume, turnover, np.ones(len(start), np.int64), *prices)


def _no_bars(count: int) -> Bars:
    return Bars(*(np.zeros(count, np.int64) for _ in Bars.names()))


def _nothing() -> Candles:
    return _candles(np.zeros(0, np.int64), _no_bars(0), np.zeros(0))
