"""One symbol, and the past."""

import datetime as dt
from typing import Literal

from tradeul.web.shapes.form import AllValues, Milliseconds, Shape


class Standing(Shape):
    """A place in a list."""

    list: str
    rank: int


class Ticker(AllValues):
    """Every field of the catalogue as it is now, and the lists that the symbol stands in."""

    lists: tuple[Standing, ...]


class Company(Shape):
    """What is kept of a company or fund; null where nobody said."""

    symbol: str
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
    updated_at: Milliseconds


class Bar(Shape):
    """What was traded from `time` on, for an interval."""

    time: Milliseconds
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trades: float | None


class Sparks(Shape):
    """The last points of the price of every symbol in a list, `step_ms` of market time apart, the last one's step
    holding `as_of`; null where nothing was known.
    """

    list: str
    step_ms: int
    as_of: Milliseconds
    rows: dict[str, tuple[float | None, ...]]


class Bars(Shape):
    """Bars in the order of time."""

    symbol: str
    interval: Literal["1m", "5m", "15m", "1h", "1d"]
    bars: tuple[Bar, ...]
    source: Literal["kept", "exchange", "both"]
    complete: bool
    """False where some may be missing."""
    adjusted: bool
    """Whether prices are adjusted for splits since."""


class Baseline(Shape):
    """One session behind what is usual by this slot."""

    date: dt.date
    volume_at_slot_end: float
    volume_before: float
    """By the slot's beginning."""
    source: str


class RvolWork(Shape):
    """The division behind a relative volume: `rvol` is `volume_today` by `expected`, which is never taken under 1."""

    symbol: str
    as_of: Milliseconds
    """The moment that the volume is known for."""
    slot: int
    """Which of the 192 five-minute pieces of the day from 04:00 to 20:00 that is in."""
    fraction: float
    """How much of the slot had passed by then."""
    volume_today: float | None
    expected: float | None
    """Usual by then: the mean of `volume_before`, and `fraction` of the way to the mean of `volume_at_slot_end`."""
    rvol: float | None
    rvol_guarded: float | None
    """(volume_today + k) / (expected + k)"""
    rvol_slot: float | None
    method: Literal["exact", "curve", "none"]
    sessions: int | None
    avg_volume_30d: float | None
    curve_learned: dt.date | None
    """When the general curve was learned; null: it is the one that is built in."""
    k: float
    baselines: tuple[Baseline, ...]
    baselines_missing: str
    """Why there are none, where they cannot be had."""


class UsualDay(Shape):
    """What volume is usual by when, and the sessions of the board's date."""

    symbol: str
    date: dt.date
    pre_market_start: Milliseconds
    """Where the first slot begins."""
    market_open: Milliseconds
    market_close: Milliseconds
    post_market_end: Milliseconds
    slot_ms: int
    expected: tuple[float | None, ...]
    """Shares since 04:00 by the end of each of the 192 slots; null where nothing is known to expect."""
    method: Literal["exact", "curve", "none"]
    sessions: int | None


class Found(Shape):
    """A symbol that was searched for."""

    symbol: str
    name: str | None


class FoundSymbols(Shape):
    """The likeliest first."""

    symbols: tuple[Found, ...]


class Link(Shape):
    """A page elsewhere about a symbol; `{symbol}` in its address stands for that."""

    title: str
    address: str


class Links(Shape):
    """In the order in which they are shown."""

    links: tuple[Link, ...]


class Event(Shape):
    """Somebody entered a list, left it or stood highest in it."""

    timestamp: Milliseconds
    list: str
    symbol: str
    event: Literal["entered", "left", "peak"]
    rank: int | None
    price: float | None
    reason: str


class Events(Shape):
    """The newest first."""

    events: tuple[Event, ...]
    complete: bool
    """False where some may be missing."""


class ScanResult(Shape):
    """Who had which rank of a list in a minute."""

    timestamp: Milliseconds
    list: str
    rank: int
    symbol: str
    price: float | None
    volume: float | None
    rvol: float | None
    change_percent: float | None
    market_cap: float | None


class ScanResults(Shape):
    """A page of them, the newest first."""

    rows: tuple[ScanResult, ...]
    next_cursor: str | None
    """What to ask for as `cursor` to get the next page; null at the end."""


class RowThen(Shape):
    """A row of a list as it was kept."""

    rank: int
    symbol: str
    price: float | None
    change_percent: float | None
    rvol: float | None
    volume: float | None
    market_cap: float | None


class ListThen(Shape):
    """A list as it stood at a moment."""

    list: str
    at: Milliseconds
    """The moment that was asked about."""
    timestamp: Milliseconds
    """When this state was made."""
    resolution_s: int
    """How finely the past is known here."""
    rows: tuple[RowThen, ...]


class ListDay(Shape):
    """A day on which a list is kept."""

    date: str
    first: Milliseconds
    """The first moment of which something is kept."""
    last: Milliseconds
    market_open: Milliseconds
    market_close: Milliseconds
    resolution_s: int
    """How finely it is kept at best: 5 after each snapshot, 60 by the minute."""


class ListDays(Shape):
    """The days on which a list is kept, the newest first."""

    list: str
    days: tuple[ListDay, ...]
