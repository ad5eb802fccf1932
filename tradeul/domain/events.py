"""What reaches the engine from a market, in market words: whole-market images, daily bars, live bars, status.

All are immutable. Times are nanoseconds since the Unix epoch. In the arrays 0 means "not set", as prices and
times of 0 do not exist; the board turns it into null.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, NewType

import numpy as np
import numpy.typing as npt

Symbol = NewType("Symbol", str)
Nanos = NewType("Nanos", int)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class MarketImage:
    """One complete snapshot of the market, one array element per symbol, in the order of `symbols`.

    The day's prices are of the regular session; `minute_*` is the newest minute bar, which may be hours old.
    """

    symbols: tuple[Symbol, ...]
    updated: Ints
    day_open: Floats
    day_high: Floats
    day_low: Floats
    day_close: Floats
    day_volume: Floats
    day_vwap: Floats
    minute_start: Ints
    minute_high: Floats
    minute_low: Floats
    minute_close: Floats
    minute_trades: Floats
    minute_volume: Floats
    minute_volume_today: Floats
    prev_close: Floats
    prev_high: Floats
    prev_low: Floats
    prev_volume: Floats
    trade_price: Floats
    trade_at: Ints
    bid: Floats
    ask: Floats
    feed_time: Nanos
    """The largest `updated`: the moment the image is known for."""
    received_at: Nanos
    checksum: int
    """CRC-32 of the body as it arrived after decompression."""
    delayed: bool
    simulated: bool
    """The sender says that it is a simulated market."""
    dropped: Mapping[str, int]
    """Rows that could not be used, by reason."""


@dataclass(frozen=True, slots=True, eq=False)
class DailyBars:
    """One finished day of the whole market, one array element per symbol."""

    date: dt.date
    symbols: tuple[Symbol, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats


class SecondBar(NamedTuple):
    """One second of one symbol, as a live feed sends it; a bar with the same start replaces the earlier one.

    `volume_today`, `vwap_today` and `official_open` are of the day so far, 0 where the feed does not say.
    """

    symbol: Symbol
    start: Nanos
    end: Nanos
    open: float
    high: float
    low: float
    close: float
    volume: float
    volume_today: float
    vwap_today: float
    official_open: float


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What the vendor says the market is doing now."""

    phase: Literal["open", "closed", "extended"]
    server_time: Nanos
