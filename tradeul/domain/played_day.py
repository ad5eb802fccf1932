"""A stored session of the whole market as a sequence of images, one at each slot's end: what a feed would have shown.

An image holds only bars that had ended by its moment, however much is known of what came after: what is read of a slot
is read when that slot ends, and the state steps on from there. What bars cannot tell (`UNTOLD`) stays unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.day_volumes import SLOT_NS, slot_count
from tradeul.domain.events import Bools, Floats, Ints, MarketImage, Nanos, Symbol
from tradeul.domain.session import NANOS, DayHours

UNTOLD: Final = (
    "bid", "ask", "spread_bps", "halted", "halted_at", "change_1m", "volume_1m", "trades_1m", "rvol_slot",
    "new_highs_15m", "new_lows_15m",
)  # fmt: skip
"""Fields that images five minutes apart, made of bars, do not tell."""
COARSE: Final = ("updated", "last_high_at", "last_low_at", "seconds_since_high", "seconds_since_low")
"""Moments that they tell to five minutes."""
FORGOTTEN: Final = ("new_highs_15m", "new_lows_15m")
"""Of those, what a board would count all the same: three images are not fifteen minutes."""

LAST_MOMENT_NS: Final = 1_000_000
"""A bar's newest trade lies within it, and its end does not."""
_LAST_MINUTE_NS: Final = 60 * NANOS


@dataclass(frozen=True, slots=True, eq=False)
class PlayedDay:
    """A session by slot: a line per slot, an element per symbol; NaN where nothing traded or nobody knows.

    `volume` is cumulative, `vwap` the average price of the slot. `previous` are close, high, low and volume of the
    session before, as they were traded.
    """

    hours: DayHours
    symbols: tuple[Symbol, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    previous: Floats


@dataclass(slots=True, eq=False)
class _Running:
    """What a feed would show of the day so far; 0 is not set, as in an image."""

    updated: Ints
    minute_start: Ints
    minute_high: Floats
    minute_low: Floats
    minute_close: Floats
    day_open: Floats
    day_high: Floats
    day_low: Floats
    day_close: Floats
    volume: Floats
    turnover: Floats
    priced_volume: Floats


def images(day: PlayedDay) -> Iterator[MarketImage]:
    """Give the day's images in their order; one that was given is never written to again."""
    count = len(day.symbols)
    floats = [np.zeros(count) for _ in range(10)]
    running = _Running(np.zeros(count, np.int64), np.zeros(count, np.int64), *floats)
    for slot in range(slot_count(day.hours)):
        _step(running, day, slot)
        yield _image(running, day, Nanos(day.hours.pre_market_start + (slot + 1) * SLOT_NS))


def _step(running: _Running, day: PlayedDay, slot: int) -> None:
    """Take what was traded in a slot that has ended."""
    start = day.hours.pre_market_start + slot * SLOT_NS
    end, close = start + SLOT_NS, day.close[slot]
    traded = ~np.isnan(close)
    _take_volume(running, day, slot)
    running.updated = np.where(traded, end - LAST_MOMENT_NS, running.updated)
    running.minute_start = np.where(traded, end - _LAST_MINUTE_NS, running.minute_start)
    running.minute_high = np.where(traded, day.high[slot], running.minute_high)
    running.minute_low = np.where(traded, day.low[slot], running.minute_low)
    running.minute_close = np.where(traded, close, running.minute_close)
    if day.hours.market_open <= start < day.hours.closes_at:
        _take_regular(running, day, slot, traded)


def _take_volume(running: _Running, day: PlayedDay, slot: int) -> None:
    volume = np.fmax(running.volume, day.volume[slot])
    priced = ~np.isnan(day.vwap[slot])
    shares = np.where(priced, volume - running.volume, 0.0)
    running.turnover = running.turnover + shares * np.where(priced, day.vwap[slot], 0.0)
    running.priced_volume = running.priced_volume + shares
    running.volume = volume


def _take_regular(running: _Running, day: PlayedDay, slot: int, traded: Bools) -> None:
    """The regular session's own prices; the first of them is the open."""
    first = traded & (running.day_open == 0)
    running.day_open = np.where(first, day.open[slot], running.day_open)
    running.day_high = np.where(traded, np.maximum(running.day_high, day.high[slot]), running.day_high)
    lower = np.where(first, day.low[slot], np.minimum(running.day_low, day.low[slot]))
    running.day_low = np.where(traded, lower, running.day_low)
    running.day_close = np.where(traded, day.close[slot], running.day_close)


def _image(running: _Running, day: PlayedDay, at: Nanos) -> MarketImage:
    zeros, never = np.zeros(len(day.symbols)), np.zeros(len(day.symbols), np.int64)
    close, high, low, volume = np.nan_to_num(day.previous)
    with np.errstate(divide="ignore", invalid="ignore"):
        vwap = np.nan_to_num(running.turnover / running.priced_volume)
    opened = running.day_open > 0
    return MarketImage(
        symbols=day.symbols, updated=running.updated, day_open=running.day_open, day_high=running.day_high,
        day_low=running.day_low, day_close=running.day_close, day_volume=np.where(opened, running.volume, 0.0),
        day_vwap=vwap, minute_start=running.minute_start, minute_high=running.minute_high,
        minute_low=running.minute_low, minute_close=running.minute_close, minute_trades=zeros, minute_volume=zeros,
        minute_volume_today=running.volume, prev_close=close, prev_high=high, prev_low=low, prev_volume=volume,
        trade_price=zeros, trade_at=never, bid=zeros, ask=zeros, quote_at=never, feed_time=at, received_at=at,
        checksum=0, delayed=False, simulated=False, dropped={},
    )  # fmt: skip
