"""What the vendor's rows hold at which hour, and what must not be read into them."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY, NANOS, at, daily, image, take, traded
from tradeul.clock import ManualClock
from tradeul.domain.board import Board
from tradeul.domain.events import DailyBars, MarketImage, Nanos, Split, Symbol
from tradeul.domain.scans import BUILT_IN
from tradeul.domain.splits import MorningSplits, SplitBook
from tradeul.engine.channels import Channels
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.scanner import Scanner

A = Symbol("A")
MINUTE = 60 * NANOS


def engine() -> Enrichment:
    return Enrichment(Board(capacity=8), CALENDAR)


def show(enrichment: Enrichment, *names: str, symbol: str = "A") -> list[Any]:
    row = np.array([enrichment.board.row_of[Symbol(symbol)]])
    return [enrichment.board.values(name, row)[0] for name in names]


def see(enrichment: Enrichment, wall: str, *rows: dict[str, Any], day: dt.date = DAY) -> None:
    when = at(wall, day)
    taken: MarketImage = image(*rows, feed_time=when)
    take(enrichment, taken, when)


def members(enrichment: Enrichment, name: str) -> list[str]:
    """Who is in a list."""
    channels = Channels("e1", BUILT_IN, ManualClock(enrichment.as_of))
    scanner = Scanner(enrichment.board, BUILT_IN, [], channels)
    moment = enrichment.moment()
    assert moment is not None
    scanner.publish(scanner.rank(enrichment.as_of, moment.session), enrichment.as_of)
    return [str(row.symbol) for row in channels.by_name[name].state.rows]


def test_the_day_is_all_zero_before_the_open() -> None:
    """Open, VWAP and change from open are unknown then, never 0; range and gap come from trades and minutes."""
    enrichment = engine()

    see(enrichment, "08:00", traded("A", 10.4, 5_000, at("08:00"), minute_high=10.6, minute_low=10.3))

    assert show(enrichment, "open", "change_from_open", "vwap", "vwap_distance") == [None] * 4
    assert show(enrichment, "high", "low", "premarket_high", "premarket_low") == [10.6, 10.3, 10.6, 10.3]
    assert show(enrichment, "gap_percent", "volume_today", "premarket_volume") == [4.0, 5_000, 5_000]


def test_zeros_at_four_in_the_morning_are_no_trade() -> None:
    """Until a symbol trades it stands at its previous close, with no volume, no range and in no list."""
    enrichment = engine()

    see(enrichment, "04:00:05", {"symbol": "A", "prev_close": 10.0}, traded("B", 11.0, 900, at("04:00:03")))

    assert show(enrichment, "price", "price_source", "volume_today", "rvol") == [10.0, "prev", 0, None]
    assert show(enrichment, "high", "low", "new_highs_15m", "updated") == [None] * 4
    assert members(enrichment, "gappers_up") == ["B"]


def test_the_running_total_counts_before_the_day_s() -> None:
    """The minute's total is right in every session; the day's, 0 before the open, stands in where that is missing."""
    enrichment = engine()
    volumes = []
    for wall, running, whole in (("09:20", 7_000, 0), ("09:31", 9_000, 8_900), ("16:30", 9_900, 9_800)):
        see(enrichment, wall, traded("A", 10.0, running, at(wall), day_volume=whole))
        volumes += show(enrichment, "volume_today")
    yesterday = at("16:30", dt.date(2026, 11, 17))
    see(enrichment, "17:00", traded("A", 10.0, 50_000, at("17:00"), day_volume=10_400, minute_start=yesterday))

    assert volumes == [7_000, 9_000, 9_900]
    assert show(enrichment, "volume_today") == [10_400]


@pytest.mark.parametrize("close", [0.0, -1.0])
def test_a_new_listing_has_no_change(close: float) -> None:
    """Without a previous close nothing is divided by it: price and volume are there, the changes unknown."""
    enrichment = engine()

    see(enrichment, "10:00", traded("A", 31.0, 2e6, at("10:00"), prev_close=close, day_open=24.0, day_high=32.0))

    assert show(enrichment, "price", "volume_today", "change_from_open") == [31.0, 2_000_000, 29.1667]
    assert show(enrichment, "prev_close", "change", "change_percent", "gap_percent") == [None] * 4
    assert members(enrichment, "winners") == members(enrichment, "gappers_up") == []


def test_a_row_of_yesterday_is_nobody_s_day() -> None:
    """A row that was not cleared overnight shows its day's close as the previous one, and nothing of it as today's."""
    enrichment = engine()
    yesterday = Nanos(at("15:59", dt.date(2026, 11, 17)))
    left = traded("A", 12.0, 9e6, yesterday, day_open=11.0, day_high=13.0, day_low=10.5, day_close=12.0, day_vwap=11.8)

    see(enrichment, "04:05", left, traded("B", 5.0, 100, at("04:05")))

    assert show(enrichment, "price", "price_source", "prev_close", "change_percent") == [12.0, "prev", 12.0, 0.0]
    assert show(enrichment, "volume_today", "open", "high", "low", "vwap") == [0, None, None, None, None]


def test_a_halted_symbol_stands_still() -> None:
    """Without a trade for minutes its price stays, its changes fall to exactly 0; it is neither stale nor suspect."""
    enrichment = engine()
    last = at("10:00:30")
    row = traded("A", 10.5, 5_000, last, minute_high=10.6, minute_low=10.4)
    for second in range(0, 360, 5):
        when = Nanos(last + second * NANOS)
        take(enrichment, image(row, traded("B", 5.0, 100.0 + second, when)), when)

    assert show(enrichment, "price", "price_source", "updated") == [10.5, "trade", last // 1_000_000]
    assert show(enrichment, "change_1m", "change_5m", "volume_1m", "volume_5m") == [0.0, 0.0, 0, 0]
    assert show(enrichment, "stale", "suspect", "new_highs_15m") == [False, False, 0]


def test_an_odd_lot_outside_its_minute_is_suspect_and_in_no_extreme() -> None:
    """The minute's close is shown instead, and high, low and their minutes know nothing of the trade."""
    enrichment = engine()
    see(enrichment, "10:00:05", traded("A", 10.0, 5_000, at("10:00:05")))

    odd = traded("A", 10.0, 5_010, at("10:00:09"), minute_high=10.1, minute_low=9.9) | {"trade_price": 10.8}
    see(enrichment, "10:00:10", odd)

    assert show(enrichment, "price", "price_source", "suspect") == [10.0, "minute", True]
    assert show(enrichment, "high", "low") == [10.1, 9.9]
    assert enrichment.doubted["price_suspect"] == 1


def split_this_morning(close: float | None = 50.0) -> MorningSplits:
    """Ten new shares for an old one from today on, which closed at so much by our own history."""
    before: DailyBars | None = None if close is None else daily(dt.date(2026, 11, 17), ("A", 51.0, 49.0, close, 1e5))
    return MorningSplits(DAY, SplitBook([Split(A, DAY, old=1, new=10)], DAY), before)


@pytest.mark.parametrize(
    ("told", "close", "shown", "suspect"),
    [
        (50.0, 50.0, 5.0, False),
        (50.9, 50.0, 5.09, False),
        (5.0, 50.0, 5.0, False),
        (4.95, 50.0, 4.95, False),
        (48.9, 50.0, None, True),
        (5.2, 50.0, None, True),
        (50.0, None, None, True),
    ],
)
def test_a_split_of_this_morning_is_no_crash(
    told: float, close: float | None, shown: float | None, suspect: bool
) -> None:
    """A previous close near ours in old shares is put into new ones, one near ours in new shares left; else unknown."""
    enrichment = engine()
    enrichment.apply_splits(split_this_morning(close))
    row = traded("A", 5.1, 1_000, at("08:00"), prev_close=told, prev_high=told, prev_volume=1e5)

    see(enrichment, "08:00", row, traded("B", 20.0, 1_000, at("08:00"), prev_close=told))

    change = None if shown is None else round(100 * (5.1 - shown) / shown, 4)
    assert show(enrichment, "prev_close", "prev_high", "change_percent", "suspect") == [shown, shown, change, suspect]
    volume = None if shown is None else 1_000_000 if told > 40 else 100_000
    assert show(enrichment, "prev_volume", "price") == [volume, 5.1]
    assert show(enrichment, "prev_close", "suspect", symbol="B") == [told, False]


def test_a_split_shows_in_the_price_before_the_first_trade() -> None:
    """The previous close in new shares; once it is not believed any more, no price at all."""
    enrichment = engine()
    untraded = {"symbol": "A", "prev_close": 50.0}
    shown = []
    for second, splits in ((5, None), (10, split_this_morning()), (15, split_this_morning(None))):
        if splits is not None:
            enrichment.apply_splits(splits)
        see(enrichment, f"04:01:{second:02d}", untraded, traded("B", 5.0, 100.0 + second, at(f"04:01:{second:02d}")))
        shown += show(enrichment, "price")

    assert shown == [50.0, 5.0, None]
    assert show(enrichment, "price_source", "prev_close", "suspect") == [None, None, True]


def test_a_split_is_of_its_own_date_only() -> None:
    """On the next date the vendor's previous close is in new shares, whatever was known the day before."""
    enrichment = engine()
    enrichment.apply_splits(split_this_morning())
    tomorrow = dt.date(2026, 11, 19)

    see(enrichment, "08:00", traded("A", 50.5, 1_000, at("08:00", tomorrow), prev_close=50.0), day=tomorrow)

    assert show(enrichment, "prev_close", "change_percent") == [50.0, 1.0]
