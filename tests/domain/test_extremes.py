"""Highs and lows, and when they were exceeded."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import NANOS, at
from tradeul.domain.board import Board
from tradeul.domain.events import Nanos, Symbol
from tradeul.domain.extremes import Extremes

START = at("10:00")
price = st.integers(1, 40).map(float)


def fresh() -> tuple[Board, Extremes]:
    board = Board(capacity=4)
    board.rows_of([Symbol("A")])
    return board, Extremes(board)


def step(extremes: Extremes, when: Nanos, high: float, low: float, *, event: bool = True) -> None:
    extremes.age(when)
    rows, times = np.array([0]), np.array([when])
    extremes.exceed(rows, np.array([high]), np.array([low]), times, np.array([event]))


def test_the_first_print_is_no_event() -> None:
    """It sets both extremes and counts as neither."""
    board, extremes = fresh()

    step(extremes, START, 10.0, 10.0)

    assert (board["high"][0], board["low"][0], board["new_highs_15m"][0], board["last_high_at"][0]) == (10, 10, 0, 0)


def test_a_silent_value_moves_the_extreme_only() -> None:
    """What was learned late is no event; what equals the extreme does not exceed it."""
    board, extremes = fresh()
    step(extremes, START, 10.0, 10.0)

    step(extremes, Nanos(START + NANOS), 12.0, 9.0, event=False)
    step(extremes, Nanos(START + 2 * NANOS), 12.0, 9.0)

    assert (board["high"][0], board["low"][0]) == (12.0, 9.0)
    assert (board["new_highs_15m"][0], board["new_lows_15m"][0], board["last_high_at"][0]) == (0, 0, 0)


@given(st.lists(st.tuples(st.integers(1, 200), price), min_size=1, max_size=40))
def test_counts_equal_a_replay_by_hand(steps: list[tuple[int, float]]) -> None:
    """Clock minutes of the last 15 with an exceeded extreme, recomputed from the whole story."""
    board, extremes = fresh()
    now, highest, story = START, -math.inf, []

    for seconds, value in steps:
        now = Nanos(now + seconds * NANOS)
        step(extremes, now, value, value)
        if highest != -math.inf and value > highest:
            story.append(now)
        highest = max(highest, value)

    minute = now // (60 * NANOS)
    recent = {t // (60 * NANOS) for t in story if minute - t // (60 * NANOS) < 15}
    assert board["high"][0] == highest
    assert board["new_highs_15m"][0] == len(recent)
    assert board["last_high_at"][0] == (story[-1] // 1_000_000 if story else 0)


def test_minutes_age_with_the_clock_alone() -> None:
    """After 15 quiet minutes nothing is left of a burst."""
    board, extremes = fresh()
    for minute in range(4):
        step(extremes, Nanos(START + minute * 60 * NANOS), 10.0 + minute, 10.0)

    counts = []
    for minute in (4, 15, 16, 17, 18):
        extremes.age(Nanos(START + minute * 60 * NANOS))
        counts.append(board["new_highs_15m"][0])

    assert counts == [3, 3, 2, 1, 0]
