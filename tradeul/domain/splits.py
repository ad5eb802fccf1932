"""Splits, and what shares and prices of earlier days are in those of a later one.

Bars are kept as they were traded, with their date; whoever reads them across a split asks here. A split counts from
its own date on: of a day's bars before it there are `new / old` times as many shares, at `old / new` of the price.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tradeul.domain.events import DailyBars, Floats, Ints, Split, Symbol

NEAR: Final = 0.02
"""Two closes that differ by no more are one and the same."""


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


class MorningSplits:
    """The splits that are effective on a date, and the last close before each in the shares of then, where known.

    Nobody says whether the vendor's previous day is in old shares or in new ones on such a morning: ours tells.
    """

    def __init__(self, date: dt.date, splits: SplitBook, before: DailyBars | None = None) -> None:
        shares: dict[Symbol, float] = {}
        for symbol, day, ratio in splits:
            if day == date:
                shares[symbol] = shares.get(symbol, 1.0) * ratio
        closes = {} if before is None else dict(zip(before.symbols, before.close.tolist(), strict=True))
        self.date = date
        self.facts = {symbol: (ratio, closes.get(symbol, np.nan)) for symbol, ratio in shares.items()}
        """New shares for an old one, and the close before it."""
        self._found: tuple[Sequence[Symbol], Ints, Floats, Floats] | None = None

    @classmethod
    def of_facts(cls, date: dt.date, facts: Mapping[Symbol, tuple[float, float]]) -> "MorningSplits":
        """Take what was worked out before."""
        splits = cls(date, SplitBook((), date))
        splits.facts = dict(facts)
        return splits

    def __len__(self) -> int:
        return len(self.facts)

    def factors(self, symbols: Sequence[Symbol], told: Floats) -> tuple[Ints, Floats]:
        """Which of the symbols are split, and what the vendor's previous price of each is multiplied by.

        NaN where the close that was told is near neither what we have nor that in new shares.
        """
        if self._found is None or self._found[0] is not symbols:
            places = [place for place, symbol in enumerate(symbols) if symbol in self.facts]
            facts = np.array([self.facts[symbols[place]] for place in places]).reshape(len(places), 2)
            self._found = symbols, np.array(places, np.int64), facts[:, 0], facts[:, 1]
        _, rows, shares, close = self._found
        return rows, _factor(told[rows], close, shares)


def _factor(told: Floats, close: Floats, shares: Floats) -> Floats:
    adjusted = close / shares
    factor = np.where(np.abs(told - adjusted) <= NEAR * adjusted, 1.0, np.nan)
    np.copyto(factor, 1.0 / shares, where=np.abs(told - close) <= NEAR * close)
    return factor
