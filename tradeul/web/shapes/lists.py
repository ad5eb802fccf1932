"""Lists, the market behind them and its day."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from tradeul.web.shapes.form import FeedName, Milliseconds, Row, SessionName, Shape


class ListSummary(Shape):
    """One list and its version."""

    name: str
    title: str
    size: int
    """How many rows it has at most."""
    count: int
    """How many it has now."""
    epoch: str
    """Which life of the server this is; a new one begins at every start."""
    sequence: int
    """Which version of the list in that life: one more with each change."""


class Categories(Shape):
    """All lists."""

    categories: tuple[ListSummary, ...]


class ListContents(Shape):
    """One list as it stands."""

    list: str
    epoch: str
    sequence: int
    timestamp: Milliseconds
    """When it was made, market time."""
    rows: tuple[Row, ...]


class ListPlace(Shape):
    """Where a list has got to."""

    size: int
    count: int
    sequence: int


class Funnel(Shape):
    """How many symbols come how far on the way to the lists."""

    symbols_seen: int
    priced: int
    with_volume: int
    rvol: dict[str, int]
    """By how the usual volume is known: `exact`, `curve` or `none`."""
    passed_filters: int
    dropped: dict[str, int]
    """By the first filter that drops them."""
    members: dict[str, int]
    """By list, before it is cut to its size."""


class FeedNow(Shape):
    """How fresh the market is that is shown."""

    state: FeedName
    reason: str
    """Empty where all is well."""
    age_ms: int | None
    """Since the last accepted snapshot."""


class StageLatency(Shape):
    """In milliseconds."""

    p50: float
    p99: float
    max: float
    batches: int
    """Of so many."""


class ScannerStatus(Shape):
    """The way from the market to the lists."""

    session: SessionName
    funnel: Funnel
    feed: FeedNow
    snapshots: dict[str, Any]
    """How many were accepted, unchanged, failed and refused, and which rows of them were not believed."""
    stage_ms: dict[str, float]
    """How long each stage took last."""
    latency: dict[str, StageLatency | None]
    """Of the last minute, by stage: fetch (from the newest event to the snapshot that holds it), live (from a live
    event to us), scan (from what came to lists), publish (from lists to their publication)."""
    hot: dict[str, Any]
    """What came of the symbols that are followed live."""
    stream: dict[str, Any]
    """How the link to the vendor is that brings them."""
    epoch: str
    lists: dict[str, ListPlace]


class DroppedFor(Shape):
    """Symbols under the first reason for which they are dropped."""

    count: int
    examples: tuple[str, ...]


class DroppedSymbols(Shape):
    """Who is dropped by the global filters."""

    as_of: Milliseconds
    reasons: dict[str, DroppedFor]


class Filtered(Shape):
    """What passes every filter."""

    as_of: Milliseconds
    count: int
    """Before the limit."""
    rows: tuple[Row, ...]


class Gappers(Shape):
    """Who gaps, the furthest first."""

    as_of: Milliseconds
    min_gap: float
    up: tuple[Row, ...]
    down: tuple[Row, ...]


class SessionFacts(Shape):
    """The market's day. Hours are New York's wall, and null on a day without trading."""

    current_session: SessionName
    trading_date: dt.date
    """The current or the last one."""
    is_trading_day: bool
    is_holiday: bool
    holiday_name: str | None
    is_early_close: bool
    pre_market_start: str | None = Field(examples=["04:00:00"])
    market_open: str | None = Field(examples=["09:30:00"])
    market_close: str | None = Field(examples=["16:00:00"])
    post_market_end: str | None = Field(examples=["20:00:00"])
    next_session: SessionName
    seconds_until_next_session: int


class FieldTold(Shape):
    """A field of the catalogue."""

    name: str
    """As rows and conditions have it."""
    title: str
    type: Literal["number", "time", "flag", "text"]
    """How a value travels: times are integer milliseconds, flags true or false, and all may be null."""
    unit: str
    meaning: str
    precision: int
    """Decimals that a value is rounded to, once, where it is computed."""
    format: str
    """How a person is shown it: price, percent, ratio, shares, money, count, time."""
    source: str


class Fields(Shape):
    """The catalogue, in its order."""

    fields: tuple[FieldTold, ...]


class Input(Shape):
    """A field behind a predicate."""

    name: str
    value: Any
    source: str
    age_ms: int | None
    """From its event to the moment of the lists."""


class Predicate(Shape):
    """A part of what a symbol has to pass."""

    kind: str
    name: str | None
    """The filter, `where`, `keep` or `order` that it is; null for a part of one."""
    text: str
    verdict: Literal["pass", "fail", "unknown"]
    value: Any
    threshold: Any
    """What the value is held against."""
    source: str | None
    age_ms: int | None
    fields: tuple[Input, ...]
    parts: "tuple[Predicate, ...]"


class Key(Shape):
    """A key of a list's order, and what it is for one symbol."""

    text: str
    descending: bool
    value: Any


class Place(Shape):
    """Who has a rank, and by which keys."""

    rank: int
    symbol: str
    order: tuple[Key, ...]


class Neighbours(Shape):
    """Who is next to the rank that the symbol has or would have; `last` has the last one of a list that is full."""

    above: Place | None
    below: Place | None
    last: Place | None


class Why(Shape):
    """Why a symbol is in a list or is not."""

    list: str
    symbol: str
    as_of: Milliseconds
    member: bool
    rank: int | None
    predicates: tuple[Predicate, ...]
    """All that it has to pass, in order."""
    first_failure: Predicate | None
    """What keeps it out first."""
    order: tuple[Key, ...]
    neighbours: Neighbours
