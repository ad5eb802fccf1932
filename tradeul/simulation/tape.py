"""The state of the market's day at one second: what has traded so far, symbol by symbol.

`Tape` is moved on second by second, or placed at any second at once; both ways give the same state to the last
share. The work comes as generators that yield every few milliseconds, so that an event loop can breathe between.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.slots import SLOT_SECONDS
from tradeul.simulation.shape import CELLS_PER_SLICE, PRICES_IN_TURNOVER, UNITS_PER_DOLLAR, Bars, Columns, slices
from tradeul.simulation.trading_day import HALF_HOUR_SLOTS, MINUTE, SLOT_MINUTES, TradingDay, side_by_side

Steps = Generator[None, None, None]
_TOP_CELLS: Final = 45
"""About so many bars are made per symbol to come down to the minutes of one slot."""
_HIGHEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Trades(Columns):
    """The second bars of one second, one element per symbol that traded."""

    rows: Ints
    bars: Bars


class RunningBars:
    """Bars that grow as trades come in."""

    def __init__(self, count: int) -> None:
        self.volume, self.open, self.high, self.low, self.close = (np.zeros(count, np.int64) for _ in range(5))

    def clear(self, rows: slice) -> None:
        """Begin anew."""
        for column in (self.volume, self.open, self.high, self.low, self.close):
            column[rows] = 0

    def put(self, rows: Ints, bars: Bars) -> None:
        """Set bars as they stand."""
        self.volume[rows], self.open[rows], self.close[rows] = bars.volume, bars.open, bars.close
        self.high[rows], self.low[rows] = bars.high, bars.low

    def copied(self, rows: Ints) -> Bars:
        """Copy bars as they stand."""
        return Bars(*(column[rows] for column in (self.volume, self.open, self.high, self.low, self.close)))

    def add(self, rows: Ints, bars: Bars, fresh: Bools) -> None:
        """Let trades in; where `fresh`, they begin a new bar."""
        self.open[rows] = np.where(fresh, bars.open, self.open[rows])
        self.high[rows] = np.where(fresh, bars.high, np.maximum(self.high[rows], bars.high))
        self.low[rows] = np.where(fresh, bars.low, np.minimum(self.low[rows], bars.low))
        self.close[rows] = bars.close
        self.volume[rows] = np.where(fresh, 0, self.volume[rows]) + bars.volume


@dataclass(frozen=True, slots=True, eq=False)
class _Slot:
    number: int
    turnover_before: Ints
    minutes: Bars


@dataclass(frozen=True, slots=True, eq=False)
class _Minute:
    """A minute's second bars in the order of time; those of second s stand from edges[s] to edges[s + 1]."""

    number: int
    edges: Ints
    trades: Trades
    turnover_before: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Descent:
    """The bars on the way down to each row's own slot: all half-hours, the slots of its half-hour, its minutes."""

    day: TradingDay
    rows: Ints
    slot: Ints
    half_hours: Bars
    slots: Bars
    minutes: Bars

    def turnover_before(self, slot: int) -> Ints:
        half_hour, place = divmod(slot, HALF_HOUR_SLOTS)
        older = self.half_hours.turnover[:, :half_hour].sum(axis=1)
        total: Ints = older + self.slots.turnover[:, :place].sum(axis=1)
        return total

    def last_slot_before(self, minute: int) -> tuple[Ints, Ints]:
        """The last slot that traded before that minute (-1: none), and how many of its minutes lie before it."""
        slot, place = divmod(minute, SLOT_MINUTES)
        half_hour, slot_place = divmod(slot, HALF_HOUR_SLOTS)
        in_slot = self.minutes.volume[:, :place].any(axis=1)
        slots, half_hours = self.slots.volume[:, :slot_place] > 0, self.half_hours.volume[:, :half_hour] > 0
        older_half_hour = np.where(half_hours.any(axis=1), _last_true(half_hours), 0)
        bars = self.half_hours.take((np.arange(len(self.rows)), older_half_hour))
        last_of_older = _last_true(self.day.slots(self.rows, older_half_hour, bars).volume > 0)
        older = np.where(half_hours.any(axis=1), older_half_hour * HALF_HOUR_SLOTS + last_of_older, -1)
        recent = np.where(slots.any(axis=1), half_hour * HALF_HOUR_SLOTS + _last_true(slots), older)
        return np.where(in_slot, slot, recent), np.where(in_slot, place, SLOT_MINUTES)

    def timeline(self, place: Ints) -> tuple[Bars, Bools, Bools]:
        """Half-hours, slots and minutes in one row; which of them cover the time before the minute `place` of the
        slot, each moment once; and which are of the regular session.
        """
        half_hour, slot_place = np.divmod(self.slot, HALF_HOUR_SLOTS)
        levels = (self.half_hours, self.slots, self.minutes)
        places = (half_hour, slot_place, place)
        before = [np.arange(bars.volume.shape[1]) < at[:, None] for bars, at in zip(levels, places, strict=True)]
        first_slots = np.arange(self.half_hours.volume.shape[1]) * HALF_HOUR_SLOTS
        own = np.broadcast_to(self.day.regular(self.slot)[:, None], (len(self.slot), HALF_HOUR_SLOTS + SLOT_MINUTES))
        regular = np.broadcast_to(self.day.regular(first_slots), before[0].shape)
        return side_by_side(levels), np.concatenate(before, axis=1), np.concatenate([regular, own], axis=1)


def _descended(day: TradingDay, rows: Ints, half_hours: Bars, slot: Ints) -> _Descent:
    every = np.arange(len(rows))
    half_hour, place = np.divmod(slot, HALF_HOUR_SLOTS)
    slots = day.slots(rows, half_hour, half_hours.take((every, half_hour)))
    minutes = day.minutes(rows, slot, slots.take((every, place)))
    return _Descent(day, rows, slot, half_hours, slots, minutes)


class Tape:
    """The day as of `second`: so many whole seconds since 04:00 are in it. One writer; readers copy what they need."""

    def __init__(self, day: TradingDay) -> None:
        self.day = day
        self.second = 0
        count = day.count
        self.volume = np.zeros(count, np.int64)
        self.price = np.zeros(count, np.int64)
        self.traded_at = np.zeros(count, np.int64)
        """Instant of the last trade, 0 before the first."""
        self.trade_size = np.zeros(count, np.int64)
        self.minute = RunningBars(count)
        self.minute_number = np.full(count, -1)
        self.regular = RunningBars(count)
        self._turnover_before_minute = np.zeros(count, np.int64)
        self.turnover_of_minute = np.zeros(count, np.int64)
        self._slot: _Slot | None = None
        self._minute: _Minute | None = None
        self._next: _Minute | None = None
        self._ahead: Steps | None = None

    def vwap(self, rows: Ints) -> Floats:
        """Today's volume-weighted price in dollars, held inside the regular session's range once there is one."""
        turnover = (self._turnover_before_minute[rows] + self.turnover_of_minute[rows]).astype(np.float64)
        price = turnover / np.maximum(self.volume[rows], 1) / (PRICES_IN_TURNOVER * UNITS_PER_DOLLAR)
        low, high = self.regular.low[rows] / UNITS_PER_DOLLAR, self.regular.high[rows] / UNITS_PER_DOLLAR
        return np.where(self.regular.volume[rows] > 0, np.clip(price, low, high), price)

    def ready(self) -> bool:
        """The minute of the next second is there to be played."""
        return self._minute is not None and self._minute.number == self.second // MINUTE

    def make_ready(self) -> Steps:
        """Get the minute of the next second, from what was prepared ahead if that is it."""
        number = self.second // MINUTE
        yield from self._finish_ahead()
        if self._next is None or self._next.number != number:
            yield from self._prepare(number)
        self._minute, self._next = self._next, None

    def prepare_ahead(self) -> Iterator[None]:
        """Work at the coming minute, a slice for each step taken; it ends when that minute is there."""
        number = self.second // MINUTE + 1
        if self._next is None and self._ahead is None and number * MINUTE < self.day.seconds_long:
            self._ahead = self._prepare(number)
        yield from self._finish_ahead()

    def _finish_ahead(self) -> Iterator[None]:
        # Not `yield from`: whoever stops half-way must not close what is to be continued.
        for _ in self._ahead or ():
            yield
        self._ahead = None

    def slices_ahead(self) -> int:
        """At most so many slices make up a minute."""
        cells = self.day.count * (_TOP_CELLS + MINUTE)
        return 0 if self._next is not None else 3 + cells // CELLS_PER_SLICE

    def play(self) -> Trades:
        """Let one second pass and return its bars; the tape must be `ready`."""
        minute = self._minute
        if minute is None or not self.ready():
            raise AssertionError("the minute was not made ready")
        start, end = minute.edges[self.second % MINUTE : self.second % MINUTE + 2]
        trades = minute.trades.take(slice(start, end))
        rows, bars = trades.rows, trades.bars
        fresh = self.minute_number[rows] != minute.number
        self._turnover_before_minute[rows] = minute.turnover_before[rows]
        self.minute_number[rows] = minute.number
        self.turnover_of_minute[rows] = np.where(fresh, 0, self.turnover_of_minute[rows]) + bars.turnover
        self.minute.add(rows, bars, fresh)
        if self.day.regular(np.array(self.second // SLOT_SECONDS)):
            self.regular.add(rows, bars, self.regular.volume[rows] == 0)
        self.volume[rows] += bars.volume
        self._mark_last(rows, np.full(len(rows), self.second), bars.close, bars.volume)
        self.second += 1
        return trades

    def place(self, second: int) -> Steps:
        """Go to a second of the day at once, forwards only."""
        number = min(second // MINUTE, self.day.seconds_long // MINUTE - 1)
        for rows in slices(self.day.count, _TOP_CELLS):
            yield from self._place_rows(rows, number)
            yield
        self.second = number * MINUTE
        self._slot = self._next = self._ahead = None
        yield from self.make_ready()
        while self.second < second:
            self.play()
            yield

    def _mark_last(self, rows: Ints, second: Ints, price: Ints, volume: Ints) -> None:
        self.price[rows] = price
        self.traded_at[rows], self.trade_size[rows] = self.day.last_trades(rows, second, volume)

    def _prepare(self, number: int) -> Steps:
        slot_number, place = divmod(number, SLOT_MINUTES)
        if self._slot is None or self._slot.number != slot_number:
            self._slot = yield from self._slot_bars(slot_number)
        slot = self._slot
        minutes = slot.minutes.take((slice(None), place))
        parts: list[tuple[Ints, Trades]] = []
        active = np.flatnonzero(minutes.volume)
        for part in slices(len(active), MINUTE):
            rows = active[part]
            bars = self.day.seconds(rows, np.full(len(rows), number), minutes.take(rows))
            hit, second = np.nonzero(bars.volume)
            parts.append((second, Trades(rows[hit], bars.take((hit, second)))))
            yield
        before = slot.turnover_before + slot.minutes.take((slice(None), slice(0, place))).turnover.sum(axis=1)
        self._next = yield from _assembled(number, parts, before)

    def _slot_bars(self, number: int) -> Generator[None, None, _Slot]:
        """The slot's minutes for every symbol, and what had been turned over before it."""
        befores, minutes = [], []
        for block in slices(self.day.count, _TOP_CELLS):
            path = self._descent(block, number)
            befores.append(path.turnover_before(number))
            minutes.append(path.minutes)
            yield
        return _Slot(number, np.concatenate(befores), Bars.joined(minutes))

    def _descent(self, block: slice, number: int) -> "_Descent":
        rows = np.arange(block.start, block.stop)
        half_hours = self.day.half_hours(block, number)
        return _descended(self.day, rows, half_hours, np.full(len(rows), number))

    def _place_rows(self, block: slice, number: int) -> Steps:
        """Set these rows as they stood when the minute `number` began, by their last minute that traded."""
        now = self._descent(block, number // SLOT_MINUTES)
        yield
        self._forget(block)
        slot, limit = now.last_slot_before(number)
        seen = np.flatnonzero(slot >= 0)
        path = _descended(self.day, now.rows[seen], now.half_hours.take(seen), slot[seen])
        yield
        last = _last_true((path.minutes.volume > 0) & (np.arange(SLOT_MINUTES) < limit[seen, None]))
        self._fold(path, last)

    def _forget(self, block: slice) -> None:
        """Nothing has traded: what did so first in the minute to be played must not be counted twice."""
        for column in (
            *(self.volume, self.price, self.traded_at, self.trade_size),
            *(self._turnover_before_minute, self.turnover_of_minute),
        ):
            column[block] = 0
        self.minute.clear(block)
        self.minute_number[block] = -1
        self.regular.clear(block)

    def _fold(self, path: "_Descent", place: Ints) -> None:
        rows, every = path.rows, np.arange(len(path.rows))
        minute = path.minutes.take((every, place))
        number = path.slot * SLOT_MINUTES + place
        seconds = self.day.seconds(rows, number, minute)
        bars, before, regular = path.timeline(place)
        self._turnover_before_minute[rows] = _sum(bars.turnover, before)
        self.volume[rows] = _sum(bars.volume, before) + minute.volume
        self.turnover_of_minute[rows] = seconds.turnover.sum(axis=1)
        self.minute.put(rows, minute)
        self.minute_number[rows] = number
        last = _last_true(seconds.volume > 0)
        self._mark_last(rows, number * MINUTE + last, minute.close, seconds.volume[every, last])
        before[every, place - SLOT_MINUTES] = True
        self._fold_regular(rows, bars, before & regular & (bars.volume > 0))

    def _fold_regular(self, rows: Ints, bars: Bars, used: Bools) -> None:
        traded = np.flatnonzero(used.any(axis=1))
        bars, used = bars.take(traded), used[traded]
        every = np.arange(len(traded))
        folded = Bars(
            volume=_sum(bars.volume, used),
            open=bars.open[every, used.argmax(axis=1)],
            high=np.where(used, bars.high, 0).max(axis=1, initial=0),
            low=np.where(used, bars.low, _HIGHEST).min(axis=1, initial=_HIGHEST),
            close=bars.close[every, _last_true(used)],
        )
        self.regular.put(rows[traded], folded)


def _sum(values: Ints, used: Bools) -> Ints:
    total: Ints = np.where(used, values, 0).sum(axis=1)
    return total


def _last_true(flags: Bools) -> Ints:
    """The last column that is true in each row; meaningless where none is."""
    if not flags.shape[1]:
        return np.zeros(len(flags), np.int64)
    last: Ints = flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)
    return last


def _assembled(number: int, parts: list[tuple[Ints, Trades]], turnover_before: Ints) -> Generator[None, None, _Minute]:
    """Put the slices' trades in the order of time; at the open there are 130,000, so one column at a time."""
    nothing = np.zeros(0, np.int64)
    parts = [*parts, (nothing, Trades(nothing, Bars(*[nothing] * 5)))]
    second = np.concatenate([of for of, _ in parts])
    order = np.argsort(second.astype(np.uint8), kind="stable")
    edges = np.searchsorted(second[order], np.arange(MINUTE + 1))
    yield
    rows = np.concatenate([trades.rows for _, trades in parts])[order]
    columns = []
    for name in Bars.names():
        columns.append(np.concatenate([getattr(trades.bars, name) for _, trades in parts])[order])
        yield
    return _Minute(number, edges, Trades(rows, Bars(*columns)), turnover_before)
