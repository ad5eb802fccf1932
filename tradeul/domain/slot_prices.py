"""Prices of finished sessions slot by slot, one row per date and symbol: a day of the whole market to be played again.

Beside `day_volumes`, and of the same vendor's bars. NaN where nothing traded in a slot. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradeul.domain.day_volumes import SLOT_NS, Key
from tradeul.domain.events import Floats, Ints, Symbol, SymbolBars
from tradeul.domain.session import DayHours
from tradeul.domain.slots import SLOTS_PER_DAY

PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class SlotPrices:
    """Rows by key; in the arrays a row per key and a column per slot."""

    keys: tuple[Key, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Ints) -> "SlotPrices":
        """Some of the rows, in this order."""
        keys = tuple(self.keys[row] for row in rows.tolist())
        return SlotPrices(keys, *(getattr(self, name)[rows] for name in PRICES))


def joined(parts: Sequence[SlotPrices]) -> SlotPrices:
    """All rows of several, which share no key."""
    keys = tuple(key for part in parts for key in part.keys)
    return SlotPrices(keys, *(np.concatenate([getattr(part, name) for part in parts]) for name in PRICES))


def prices_of_bars(bars: SymbolBars, sessions: Sequence[DayHours]) -> SlotPrices:
    """What five-minute bars say of whole sessions; a bar whose prices are not set is none."""
    columns = np.full((len(PRICES), len(sessions), SLOTS_PER_DAY), np.nan)
    for line, hours in enumerate(sessions):
        first, last = np.searchsorted(bars.start, (hours.pre_market_start, hours.post_market_end))
        slots = (bars.start[first:last] - hours.pre_market_start) // SLOT_NS
        whole = np.logical_and.reduce([getattr(bars, name)[first:last] > 0 for name in PRICES])
        for column, name in zip(columns, PRICES, strict=True):
            column[line, slots[whole]] = getattr(bars, name)[first:last][whole]
    return SlotPrices(tuple((hours.date, bars.symbol) for hours in sessions), *columns)


def bars_of_prices(symbol: Symbol, start: Ints, prices: Sequence[Floats]) -> SymbolBars:
    """Bars of which only the prices are known: open, high, low and close, an element per bar."""
    nothing = np.zeros(len(start))
    of = dict(zip(PRICES, prices, strict=True))
    return SymbolBars(symbol, adjusted=False, start=start, volume=nothing, vwap=nothing, trades=nothing, **of)
