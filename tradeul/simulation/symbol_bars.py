"""Bars of one symbol over any range: minutes, hours, days, weeks, months and multiples of them.

Only that symbol is worked out, date by date, so past dates need nobody's tape; of the running date there is what had
traded by `now`. Minutes are of all three sessions; a daily bar has regular prices and the volume of all three.
"""

import datetime as dt
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import Floats, Ints, Nanos
from tradeul.domain.session import NANOS, ONE_DAY, TradingCalendar, instant_of, local_time
from tradeul.simulation.days import adjusted, daily_bars_of, plan_of, price_factor
from tradeul.simulation.market import Market
from tradeul.simulation.shape import Bars, Columns
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS, MINUTE, TradingDay

BEGINNING: Final = dt.date(2003, 9, 10)
"""There is no history before."""
MONTHS: Final = 12


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
    for date in _dates(market.calendar, query):
        part = yield from _part_of(market, query, date)
        if len(part.start):
            parts.append(part)
            edge = int(part.start[0 if query.backwards else -1])
            if edge != reached:
                reached, complete = edge, count + int(np.count_nonzero(part.start != edge))
            count += len(part.start)
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
    if now >= market.calendar.hours(date).post_market_end:
        return (yield from daily_bars_of(market.universe.traits.take(slice(row, row + 1)), date, market.calendar))
    day = yield from _day_of(market, row, date)
    minutes = minutes_of(day, day.second_at(now))
    regular = np.flatnonzero(day.regular(np.arange(day.slot_count)).repeat(len(minutes.volume) // day.slot_count))
    bars = minutes.take(regular)
    traded = bars.take(np.flatnonzero(bars.volume))
    if not len(traded.volume):
        return _no_bars(1)
    prices = (traded.open[:1], traded.high.max(keepdims=True), traded.low.min(keepdims=True), traded.close[-1:])
    return Bars(minutes.volume.sum(keepdims=True), *prices)


def minutes_of(day: TradingDay, second: int) -> Bars:
    """All minutes of a day of one symbol, as they stood when so many of its seconds had ended."""
    half_hours = day.half_hours(slice(0, 1), day.slot_count - 1).take(0)
    slots = _flat(day.slots(*_numbered(day.slot_count // HALF_HOUR_SLOTS), half_hours))
    minutes = _flat(day.minutes(*_numbered(day.slot_count), slots))
    minute, seconds = divmod(second, MINUTE)
    bars = minutes.take(np.arange(len(minutes.volume)))
    for name in Bars.names():
        getattr(bars, name)[minute:] = 0
    if seconds and minutes.volume[minute]:
        part = day.seconds(np.zeros(1, np.int64), np.array([minute]), minutes.take(slice(minute, minute + 1)))
        _put_running(bars, minute, _flat(part).take(slice(0, seconds)))
    return bars


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


def _put_running(bars: Bars, minute: int, seconds: Bars) -> None:
    traded = seconds.take(np.flatnonzero(seconds.volume))
    if len(traded.volume):
        bars.volume[minute] = traded.volume.sum()
        bars.open[minute], bars.close[minute] = traded.open[0], traded.close[-1]
        bars.high[minute], bars.low[minute] = traded.high.max(), traded.low.min()


def _dates(calendar: TradingCalendar, query: Query) -> Iterator[dt.date]:
    """The trading days whose windows are wanted, in the order of the query."""
    first = max(query.span.first_day(local_time(query.start).date()), BEGINNING)
    last = min(query.span.day_after(local_time(query.end).date()) - ONE_DAY, local_time(query.now).date())
    for number in range((last - first).days + 1):
        day = last - dt.timedelta(days=number) if query.backwards else first + dt.timedelta(days=number)
        if calendar.is_trading_day(day):
            yield day


def _part_of(market: Market, query: Query, date: dt.date) -> Generator[None, None, Candles]:
    """The minutes, or the day, that a date has for the query, each with the start of its window."""
    if query.span.unit is Unit.MINUTE:
        return (yield from _minute_part(market, query, date))
    bar = yield from daily_bar(market, query.row, date, query.now)
    if query.as_of is not None:
        bar = adjusted(market.universe.traits.take(slice(query.row, query.row + 1)), bar, date, query.as_of)
    start = instant_of(query.span.first_day(date), dt.time())
    return _candles(np.full(len(bar.volume), start), bar, 1.0)


def _minute_part(market: Market, query: Query, date: dt.date) -> Generator[None, None, Candles]:
    day = yield from _day_of(market, query.row, date)
    bars = minutes_of(day, day.second_at(query.now))
    length = query.span.times * MINUTE * NANOS
    begun = np.arange(len(bars.volume)) // query.span.times * length
    start = day.hours.pre_market_start + begun
    wanted = np.flatnonzero((start <= query.end) & (start + length > query.start))
    factor = 1.0
    if query.as_of is not None:
        traits = market.universe.traits.take(slice(query.row, query.row + 1))
        factor = float(price_factor(traits, date, query.as_of)[0])
    return _candles(start[wanted], bars.take(wanted), factor)


def _candles(start: Ints, bars: Bars, factor: float) -> Candles:
    traded = np.flatnonzero(bars.volume)
    of = bars.take(traded)
    prices = (np.rint(price * factor).astype(np.int64) for price in (of.open, of.high, of.low, of.close))
    volume, turnover = of.volume / factor, of.turnover.astype(np.float64)
    return Candles(start[traded], volume, turnover, np.ones(len(traded), np.int64), *prices)


def _day_of(market: Market, row: int, date: dt.date) -> Generator[None, None, TradingDay]:
    plan = yield from plan_of(market.universe.traits.take(slice(row, row + 1)), date, market.calendar)
    return TradingDay(market.calendar.hours(date), plan)


def _numbered(count: int) -> tuple[Ints, Ints]:
    """The one row, and the number of a place, for each of so many places."""
    return np.zeros(count, np.int64), np.arange(count)


def _flat(bars: Bars) -> Bars:
    return Bars(*(getattr(bars, name).ravel() for name in Bars.names()))


def _no_bars(count: int) -> Bars:
    return Bars(*(np.zeros(count, np.int64) for _ in Bars.names()))


def _nothing() -> Candles:
    return _candles(np.zeros(0, np.int64), _no_bars(0), 1.0)
