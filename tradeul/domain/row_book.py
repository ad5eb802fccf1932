"""Rows as they are published: made of the board's columns, and the very same objects where nothing differs.

Between two batches of live events most of what lists show stands still, so columns are compared as columns, and only
what differs becomes Python objects. Rows that stay the same object make the difference between two states cheap.
`engine/scanner` owns one `RowBook` for each set of columns that some list has.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tradeul.domain.board import Board
from tradeul.domain.deltas import Row
from tradeul.domain.events import Bools, Ints

Column = npt.NDArray[Any]


class RowBook:
    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._wanted: Ints = np.empty(0, np.int64)
        self._were: list[Column] = []
        """The columns of the rows that were wanted last, in their order."""
        self._made: Mapping[int, Row] = {}

    def of(self, board: Board, wanted: Ints) -> Mapping[int, Row]:
        """Give these rows of the board, whose numbers come in ascending order and once each."""
        are = [board[name][wanted] for name in self._columns]
        same = self._unchanged(wanted, are)
        made = {row: self._made[row] for row in wanted[same].tolist()}
        anew = wanted[~same]
        if len(anew):
            values = zip(*(board.values(name, anew) for name in self._columns), strict=True)
            made |= {row: Row(board.symbols[row], each) for row, each in zip(anew.tolist(), values, strict=True)}
        self._wanted, self._were, self._made = wanted, are, made
        return made

    def _unchanged(self, wanted: Ints, are: list[Column]) -> Bools:
        """Tell which rows were wanted the last time too and are what they were."""
        if not len(self._wanted):
            return np.zeros(len(wanted), np.bool_)
        place = np.minimum(np.searchsorted(self._wanted, wanted), len(self._wanted) - 1)
        same: Bools = self._wanted[place] == wanted
        for were, now in zip(self._were, are, strict=True):
            before = were[place]
            # What is unknown, which is NaN, equals itself.
            same &= (before == now) | ((before != before) & (now != now))  # noqa: PLR0124
        return same
