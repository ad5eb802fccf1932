"""Some rows of a board, gathered column by column."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.gathering import Gathered


class Word(str):
    """A text that counts how often it is compared."""

    compared = 0

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        Word.compared += 1
        return str.__eq__(self, other) is True

    __hash__ = str.__hash__


class Whole:
    """Two columns, which count how often they are asked for."""

    session = "MARKET_OPEN"

    def __init__(self, texts: list[str | None]) -> None:
        self.asked: list[str] = []
        self._columns: dict[str, npt.NDArray[Any]] = {
            "sector": np.array([*texts, None], object)[:-1], "price": np.arange(float(len(texts)))
        }  # fmt: skip

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        self.asked.append(name)
        return self._columns[name]


def test_a_column_is_gathered_once_and_only_if_asked_for() -> None:
    """In the order of the rows, whatever that is."""
    whole = Whole(["a", "b", "c"])
    gathered = Gathered(whole, np.array([2, 0]), np.array([2, 0]))

    first, second = gathered["price"], gathered["price"]

    assert first.tolist() == [2.0, 0.0]
    assert second is first
    assert whole.asked == ["price"]


def test_a_word_is_compared_once() -> None:
    """Every list that asks for the same word shares the answer."""
    gathered = Gathered(Whole([Word("Energy"), Word("Finance"), Word("Energy")]), np.arange(3), np.arange(3))
    answers = [gathered["sector"] == "Energy"]
    once = Word.compared

    answers += [gathered["sector"] == "Energy", np.equal(gathered["sector"], "Energy")]

    assert [answer.tolist() for answer in answers] == [[True, False, True]] * 3
    assert Word.compared == once


@given(st.lists(st.sampled_from([None, "", "a", "A", "b"]), max_size=9), st.sampled_from([None, "", "a", "A", "z"]))
def test_texts_compare_as_plain_arrays_do(texts: list[str | None], word: Any) -> None:
    """Equal and not, with words and null, any number of times; what comes out is a plain mask."""
    gathered = Gathered(Whole(texts), np.arange(len(texts)), np.arange(len(texts)))

    for _ in range(2):
        equal, different = gathered["sector"] == word, np.not_equal(gathered["sector"], word)

        assert equal.tolist() == [text == word for text in texts]
        assert different.tolist() == [text != word for text in texts]
        assert type(equal) is type(different) is np.ndarray
        assert (equal & ~different).tolist() == equal.tolist()


def test_one_value_stands_for_every_row() -> None:
    """What an expression gives is a column, also where it is a constant."""
    gathered = Gathered(Whole(["a", "b"]), np.arange(2), np.arange(2))

    assert gathered.column(np.float64(2.5)).tolist() == [2.5, 2.5]
    assert gathered.column(np.bool_(False)).tolist() == [False, False]  # noqa: FBT003  a scalar of NumPy's
    assert gathered.column(gathered["price"]).tolist() == [0.0, 1.0]
