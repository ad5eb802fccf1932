"""Brings rows of the board up to date with those of an image, as they were read: each field to its newest event.

`engine/enrichment` calls it with one piece of the market after the other, and derives what follows from the rows.
"""

from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain import reading
from tradeul.domain.board import Board, Rows
from tradeul.domain.events import Floats, MarketImage, Nanos
from tradeul.domain.extremes import Extremes
from tradeul.domain.halts import Halts
from tradeul.domain.reading import Reading
from tradeul.domain.session import NANOS, Moment, Session
from tradeul.domain.trade_counts import TradeCounts
from tradeul.engine.live_rows import take_pre_market, take_quotes

FALL_BELIEVED_AFTER: Final = 3
JUMP_OF_AN_AVERAGE_DAY: Final = 0.5
LEAST_JUMP: Final = 1_000.0
"""Shares: in a symbol that hardly trades, one trade is half a day and proves nothing."""
JUMP_SEEN_WITHIN_S: Final = 30.0

_MS_NS: Final = 1_000_000


class Snapped(NamedTuple):
    """Some rows of an image, and as of when they are taken."""

    image: MarketImage
    read: Reading
    at: Nanos
    """The moment that the image is known for."""
    before: Nanos
    """The moment of the image before."""
    moment: Moment


class ImageRows:
    """Writes to one board; `doubted` counts what of a row was not believed, or flagged, by reason."""

    def __init__(
        self, board: Board, extremes: Extremes, trade_counts: TradeCounts, halts: Halts, doubted: Counter[str]
    ) -> None:
        self._board = board
        self._extremes = extremes
        self._trade_counts = trade_counts
        self._halts = halts
        self._doubted = doubted

    def take(self, rows: Rows, taken: Snapped) -> None:
        """Take the rows of an image into these of the board."""
        image = taken.image
        self._take_prices(rows, image, taken.read)
        self._take_volumes(rows, taken)
        self._take_quotes(rows, image)
        self._take_day(rows, taken)
        self._trade_counts.take_image(rows, image.minute_start, image.minute_trades, image.updated)
        self._halts.traded(rows, image.minute_start, taken.moment.hours)

    def _take_prices(self, rows: Rows, image: MarketImage, read: Reading) -> None:
        board = self._board
        # A previous close that is not believed any more goes, too.
        newer = (read.rung >= 0) | (board["price_source"][rows] == reading.PREVIOUS)
        newer &= read.price_at >= board["price_at"][rows]
        for name, values in (("price", read.price), ("price_at", read.price_at), ("price_source", read.rung)):
            board.overwrite(name, rows, values, newer)
        board["updated"][rows] = np.maximum(board["updated"][rows], image.updated // _MS_NS)
        board["suspect"][rows] = read.suspect
        self._doubted["price_suspect"] += int(read.suspect.sum())
        board["prev_close"][rows] = read.prev_close
        for name in ("prev_high", "prev_low", "prev_volume"):
            board.put(name, rows, getattr(read, name))

    def _take_volumes(self, rows: Rows, taken: Snapped) -> None:
        """Volume never falls within a date, unless three snapshots in a row say so."""
        board, (image, read, at, *_) = self._board, taken
        standing = board["volume_today"][rows]
        volume = np.round(read.volume)
        falls = volume < standing
        # A row older than what was seen of the symbol since, in a live bar or an earlier image, says nothing of a fall.
        falls &= image.updated // _MS_NS >= board["updated"][rows]
        count = (board["volume_falls"][rows] + 1) * falls
        believed = count >= FALL_BELIEVED_AFTER
        self._doubted["volume_fell"] += int((falls & ~believed).sum())
        count[believed] = 0
        board["volume_falls"][rows] = count
        self._flag_jumps(rows, volume, standing, taken)
        largest = np.fmax(volume, standing)
        np.copyto(largest, volume, where=believed)
        board["volume_today"][rows] = largest
        board["volume_at"][rows] = np.maximum(board["volume_at"][rows], at)

    def _flag_jumps(self, rows: Rows, volume: Floats, standing: Floats, taken: Snapped) -> None:
        """Mark rows that gained half an average day since the last snapshot, if that was a moment ago."""
        if taken.at - taken.before > JUMP_SEEN_WITHIN_S * NANOS:
            return
        # NumPy's maximum keeps an unknown average unknown, and what is unknown was not exceeded.
        limit = np.maximum(JUMP_OF_AN_AVERAGE_DAY * self._board["avg_volume_30d"][rows], LEAST_JUMP)
        jumped = (standing > 0) & (volume - standing > limit)
        self._board["suspect"][rows] = np.maximum(self._board["suspect"][rows], jumped)
        self._doubted["volume_jumped"] += int(jumped.sum())

    def _take_quotes(self, rows: Rows, image: MarketImage) -> None:
        """Take those that are not older than what live ones told; a row without one had none when it was updated."""
        at = np.where(image.quote_at > 0, image.quote_at, image.updated)
        bid, ask = (
            np.where(side > 0, np.round(side, reading.PRICE_DECIMALS), np.nan) for side in (image.bid, image.ask)
        )
        take_quotes(self._board, rows, at, bid, ask)

    def _take_day(self, rows: Rows, taken: Snapped) -> None:
        board, (image, read, at, _, moment) = self._board, taken
        first_sight = board["seen"][rows] == 0
        board["seen"][rows] = 1
        self._extremes.exceed(rows, read.high, read.low, image.updated, ~first_sight)
        if moment.session is not Session.PRE_MARKET:
            board.overwrite("open", rows, np.round(read.open, 4), ~np.isnan(read.open))
            board.overwrite("regular_close", rows, read.close, ~np.isnan(read.close))
        # By the time of the last print, as the first image after the open may tell of trades just before it.
        printed_at = board["price_at"][rows]
        early = np.where(printed_at > 0, printed_at, at) < moment.hours.market_open
        take_pre_market(board, rows, read.high, read.low, early)
        board.overwrite("premarket_volume", rows, board["volume_today"][rows], early)
        fresh_vwap = ~np.isnan(read.vwap) & (image.updated >= board["vwap_at"][rows])
        board.overwrite("vwap", rows, np.round(read.vwap, 4), fresh_vwap)
        board.overwrite("vwap_at", rows, image.updated, fresh_vwap)
