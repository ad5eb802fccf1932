"""Brings rows of the board up to date with live events that were folded, each field to its newest event.

Volume is what the feed says of the day so far and never a sum of ours. A trade moves price and extremes where its price
counts, a quote bid and ask. `engine/enrichment` calls it, and derives what follows from the rows.
"""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import repeat, starmap
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tradeul.domain import reading
from tradeul.domain.board import Board, Rows
from tradeul.domain.events import Bools, Floats, Ints, LiveBar, LiveQuote, Nanos, PriceBand, Symbol
from tradeul.domain.extremes import Extremes
from tradeul.domain.folding import Folded, TradeFold
from tradeul.domain.halts import Halts
from tradeul.domain.minutes import MINUTE_NS
from tradeul.domain.session import NANOS, Moment, Session
from tradeul.domain.trade_counts import TradeCounts

_MS_NS: Final = 1_000_000
_SYMBOL, _VALUES = itemgetter(0), itemgetter(slice(1, None))
_TIMES: Final = frozenset({"start", "end", "at"})
_SHOWN: Final = (
    "price", "price_source", "updated", "open", "high", "low", "premarket_high", "premarket_low", "premarket_volume",
    "new_highs_15m", "new_lows_15m", "last_high_at", "last_low_at", "volume_today", "trades_1m", "vwap", "bid", "ask",
    "halted", "halted_at", "suspect",
)  # fmt: skip
"""All that is written here and can be seen."""


Event = LiveBar | TradeFold | LiveQuote


class Touched(NamedTuple):
    """The rows that events came for, in order, and whether one of them is another one now."""

    rows: Ints
    changed: bool


class _Layout:
    """How events of one kind lie in a table: all but the symbol, which is their first field."""

    def __init__(self, fields: Sequence[str]) -> None:
        kinds = ["q" if name in _TIMES else "d" for name in fields[1:]]
        self.pack = struct.Struct("=" + "".join(kinds)).pack
        self.dtype = np.dtype(list(zip(fields[1:], kinds, strict=True)))


_BARS, _TRADES, _QUOTES = _Layout(LiveBar._fields), _Layout(TradeFold._fields), _Layout(LiveQuote._fields)


class Columns:
    """Events of one kind, of symbols on the board, as columns. Packing takes half the time of a list per column."""

    def __init__(self, layout: _Layout, events: Sequence[Event], row_of: Mapping[Symbol, int]) -> None:
        # Without a line of Python per event, as that is most of what it costs.
        self.rows = np.fromiter(map(row_of.get, map(_SYMBOL, events), repeat(-1)), np.int64, len(events))
        self._table = np.frombuffer(b"".join(starmap(layout.pack, map(_VALUES, events))), layout.dtype)
        self._keep(self.rows >= 0)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._table[name]

    def prices(self, name: str) -> Floats:
        """A column of prices as the board has them, where 0 is none."""
        values: Floats = np.round(self._table[name], reading.PRICE_DECIMALS)
        values[values <= 0] = np.nan
        return values

    def leave_out_before(self, midnight: Nanos, time: str) -> None:
        """Forget what is of an earlier date."""
        self._keep(self._table[time] >= midnight)

    def _keep(self, kept: Bools) -> None:
        if not kept.all():
            self.rows, self._table = self.rows[kept], self._table[kept]


def bar_columns(bars: Sequence[LiveBar], row_of: Mapping[Symbol, int]) -> Columns:
    """Bars of seconds or minutes as columns."""
    return Columns(_BARS, bars, row_of)


class LiveRows:
    """Writes to one board; extremes, counts and halts are those of its other writer."""

    def __init__(self, board: Board, extremes: Extremes, trade_counts: TradeCounts, halts: Halts) -> None:
        self._board = board
        self._extremes = extremes
        self._trade_counts = trade_counts
        self._halts = halts

    def take(self, live: Folded, seconds: Columns, moment: Moment, now: Nanos, doubted: Counter[str]) -> Touched:
        """Bring the rows up to date; `seconds` are those of `live`, `now` is the newest moment known of the market."""
        row_of, midnight = self._board.row_of, moment.hours.midnight
        minutes, trades = bar_columns(live.minutes, row_of), Columns(_TRADES, live.trades, row_of)
        quotes = Columns(_QUOTES, live.quotes, row_of)
        for columns in (seconds, minutes, trades):
            columns.leave_out_before(midnight, "start")
        quotes.leave_out_before(midnight, "at")
        rows = self._all_of(seconds, minutes, trades, quotes)
        before = [self._board[name][rows] for name in _SHOWN]
        if len(seconds.rows):
            self._take_bars(seconds, seconds["end"], moment)
            self._halts.traded(seconds.rows, seconds["end"] - NANOS, moment.hours)
            self._trade_counts.take_bars(seconds.rows, seconds["start"], seconds["end"], seconds["trades"], now)
        if len(minutes.rows):
            # Its prices are of before its end, which is the next minute's beginning.
            self._take_bars(minutes, minutes["end"] - 1, moment)
            self._halts.traded(minutes.rows, minutes["end"] - MINUTE_NS, moment.hours)
        if len(trades.rows):
            doubted["price_suspect"] += self._take_trades(trades, moment, now)
        if len(quotes.rows):
            take_quotes(self._board, quotes.rows, quotes["at"], quotes.prices("bid"), quotes.prices("ask"))
        told = [self._tell(band, moment) for band in live.bands if band.at >= midnight]
        return Touched(rows, any(told) or self._differ(rows, before))

    def _all_of(self, *kinds: Columns) -> Ints:
        touched = np.zeros(len(self._board), np.bool_)
        for columns in kinds:
            touched[columns.rows] = True
        return np.flatnonzero(touched)

    def _take_bars(self, bars: Columns, at: Ints, moment: Moment) -> None:
        """Take seconds, or minutes; an extreme is of the moment `at`."""
        board, rows, start, end = self._board, bars.rows, bars["start"], bars["end"]
        self._take_prices(rows, end, bars.prices("close"), end // _MS_NS, end >= board["price_at"][rows])
        volume = np.round(bars["volume_today"])
        board["volume_today"][rows] = np.fmax(volume, board["volume_today"][rows])
        board["volume_at"][rows] = np.maximum(board["volume_at"][rows], end)
        high, low = bars.prices("high"), bars.prices("low")
        # A bar at or before one already seen is a correction: it moves the extreme, but nothing happened just now.
        events = (end > board["bar_end"][rows]) & (board["seen"][rows] == 1)
        self._extremes.exceed(rows, high, low, at, events)
        early = start < moment.hours.market_open
        take_pre_market(board, rows, high, low, early)
        board.overwrite("premarket_volume", rows, np.fmax(volume, board["premarket_volume"][rows]), early)
        vwap = bars.prices("vwap_today")
        fresh = ~np.isnan(vwap) & (end >= board["vwap_at"][rows])
        board.overwrite("vwap", rows, vwap, fresh)
        board.overwrite("vwap_at", rows, end, fresh)
        if moment.session is not Session.PRE_MARKET:
            opened = bars.prices("official_open")
            board.overwrite("open", rows, opened, ~np.isnan(opened) & np.isnan(board["open"][rows]))
        board["bar_end"][rows] = np.maximum(board["bar_end"][rows], end)

    def _take_trades(self, trades: Columns, moment: Moment, now: Nanos) -> int:
        """Take trades whose prices count, and count all of them; how many rows had one that is not believed."""
        board, rows, at = self._board, trades.rows, trades["at"]
        price, high, low = (trades.prices(name) for name in ("price", "high", "low"))
        far = self._disbelieve(rows, price, high, low)
        shown = ~np.isnan(price)
        # A bar that ends with this instant holds nothing of it, and is older.
        newer = shown & (at >= board["price_at"][rows])
        self._take_prices(rows, at + 1, price, np.where(shown, at // _MS_NS, 0), newer)
        self._extremes.exceed(rows, high, low, at, (at >= board["bar_end"][rows]) & (board["seen"][rows] == 1))
        take_pre_market(board, rows, high, low, (at > 0) & (at < moment.hours.market_open))
        self._trade_counts.take_trades(rows, trades["start"], trades["end"], trades["trades"], now)
        self._halts.traded(rows, np.where(shown, at, 0), moment.hours)
        return int(far.sum())

    def _disbelieve(self, rows: Ints, *prices: Floats) -> Bools:
        """Make unknown what is far from the price shown today, as in a snapshot, and mark the rows that had such."""
        board = self._board
        last = np.where(board["price_source"][rows] < reading.PREVIOUS, board["price"][rows], np.nan)
        found = np.zeros(len(rows), np.bool_)
        for column in prices:
            far = np.abs(column - last) > reading.FAR_FROM_ALL * last
            column[far] = np.nan
            found |= far
        board["suspect"][rows] = np.maximum(board["suspect"][rows], found)
        return found

    def _take_prices(self, rows: Ints, at: Ints, price: Floats, updated: Ints, newer: Bools) -> None:
        board = self._board
        board.overwrite("price", rows, price, newer)
        board.overwrite("price_at", rows, at, newer)
        board.overwrite("price_source", rows, np.full(len(rows), reading.TRADE), newer)
        board["updated"][rows] = np.maximum(board["updated"][rows], updated)

    def _tell(self, band: PriceBand, moment: Moment) -> bool:
        row = self._board.row_of.get(band.symbol)
        return row is not None and self._halts.tell(row, band, moment.hours)

    def _differ(self, rows: Ints, before: Sequence[npt.NDArray[Any]]) -> bool:
        for name, values in zip(_SHOWN, before, strict=True):
            # What is unknown equals itself.
            if not np.array_equal(self._board[name][rows], values, equal_nan=values.dtype == np.float64):
                return True
        return False


def take_pre_market(board: Board, rows: Rows, highs: Floats, lows: Floats, early: Bools) -> None:
    """Widen the range of before the open where prices are of then."""
    for name, values, further in (("premarket_high", highs, np.fmax), ("premarket_low", lows, np.fmin)):
        board.overwrite(name, rows, further(values, board[name][rows]), early)


def take_quotes(board: Board, rows: Rows, at: Ints, bid: Floats, ask: Floats) -> None:
    """Write quotes that are not older than those that are known; a side that is unknown becomes so."""
    newer = at >= board["quote_at"][rows]
    for name, values in (("bid", bid), ("ask", ask), ("quote_at", at)):
        board.overwrite(name, rows, values, newer)
