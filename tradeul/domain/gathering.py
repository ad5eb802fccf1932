"""Some rows of a board as expressions see them, gathered column by column.

What nobody asks for is never gathered, and what was gathered is shared by every condition over the same rows; so is
what came out where several lists ask for the same. It lives for one ranking: the board must not change under it. The
scanner evaluates its lists over it.
"""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import and_
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tradeul.domain.events import Bools, Floats, Ints
from tradeul.domain.expression import Number, Scope, Truth


class Whole(Scope, Protocol):
    """A scope of which rows can be had."""

    def taken(self, name: str, rows: Ints) -> npt.NDArray[Any]:
        """Some rows of a column."""


class Gathered:
    """A scope of `rows` of another; a column's places are those of `rows`.

    Rows in their own order are gathered several times as fast as in that of their symbols. `shared` are the texts of
    conditions and numbers that are asked for more than once; the answers to the others are not worth their memory.
    """

    def __init__(self, whole: Whole, rows: Ints, shared: Collection[str] = ()) -> None:
        self.session = whole.session
        self.rows = rows
        self._whole = whole
        self._shared = shared
        self._columns: dict[str, npt.NDArray[Any]] = {}
        self._among: dict[tuple[str, frozenset[str | None]], Bools] = {}
        self._answers: dict[str, npt.NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self._whole.taken(name, self.rows)
        return column

    def among(self, name: str, words: frozenset[str | None]) -> Bools:
        """Tell where a text is one of these words."""
        mask = self._among.get((name, words))
        if mask is None:
            mask = self._among[name, words] = self._whole.among(name, words).take(self.rows)
        return mask

    def where(self, parts: Sequence[Truth]) -> Bools:
        """Tell where all parts of a condition are true."""
        return reduce(and_, [self._answer(part.tree.text, part.true) for part in parts])

    def values(self, number: Number) -> Floats:
        """What a number is in every row."""
        return self._answer(number.tree.text, number.values)

    def _answer(self, text: str, ask: Any) -> npt.NDArray[Any]:
        if text not in self._shared:
            return self._column(ask(self))
        answer = self._answers.get(text)
        if answer is None:
            answer = self._answers[text] = self._column(ask(self))
        return answer

    def _column(self, values: Any) -> npt.NDArray[Any]:
        """What an expression gave, as a column: it may be one value that stands for every row."""
        # Asked some 500 times a ranking: `np.broadcast_to` alone would take a millisecond of it.
        whole: npt.NDArray[Any] = values if np.ndim(values) else np.full(len(self.rows), values)
        return whole
