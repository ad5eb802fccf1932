"""The market now, column by column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain import board as board_module
from tradeul.domain.board import Board
from tradeul.domain.events import Symbol

text = st.sampled_from([None, "", "a", "A", "b"])
question = st.frozensets(st.sampled_from([None, "", "a", "A", "z"]), min_size=1)
step = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 3), text),
    st.tuples(st.just("add"), st.just(0), st.none()),
    st.tuples(st.just("ask"), st.just(0), question),
)


@given(st.lists(step, max_size=30))
def test_where_a_text_is_one_of_some_words_is_told_as_it_is_now(steps: list[tuple[str, int, object]]) -> None:
    """Whatever was written, whoever was added and whatever was asked before."""
    board = Board(capacity=4)
    board.rows_of([Symbol(name) for name in "ABCD"])
    held: list[object] = [None] * 4
    for what, row, said in steps:
        if what == "write":
            board.put_texts("sector", np.array([row]), [said])  # type: ignore[list-item]
            held[row] = said
        elif what == "add":
            board.rows_of([Symbol(f"S{len(held)}")])
            held.append(None)
        else:
            assert isinstance(said, frozenset)
            for _ in range(2):
                assert board.among("sector", said).tolist() == [each in said for each in held]


def test_texts_are_written_in_one_way_only() -> None:
    """What is known of them must hear of every change."""
    board = Board(capacity=1)
    board.rows_of([Symbol("A")])

    with pytest.raises(ValueError, match="read-only"):
        board["sector"][:] = "Energy"


def test_answers_about_texts_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries many words is answered, and what is kept stays bounded."""
    monkeypatch.setattr(board_module, "ANSWERS_KEPT", 3)
    board = Board(capacity=1)
    board.rows_of([Symbol("A")])
    board.put_texts("sector", slice(None), ["word 7"])

    first = board.among("sector", frozenset({"word 0"}))
    answers = [board.among("sector", frozenset({f"word {number}"})).tolist() for number in range(20)]

    assert answers == [[number == 7] for number in range(20)]
    assert board.among("sector", frozenset({"word 0"})) is not first
