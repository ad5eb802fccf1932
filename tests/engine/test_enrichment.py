"""The board's writer: images and live bars become one state."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS, at, bar, daily, image, live, take, traded
from tradeul.domain.averages import DailyHistory
from tradeul.domain.board import Board
from tradeul.domain.day_ranges import DayRange
from tradeul.domain.events import Nanos, Symbol
from tradeul.engine.enrichment import Enrichment


def engine() -> Enrichment:
    return Enrichment(Board(capacity=8), CALENDAR)


def show(enrichment: Enrichment, name: str, symbol: str = "A") -> Any:
    row = enrichment.board.row_of[Symbol(symbol)]
    return enrichment.board.values(name, np.array([row]))[0]


def feed(enrichment: Enrichment, wall: str, price: float, volume: float, **more: Any) -> None:
    when = at(wall)
    take(enrichment, image(traded("A", price, volume, when, **more)), when)


def test_a_snapshot_fills_a_row() -> None:
    """Price, change, volume, extremes and time of a symbol that trades before the open."""
    enrichment = engine()

    feed(enrichment, "08:00", 10.2, 5_000)

    assert show(enrichment, "price") == 10.2
    assert show(enrichment, "price_source") == "trade"
    assert show(enrichment, "change_percent") == 2.0
    assert show(enrichment, "gap_percent") == 2.0
    assert show(enrichment, "volume_today") == 5_000
    assert show(enrichment, "premarket_volume") == 5_000
    assert show(enrichment, "open") is None
    assert show(enrichment, "updated") == at("08:00") // 1_000_000


def test_a_live_bar_moves_the_row_and_an_older_snapshot_does_not_move_it_back() -> None:
    """For every field the newest event time wins."""
    enrichment = engine()
    feed(enrichment, "09:40:00", 10.0, 5_000, day_open=9.9, day_vwap=9.95)
    live(enrichment, [bar("A", at("09:40:04"), 10.5, 5_600, vwap_today=10.01, high=10.6)])

    take(enrichment, image(traded("A", 10.1, 5_200, at("09:40:02")), feed_time=at("09:40:05")), at("09:40:05"))

    assert show(enrichment, "price") == 10.5
    assert show(enrichment, "volume_today") == 5_600
    assert show(enrichment, "vwap") == 10.01
    assert show(enrichment, "high") == 10.6
    assert enrichment.doubted["volume_fell"] == 0


def test_the_gap_moves_until_the_open_and_is_frozen_then() -> None:
    """Before the first regular print it follows the price; afterwards it is the open's."""
    enrichment = engine()
    gaps = []
    for wall, price, opened in (("09:29", 10.3, 0.0), ("09:30:05", 10.4, 10.25), ("10:00", 9.0, 10.25)):
        feed(enrichment, wall, price, 1_000, day_open=opened)
        gaps.append(show(enrichment, "gap_percent"))

    assert gaps == [3.0, 2.5, 2.5]
    assert show(enrichment, "change_from_open") == pytest.approx(-12.1951)


def premarket(enrichment: Enrichment) -> tuple[Any, ...]:
    return tuple(show(enrichment, f"premarket_{name}") for name in ("high", "low", "volume"))


def test_the_last_trades_before_the_open_are_of_the_pre_market() -> None:
    """Seen only when the market is open already, they count by their own time; what is traded since does not."""
    enrichment = engine()
    feed(enrichment, "09:29:56", 10.2, 5_000)

    take(enrichment, image(traded("A", 10.4, 5_300, at("09:29:59")), feed_time=at("09:30:01")), at("09:30:01"))
    feed(enrichment, "09:30:06", 10.6, 9_000, day_open=10.5)

    assert premarket(enrichment) == (10.4, 10.2, 5_300)


def test_a_late_bar_of_the_pre_market_changes_nothing_else_of_it() -> None:
    """A bar of before the open that comes after it moves the pre-market's range, and no regular price gets in."""
    enrichment = engine()
    feed(enrichment, "09:29:56", 10.2, 5_000)
    live(enrichment, [bar("A", at("09:30:03"), 11.0, 9_000)])

    live(enrichment, [bar("A", at("09:30:00"), 10.3, 5_400, high=10.5)])

    assert premarket(enrichment) == (10.5, 10.2, 5_400)
    assert show(enrichment, "high") == 11.0


def test_volume_falls_only_when_three_snapshots_say_so() -> None:
    """A fall is counted, and believed the third time in a row."""
    enrichment = engine()
    story = []
    for second, volume in ((0, 5_000), (5, 4_000), (10, 5_000), (15, 4_000), (20, 4_100), (25, 4_200), (30, 4_300)):
        feed(enrichment, f"10:00:{second:02d}", 10.0, volume)
        story.append(show(enrichment, "volume_today"))

    assert story == [5_000, 5_000, 5_000, 5_000, 5_000, 4_200, 4_300]
    assert enrichment.doubted["volume_fell"] == 3


def averaging(enrichment: Enrichment, volume: float) -> None:
    """Let history say how much the symbol trades on an average day."""
    history = DailyHistory()
    history.add(daily(dt.date(2026, 11, 17), ("A", 11.0, 9.0, 10.0, volume)))
    enrichment.apply_averages(history.averages())


def test_half_a_days_volume_in_one_snapshot_is_flagged() -> None:
    """It is taken, as it may be true, and the row is marked until the next snapshot; less than half is not."""
    enrichment = engine()
    feed(enrichment, "10:00:00", 10.0, 5_000)
    averaging(enrichment, 100_000.0)
    story = []
    for second, volume in ((5, 55_000), (10, 105_001), (15, 106_000)):
        feed(enrichment, f"10:00:{second:02d}", 10.0, volume)
        story.append((show(enrichment, "volume_today"), show(enrichment, "suspect")))

    assert story == [(55_000, False), (105_001, True), (106_000, False)]
    assert enrichment.doubted["volume_jumped"] == 1


@pytest.mark.parametrize("first", [0, 5_000])
def test_volume_that_was_not_watched_cannot_jump(first: int) -> None:
    """A symbol's first trades of the day, and minutes without snapshots: a large difference says nothing."""
    enrichment = engine()
    feed(enrichment, "10:00:00", 10.0, first)
    averaging(enrichment, 100_000.0)

    feed(enrichment, "10:00:05" if first == 0 else "10:03:00", 10.0, 90_000)

    assert show(enrichment, "suspect") is False
    assert enrichment.doubted["volume_jumped"] == 0


def test_a_high_learned_at_start_is_no_event() -> None:
    """The first sight of a symbol sets its extremes; only what comes after exceeds them."""
    enrichment = engine()
    feed(enrichment, "10:00:00", 10.0, 5_000, day_high=11.0, day_low=9.0)
    at_start = (show(enrichment, "high"), show(enrichment, "new_highs_15m"), show(enrichment, "last_high_at"))
    live(enrichment, [bar("A", at("10:00:02"), 11.2, 5_100)])

    assert at_start == (11.0, 0, None)
    assert (show(enrichment, "high"), show(enrichment, "new_highs_15m")) == (11.2, 1)
    assert show(enrichment, "last_high_at") == at("10:00:02") // 1_000_000


def test_a_range_learned_of_before_the_start_is_no_event() -> None:
    """Highs of before the program began count as such: what follows below them is no new high, what exceeds them is."""
    enrichment = engine()
    feed(enrichment, "09:31", 10.0, 5_000)

    enrichment.apply_ranges([DayRange(Symbol("A"), 10.4, 9.1, 10.4, 9.3)])
    feed(enrichment, "09:32", 10.2, 6_000)
    below = show(enrichment, "new_highs_15m"), show(enrichment, "distance_from_high")
    feed(enrichment, "09:33", 10.5, 7_000)

    assert below == (0, -1.9231)
    assert show(enrichment, "new_highs_15m") == 1
    assert show(enrichment, "low") == 9.1
    assert (show(enrichment, "premarket_high"), show(enrichment, "premarket_low")) == (10.4, 9.3)


def test_a_corrected_bar_moves_the_extreme_silently() -> None:
    """A bar that was seen before and comes again higher is no new high."""
    enrichment = engine()
    feed(enrichment, "10:00:00", 10.0, 5_000)
    live(enrichment, [bar("A", at("10:00:05"), 9.9, 5_100)])

    live(enrichment, [bar("A", at("10:00:04"), 9.9, 5_050, high=10.4)])

    assert (show(enrichment, "high"), show(enrichment, "new_highs_15m"), show(enrichment, "price")) == (10.4, 0, 9.9)


def test_relative_volume_is_as_of_the_snapshot_or_the_newest_bar() -> None:
    """A symbol that trades exactly its average reads 1.00 at either."""
    enrichment = engine()
    history = DailyHistory()
    for day in CALENDAR.last_sessions(DAY, 30):
        history.add(daily(day, ("A", 11.0, 9.0, 10.0, 1_000_000)))
    feed(enrichment, "09:35:00", 10.0, 50_000)
    unknown = show(enrichment, "rvol"), show(enrichment, "rvol_method")

    enrichment.apply_averages(history.averages())
    at_snapshot = show(enrichment, "rvol"), show(enrichment, "rvol_method")
    live(enrichment, [bar("A", at("09:40:00"), 10.0, 70_000)])

    assert unknown == (None, "none")
    assert at_snapshot == (1.0, "curve")
    assert show(enrichment, "rvol") == 1.0
    assert show(enrichment, "vol_vs_adv") == 0.07


def test_a_slots_volume_needs_a_known_start() -> None:
    """Started in the middle of a slot its ratio is unknown; from the next slot on it is known."""
    enrichment = engine()
    history = DailyHistory()
    history.add(daily(dt.date(2026, 11, 17), ("A", 11.0, 9.0, 10.0, 1_000_000)))
    ratios = []
    for wall, volume in (("09:32:00", 20_000), ("09:34:55", 50_000), ("09:35:00", 50_400), ("09:35:30", 52_400)):
        feed(enrichment, wall, 10.0, volume)
        enrichment.apply_averages(history.averages())
        ratios.append(show(enrichment, "rvol_slot"))

    assert ratios[:3] == [None, None, None]
    assert ratios[3] == pytest.approx(2_400 / (1_000_000 * 0.04 * 30 / 600))


def test_a_slot_that_began_unseen_has_no_ratio() -> None:
    """After a gap over a slot's start what it began with is unknown, not what was seen last."""
    enrichment = engine()
    history = DailyHistory()
    history.add(daily(dt.date(2026, 11, 17), ("A", 11.0, 9.0, 10.0, 1_000_000)))
    feed(enrichment, "09:32:00", 10.0, 20_000)

    feed(enrichment, "09:40:30", 10.0, 60_000)
    enrichment.apply_averages(history.averages())

    assert show(enrichment, "rvol") is not None
    assert show(enrichment, "rvol_slot") is None


def test_changes_look_back_a_minute_and_five() -> None:
    """Against the board's own past; unknown before there is one."""
    enrichment = engine()
    for i in range(62):
        when = Nanos(at("10:00") + i * 5 * NANOS)
        take(enrichment, image(traded("A", 10.0 + i * 0.01, 1_000.0 + i, when)), when)
        if i == 5:
            assert show(enrichment, "change_1m") is None

    assert show(enrichment, "change_1m") == pytest.approx(100 * 0.12 / 10.49, abs=1e-4)
    assert show(enrichment, "change_5m") == pytest.approx(100 * 0.60 / 10.01, abs=1e-4)
    assert (show(enrichment, "volume_1m"), show(enrichment, "volume_5m")) == (12, 60)


def test_trades_are_those_of_the_running_minute() -> None:
    """An older minute says nothing of this one, and one without a trade is not told."""
    enrichment = Enrichment(Board(capacity=4), CALENDAR)
    now = at("09:31:20")
    rows = [
        traded("NOW", 10.0, 500, now, minute_trades=7),
        traded("OLD", 10.0, 500, at("09:30:59"), minute_trades=9),
        traded("NONE", 10.0, 500, now),
    ]
    take(enrichment, image(*rows), now)

    found = enrichment.board.values("trades_1m", np.arange(3))

    assert found == [7, None, None]


def test_the_day_resets_once_when_the_date_turns() -> None:
    """At 03:30 yesterday's day is gone, what history says stays."""
    enrichment = engine()
    feed(enrichment, "15:59", 11.0, 9_000, day_open=10.0, day_close=11.0)
    history = DailyHistory()
    history.add(daily(DAY, ("A", 11.0, 9.0, 10.0, 1_000_000)))
    enrichment.apply_averages(history.averages())
    tomorrow = at("03:31", dt.date(2026, 11, 19))

    take(enrichment, image({"symbol": "A", "prev_close": 11.0}, feed_time=Nanos(0)), tomorrow)

    assert (show(enrichment, "price"), show(enrichment, "price_source")) == (11.0, "prev")
    assert (show(enrichment, "volume_today"), show(enrichment, "open"), show(enrichment, "high")) == (0, None, None)
    assert show(enrichment, "avg_volume_30d") == 1_000_000


def test_yesterdays_totals_after_the_turn_are_nobodys_day() -> None:
    """A vendor that has not cleared yet, or whose feed stands still, cannot hold yesterday on the board."""
    enrichment = engine()
    feed(enrichment, "15:59", 11.0, 9_000, day_open=10.0, day_close=11.0)
    still_yesterday = image(traded("A", 11.0, 9_000, at("15:59"), day_open=10.0, day_close=11.0))

    take(enrichment, still_yesterday, at("03:30", dt.date(2026, 11, 19)))

    moment = enrichment.moment()
    assert moment is not None
    assert moment.trading_date == dt.date(2026, 11, 19)
    assert (show(enrichment, "price"), show(enrichment, "price_source")) == (11.0, "prev")
    assert (show(enrichment, "prev_close"), show(enrichment, "volume_today")) == (11.0, 0)


def test_a_symbol_that_vanished_keeps_its_values_marked_stale() -> None:
    """Missing from a snapshot is not gone."""
    enrichment = engine()
    feed(enrichment, "10:00:00", 10.0, 5_000)

    take(enrichment, image(traded("B", 5.0, 10, at("10:00:05"))), at("10:00:05"))

    assert (show(enrichment, "price"), show(enrichment, "stale")) == (10.0, True)
    assert show(enrichment, "stale", "B") is False


def test_post_market_compares_with_the_regular_close() -> None:
    """The regular close is kept, and only post-market shows a change from it."""
    enrichment = engine()
    feed(enrichment, "15:59:58", 11.0, 9_000, day_open=10.0, day_close=11.0)
    before = show(enrichment, "postmarket_change")

    feed(enrichment, "16:30", 11.55, 9_500, day_open=10.0, day_close=11.0)

    assert (before, show(enrichment, "postmarket_change")) == (None, 5.0)


event = st.tuples(st.booleans(), st.integers(1, 8), st.integers(900, 1100), st.integers(0, 300))


@given(st.lists(event, min_size=1, max_size=25))
def test_no_order_of_events_moves_a_price_or_a_volume_back(events: list[tuple[bool, int, int, int]]) -> None:
    """Whatever mixes snapshots and bars, the shown price is of the newest event and volume never falls."""
    enrichment = engine()
    start = at("10:00")
    feed(enrichment, "10:00:00", 10.0, 1_000)
    newest, shown, volume, now = start, 10.0, 1_000, start

    for is_bar, ahead, cents, shares in events:
        now = Nanos(now + NANOS)
        when = Nanos(now - ahead * NANOS)
        if is_bar:
            live(enrichment, [bar("A", when, cents / 100, 1_000 + shares)])
        else:
            seen = volume if when >= newest else 1_000
            take(enrichment, image(traded("A", cents / 100, seen, when), feed_time=now), now)
        if when >= newest and when >= start:
            newest, shown = when, cents / 100
        volume = max(volume, 1_000 + shares) if is_bar else volume
        assert show(enrichment, "price") == shown
        assert show(enrichment, "volume_today") == volume
