"""The board's one writer: takes market images and live bars, and brings every field of the touched rows up to date.

A row is of one snapshot in all its fields whenever somebody looks, and lists are made of rows of one. For every field
the newest event time wins: a snapshot never moves a price back to an older one.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Final

import numpy as np

from tradeul.domain import metrics, reading
from tradeul.domain.averages import Averages
from tradeul.domain.board import EVERY_ROW, Board, Rows
from tradeul.domain.day_ranges import DayRange, columns_of
from tradeul.domain.events import Bools, MarketImage, Nanos, Symbol
from tradeul.domain.extremes import Extremes
from tradeul.domain.folding import Folded
from tradeul.domain.halts import Halts
from tradeul.domain.lateness import LATE_S
from tradeul.domain.reading import Reading
from tradeul.domain.reference import NUMBERS, TEXTS, Facts
from tradeul.domain.session import NANOS, Moment, Session, TradingCalendar, moment_at
from tradeul.domain.slot_book import SlotBook, SlotRecord, slot_end, slots_ended
from tradeul.domain.slots import SLOT_SECONDS, seconds_into_day, slot_of
from tradeul.domain.sparks import SparkTrail
from tradeul.domain.splits import MorningSplits
from tradeul.domain.trade_counts import TradeCounts
from tradeul.domain.usual import Baseline
from tradeul.domain.windows import Trail
from tradeul.engine.image_rows import ImageRows, Snapped
from tradeul.engine.live_rows import LiveRows, bar_columns, take_pre_market
from tradeul.engine.ports import DayState
from tradeul.engine.standing import Standing

SLOT_START_TOLERANCE_S: Final = 15.0
"""A slot's starting volume is known only if a snapshot was taken so shortly before or after its start."""

LEARNED_AFTER_S: Final = 30.0
"""Down for longer than this, nobody knows when a new extreme was made: it is learned, and no event."""

SEEN_BEFORE_END_S: Final = 15.0
"""A slot's volume is live if it was known for a moment so shortly before its end; later ones are none of it."""

CLOCK_GRACE_S: Final = 2.0
LATE_GRACE_S: Final = 1_200.0
"""How long the clock leaves a slot's end to the feed, as nothing may trade after it; a delayed feed has longer."""

ROWS_AT_ONCE: Final = 6_000
"""Some two milliseconds to take and to derive."""

_OF_TODAY: Final = (
    "price", "price_at", "price_source", "updated", "open", "high", "low", "premarket_high", "premarket_low",
    "premarket_volume", "last_high_at", "last_low_at", "high_minutes", "low_minutes", "volume_today", "volume_at",
    "volume_falls", "vwap", "vwap_at", "bid", "ask", "bar_end", "regular_close", "slot_start_volume",
    "price_1m_ago", "price_5m_ago", "volume_1m_ago", "volume_5m_ago", "suspect", "seen", "prev_close", "trades_1m",
    "trades_at", "quote_at", "halted", "halted_at", "halt_told_at", "traded_at",
)  # fmt: skip

KEPT: Final = (
    # Running extremes and their minutes: no snapshot before the open tells them, none ever tells the minutes.
    "high", "low", "premarket_high", "premarket_low", "premarket_volume", "last_high_at", "last_low_at",
    "high_minutes", "low_minutes", "seen",
    # The vendor's day may lack them by then, or a symbol its row.
    "open", "regular_close", "prev_close", "slot_start_volume",
    # What live bars knew newer than the next snapshot: for every field the newest event time wins, restart or not.
    "price", "price_at", "price_source", "updated", "volume_today", "volume_at", "volume_falls", "vwap", "vwap_at",
    "bar_end",
    # Nobody tells again who is halted.
    "halted", "halted_at", "halt_told_at",
)  # fmt: skip
"""The columns that survive a restart. Of today's others the quotes, flags and previous day come with the next
snapshot, and the past of one and five minutes fills again in as long: keeping it would be ten times all of these."""


class Enrichment:
    """Steps the board. `as_of` is the newest moment that the board is known for."""

    def __init__(self, board: Board, calendar: TradingCalendar) -> None:
        self.board = board
        self.as_of = Nanos(0)
        self.book: SlotBook | None = None
        """The closed slots of the board's trading date; None before there is one."""
        self.slot_closed: Callable[[dt.date, SlotRecord], None] | None = None
        """Hears of each slot that closes, while the board still shows what it showed at its end."""
        self.doubted: Counter[str] = Counter()
        """What of a row was not believed, or flagged, by reason."""
        self._calendar = calendar
        self.extremes = Extremes(board)
        self._trade_counts = TradeCounts(board)
        self.halts = Halts(board)
        self._live_rows = LiveRows(board, self.extremes, self._trade_counts, self.halts)
        self._image_rows = ImageRows(board, self.extremes, self._trade_counts, self.halts, self.doubted)
        self.trail = Trail()
        self.sparks = SparkTrail()
        self.morning_splits: MorningSplits | None = None
        self.standing = Standing()
        self._known_rows: tuple[tuple[Symbol, ...], Rows] | None = None

    def resume(self, book: SlotBook, state: DayState | None) -> None:
        """Go on with a day that a process before this one began; the board is still empty."""
        board = self.board
        # The book's first: a book and its board name the symbols in the same order.
        board.rows_of(book.symbols)
        self.book = book
        if state is None:
            return
        rows = board.rows_of(state.symbols)
        self.extremes.age(state.as_of)
        for name, values in state.columns.items():
            if name in KEPT and values.dtype == board[name].dtype:
                board[name][rows] = values
        # Nothing exceeds itself: this only counts the minutes.
        self.extremes.exceed(EVERY_ROW, board["high"], board["low"], board["updated"], np.zeros(len(board), np.bool_))
        self.as_of, self.standing.image_at, self.standing.slot = state.as_of, state.image_at, state.slot
        self.standing.covered = state.image_at
        self.halts.go_deaf(regular=True)
        self.standing.resumed = True

    def state(self, inside: Mapping[str, Bools]) -> DayState | None:
        """Copy what a snapshot cannot restore; None before the first image."""
        moment, standing = self.standing.moment, self.standing
        if moment is None:
            return None
        columns = {name: self.board[name].copy() for name in KEPT}
        symbols = tuple(self.board.symbols)
        return DayState(moment.trading_date, self.as_of, standing.image_at, standing.slot, symbols, columns, inside)

    def close_slots(self, now: Nanos, confirmed_at: Nanos) -> None:
        """Close the slots that ended by the market clock a while ago, whatever the feed says since.

        `confirmed_at` is when a snapshot last said what the board says.
        """
        if self.standing.moment is not None:
            if not self.standing.late:
                self.standing.covered = max(self.standing.covered, confirmed_at)
            grace_s = LATE_GRACE_S if self.standing.late else CLOCK_GRACE_S
            self._close_slots(Nanos(now - int(grace_s * NANOS)))

    def read(self, image: MarketImage, now: Nanos) -> Reading:
        """Read an admitted image and touch no row yet, so that others may have a turn before it is applied.

        `now` stands in for the feed's time while that is none of this trading date.
        """
        moment = moment_at(self._calendar, self._time_of(image, now))
        rows, board = self._rows_of(image), self.board
        same_date = self.book is not None and self.book.date == moment.trading_date
        shown_today = (board["price_source"][rows] < reading.PREVIOUS) & same_date
        last = np.where(shown_today, board["price"][rows], np.nan)
        read = reading.read(image, moment.hours.midnight, last)
        splits = self.morning_splits
        if splits is not None and splits.date == moment.trading_date:
            reading.put_previous_in_new_shares(read, *splits.factors(image.symbols, read.prev_close))
        return read

    def apply_image(self, image: MarketImage, read: Reading, now: Nanos, asked_at: Nanos) -> None:
        """Bring the whole board up to an image that was read."""
        for _ in self.applying(image, read, now, asked_at):
            pass

    def applying(self, image: MarketImage, read: Reading, now: Nanos, asked_at: Nanos) -> Iterator[None]:
        """Do so some rows at a time, each of which is of one image in all its fields whenever others have a turn."""
        at = self._time_of(image, now)
        if self.standing.resumed:
            self._learn_after_a_gap(at)
        # One that was long on its way is older than what live bars told since: that does not turn time back.
        latest = max(at, self.standing.newest_bar)
        moment, board = self._turn(latest), self.board
        rows = self._rows_of(image)
        self._mark_presence(rows)
        for part, where in _parts(rows, len(board)):
            taken = Snapped(image.part(part), read.part(part), at, self.standing.image_at, moment)
            self._image_rows.take(rows[part] if isinstance(rows, np.ndarray) else part, taken)
            self._trade_counts.forget(where, latest)
            self.trail.look_back(board, where, at)
            self._derive(where)
            yield
        shown = np.where(board["price_source"] < reading.PREVIOUS, board["price"], np.nan)
        self.trail.record(at, shown, board["volume_today"])
        self.sparks.record(at, shown)
        self.as_of = max(self.as_of, at)
        self.standing.image_at = at
        self.standing.late = image.delayed or now - at > LATE_S * NANOS
        self.standing.covered = at if self.standing.late else max(at, asked_at)

    def apply_live(self, live: Folded) -> bool:
        """Bring the rows of live events up to date; whether something is another now. Time goes on with seconds alone.

        Trades and quotes come sooner than the seconds that they are in, which are still to be counted then.
        """
        seconds = bar_columns(live.seconds, self.board.row_of)
        self.standing.newest_bar = Nanos(int(seconds["end"].max(initial=self.standing.newest_bar)))
        session = self.standing.moment and self.standing.moment.session
        at = max(self.as_of, self.standing.newest_bar)
        moment = self._turn(at)
        rows, changed = self._live_rows.take(live, seconds, moment, at, self.doubted)
        self.as_of = at
        if len(rows):
            self.trail.look_back(self.board, rows, at)
            self._derive(rows)
        return changed or session is not moment.session

    def listen(self, now: Nanos, *, halts_told: bool) -> bool:
        """Know from when on halts are told, and when no more; whether that changed."""
        if halts_told == self.halts.heard:
            return False
        regular = moment_at(self._calendar, now).session is Session.MARKET_OPEN
        if halts_told:
            self.halts.listen(now, regular=regular)
        else:
            self.halts.go_deaf(regular=regular)
        return True

    def apply_averages(self, averages: Averages) -> None:
        """Swap in what history says of the symbols on the board, all at once; of others nobody asks."""
        row_of = self.board.row_of
        known = np.array([symbol in row_of for symbol in averages.symbols], np.bool_)
        rows = self.board.rows_of(list(compress(averages.symbols, known)))
        self.board["avg_volume_10d"][rows] = np.round(averages.volume_10d[known])
        self.board["avg_volume_30d"][rows] = np.round(averages.volume_30d[known])
        self.board["avg_price_30d"][rows] = averages.price_30d[known]
        self.board["atr"][rows] = averages.atr[known]
        self._derive(EVERY_ROW)

    def apply_baseline(self, baseline: Baseline, missed: int) -> None:
        """Swap in what volume is usual for some symbols; it shows when they are next derived.

        `missed` sessions since are not in it, and as many fewer of its own count.
        """
        row_of, usual = self.board.row_of, self.board.usual
        places = [place for place, symbol in enumerate(baseline.symbols) if symbol in row_of]
        rows = np.array([row_of[baseline.symbols[place]] for place in places], np.int64)
        usual.put(rows, baseline.ends[:, places], np.maximum(baseline.sessions[places] - missed, 0), baseline.as_of)

    def apply_ranges(self, ranges: Sequence[DayRange]) -> None:
        """Learn of symbols on the board how far their prices went today before they were seen: no event of now."""
        rows = self.board.rows_of([each.symbol for each in ranges])
        high, low, premarket_high, premarket_low = (
            np.round(each, reading.PRICE_DECIMALS) for each in columns_of(ranges)
        )
        self.extremes.exceed(rows, high, low, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_))
        take_pre_market(self.board, rows, premarket_high, premarket_low, np.ones(len(rows), np.bool_))
        self._derive(rows)

    def apply_splits(self, splits: MorningSplits) -> None:
        """Learn what is split today; it shows with the next image."""
        self.morning_splits = splits

    def apply_reference(self, facts: Sequence[Facts]) -> None:
        """Take what is known of some securities, all of which are on the board."""
        board = self.board
        columns = dict(zip(Facts._fields, zip(*facts, strict=True), strict=True))
        rows = board.rows_of(columns["symbol"])
        for name in TEXTS:
            board.put_texts(name, rows, columns[name])
        for name in NUMBERS:
            board.put(name, rows, np.array(columns[name], np.float64))
        board["is_etf"][rows] = [-1 if is_etf is None else is_etf for is_etf in columns["is_etf"]]
        board["no_reference"][rows] = 0
        self.halts.listed(rows)
        self._derive(rows)

    def forget_images(self) -> None:
        """Know no more which rows the last image's were: the board is another one."""
        self._known_rows = None

    def moment(self) -> Moment | None:
        """Where the board's data stands in the market's time; None before the first image."""
        return self.standing.moment

    def _derive(self, rows: Rows) -> None:
        """Compute what follows from what is known of some rows."""
        moment = self.standing.moment
        if moment is not None:
            metrics.derive(self.board, rows, moment.hours, moment.session, self.standing.slot)

    def _time_of(self, image: MarketImage, now: Nanos) -> Nanos:
        """The moment an image is known for: the feed's own, unless that is none yet or of an earlier trading date."""
        turned_at = self._calendar.date_turn(self._calendar.trading_date(now))
        return image.feed_time if image.feed_time >= turned_at else now

    def _turn(self, at: Nanos) -> Moment:
        """Move the board's time on: a new trading date resets the day, a new slot notes its starting volumes."""
        moment = moment_at(self._calendar, at)
        # Before anything of the new moment is applied: at the turn of the date this ends the day before.
        self._close_slots(at)
        if self.book is None or moment.trading_date != self.book.date:
            if self.book is not None:
                passed = self._calendar.sessions_between(self.book.date, moment.trading_date)
                self.board.usual.turn(moment.trading_date, passed)
                self.board.reset(_OF_TODAY)
                self.halts.begin_day()
                self.trail.clear()
                self.sparks.clear()
                self.standing.slot = -1
            self.book = SlotBook(moment.trading_date)
            self._close_slots(at)
        slot = slot_of(seconds_into_day(moment.hours, at))
        if slot != self.standing.slot:
            self._begin_slot(moment, slot)
        self.extremes.age(at)
        self.standing.moment = moment
        return moment

    def _begin_slot(self, moment: Moment, slot: int) -> None:
        starts_at = moment.hours.pre_market_start + slot * SLOT_SECONDS * NANOS
        known = slot == 0 or 0 <= starts_at - self.standing.image_at <= SLOT_START_TOLERANCE_S * NANOS
        volume = self.board["volume_today"]
        if slot == 0:
            self.board["slot_start_volume"][:] = 0.0
        else:
            self.board["slot_start_volume"][:] = volume if known else np.nan
        self.standing.slot = slot

    def _close_slots(self, at: Nanos) -> None:
        """Record every slot that ended by `at` with the volumes that the board holds."""
        if self.book is None:
            return
        hours = self._calendar.hours(self.book.date)
        for slot in range(self.book.next_slot, slots_ended(hours, at)):
            end = slot_end(hours, slot)
            since = end - int(SEEN_BEFORE_END_S * NANOS)
            if self.standing.covered >= since:
                since = min(since, self.standing.image_at)
            volume_at = self.board["volume_at"]
            volumes = np.where(volume_at <= end, self.board["volume_today"], np.nan)
            self.book.close(slot, self.board.symbols, volumes, volume_at >= since)
            if self.slot_closed is not None:
                self.slot_closed(self.book.date, self.book.record(slot))

    def _learn_after_a_gap(self, at: Nanos) -> None:
        """Take the first image after a restart for what it can tell."""
        self.standing.resumed = False
        if at - self.as_of > LEARNED_AFTER_S * NANOS:
            self.board["seen"][:] = 0

    def _rows_of(self, image: MarketImage) -> Rows:
        if self._known_rows is None or self._known_rows[0] is not image.symbols:
            rows = self.board.rows_of(image.symbols)
            # The board was made in the vendor's order: as long as that stands, the rows are one piece, and no copy.
            in_order = bool((rows == np.arange(len(rows))).all())
            self._known_rows = (image.symbols, slice(0, len(rows)) if in_order else rows)
        return self._known_rows[1]

    def _mark_presence(self, rows: Rows) -> None:
        self.board["stale"][:] = 1
        self.board["stale"][rows] = 0
        self.board["no_reference"][self.board["no_reference"] < 0] = 1


def _parts(rows: Rows, count: int) -> Iterator[tuple[slice, slice]]:
    """Pieces of an image, each with the rows of the board that are derived with it: with the last those it lacks."""
    if isinstance(rows, np.ndarray):  # in no order of the board's: in one piece
        yield slice(0, len(rows)), EVERY_ROW
        return
    for start in range(0, rows.stop, ROWS_AT_ONCE):
        end = min(start + ROWS_AT_ONCE, rows.stop)
        yield slice(start, end), slice(start, end if end < rows.stop else count)
