"""Finds symbols by how they begin, and by how the words of their names do.

Symbols are case-sensitive and shown as they are; a search is not, but what is written exactly so comes first. The
server asks, and lets others have a turn between two parts of the market.
"""

import heapq
from collections.abc import Iterator
from typing import Final, NamedTuple

from tradeul.domain.board import Board
from tradeul.domain.events import Symbol

A_TURN: Final = 500
"""Symbols that are looked at in one go: about a millisecond."""

_EXACT, _SAME_LETTERS, _BEGINS, _NAME_BEGINS, _WORD_BEGINS = range(5)


class Found(NamedTuple):
    """A symbol that was found. The likeliest sorts first; of equals the shortest, then by the alphabet."""

    kind: int
    length: int
    symbol: Symbol
    name: str | None


class SymbolSearch:
    """Reads the board's symbols and names."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def parts(self, text: str, limit: int) -> Iterator[list[Found]]:
        """Search a part of the market at a time, and give the likeliest of each."""
        wanted = text.casefold()
        for begin in range(0, len(self._board), A_TURN):
            symbols = self._board.symbols[begin : begin + A_TURN]
            names = self._board["name"][begin : begin + A_TURN].tolist()
            found = [
                Found(kind, len(symbol), symbol, name)
                for symbol, name in zip(symbols, names, strict=True)
                if (kind := _kind_of(text, wanted, symbol, name)) is not None
            ]
            yield heapq.nsmallest(limit, found)


def _kind_of(text: str, wanted: str, symbol: str, name: str | None) -> int | None:
    """How near a symbol comes to what is wanted; None if not at all."""
    if symbol == text:
        return _EXACT
    folded = symbol.casefold()
    if folded.startswith(wanted):
        return _SAME_LETTERS if folded == wanted else _BEGINS
    if name is None:
        return None
    place = f" {name.casefold()}".find(f" {wanted}")
    if place < 0:
        return None
    return _WORD_BEGINS if place else _NAME_BEGINS
