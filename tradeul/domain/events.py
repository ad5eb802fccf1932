"""What reaches the engine from a market, in market words: whole-market images, bars, live events, reference, status.

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
    quote_at: Ints
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

    def part(self, where: slice) -> "MarketImage":
        """Some of its rows, without a copy."""
        values = {name: getattr(self, name) for name in self.__slots__}
        columns = {name: each[where] for name, each in values.items() if isinstance(each, np.ndarray)}
        return MarketImage(**(values | columns | {"symbols": self.symbols[where]}))


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
    trades: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SymbolBars:
    """Bars of one symbol in the order of time, one array element per bar; where nothing traded there is none."""

    symbol: Symbol
    adjusted: bool
    """Put into the shares of today, for splits since."""
    start: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    trades: Floats


class LiveBar(NamedTuple):
    """One second or minute of one symbol, as a live feed sends it; one with the same start replaces the earlier one.

    `volume_today`, `vwap_today` and `official_open` are of the day so far, `vwap` and `trades` are of the bar itself;
    each is 0 where the feed does not say.
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
    vwap: float = 0.0
    trades: float = 0.0


class MinuteBar(NamedTuple):
    """One finished minute of one symbol, from `at` on. A price or number of trades that is not known is None.

    `as_of` is how far the market was known when this was said: of two about one minute the later one counts.
    """

    at: Nanos
    symbol: Symbol
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trades: float | None
    as_of: Nanos


class LiveTrade(NamedTuple):
    """One trade; `conditions` are the tape's codes, `price_counts` is what they say of its price.

    "extended" is a price that counts outside of the regular session only, as the tape has it.
    """

    symbol: Symbol
    at: Nanos
    price: float
    size: float
    exchange: int
    conditions: tuple[int, ...]
    price_counts: Literal["always", "extended", "never"] = "always"


class LiveQuote(NamedTuple):
    """The best bid and ask; a side that is missing is 0. Sizes are in round lots."""

    symbol: Symbol
    at: Nanos
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class PriceBand(NamedTuple):
    """The limits a symbol may trade within, or that its trading halted or resumed."""

    symbol: Symbol
    at: Nanos
    lower: float
    upper: float
    says: Literal["band", "halted", "resumed"]


class LiveEvents(NamedTuple):
    """What one message of a live feed held, each kind in the order it was sent."""

    seconds: list[LiveBar]
    minutes: list[LiveBar]
    trades: list[LiveTrade]
    quotes: list[LiveQuote]
    bands: list[PriceBand]

    def newest(self) -> Nanos:
        """The market time of the newest of these, of which there are some."""
        ends = [bar.end for bars in (self.seconds, self.minutes) for bar in bars]
        return max(ends + [event.at for kind in (self.trades, self.quotes, self.bands) for event in kind])


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of the exchange's list of securities. What the vendor does not say is empty."""

    symbol: Symbol
    name: str
    exchange: str
    """The primary exchange's market code, such as XNAS."""
    type: str
    """Such as CS or ETF; an open set."""
    active: bool
    updated: Nanos
    figi: str
    """Of the security itself, whatever its symbol; each class of shares has its own."""
    last_traded: dt.date | None
    """The last date under this symbol, if there is none to come."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one company or fund. None where the source does not say."""

    symbol: Symbol
    name: str
    market_cap: float | None
    shares_outstanding: float | None
    sic_code: str
    sic_description: str
    sector: str
    industry: str
    list_date: dt.date | None
    beta: float | None
    is_etf: bool | None
    is_actively_trading: bool | None


class Metadata(NamedTuple):
    """What is kept of one symbol beyond its prices. None where nobody said."""

    symbol: Symbol
    company_name: str | None
    exchange: str | None
    type: str | None
    sector: str | None
    industry: str | None
    market_cap: float | None
    float_shares: float | None
    shares_outstanding: float | None
    avg_volume_30d: float | None
    avg_volume_10d: float | None
    avg_price_30d: float | None
    beta: float | None
    is_etf: bool | None
    is_actively_trading: bool | None
    updated_at: Nanos


@dataclass(frozen=True, slots=True)
class FloatShares:
    """How many shares of a symbol can be traded freely, as of a date."""

    symbol: Symbol
    as_of: dt.date | None
    shares: float
    shares_outstanding: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """From `date` on, `old` shares are `new` ones: a 1-for-10 reverse split has old 10, new 1."""

    symbol: Symbol
    date: dt.date
    old: float
    new: float


@dataclass(frozen=True, slots=True)
class Closure:
    """A coming day on which the exchange is closed, or closes early."""

    date: dt.date
    name: str
    early_close: Nanos | None
    """When it closes that day; None if it does not open."""


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What the vendor says the market is doing now."""

    phase: Literal["open", "closed", "extended"]
    server_time: Nanos
    side: Literal["early", "late", ""] = ""
    """Which extended hours; empty where the vendor does not say."""


class ListEvent(NamedTuple):
    """A symbol came into a list, left it, or stood highest in it; `at` is when that was, on the market's clock."""

    at: Nanos
    list: str
    symbol: Symbol
    event: Literal["entered", "left", "peak"]
    rank: int
    """The rank then; of one that left, the last it had."""
    price: float | None
    reason: str


class ListRecord(NamedTuple):
    """Who was in a list at one moment, in the order of rank; what is unknown of a symbol is None."""

    at: Nanos
    list: str
    symbols: tuple[Symbol, ...]
    prices: tuple[float | None, ...]
    changes: tuple[float | None, ...]
    rvols: tuple[float | None, ...]
    volumes: tuple[float | None, ...]
    market_caps: tuple[float | None, ...]


class ListRow(NamedTuple):
    """One line of a list's result of a minute."""

    at: Nanos
    list: str
    rank: int
    symbol: Symbol
    price: float | None
    volume: float | None
    rvol: float | None
    change_percent: float | None
    market_cap: float | None
