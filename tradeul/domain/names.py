"""By which symbol a company went on which day: who renames itself keeps its history under the new name.

What a session says is kept under the names of its day, and whoever reads it asks here whose it is today. A name says
little by itself: its company may have left it for another, and another one may have taken it since. Where what is
known leaves that open nobody is followed. `history/name_store` keeps the changes, the readers in `history` ask.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from tradeul.domain.events import DailyBars, Listing, Split, Symbol
from tradeul.domain.session import ONE_DAY

_EVER: Final = dt.date.max
_COLUMNS: Final = tuple(field.name for field in fields(DailyBars) if field.name not in ("date", "symbols"))


class SymbolChange(NamedTuple):
    """From `date` on a company goes by `new` instead of `old`."""

    old: Symbol
    new: Symbol
    date: dt.date


def changes_of(
    listed: Iterable[Listing], delisted: Iterable[Listing], since: dt.date, following: Callable[[dt.date], dt.date]
) -> list[SymbolChange]:
    """The changes since a day, by those who trade and those who do no more; `following` gives the next session.

    One security has one identifier, whatever it is called. Where several of it trade, or two ended on the same day,
    the identifier is no good.
    """
    ended: defaultdict[str, dict[Symbol, dt.date]] = defaultdict(dict)
    for each in delisted:
        if each.figi and each.last_traded is not None and each.last_traded >= since:
            ended[each.figi][each.symbol] = each.last_traded
    going: defaultdict[str, set[Symbol]] = defaultdict(set)
    for each in listed:
        if each.figi in ended:
            going[each.figi].add(each.symbol)
    found: list[SymbolChange] = []
    for figi, symbols in going.items():
        (now, *others), past = symbols, ended[figi]
        before = sorted((symbol for symbol in past if symbol not in symbols), key=past.__getitem__)
        if not others and len({past[symbol] for symbol in before}) == len(before):
            found += [SymbolChange(old, new, following(past[old])) for old, new in pairwise([*before, now])]
    return sorted(found, key=lambda change: (change.date, change.old))


class NameBook:
    """The names of the past as of a date; changes of later are not known yet."""

    def __init__(self, changes: Iterable[SymbolChange] = (), as_of: dt.date = _EVER) -> None:
        known = sorted((change for change in changes if change.date <= as_of), key=lambda change: change.date)
        self._left: dict[Symbol, list[SymbolChange]] = {}
        """By the old name, the first change first."""
        self._taken: dict[Symbol, list[SymbolChange]] = {}
        """By the new name, the last change first."""
        for change in known:
            self._left.setdefault(change.old, []).append(change)
            self._taken.setdefault(change.new, []).insert(0, change)
        self.symbols: frozenset[Symbol] = frozenset(self._left) | frozenset(self._taken)
        """Every name that was left or taken; any other is the same at all times."""

    def now(self, symbol: Symbol, day: dt.date) -> Symbol | None:
        """What who was called so on a day is called today; None if that is not known."""
        if symbol not in self.symbols:
            return symbol
        today = self._followed(symbol, day)
        return today if self._traced(today, day) == symbol else None

    def then(self, symbol: Symbol, day: dt.date) -> Symbol | None:
        """What who is called so today was called on a day; None if that is not known."""
        if symbol not in self.symbols:
            return symbol
        name = self._traced(symbol, day)
        return name if self._followed(name, day) == symbol else None

    def on(self, day: dt.date) -> Mapping[Symbol, Symbol | None]:
        """Today's names of those who are not called today as they were on a day; None where that is not known."""
        names = {symbol: self.now(symbol, day) for symbol in self.symbols}
        return {symbol: today for symbol, today in names.items() if today != symbol}

    def names(self, symbol: Symbol, days: Iterable[dt.date]) -> dict[Symbol, list[dt.date]]:
        """What who is called so today was called on which of the days, without those of which that is not known."""
        if symbol not in self.symbols:
            return {symbol: list(days)}
        found: dict[Symbol, list[dt.date]] = {}
        for day in days:
            name = self.then(symbol, day)
            if name is not None:
                found.setdefault(name, []).append(day)
        return found

    def bars(self, bars: DailyBars) -> DailyBars:
        """A session under today's names, without those of whom none is known."""
        today = self.on(bars.date)
        if today.keys().isdisjoint(bars.symbols):
            return bars
        symbols = [today.get(symbol, symbol) for symbol in bars.symbols]
        known = np.array([symbol is not None for symbol in symbols])
        columns = {name: getattr(bars, name)[known] for name in _COLUMNS}
        return replace(bars, symbols=tuple(filter(None, symbols)), **columns)

    def splits(self, splits: Iterable[Split]) -> tuple[Split, ...]:
        """Splits under today's names. One of the day on which a name was left may be told of either name."""
        found: list[Split] = []
        for split in splits:
            left = any(change.date == split.date for change in self._left.get(split.symbol, ()))
            today = self.now(split.symbol, split.date - ONE_DAY if left else split.date)
            if today is not None:
                found.append(replace(split, symbol=today))
        return tuple(dict.fromkeys(found))

    def _followed(self, symbol: Symbol, day: dt.date) -> Symbol:
        """Go from change to change towards today."""
        while step := next((each for each in self._left.get(symbol, ()) if each.date > day), None):
            symbol, day = step.new, step.date
        return symbol

    def _traced(self, symbol: Symbol, day: dt.date) -> Symbol:
        """Go from change to change back to a day."""
        before = _EVER
        while step := next((each for each in self._taken.get(symbol, ()) if day < each.date < before), None):
            symbol, before = step.old, step.date
        return symbol
