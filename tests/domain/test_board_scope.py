"""The board as expressions see it."""

import numpy as np

from tests.support.market import at
from tradeul.domain.board import Board
from tradeul.domain.board_scope import BoardScope
from tradeul.domain.events import Symbol
from tradeul.domain.session import Session


def test_recency_counts_from_the_last_event_to_the_moment_of_the_lists() -> None:
    """Seconds since the high; decades where there was none."""
    board = Board(capacity=2)
    board.rows_of([Symbol("A"), Symbol("B")])
    board["last_high_at"][:] = [at("10:00") // 1_000_000, 0]

    ago = BoardScope(board, Session.MARKET_OPEN, at("10:04:30"))["seconds_since_high"]

    assert ago[0] == 270
    assert ago[1] > 1e9


def test_a_scope_of_some_rows_sees_those_in_its_order() -> None:
    """Of numbers, ages and texts alike."""
    board = Board(capacity=3)
    board.rows_of([Symbol(name) for name in "ABC"])
    board["price"][:] = [1.0, 2.0, 3.0]
    board["last_low_at"][:] = [at(f"10:0{minute}") // 1_000_000 for minute in range(3)]
    board.put_texts("sector", slice(None), ["Energy", None, "Finance"])

    scope = BoardScope(board, Session.MARKET_OPEN, at("10:05"), np.array([2, 0]))

    assert scope["price"].tolist() == [3.0, 1.0]
    assert scope["seconds_since_low"].tolist() == [180.0, 300.0]
    assert scope.among("sector", frozenset({"Energy"})).tolist() == [False, True]
