"""The vendor's REST bodies as domain events: the whole market's snapshot, one day's bars, the market's status.

Sans-I/O: `rest` feeds the decoders with bytes as they arrive and yields to the loop between their steps. A row is
taken or dropped by itself, the whole is taken or refused: `SnapshotRefused` for a body that is no market,
`VendorUnavailable` or `VendorRefused` for a body in which the vendor says why it sent none.
"""

import datetime as dt
import struct
from itertools import compress
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from tradeul.domain.events import DailyBars, Ints, MarketImage, MarketStatus, Nanos, Symbol
from tradeul.errors import SnapshotRefused, VendorRefused, VendorUnavailable
from tradeul.fetching.rows import BAD_ROWS_ALLOWED, LONGEST_SYMBOL, RowDecoder
from tradeul.fetching.slicing import UNREADABLE
from tradeul.fetching.wording import one_line
from tradeul.polygon.columns import Columns

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NANOS_PER_MILLI = 1_000_000
FUTURE_ALLOWED_NS = 60 * 1_000_000_000
"""Clocks differ by a little; a time further ahead of its receipt is wrong, and would push the feed's time ahead."""

Amount = Annotated[float, msgspec.Meta(ge=0)]
Name = Annotated[Symbol, msgspec.Meta(min_length=1, max_length=LONGEST_SYMBOL)]
InNanos = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
InMillis = Annotated[int, msgspec.Meta(ge=0, le=(2**63 - 1) // NANOS_PER_MILLI)]


class _Day(msgspec.Struct, gc=False):
    o: Amount = 0.0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    c: Amount = 0.0
    v: Amount = 0.0
    vw: Amount = 0.0


class _Minute(msgspec.Struct, gc=False):
    t: InMillis = 0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    c: Amount = 0.0
    n: Amount = 0.0
    v: Amount = 0.0
    av: Amount = 0.0


class _PreviousDay(msgspec.Struct, gc=False):
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    c: Amount = 0.0
    v: Amount = 0.0


class _Trade(msgspec.Struct, gc=False):
    p: Amount = 0.0
    t: InNanos = 0


class _Quote(msgspec.Struct, gc=False):
    p: Amount = 0.0
    P: Amount = 0.0
    t: InNanos = 0


# One instance stands for every object that was not sent; nobody writes to a row.
_NO_DAY, _NO_MINUTE, _NO_PREVIOUS, _NO_TRADE, _NO_QUOTE = _Day(), _Minute(), _PreviousDay(), _Trade(), _Quote()


class _SnapshotRow(msgspec.Struct, gc=False):
    ticker: Name
    updated: InNanos = 0
    day: _Day = msgspec.field(default_factory=lambda: _NO_DAY)
    min: _Minute = msgspec.field(default_factory=lambda: _NO_MINUTE)
    prevDay: _PreviousDay = msgspec.field(default_factory=lambda: _NO_PREVIOUS)  # noqa: N815  # the vendor's name
    lastTrade: _Trade = msgspec.field(default_factory=lambda: _NO_TRADE)  # noqa: N815  # the vendor's name
    lastQuote: _Quote = msgspec.field(default_factory=lambda: _NO_QUOTE)  # noqa: N815  # the vendor's name


class _DailyRow(msgspec.Struct, gc=False):
    T: Name
    o: Amount = 0.0
    h: Amount = 0.0
    l: Amount = 0.0  # noqa: E741  # the vendor's name
    c: Amount = 0.0
    v: Amount = 0.0
    vw: Amount = 0.0
    n: Amount = 0.0
    t: InMillis = 0


class Envelope(msgspec.Struct):
    """What stands around the rows."""

    status: str = ""
    error: str | None = None
    message: str | None = None
    next_url: str | None = None


class _Status(msgspec.Struct):
    market: Literal["open", "closed", "extended-hours"]
    serverTime: dt.datetime  # noqa: N815  # the vendor's name
    earlyHours: bool | None = None  # noqa: N815
    afterHours: bool | None = None  # noqa: N815


class SnapshotDecoder(RowDecoder[_SnapshotRow]):
    """One full-market body into one `MarketImage`. Symbols equal to those of `previous` are the same object."""

    def __init__(self, previous: MarketImage | None = None) -> None:
        super().__init__("tickers", _SnapshotRow)
        self._known = previous.symbols if previous else ()
        # Compared slice by slice, so that little is left to do after the last byte.
        self._familiar = True
        self._symbols: list[Symbol] = []
        self._columns = Columns(_SNAPSHOT_TIMES, _SNAPSHOT_AMOUNTS)

    def finish(self, received_at: Nanos, *, simulated: bool) -> MarketImage:
        """The image, once the last byte was fed."""
        envelope = accepted(self._complete())
        if not self._symbols:
            raise SnapshotRefused("empty", "the vendor's snapshot holds no symbols")
        columns = self._columns.arrays()
        symbols = self._known if self._familiar and len(self._symbols) == len(self._known) else tuple(self._symbols)
        if self._columns.newest.max() > received_at + FUTURE_ALLOWED_NS:
            symbols, columns = self._without_the_future(symbols, columns, received_at + FUTURE_ALLOWED_NS)
        if symbols is not self._known and len(set(symbols)) < len(symbols):
            newest = _newest(symbols, columns["updated"])
            self.dropped["duplicate"] += len(symbols) - len(newest)
            symbols = tuple(symbols[row] for row in newest)
            columns = {name: column[newest] for name, column in columns.items()}
        for column in columns.values():
            column.flags.writeable = False
        return MarketImage(
            symbols=symbols,
            **columns,
            feed_time=Nanos(int(columns["updated"].max())),
            received_at=received_at,
            checksum=self.checksum,
            delayed=envelope.status == "DELAYED",
            simulated=simulated,
            dropped=dict(self.dropped),
        )

    def _without_the_future(
        self, symbols: tuple[Symbol, ...], columns: dict[str, Any], latest: int
    ) -> tuple[tuple[Symbol, ...], dict[str, Any]]:
        """Rows of later than `latest` left out, and single times of later not set: neither can be true."""
        ahead = columns["updated"] > latest
        if count := int(ahead.sum()):
            self.dropped["from_the_future"] += count
            if count > BAD_ROWS_ALLOWED * len(symbols):
                raise SnapshotRefused("from_the_future", f"{count} of {len(symbols)} rows are of later than our clock")
            symbols = tuple(compress(symbols, ~ahead))
            columns = {name: column[~ahead] for name, column in columns.items()}
        for name in ("minute_start", "trade_at", "quote_at"):
            if columns[name].max(initial=0) > latest:
                columns[name] = np.where(columns[name] > latest, 0, columns[name])
        return symbols, columns

    def _take(self, rows: list[_SnapshotRow]) -> None:
        rows = self._well_named(rows, [row.ticker for row in rows])
        symbols = [row.ticker for row in rows]
        start = len(self._symbols)
        self._familiar = self._familiar and self._known[start : start + len(symbols)] == tuple(symbols)
        self._symbols += symbols
        self._columns.add(b"".join([_snapshot_record(row) for row in rows]))


class DailyDecoder(RowDecoder[_DailyRow]):
    """One body of grouped daily bars into the `DailyBars` of `day`; rows of another New York day are dropped."""

    def __init__(self, day: dt.date) -> None:
        super().__init__("results", _DailyRow)
        self._day = day
        midnight = dt.datetime.combine(day, dt.time(), NEW_YORK)
        self._starts = _millis_of(midnight)
        self._ends = _millis_of(midnight + dt.timedelta(days=1))
        self._symbols: list[Symbol] = []
        self._columns = Columns((), _DAILY_AMOUNTS)

    def finish(self) -> DailyBars:
        """The bars, once the last byte was fed; no symbols if the vendor has none for the day."""
        accepted(self._complete())
        columns = self._columns.arrays()
        last = {symbol: row for row, symbol in enumerate(self._symbols)}
        if twice := len(self._symbols) - len(last):
            self.dropped["duplicate"] += twice
            columns = {name: column[list(last.values())] for name, column in columns.items()}
        return DailyBars(date=self._day, symbols=tuple(last), **columns)

    def _take(self, rows: list[_DailyRow]) -> None:
        rows = self._well_named(rows, [row.T for row in rows])
        of_the_day = [row for row in rows if self._starts <= row.t < self._ends or not row.t]
        if other := len(rows) - len(of_the_day):
            self.dropped["other_day"] += other
        self._symbols += [row.T for row in of_the_day]
        self._columns.add(b"".join([_daily_record(row) for row in of_the_day]))


def decode_market_status(body: bytes) -> MarketStatus:
    """What the vendor says the market is doing."""
    try:
        status = msgspec.json.decode(body, type=_Status)
    except UNREADABLE as error:
        raise VendorUnavailable(f"the vendor's market status cannot be read: {error}") from error
    moment = status.serverTime if status.serverTime.tzinfo else status.serverTime.replace(tzinfo=NEW_YORK)
    phase: Literal["open", "closed", "extended"] = "extended" if status.market == "extended-hours" else status.market
    return MarketStatus(phase, Nanos((moment - EPOCH) // dt.timedelta(microseconds=1) * 1000), _side_of(status))


def _side_of(status: _Status) -> Literal["early", "late", ""]:
    if bool(status.earlyHours) == bool(status.afterHours):
        return ""
    return "early" if status.earlyHours else "late"


def complaint_in(body: bytes) -> str:
    """What an answer that is no success says for itself, in one line; empty if it says nothing we can read."""
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except UNREADABLE:
        return ""
    return one_line(envelope.error or envelope.message or "")


def accepted(body: bytes) -> Envelope:
    """The envelope of a success; everything else is raised."""
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except UNREADABLE as error:
        raise SnapshotRefused("truncated", f"the vendor's answer cannot be read to its end: {error}") from error
    if envelope.status in {"OK", "DELAYED"}:
        return envelope
    said = f"the vendor answered {envelope.status or 'without a status'}: {complaint_in(body)}".rstrip(": ")
    if envelope.status == "NOT_AUTHORIZED":
        raise VendorRefused(said)
    raise VendorUnavailable(said)


def _newest(symbols: tuple[Symbol, ...], updated: Ints) -> list[int]:
    """For each symbol the row with the newest time, the later one of two equal; in the order they first appear."""
    best: dict[Symbol, int] = {}
    for row, symbol in enumerate(symbols):
        if updated[row] >= updated[best.setdefault(symbol, row)]:
            best[symbol] = row
    return list(best.values())


def _millis_of(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


_SNAPSHOT_TIMES = ("updated", "minute_start", "trade_at", "quote_at")
_SNAPSHOT_AMOUNTS = (
    *("day_open", "day_high", "day_low", "day_close", "day_volume", "day_vwap"),
    *("minute_high", "minute_low", "minute_close", "minute_trades", "minute_volume", "minute_volume_today"),
    *("prev_close", "prev_high", "prev_low", "prev_volume", "trade_price", "bid", "ask"),
)
_DAILY_AMOUNTS = ("open", "high", "low", "close", "volume", "vwap", "trades")
_pack_snapshot = struct.Struct(f"={len(_SNAPSHOT_TIMES)}q{len(_SNAPSHOT_AMOUNTS)}d").pack
_pack_daily = struct.Struct(f"={len(_DAILY_AMOUNTS)}d").pack


def _snapshot_record(row: _SnapshotRow) -> bytes:
    """A row as `Columns` takes it: packing is the fastest way from objects to columns, half of a list per column."""
    day, minute, previous, trade, quote = row.day, row.min, row.prevDay, row.lastTrade, row.lastQuote
    # fmt: off
    return _pack_snapshot(
        row.updated, minute.t * NANOS_PER_MILLI, trade.t, quote.t,
        day.o, day.h, day.l, day.c, day.v, day.vw,
        minute.h, minute.l, minute.c, minute.n, minute.v, minute.av,
        previous.c, previous.h, previous.l, previous.v, trade.p, quote.p, quote.P,
    )
    # fmt: on


def _daily_record(row: _DailyRow) -> bytes:
    return _pack_daily(row.o, row.h, row.l, row.c, row.v, row.vw, row.n)
