"""Splits, and what shares and prices of earlier days are in those of a later one.

Bars are kept as they were traded, with their date; whoever reads them across a split asks here. A split counts from
its own date on: of a day's bars before it there are `new / old` times as many shares, at `old / new` of the price.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

from tradeul.domain.events import Split, Symbol


class SplitBook:
    """The splits up to a date, by symbol."""

    def __init__(self, splits: Iterable[Split], as_of: dt.date) -> None:
        self._of: dict[Symbol, list[tuple[dt.date, float]]] = {}
        for split in splits:
            if split.date <= as_of:
                self._of.setdefault(split.symbol, []).append((split.date, split.new / split.old))

    def __iter__(self) -> Iterator[tuple[Symbol, dt.date, float]]:
        """Every split: shares of before it times the ratio are shares of after it."""
        return ((symbol, date, ratio) for symbol, splits in self._of.items() for date, ratio in splits)

    def shares_since(self, symbol: Symbol, day: dt.date) -> float:
        """How many shares of now one share of that day has become."""
        factor = 1.0
        for date, ratio in self._of.get(symbol, ()):
            if date > day:
                factor *= ratio
        return factor
