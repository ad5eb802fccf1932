"""What volume is usual by when, beside a recomputation in plain Python."""

import datetime as dt
import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import CALENDAR, DAY
from tradeul.domain.events import Symbol
from tradeul.domain.usual import Baseline, BaselineSum, Usual, baseline_sessions

HALF_DAY = dt.date(2026, 11, 27)
SLOTS = 192


def ends_of(seed: int) -> list[float]:
    """A day's cumulative volume at the end of each slot; a third of the slots trade nothing."""
    draw = random.Random(seed)  # noqa: S311  # repeatable days, no secret
    return [float(total) for total in itertools.accumulate(max(0, draw.randint(-5_000, 10_000)) for _ in range(SLOTS))]


def naive(ends: list[float], second: float, *, early: bool) -> tuple[float, float]:
    """E(t) and E at the slot's beginning, as the contract words them."""

    def at_end(slot: int) -> float:
        if slot < 0:
            return 0.0
        if early and slot >= 108:
            j = slot - 108
            return ends[107] + ends[144 + j] - ends[143]
        return ends[slot]

    slot = min(int(second // 300), 191)
    before, end = at_end(slot - 1), at_end(slot)
    return before + (end - before) * (second - slot * 300) / 300, before


def usual_of(*rows: list[float]) -> Usual:
    usual = Usual(least_sessions=3)
    usual.put(np.arange(len(rows)), np.array(rows).T, np.full(len(rows), 5), DAY)
    return usual


@given(
    st.lists(st.integers(0, 999), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 57_600)), min_size=1, max_size=6),
    st.booleans(),
)
def test_the_expected_volume_equals_the_contract(days: list[int], asked: list[tuple[int, float]], early: bool) -> None:
    """Interpolated inside the slot, joined at the early close, whatever slots the rows of one call are in."""
    last = 46_800.0 if early else 57_600.0
    table = [ends_of(day) for day in days]
    asked = [(row % len(table), min(second, last)) for row, second in asked]
    rows, seconds = (np.array(column) for column in zip(*asked, strict=True))

    expected, before = usual_of(*table).expected(rows, seconds.astype(np.float64), early_close=early)

    for place, (row, second) in enumerate(asked):
        if early and second >= last:
            continue  # beyond the day's last slot there is no expectation of its own
        by_now, by_slot = naive(table[row], second, early=early)
        assert expected[place] == pytest.approx(by_now, rel=1e-12, abs=1e-9)
        assert before[place] == pytest.approx(by_slot, rel=1e-12, abs=1e-9)


def test_a_half_day_ends_with_the_whole_post_market_joined() -> None:
    """At 17:00 E is E(107) + E(191) - E(143)."""
    ends = [float(slot + 1) for slot in range(SLOTS)]

    expected, _ = usual_of(ends).expected(np.array([0]), np.array([46_799.999999]), early_close=True)

    assert expected[0] == pytest.approx(ends[107] + ends[191] - ends[143], abs=1e-6)


def test_half_days_are_in_no_baseline() -> None:
    """One goes a session further back for each; holidays and weekends are none either."""
    assert baseline_sessions(CALENDAR, dt.date(2026, 12, 1), 5) == [
        dt.date(2026, 11, day) for day in (30, 25, 24, 23, 20)
    ]
    assert not CALENDAR.is_trading_day(dt.date(2026, 11, 26))
    assert CALENDAR.is_early_close(HALF_DAY)


@given(
    st.lists(
        st.tuples(st.permutations(["A", "B", "C", "D"]), st.integers(1, 4), st.integers(0, 1_000_000)),
        min_size=1,
        max_size=8,
    )
)
def test_means_are_over_the_sessions_that_were_added(added: list[tuple[list[str], int, int]]) -> None:
    """Each symbol by its own count, zero days among them, however the pieces are cut."""
    total = BaselineSum(DAY)
    naively: dict[str, list[float]] = {}
    for order, count, volume in added:
        symbols = [Symbol(symbol) for symbol in order[:count]]
        table = np.array([[float(volume * (place + 1))] * SLOTS for place in range(count)])
        total.add(symbols, table)
        for place, symbol in enumerate(symbols):
            naively.setdefault(symbol, []).append(volume * (place + 1))

    baseline = total.baseline()

    last, sessions = baseline.ends[191].tolist(), baseline.sessions.tolist()
    found = {symbol: (last[place], sessions[place]) for place, symbol in enumerate(baseline.symbols)}
    assert found == {
        symbol: (pytest.approx(sum(volumes) / len(volumes)), len(volumes)) for symbol, volumes in naively.items()
    }


def test_later_rows_and_newer_values_replace_what_was_there() -> None:
    """A board that grew is served; what nobody put is no session."""
    usual = Usual(least_sessions=3)
    usual.put(np.array([2]), np.full((SLOTS, 1), 7.0), np.array([4]), DAY)
    usual.put(np.array([40, 2]), np.full((SLOTS, 2), 9.0), np.array([5, 3]), DAY)

    expected, _ = usual.expected(np.array([40, 2]), np.array([600.0, 600.0]), early_close=False)

    assert expected.tolist() == [9.0, 9.0]
    assert usual.sessions(np.array([0, 2, 40, 41])).tolist() == [0, 3, 5, 0]


def test_sessions_that_passed_count_no_more() -> None:
    """Three of five remain after two more sessions, never fewer than none; of the new date's past all do."""
    usual = usual_of([1.0] * SLOTS, [1.0] * SLOTS)
    later = DAY + dt.timedelta(days=2)
    usual.put(np.array([1]), np.ones((SLOTS, 1)), np.array([5]), later)
    usual.turn(later, 2)
    aged = usual.sessions(np.array([0, 1])).tolist()
    usual.turn(later + dt.timedelta(days=9), 9)

    assert aged == [3, 5]
    assert usual.sessions(np.array([0, 1])).tolist() == [0, 0]


def test_a_baseline_of_nothing_is_empty() -> None:
    """Nothing was added, so nobody is in it."""
    baseline: Baseline = BaselineSum(DAY).baseline()

    assert baseline.symbols == ()
    assert baseline.ends.shape == (SLOTS, 0)
    assert not math.isnan(baseline.ends.sum())
