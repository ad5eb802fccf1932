"""Rows that are made once and kept while they are what they were."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import write
from tradeul.domain.board import Board
from tradeul.domain.events import Symbol
from tradeul.domain.row_book import RowBook

SYMBOLS = [Symbol(letter) for letter in "ABCDE"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "price": st.sampled_from([float("nan"), 0.0, 1.25, 2.0]),
    "volume_today": st.sampled_from([float("nan"), 0.0, 100.0]),
    "halted": st.sampled_from([-1, 0, 1]),
    "updated": st.sampled_from([0, 1_000, 2_000]),
    "rvol_method": st.sampled_from([-1, 0, 1]),
    "name": st.sampled_from([None, "Acme", "Bolt"]),
}
ROW_NUMBERS = st.integers(0, len(SYMBOLS) - 1)
EDITS = st.lists(
    st.sampled_from(list(VALUES)).flatmap(lambda name: st.tuples(st.just(name), ROW_NUMBERS, VALUES[name])), max_size=8
)
STEPS = st.lists(st.tuples(EDITS, st.sets(ROW_NUMBERS)), min_size=1, max_size=6)


def plainly(board: Board, row: int) -> tuple[str, list[object]]:
    """One row, value by value."""
    return board.symbols[row], [board.values(name, np.array([row]))[0] for name in VALUES]


@given(STEPS)
def test_rows_say_what_the_board_says(steps: list[tuple[list[tuple[str, int, Any]], set[int]]]) -> None:
    """Whatever changed meanwhile and whoever was wanted before; a row that says the same is the very same object."""
    board, book = Board(capacity=8), RowBook(tuple(VALUES))
    board.rows_of(SYMBOLS)
    before: dict[int, Any] = {}

    for edits, wanted in steps:
        for name, row, value in edits:
            write(board, name, np.array([row]), [value])
        made = book.of(board, np.array(sorted(wanted), np.int64))

        assert {row: (made[row].symbol, list(made[row].values)) for row in made} == {
            row: plainly(board, row) for row in wanted
        }
        for row in before.keys() & made.keys():
            assert (made[row] is before[row]) is (made[row] == before[row])
        before = dict(made)
