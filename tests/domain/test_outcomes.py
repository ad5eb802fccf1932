"""What becomes of an entry: fills, exits, and what is missing for which reason."""

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY, NANOS, at
from tests.support.played import HOURS
from tradeul.domain.events import Symbol, SymbolBars
from tradeul.domain.outcomes import (
    AFTER_CLOSE,
    DAY_ENDED,
    NOT_FILLED,
    NOT_TRADED,
    TOO_COARSE,
    Fill,
    Move,
    outcome,
)
from tradeul.domain.slot_prices import bars_of_prices


def bars(*rows: tuple[str, float, float, float, float]) -> SymbolBars:
    """Bars from (wall time, open, high, low, close)."""
    starts = np.array([at(row[0]) for row in rows], np.int64)
    return bars_of_prices(Symbol("A"), starts, list(np.array([row[1:] for row in rows], np.float64).T))


def minutes(first: str, count: int, price: float = 10.0) -> list[tuple[str, float, float, float, float]]:
    """Bars of a minute, one after the other, at one price."""
    hours, minute = map(int, first.split(":"))
    walls = [divmod(hours * 60 + minute + number, 60) for number in range(count)]
    return [(f"{hour:02}:{rest:02}", price, price, price, price) for hour, rest in walls]


def about(*percents: float) -> object:
    """A move to those percents, but for the dust of binary numbers."""
    return pytest.approx(Move(*percents))


def test_an_entry_is_filled_at_the_first_price_after_its_image() -> None:
    """Not at the price of the bar that decided, however much better it was."""
    told = bars(("10:00", 10.0, 10.5, 9.9, 10.4), ("10:05", 20.0, 22.0, 18.0, 21.0), ("10:10", 23.0, 24, 22, 23.5))

    became = outcome(told, 5, at("10:05"), HOURS)

    assert became.fill == Fill(at("10:05"), 20.0)
    assert became.moves["5m"] == about(15.0, -10.0, 15.0)


def test_what_does_not_trade_at_the_next_image_is_not_filled() -> None:
    """Nor is what never trades again; neither is a return of 0."""
    late = bars(("10:00", 10, 10, 10, 10), ("10:10", 11, 11, 11, 11))
    never = bars(("10:00", 10, 10, 10, 10))

    for told in (late, never):
        assert outcome(told, 5, at("10:05"), HOURS) == (None, {}, NOT_FILLED)


def test_a_halt_over_the_horizon_is_missing_and_not_zero() -> None:
    """Who wants to sell waits five minutes; a halt takes longer."""
    told = bars(("10:05", 10, 10, 10, 10), ("10:40", 5.0, 5.0, 5.0, 5.0), ("11:05", 4.0, 4.0, 4.0, 4.0))

    became = outcome(told, 5, at("10:05"), HOURS)

    assert became.moves["5m"] == became.moves["15m"] == NOT_TRADED
    assert became.moves["60m"] == about(-60.0, -60.0, 0.0)
    assert became.moves["close"] == NOT_TRADED


def test_one_minute_is_told_by_minutes_alone() -> None:
    """Bars of five minutes do not know it."""
    by_minute = outcome(bars(*minutes("10:05", 70)), 1, at("10:05"), HOURS)
    by_slot = outcome(bars(("10:05", 10, 10, 10, 10), ("10:10", 10, 10, 10, 10)), 5, at("10:05"), HOURS)

    assert by_minute.moves["1m"] == Move(0.0, 0.0, 0.0)
    assert by_slot.moves["1m"] == TOO_COARSE


def test_the_furthest_on_the_way_ends_where_the_horizon_does() -> None:
    """What trades after it is no part of it, the price that is sold at is."""
    told = bars(("10:05", 10, 11, 9, 10), ("10:10", 12, 30, 1, 12), ("10:15", 10, 10, 10, 10))

    move = outcome(told, 5, at("10:05"), HOURS).moves["5m"]

    assert move == about(20.0, -10.0, 20.0)


def test_the_close_is_the_regular_session_s_last_price() -> None:
    """Not the post-market's; who comes after it has none, and who comes late no hour either."""
    told = bars(("15:50", 10, 10, 10, 10), ("15:55", 11, 12, 11, 12), ("16:00", 50, 50, 50, 50), ("19:55", 9, 9, 9, 9))

    before, after = outcome(told, 5, at("15:50"), HOURS), outcome(told, 5, at("16:00"), HOURS)
    last = outcome(told, 5, at("19:55"), HOURS)

    assert before.moves["close"] == about(20.0, 0.0, 20.0)
    assert after.moves["close"] == AFTER_CLOSE
    assert last.moves["5m"] == last.moves["60m"] == DAY_ENDED


def test_an_early_close_ends_the_day_early() -> None:
    """At 13:00 that day."""
    hours = CALENDAR.hours(DAY.replace(day=27))
    starts = np.array([hours.market_close - 600 * NANOS, hours.market_close - 300 * NANOS, hours.market_close])
    told = bars_of_prices(Symbol("A"), starts, [np.array([10.0, 11.0, 99.0])] * 4)

    became = outcome(told, 5, starts[0], hours)

    assert hours.early_close
    assert became.moves["close"] == about(10.0, 0.0, 10.0)
