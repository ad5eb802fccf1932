"""Halts: who is stopped, when, and that nothing trades meanwhile."""

import datetime as dt

import numpy as np
import pytest

from tests.support.market import CALENDAR, DAY
from tests.support.simulated import played, small_day, small_market, tape_at
from tradeul.simulation.halts import Halt, halts_of
from tradeul.simulation.trading_day import TradingDay
from tradeul.simulation.universe import NASDAQ, Kind

HALF_DAY = dt.date(2026, 11, 27)
DAYS = [HALF_DAY, DAY, *CALENDAR.last_sessions(DAY, 20)]


@pytest.fixture(scope="module")
def halted() -> tuple[TradingDay, Halt]:
    """A day of the small market with a halt."""
    return next((small_day(day), halt) for day in DAYS for halt in halts_of(small_day(day)))


def test_a_few_are_halted_and_all_are_on_nasdaq() -> None:
    """Only common shares of Nasdaq are, in the regular session, for five or ten minutes."""
    market = small_market(3000)
    found = 0
    for day in DAYS[:6]:
        trading = small_day(day, 3000)
        halts = halts_of(trading)
        found += len(halts)
        assert halts == sorted(halts, key=lambda halt: halt.start)
        for halt in halts:
            assert market.universe.traits.exchange[halt.row] == NASDAQ
            assert market.universe.traits.kind[halt.row] == Kind.COMMON
            assert halt.end - halt.start in {300, 600}
            assert trading.hours.pre_market_start + halt.start * 10**9 > trading.hours.market_open
            assert trading.hours.pre_market_start + halt.end * 10**9 <= trading.hours.market_close
    assert 6 <= found <= 120


def test_nothing_trades_in_a_halt(halted: tuple[TradingDay, Halt]) -> None:
    """No second of it has a bar, and the day's volume stands still; around it there is trading."""
    day, halt = halted
    tape = tape_at(f"{4 + halt.start // 3600:02}:{halt.start % 3600 // 60:02}", day)
    before = int(tape.volume[halt.row])

    for _ in range(halt.end - halt.start):
        assert halt.row not in played(tape).rows

    assert tape.volume[halt.row] == before > 0
    assert day.plan.regular.volume[halt.row] > before


def test_halts_leave_the_rest_of_the_market_alone(halted: tuple[TradingDay, Halt]) -> None:
    """While one is halted, others trade."""
    day, halt = halted
    slots = np.full(day.count, halt.start // 300)

    half_hours = day.half_hours(slice(0, day.count), day.slot_count - 1)
    rows = np.arange(day.count)
    bars = day.slots(rows, slots // 6, half_hours.take((rows, slots // 6)))

    volume = bars.volume[:, halt.start // 300 % 6]
    assert volume[halt.row] == 0
    assert (volume > 0).sum() > 100
