"""Boards written by hand, column by column, whatever kind of column it is."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tradeul.domain.board import Board, Rows


def write(board: Board, name: str, rows: Rows, values: Iterable[Any]) -> None:
    """Write a column's values of some rows, one for each."""
    if board[name].dtype == np.object_:
        board.put_texts(name, rows, values)
    else:
        board[name][rows] = list(values)
