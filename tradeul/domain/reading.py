"""Reads a market image as of a trading date: which price may be shown, which volume is today's.

A vendor may still serve yesterday's totals, prices outside everything else it says, or nothing; here each row's own
timestamps decide what counts. Prices go down four rungs: last trade, minute, day, previous close.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.events import Bools, Floats, Ints, MarketImage, Nanos
from tradeul.domain.fields import PRICE_SOURCES
from tradeul.domain.session import NANOS

TRADE, MINUTE, DAY, PREVIOUS = range(len(PRICE_SOURCES))
NO_PRICE: Final = -1

PRICE_DECIMALS: Final = 4
MINUTE_NS: Final = 60 * NANOS
OUTSIDE_OWN_MINUTE: Final = 0.05
FAR_FROM_ALL: Final = 0.20


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What an image says of today, one element per symbol; NaN is unknown, a time of 0 is none."""

    price: Floats
    price_at: Ints
    rung: Ints
    suspect: Bools
    prev_close: Floats
    prev_high: Floats
    prev_low: Floats
    prev_volume: Floats
    volume: Floats
    high: Floats
    low: Floats
    open: Floats
    close: Floats
    vwap: Floats

    def part(self, where: slice) -> "Reading":
        """What it says of some of the symbols, without a copy."""
        return Reading(**{name: getattr(self, name)[where] for name in self.__slots__})


def _rounded(prices: Floats) -> Floats:
    rounded: Floats = np.round(prices, PRICE_DECIMALS)
    return rounded


def _or_nan(values: Floats, valid: Bools) -> Floats:
    return np.where(valid, values, np.nan)


def read(image: MarketImage, midnight: Nanos, last_price: Floats) -> Reading:
    """Read an image; `midnight` begins the trading date, `last_price` is what today showed before (NaN: nothing)."""
    row_today = image.updated >= midnight
    minute_today = (image.minute_start >= midnight) & (image.minute_close > 0)
    trade_today = (image.trade_at >= midnight) & (image.trade_price > 0)
    suspect = trade_today & _suspect(image, minute_today, last_price)
    day_today = row_today & (image.day_close > 0)
    minute_end = np.minimum(image.minute_start + MINUTE_NS, np.maximum(image.updated, image.minute_start))
    prev_close = _previous_close(image, row_today)
    price = prev_close.copy()
    price_at = np.zeros(len(price), np.int64)
    rung = np.where(np.isnan(prev_close), NO_PRICE, PREVIOUS)
    # From the lowest rung up: a better one overwrites.
    for value, at, level, counts in (
        (image.day_close, image.updated, DAY, day_today),
        (image.minute_close, minute_end, MINUTE, minute_today),
        (image.trade_price, image.trade_at, TRADE, trade_today & ~suspect),
    ):
        np.copyto(price, value, where=counts)
        np.copyto(price_at, at, where=counts)
        np.copyto(rung, level, where=counts)
    shown_today = _or_nan(price, (rung >= TRADE) & (rung < PREVIOUS))
    return Reading(
        price=_rounded(price),
        price_at=price_at,
        rung=rung,
        suspect=suspect,
        prev_close=prev_close,
        prev_high=_or_nan(image.prev_high, image.prev_high > 0),
        prev_low=_or_nan(image.prev_low, image.prev_low > 0),
        prev_volume=_or_nan(image.prev_volume, image.prev_volume > 0),
        volume=_volume(image, row_today, minute_today),
        high=_extreme(np.fmax, shown_today, _set(image.minute_high, minute_today), _set(image.day_high, row_today)),
        low=_extreme(np.fmin, shown_today, _set(image.minute_low, minute_today), _set(image.day_low, row_today)),
        open=_set(image.day_open, row_today),
        close=_or_nan(image.day_close, day_today),
        vwap=_set(image.day_vwap, row_today),
    )


def put_previous_in_new_shares(read: Reading, rows: Ints, factor: Floats) -> None:
    """Multiply what is known of the day before; where the factor is unknown it is not shown, and the row suspect."""
    for prices in (read.prev_close, read.prev_high, read.prev_low):
        prices[rows] = _rounded(prices[rows] * factor)
    read.prev_volume[rows] /= factor
    from_previous = rows[read.rung[rows] == PREVIOUS]
    read.price[from_previous] = read.prev_close[from_previous]
    doubtful = rows[np.isnan(factor)]
    read.suspect[doubtful] = True
    read.rung[doubtful[read.rung[doubtful] == PREVIOUS]] = NO_PRICE


def _set(values: Floats, of_today: Bools) -> Floats:
    """What is set, and of today."""
    return _or_nan(values, of_today & (values > 0))


def _previous_close(image: MarketImage, row_today: Bools) -> Floats:
    """The close before today; a row that was not cleared overnight still shows yesterday, as its day."""
    close = image.prev_close.copy()
    uncleared = (image.updated > 0) & ~row_today & (image.day_close > 0)
    np.copyto(close, image.day_close, where=uncleared)
    close[close <= 0] = np.nan
    return _rounded(close)


def _suspect(image: MarketImage, minute_today: Bools, last_price: Floats) -> Bools:
    """Tell trades far outside their own minute or, without it, far from both the last minute and the last price."""
    price = image.trade_price
    into_minute = image.trade_at - image.minute_start
    own_minute = minute_today & (into_minute >= 0) & (into_minute < MINUTE_NS)
    outside = (price > image.minute_high * (1 + OUTSIDE_OWN_MINUTE)) | (
        price < image.minute_low * (1 - OUTSIDE_OWN_MINUTE)
    )
    minute_close = _or_nan(image.minute_close, minute_today)
    near_minute = np.abs(price - minute_close) <= FAR_FROM_ALL * minute_close
    near_last = np.abs(price - last_price) <= FAR_FROM_ALL * last_price
    something_known = minute_today | ~np.isnan(last_price)
    far: Bools = np.where(own_minute, outside, something_known & ~near_minute & ~near_last)
    return far


def _volume(image: MarketImage, row_today: Bools, minute_today: Bools) -> Floats:
    volume: Floats = image.day_volume * row_today
    np.copyto(volume, image.minute_volume_today, where=minute_today & (image.minute_volume_today > 0))
    return volume


def _extreme(pick: np.ufunc, shown: Floats, minute: Floats, day: Floats) -> Floats:
    return _rounded(pick(pick(shown, minute), day))
