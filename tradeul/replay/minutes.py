"""Bars of a minute for a whole market, made of what was shown of it: snapshots of a recording, or a board at them.

A minute is settled when something of a later one is shown, and never changes from then on; when that was is kept, so
that whoever asks as of a moment is told of nothing that was settled later. Pure but for its own state;
`recorded_days` and `charts` make one each.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Floats, Ints, Nanos, Symbol, SymbolBars
from tradeul.domain.minutes import MINUTE_NS

NO_MINUTE: Final = -1


class Shown(NamedTuple):
    """What is shown of every row at one moment: until when it is known, prices in that minute, and the day's volume.

    A price of NaN tells nothing.
    """

    at: Ints
    price: Floats
    high: Floats
    low: Floats
    volume: Floats


class _Settled(NamedTuple):
    """A minute that is over: who traded in it in the order of their numbers, and an element for each."""

    minute: int
    at: Nanos
    numbers: npt.NDArray[np.int32]
    prices: npt.NDArray[np.float32]
    """Lines of open, high, low and close."""
    volume: Floats
    """The day's up to its end."""


class Minutes:
    """Takes what is shown in the order in which it was."""

    def __init__(self) -> None:
        self._settled: list[_Settled] = []
        self._number: dict[Symbol, int] = {}
        self._known: tuple[tuple[Symbol, ...] | list[Symbol], Ints] = ((), np.empty(0, np.int64))
        self._newest = np.empty(0, np.int64)
        self._before = np.empty(0)
        """The day's volume of each when it was seen first."""
        self._minute = NO_MINUTE
        self._prices, self._volume = np.empty((4, 0)), np.empty(0)

    def take(self, symbols: tuple[Symbol, ...] | list[Symbol], shown: Shown, now: Nanos) -> None:
        """See what was traded since the last time. Half a millisecond for 12,000 symbols."""
        numbers = self._numbers(symbols)
        new = self._newest[numbers] == 0
        self._before[numbers[new]] = np.nan_to_num(shown.volume[new])
        rows = np.flatnonzero((shown.at > self._newest[numbers]) & ~np.isnan(shown.price))
        minutes = shown.at[rows] // MINUTE_NS
        for minute in np.unique(minutes):
            self._put(int(minute), numbers, rows[minutes == minute], shown, now)
        self._newest[numbers[rows]] = shown.at[rows]

    def bars(self, symbol: Symbol, until: Nanos | None = None, minutes: int = 1) -> SymbolBars:
        """A symbol's bars of so many minutes; as of a moment only those that were settled by then."""
        number = self._number.get(symbol)
        settled = () if number is None else self._as_of(until)
        found = [each for each in (_of(number or 0, one) for one in settled) if each is not None]
        starts = np.array([minute for minute, _ in found], np.int64) * MINUTE_NS
        lines = np.array([line for _, line in found]).T if found else np.empty((5, 0))
        first = 0.0 if number is None else self._before[number]
        volume = np.maximum(0.0, np.diff(lines[4], prepend=first))
        return _joined(symbol, starts, lines, volume, minutes)

    def _as_of(self, until: Nanos | None) -> list[_Settled]:
        if until is None:
            return [*self._settled, *self._under_way(Nanos(0))]
        return [each for each in self._settled if each.at <= until]

    def _numbers(self, symbols: tuple[Symbol, ...] | list[Symbol]) -> Ints:
        """The number of each row, which is its symbol's for good."""
        known, numbers = self._known
        if len(known) != len(symbols) or known != symbols:
            numbers = np.array([self._number.setdefault(each, len(self._number)) for each in symbols], np.int64)
            # A board's own list grows.
            self._known = (symbols if isinstance(symbols, tuple) else list(symbols), numbers)
            more = len(self._number) - len(self._newest)
            self._newest = np.concatenate([self._newest, np.zeros(more, np.int64)])
            self._before = np.concatenate([self._before, np.zeros(more)])
            self._volume = np.concatenate([self._volume, np.zeros(more)])
            self._prices = np.concatenate([self._prices, np.full((4, more), np.nan)], axis=1)
        return numbers

    def _put(self, minute: int, numbers: Ints, rows: Ints, shown: Shown, now: Nanos) -> None:
        if minute < self._minute:
            return
        if minute > self._minute:
            self._settled.extend(self._under_way(now))
            self._prices[:], self._minute = np.nan, minute
        these, price = numbers[rows], shown.price[rows]
        opened, high, low, close = self._prices
        opened[these] = np.where(np.isnan(opened[these]), price, opened[these])
        high[these] = np.fmax(high[these], np.fmax(price, shown.high[rows]))
        low[these] = np.fmin(low[these], np.fmin(price, shown.low[rows]))
        close[these] = price
        self._volume[these] = np.nan_to_num(shown.volume[rows])

    def _under_way(self, now: Nanos) -> list[_Settled]:
        traded = np.flatnonzero(~np.isnan(self._prices[3]))
        if not len(traded):
            return []
        # Four bytes tell a price to a ten-millionth: a day of 12,000 symbols takes some 60 MB.
        prices = self._prices[:, traded].astype(np.float32)
        return [_Settled(self._minute, now, traded.astype(np.int32), prices, self._volume[traded])]


def _of(number: int, settled: _Settled) -> tuple[int, list[float]] | None:
    """What a minute says of one symbol; None where it did not trade."""
    place = int(np.searchsorted(settled.numbers, number))
    if place == len(settled.numbers) or settled.numbers[place] != number:
        return None
    return settled.minute, [*settled.prices[:, place].tolist(), float(settled.volume[place])]


def _joined(symbol: Symbol, starts: Ints, lines: Floats, volume: Floats, minutes: int) -> SymbolBars:
    """Bars of a minute put together to longer ones."""
    length = minutes * MINUTE_NS
    pieces = starts // length * length
    first = np.flatnonzero(np.diff(pieces, prepend=-1))
    last = np.append(first[1:], len(starts)).astype(np.int64) - 1
    nothing = np.zeros(len(first))
    opened, high, low, close = lines[:4].astype(np.float64).round(4)
    return SymbolBars(
        symbol,
        adjusted=False,
        start=pieces[first],
        open=opened[first],
        high=np.maximum.reduceat(high, first) if len(first) else nothing,
        low=np.minimum.reduceat(low, first) if len(first) else nothing,
        close=close[last] if len(first) else nothing,
        volume=np.add.reduceat(volume, first) if len(first) else nothing,
        vwap=nothing,
        trades=nothing,
    )
