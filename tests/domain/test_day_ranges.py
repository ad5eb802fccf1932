"""How far prices went, from bars."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY, NANOS
from tradeul.domain.day_ranges import columns_of, range_of
from tradeul.domain.events import Symbol, SymbolBars

HOURS = CALENDAR.hours(DAY)
FIVE_MINUTES = 300 * NANOS
BARS = st.lists(st.tuples(st.integers(-12, 215), st.integers(0, 40), st.integers(0, 40)), unique_by=lambda bar: bar[0])


def bars_of(told: list[tuple[int, int, int]]) -> SymbolBars:
    """Bars by the number of their five minutes since 04:00, with a high and a low, 0 where the vendor has none."""
    numbers, highs, lows = np.array(sorted(told), np.int64).reshape(-1, 3).T
    nothing = np.zeros(len(numbers))
    starts = HOURS.pre_market_start + numbers * FIVE_MINUTES
    prices = nothing, highs.astype(float), lows.astype(float), nothing
    return SymbolBars(Symbol("A"), False, starts, *prices, nothing, nothing, nothing)  # noqa: FBT003  # no split since


@given(BARS)
def test_a_range_is_the_furthest_of_the_sessions_bars(told: list[tuple[int, int, int]]) -> None:
    """Of 04:00 to 20:00, and of before 09:30; what is 0 is no price, and without any the range is unknown."""
    found = range_of(bars_of(told), HOURS)

    wanted: list[float] = []
    for slots in (range(192), range(66)):
        highs = [high for number, high, _ in told if number in slots and high]
        lows = [low for number, _, low in told if number in slots and low]
        wanted += [max(highs, default=math.nan), min(lows, default=math.nan)]
    assert np.array_equal(found[1:], wanted, equal_nan=True)


def test_columns_hold_a_number_for_each_symbol() -> None:
    """In their order; of nobody there are empty ones."""
    high, low, premarket_high, premarket_low = columns_of([range_of(bars_of([(0, 3, 2), (70, 4, 1)]), HOURS)])

    assert (high[0], low[0], premarket_high[0], premarket_low[0]) == (4.0, 1.0, 3.0, 2.0)
    assert [len(column) for column in columns_of([])] == [0, 0, 0, 0]
