"""Some rows of a board, gathered column by column."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.board import Board
from tradeul.domain.board_scope import BoardScope
from tradeul.domain.events import Bools, Ints, Nanos, Symbol
from tradeul.domain.expression import parse_condition, parse_order
from tradeul.domain.gathering import Gathered
from tradeul.domain.session import Session


class Whole(BoardScope):
    """A board of three rows, which tells what it was asked for."""

    def __init__(self) -> None:
        board = Board(capacity=3)
        board.rows_of([Symbol(name) for name in "ABC"])
        board["price"][:] = [0.0, 1.0, 2.0]
        board["rvol"][:] = [3.0, np.nan, 1.0]
        board.put_texts("sector", slice(None), ["Energy", None, "Finance"])
        super().__init__(board, Session.MARKET_OPEN, Nanos(0))
        self.asked: list[str] = []

    def taken(self, name: str, rows: Any) -> npt.NDArray[Any]:
        self.asked.append(name)
        return super().taken(name, rows)

    def among(self, name: str, words: frozenset[str | None]) -> Bools:
        self.asked.append(name)
        return super().among(name, words)


def gathered(rows: Ints, *shared: str) -> tuple[Gathered, list[str]]:
    whole = Whole()
    return Gathered(whole, rows, shared), whole.asked


def test_a_column_is_gathered_once_and_only_if_asked_for() -> None:
    """In the order of the rows, whatever that is."""
    some, asked = gathered(np.array([2, 0]))

    first, second = some["price"], some["price"]

    assert first.tolist() == [2.0, 0.0]
    assert second is first
    assert asked == ["price"]


def test_words_are_looked_for_once() -> None:
    """Every list that asks for the same words shares the answer."""
    some, asked = gathered(np.array([2, 1, 0]))
    one, other = parse_condition("sector == 'Energy'"), parse_condition("rvol > 0 and sector in ('Energy')")

    assert some.where(one.parts).tolist() == [False, False, True]
    assert some.where(other.parts).tolist() == [False, False, True]
    assert some.where(parse_condition("sector != 'Energy'").parts).tolist() == [True, False, False]
    assert asked.count("sector") == 2


def test_what_is_shared_is_worked_out_once() -> None:
    """A condition and a number that more than one list asks for; what only one asks for is not kept."""
    some, _ = gathered(np.arange(3), "price > 0", "price * 2")
    keys = parse_order("price * 2 desc, rvol * 2 asc")

    assert some.where(parse_condition("price > 0").parts) is some.where(parse_condition("price > 0").parts)
    assert some.values(keys[0][0]) is some.values(keys[0][0])
    assert some.values(keys[1][0]) is not some.values(keys[1][0])


@given(
    st.lists(st.sampled_from(["price > 0", "rvol > 1", "price between 1 and 2", "not rvol > 1", "1 > 0", "1 > 2"]))
    .filter(bool)
    .map(" and ".join),
    st.sets(st.sampled_from(["price > 0", "rvol > 1", "price between 1 and 2", "not rvol > 1", "1 > 2"])),
    st.lists(st.integers(0, 2), max_size=5),
)
def test_what_is_shared_changes_no_answer(text: str, shared: set[str], rows: list[int]) -> None:
    """Part by part or as a whole, gathered or not: the same rows, as a column even where all are the same."""
    some, _ = gathered(np.array(rows, np.int64), *shared)
    truth, whole = parse_condition(text), Whole()

    expected = np.broadcast_to(truth.true(whole), 3)[rows]

    for _ in range(2):
        assert some.where(truth.parts).tolist() == expected.tolist()


def test_one_value_stands_for_every_row() -> None:
    """What an expression gives is a column, also where it is a constant."""
    some, _ = gathered(np.arange(2))

    assert some.values(parse_order("2.5 desc")[0][0]).tolist() == [2.5, 2.5]
    assert some.where(parse_condition("1 > 2").parts).tolist() == [False, False]
