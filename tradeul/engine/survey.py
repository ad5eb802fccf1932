"""The market that the lists are made of: what passes the global filters, what is dropped and why, who gaps how far.

It reads the board and the scanner's last ranking, and so must be asked while nothing changes them (`Pipeline.settled`);
what it gives are copies. Who passes is as it was ranked last. The routes call it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradeul.domain.board import Board, python_values
from tradeul.domain.events import Floats, Ints, Nanos, Symbol
from tradeul.domain.fields import BY_NAME, DEFAULT_COLUMNS
from tradeul.domain.ranking import top
from tradeul.engine.scanner import Scanner

EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many symbols one filter dropped first, and some of them."""

    count: int
    examples: list[Symbol]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows of the board in some order, with the columns that lists have."""

    symbols: list[Symbol]
    columns: list[npt.NDArray[Any]]

    def parts(self, size: int) -> Iterator[list[dict[str, object]]]:
        """The rows as lists show them, so many at a time."""
        for first in range(0, len(self.symbols), size):
            part = slice(first, first + size)
            values = [
                python_values(BY_NAME[name], column[part])
                for name, column in zip(DEFAULT_COLUMNS, self.columns, strict=True)
            ]
            yield [
                {"rank": rank, "symbol": symbol, **dict(zip(DEFAULT_COLUMNS, row, strict=True))}
                for rank, symbol, row in zip(count(first + 1), self.symbols[part], zip(*values, strict=True))
            ]


class Survey:
    """Answers from the board and the scanner."""

    def __init__(self, board: Board, scanner: Scanner) -> None:
        self._board = board
        self._scanner = scanner

    @property
    def as_of(self) -> Nanos:
        """When the market was ranked; 0 before it was."""
        return self._scanner.as_of

    @property
    def count(self) -> int:
        """How many symbols pass the global filters."""
        return int(self._scanner.passed.sum())

    def dropped(self) -> dict[str, Dropped]:
        """Each symbol under the first reason for which it is dropped; the examples are the first by symbol."""
        found = {reason: mask.nonzero()[0] for reason, mask in self._scanner.dropped.items()}
        return {reason: Dropped(len(rows), self._first(rows)) for reason, rows in found.items()}

    def filtered(self, limit: int) -> Excerpt:
        """What passes, the highest score first; without a score last."""
        rows = self._scanner.passed.nonzero()[0]
        score = self._board["score"].take(rows)
        return self._furthest(rows, np.where(np.isnan(score), -1.0, score), limit)

    def gappers(self, least: float, limit: int) -> tuple[Excerpt, Excerpt]:
        """Of what passes, who gaps up by at least so many percent and who gaps down, the furthest first."""
        rows = self._scanner.passed.nonzero()[0]
        gap = self._board["gap_percent"].take(rows)
        up, down = gap >= least, gap <= -least
        return self._furthest(rows[up], gap[up], limit), self._furthest(rows[down], -gap[down], limit)

    def _furthest(self, rows: Ints, values: Floats, limit: int) -> Excerpt:
        ties = self._board.alphabetical
        return self._excerpt(rows.take(top([(values, True)], lambda near: ties.take(rows.take(near)), limit)))

    def _first(self, rows: Ints) -> list[Symbol]:
        by_symbol = rows.take(np.argsort(self._board.alphabetical.take(rows)))
        return [self._board.symbols[row] for row in by_symbol[:EXAMPLES].tolist()]

    def _excerpt(self, rows: Ints) -> Excerpt:
        board = self._board
        symbols = [board.symbols[row] for row in rows.tolist()]
        return Excerpt(symbols, [board[name].take(rows) for name in DEFAULT_COLUMNS])
